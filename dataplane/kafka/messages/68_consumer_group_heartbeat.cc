#include "kafka/messages/68_consumer_group_heartbeat.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<ConsumerGroupHeartbeatRequest> decode(BytesView, Version);
template void encode(const ConsumerGroupHeartbeatRequest&, Version, Bytes&);
template MessageInfo describe<ConsumerGroupHeartbeatRequest>();
template Result<ConsumerGroupHeartbeatResponse> decode(BytesView, Version);
template void encode(const ConsumerGroupHeartbeatResponse&, Version, Bytes&);
template MessageInfo describe<ConsumerGroupHeartbeatResponse>();

}  // namespace kp::kafka
