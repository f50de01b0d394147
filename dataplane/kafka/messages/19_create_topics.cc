#include "kafka/messages/19_create_topics.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<CreateTopicsRequest> decode(BytesView, Version);
template void encode(const CreateTopicsRequest&, Version, Bytes&);
template MessageInfo describe<CreateTopicsRequest>();
template Result<CreateTopicsResponse> decode(BytesView, Version);
template void encode(const CreateTopicsResponse&, Version, Bytes&);
template MessageInfo describe<CreateTopicsResponse>();

}  // namespace kp::kafka
