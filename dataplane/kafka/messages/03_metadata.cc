#include "kafka/messages/03_metadata.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<MetadataRequest> decode(BytesView, Version);
template void encode(const MetadataRequest&, Version, Bytes&);
template MessageInfo describe<MetadataRequest>();
template Result<MetadataResponse> decode(BytesView, Version);
template void encode(const MetadataResponse&, Version, Bytes&);
template MessageInfo describe<MetadataResponse>();

}  // namespace kp::kafka
