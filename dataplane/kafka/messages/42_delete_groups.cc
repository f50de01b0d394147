#include "kafka/messages/42_delete_groups.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<DeleteGroupsRequest> decode(BytesView, Version);
template void encode(const DeleteGroupsRequest&, Version, Bytes&);
template MessageInfo describe<DeleteGroupsRequest>();
template Result<DeleteGroupsResponse> decode(BytesView, Version);
template void encode(const DeleteGroupsResponse&, Version, Bytes&);
template MessageInfo describe<DeleteGroupsResponse>();

}  // namespace kp::kafka
