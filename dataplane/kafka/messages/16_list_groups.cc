#include "kafka/messages/16_list_groups.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<ListGroupsRequest> decode(BytesView, Version);
template void encode(const ListGroupsRequest&, Version, Bytes&);
template MessageInfo describe<ListGroupsRequest>();
template Result<ListGroupsResponse> decode(BytesView, Version);
template void encode(const ListGroupsResponse&, Version, Bytes&);
template MessageInfo describe<ListGroupsResponse>();

}  // namespace kp::kafka
