#include "kafka/messages/24_add_partitions_to_txn.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<AddPartitionsToTxnRequest> decode(BytesView, Version);
template void encode(const AddPartitionsToTxnRequest&, Version, Bytes&);
template MessageInfo describe<AddPartitionsToTxnRequest>();
template Result<AddPartitionsToTxnResponse> decode(BytesView, Version);
template void encode(const AddPartitionsToTxnResponse&, Version, Bytes&);
template MessageInfo describe<AddPartitionsToTxnResponse>();

}  // namespace kp::kafka
