#include "kafka/messages/43_elect_leaders.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<ElectLeadersRequest> decode(BytesView, Version);
template void encode(const ElectLeadersRequest&, Version, Bytes&);
template MessageInfo describe<ElectLeadersRequest>();
template Result<ElectLeadersResponse> decode(BytesView, Version);
template void encode(const ElectLeadersResponse&, Version, Bytes&);
template MessageInfo describe<ElectLeadersResponse>();

}  // namespace kp::kafka
