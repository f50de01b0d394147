#include "kafka/messages/47_offset_delete.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<OffsetDeleteRequest> decode(BytesView, Version);
template void encode(const OffsetDeleteRequest&, Version, Bytes&);
template MessageInfo describe<OffsetDeleteRequest>();
template Result<OffsetDeleteResponse> decode(BytesView, Version);
template void encode(const OffsetDeleteResponse&, Version, Bytes&);
template MessageInfo describe<OffsetDeleteResponse>();

}  // namespace kp::kafka
