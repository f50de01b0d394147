#include "kafka/messages/17_sasl_handshake.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<SaslHandshakeRequest> decode(BytesView, Version);
template void encode(const SaslHandshakeRequest&, Version, Bytes&);
template MessageInfo describe<SaslHandshakeRequest>();
template Result<SaslHandshakeResponse> decode(BytesView, Version);
template void encode(const SaslHandshakeResponse&, Version, Bytes&);
template MessageInfo describe<SaslHandshakeResponse>();

}  // namespace kp::kafka
