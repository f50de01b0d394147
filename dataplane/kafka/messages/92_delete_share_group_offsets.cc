#include "kafka/messages/92_delete_share_group_offsets.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<DeleteShareGroupOffsetsRequest> decode(BytesView, Version);
template void encode(const DeleteShareGroupOffsetsRequest&, Version, Bytes&);
template MessageInfo describe<DeleteShareGroupOffsetsRequest>();
template Result<DeleteShareGroupOffsetsResponse> decode(BytesView, Version);
template void encode(const DeleteShareGroupOffsetsResponse&, Version, Bytes&);
template MessageInfo describe<DeleteShareGroupOffsetsResponse>();

}  // namespace kp::kafka
