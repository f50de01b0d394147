#include "kafka/messages/18_api_versions.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<ApiVersionsRequest> decode(BytesView, Version);
template void encode(const ApiVersionsRequest&, Version, Bytes&);
template MessageInfo describe<ApiVersionsRequest>();
template Result<ApiVersionsResponse> decode(BytesView, Version);
template void encode(const ApiVersionsResponse&, Version, Bytes&);
template MessageInfo describe<ApiVersionsResponse>();

}  // namespace kp::kafka
