#include "kafka/messages/09_offset_fetch.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<OffsetFetchRequest> decode(BytesView, Version);
template void encode(const OffsetFetchRequest&, Version, Bytes&);
template MessageInfo describe<OffsetFetchRequest>();
template Result<OffsetFetchResponse> decode(BytesView, Version);
template void encode(const OffsetFetchResponse&, Version, Bytes&);
template MessageInfo describe<OffsetFetchResponse>();

}  // namespace kp::kafka
