#include "kafka/messages/79_share_acknowledge.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<ShareAcknowledgeRequest> decode(BytesView, Version);
template void encode(const ShareAcknowledgeRequest&, Version, Bytes&);
template MessageInfo describe<ShareAcknowledgeRequest>();
template Result<ShareAcknowledgeResponse> decode(BytesView, Version);
template void encode(const ShareAcknowledgeResponse&, Version, Bytes&);
template MessageInfo describe<ShareAcknowledgeResponse>();

}  // namespace kp::kafka
