#include "kafka/messages/91_alter_share_group_offsets.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<AlterShareGroupOffsetsRequest> decode(BytesView, Version);
template void encode(const AlterShareGroupOffsetsRequest&, Version, Bytes&);
template MessageInfo describe<AlterShareGroupOffsetsRequest>();
template Result<AlterShareGroupOffsetsResponse> decode(BytesView, Version);
template void encode(const AlterShareGroupOffsetsResponse&, Version, Bytes&);
template MessageInfo describe<AlterShareGroupOffsetsResponse>();

}  // namespace kp::kafka
