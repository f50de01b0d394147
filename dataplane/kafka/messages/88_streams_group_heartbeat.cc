#include "kafka/messages/88_streams_group_heartbeat.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<StreamsGroupHeartbeatRequest> decode(BytesView, Version);
template void encode(const StreamsGroupHeartbeatRequest&, Version, Bytes&);
template MessageInfo describe<StreamsGroupHeartbeatRequest>();
template Result<StreamsGroupHeartbeatResponse> decode(BytesView, Version);
template void encode(const StreamsGroupHeartbeatResponse&, Version, Bytes&);
template MessageInfo describe<StreamsGroupHeartbeatResponse>();

}  // namespace kp::kafka
