#include "kafka/messages/21_delete_records.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<DeleteRecordsRequest> decode(BytesView, Version);
template void encode(const DeleteRecordsRequest&, Version, Bytes&);
template MessageInfo describe<DeleteRecordsRequest>();
template Result<DeleteRecordsResponse> decode(BytesView, Version);
template void encode(const DeleteRecordsResponse&, Version, Bytes&);
template MessageInfo describe<DeleteRecordsResponse>();

}  // namespace kp::kafka
