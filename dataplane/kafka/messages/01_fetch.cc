#include "kafka/messages/01_fetch.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<FetchRequest> decode(BytesView, Version);
template void encode(const FetchRequest&, Version, Bytes&);
template MessageInfo describe<FetchRequest>();
template Result<FetchResponse> decode(BytesView, Version);
template void encode(const FetchResponse&, Version, Bytes&);
template void encode(const FetchResponse&, Version, Gathered&);
template MessageInfo describe<FetchResponse>();
template Result<FetchResponse> decode_after(std::string_view, BytesView, Version);
template void encode_after(std::string_view, const FetchResponse&, Version, Bytes&);

}  // namespace kp::kafka
