#include "kafka/messages/28_txn_offset_commit.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<TxnOffsetCommitRequest> decode(BytesView, Version);
template void encode(const TxnOffsetCommitRequest&, Version, Bytes&);
template MessageInfo describe<TxnOffsetCommitRequest>();
template Result<TxnOffsetCommitResponse> decode(BytesView, Version);
template void encode(const TxnOffsetCommitResponse&, Version, Bytes&);
template MessageInfo describe<TxnOffsetCommitResponse>();

}  // namespace kp::kafka
