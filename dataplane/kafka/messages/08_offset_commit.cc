#include "kafka/messages/08_offset_commit.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<OffsetCommitRequest> decode(BytesView, Version);
template void encode(const OffsetCommitRequest&, Version, Bytes&);
template MessageInfo describe<OffsetCommitRequest>();
template Result<OffsetCommitResponse> decode(BytesView, Version);
template void encode(const OffsetCommitResponse&, Version, Bytes&);
template MessageInfo describe<OffsetCommitResponse>();

}  // namespace kp::kafka
