#include "kafka/messages/10_find_coordinator.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<FindCoordinatorResponse> decode(BytesView, Version);
template void encode(const FindCoordinatorResponse&, Version, Bytes&);
template MessageInfo describe<FindCoordinatorResponse>();

}  // namespace kp::kafka
