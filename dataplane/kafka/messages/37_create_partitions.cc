#include "kafka/messages/37_create_partitions.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<CreatePartitionsRequest> decode(BytesView, Version);
template void encode(const CreatePartitionsRequest&, Version, Bytes&);
template MessageInfo describe<CreatePartitionsRequest>();
template Result<CreatePartitionsResponse> decode(BytesView, Version);
template void encode(const CreatePartitionsResponse&, Version, Bytes&);
template MessageInfo describe<CreatePartitionsResponse>();

}  // namespace kp::kafka
