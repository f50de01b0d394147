#include "kafka/messages/76_share_group_heartbeat.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<ShareGroupHeartbeatRequest> decode(BytesView, Version);
template void encode(const ShareGroupHeartbeatRequest&, Version, Bytes&);
template MessageInfo describe<ShareGroupHeartbeatRequest>();
template Result<ShareGroupHeartbeatResponse> decode(BytesView, Version);
template void encode(const ShareGroupHeartbeatResponse&, Version, Bytes&);
template MessageInfo describe<ShareGroupHeartbeatResponse>();

}  // namespace kp::kafka
