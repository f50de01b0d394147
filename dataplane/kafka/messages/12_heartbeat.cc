#include "kafka/messages/12_heartbeat.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<HeartbeatRequest> decode(BytesView, Version);
template void encode(const HeartbeatRequest&, Version, Bytes&);
template MessageInfo describe<HeartbeatRequest>();
template Result<HeartbeatResponse> decode(BytesView, Version);
template void encode(const HeartbeatResponse&, Version, Bytes&);
template MessageInfo describe<HeartbeatResponse>();

}  // namespace kp::kafka
