#include "kafka/messages/all.h"

#include <array>

#include "kafka/messages/00_produce.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/10_find_coordinator.h"
#include "kafka/messages/17_sasl_handshake.h"
#include "kafka/messages/18_api_versions.h"
#include "kafka/messages/36_sasl_authenticate.h"
#include "kafka/messages/60_describe_cluster.h"
#include "kafka/messages/78_share_fetch.h"
#include "kafka/messages/79_share_acknowledge.h"

namespace kp::kafka {
namespace {

template <class Message>
Result<Bytes> transcode(BytesView body, Version version) {
  const Result<Message> message = decode<Message>(body, version);
  if (!message) return message.error();
  Bytes out;
  encode(*message, version, out);
  return out;
}

template <class... Messages>
constexpr std::array<AnyMessage, sizeof...(Messages)> list() {
  return {AnyMessage{&describe<Messages>, &transcode<Messages>}...};
}

constexpr auto messages =
    list<ProduceResponse, FetchResponse, MetadataRequest, MetadataResponse, FindCoordinatorResponse,
         SaslHandshakeRequest, SaslHandshakeResponse, ApiVersionsRequest, ApiVersionsResponse, SaslAuthenticateRequest,
         SaslAuthenticateResponse, DescribeClusterRequest, DescribeClusterResponse, ShareFetchResponse,
         ShareAcknowledgeResponse>();

}  // namespace

std::span<const AnyMessage> all_messages() { return messages; }

}  // namespace kp::kafka
