#include "kafka/messages/02_list_offsets.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<ListOffsetsRequest> decode(BytesView, Version);
template void encode(const ListOffsetsRequest&, Version, Bytes&);
template MessageInfo describe<ListOffsetsRequest>();
template Result<ListOffsetsResponse> decode(BytesView, Version);
template void encode(const ListOffsetsResponse&, Version, Bytes&);
template MessageInfo describe<ListOffsetsResponse>();

}  // namespace kp::kafka
