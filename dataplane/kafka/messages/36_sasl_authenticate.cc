#include "kafka/messages/36_sasl_authenticate.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<SaslAuthenticateRequest> decode(BytesView, Version);
template void encode(const SaslAuthenticateRequest&, Version, Bytes&);
template MessageInfo describe<SaslAuthenticateRequest>();
template Result<SaslAuthenticateResponse> decode(BytesView, Version);
template void encode(const SaslAuthenticateResponse&, Version, Bytes&);
template MessageInfo describe<SaslAuthenticateResponse>();

}  // namespace kp::kafka
