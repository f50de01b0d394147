#include "kafka/messages/00_produce.h"

#include "kafka/walk.h"

namespace kp::kafka {

template Result<ProduceRequest> decode(BytesView, Version);
template void encode(const ProduceRequest&, Version, Bytes&);
template void encode(const ProduceRequest&, Version, Gathered&);
template MessageInfo describe<ProduceRequest>();
template Result<ProduceResponse> decode(BytesView, Version);
template void encode(const ProduceResponse&, Version, Bytes&);
template MessageInfo describe<ProduceResponse>();

}  // namespace kp::kafka
