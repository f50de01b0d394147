#include "kafka/messages/78_share_fetch.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<ShareFetchRequest> decode(BytesView, Version);
template void encode(const ShareFetchRequest&, Version, Bytes&);
template MessageInfo describe<ShareFetchRequest>();
template Result<ShareFetchResponse> decode(BytesView, Version);
template void encode(const ShareFetchResponse&, Version, Bytes&);
template MessageInfo describe<ShareFetchResponse>();
template Result<ShareFetchResponse> decode_after(std::string_view, BytesView, Version);
template void encode_after(std::string_view, const ShareFetchResponse&, Version, Bytes&);

}  // namespace kp::kafka
