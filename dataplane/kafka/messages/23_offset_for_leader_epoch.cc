#include "kafka/messages/23_offset_for_leader_epoch.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<OffsetForLeaderEpochRequest> decode(BytesView, Version);
template void encode(const OffsetForLeaderEpochRequest&, Version, Bytes&);
template MessageInfo describe<OffsetForLeaderEpochRequest>();
template Result<OffsetForLeaderEpochResponse> decode(BytesView, Version);
template void encode(const OffsetForLeaderEpochResponse&, Version, Bytes&);
template MessageInfo describe<OffsetForLeaderEpochResponse>();

}  // namespace kp::kafka
