#include "broker/topology.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <random>

#include "base/log.h"
#include "broker/exchange.h"
#include "broker/login.h"
#include "kafka/header.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/18_api_versions.h"
#include "kafka/messages/60_describe_cluster.h"

namespace kp::broker {
namespace {

namespace api = kafka::api;
constexpr std::string_view client_id = "kafkaproxy";
constexpr std::int8_t brokers_endpoint = 1;  // DescribeCluster's EndpointType (KIP-919)

std::int16_t offered(const kafka::ApiVersionsResponse& offer, std::int16_t key) {
  for (const auto& range : offer.api_keys)
    if (range.api_key == key && range.min_version <= kafka::find_api(key)->rewriting.max)
      return std::min(range.max_version, kafka::find_api(key)->rewriting.max);
  return -1;
}

Status add(Cluster& cluster, BrokerId id, const std::string& host, std::int32_t port, bool fenced) {
  if (id < 0 || host.empty() || port <= 0) return Done{};  // known to the cluster, but nobody to connect to
  if (port > 65535) return Error{Errc::Malformed, "broker " + std::to_string(id) + " at port " + std::to_string(port)};
  cluster.brokers.push_back({id, {host, static_cast<std::uint16_t>(port)}, fenced});
  return Done{};
}

std::chrono::milliseconds pause_after_failure(int failures) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const int base = std::min(4000, 250 << std::min(failures, 4));
  return std::chrono::milliseconds(std::uniform_int_distribution<int>(base / 2, base)(random));
}

}  // namespace

Topology::Topology(net::Loop& loop, Options options) : Topology(loop, std::move(options), State{}) {}

Topology::Topology(net::Loop& loop, Options options, State before)
    : loop_(loop), options_(std::move(options)), wake_(loop.executor()), state_(std::move(before)) {}

void Topology::start() { net::asio::co_spawn(loop_.executor(), run(shared_from_this()), net::asio::detached); }

std::future<Status> Topology::ask_once() {
  auto outcome = std::make_shared<std::promise<Status>>();
  std::future<Status> asked = outcome->get_future();
  const auto once = [](std::shared_ptr<Topology> self, std::shared_ptr<std::promise<Status>> told) -> net::Task<void> {
    Status status = co_await self->ask();
    self->stream_.reset();
    told->set_value(std::move(status));
  };
  net::asio::co_spawn(loop_.executor(), once(shared_from_this(), std::move(outcome)), net::asio::detached);
  return asked;
}

void Topology::stop() {
  net::asio::dispatch(loop_.context(), [self = shared_from_this()] {
    self->stopped_ = true;
    if (self->stream_) self->stream_->cancel();
    self->wake_.notify();
  });
}

Topology::State Topology::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

net::Task<void> Topology::run(std::shared_ptr<Topology> self) {
  int failures = 0;
  while (!self->stopped_) {
    Status asked = co_await self->ask();
    if (self->stopped_) co_return;
    self->tell_first_outcome();
    failures = asked ? 0 : failures + 1;
    self->note(asked);
    if (!asked) self->stream_.reset();
    co_await self->wake_.wait_for(asked ? refresh : pause_after_failure(failures));
  }
}

void Topology::tell_first_outcome() {
  if (!std::exchange(told_, true)) options_.first_outcome();
}

/// One look at the cluster, over the connection that there is or a new one.
net::Task<Status> Topology::ask() {
  const auto asked_at = std::chrono::steady_clock::now();
  if (!stream_ || options_.passive || asked_at > stream_ends_) {
    stream_.reset();
    Status connected = co_await connect();
    if (!connected || options_.passive) co_return connected;
  }
  Result<Cluster> cluster = co_await describe();
  if (stopped_) co_return Error{Errc::Draining, "stopped"};
  if (!cluster) co_return std::move(cluster).error();
  if (cluster->brokers.empty()) co_return Error{Errc::NotFound, "the cluster names no broker"};
  {
    const std::lock_guard lock(mutex_);
    state_.cluster_id = cluster->cluster_id;
  }
  options_.learned(*cluster, asked_at);
  co_return Done{};
}

/// Bootstrap servers first, then the brokers that were learned: one of them is enough.
net::Task<Status> Topology::connect() {
  std::vector<HostPort> candidates = options_.bootstrap;
  for (const HostPort& known : options_.known()) candidates.push_back(known);
  Error last{Errc::NotFound, "no broker is known"};
  for (const HostPort& candidate : candidates) {
    Result<net::Stream> dialled = co_await options_.dialer->dial(loop_, candidate);
    if (stopped_) co_return Error{Errc::Draining, "stopped"};
    if (!dialled) {
      last = std::move(dialled).error();
      options_.dial_failed(last);
      tell_first_outcome();
      continue;
    }
    stream_.emplace(std::move(*dialled));
    stream_ends_ = std::chrono::steady_clock::time_point::max();
    Status agreed = co_await negotiate();
    if (agreed && options_.swap && options_.swap->makes_logins()) agreed = co_await log_in();
    if (agreed) co_return Done{};
    last = std::move(agreed).error().within(to_string(candidate));
    stream_.reset();
  }
  co_return last;
}

/// What the broker offers. ApiVersions is answered before a login too.
net::Task<Status> Topology::negotiate() {
  net::Deadline deadline(loop_, [this] { stream_->cancel(); });
  deadline.after(answer_limit);
  // A named variable: GCC 12 destroys an aggregate temporary twice when it stands in a co_await's own expression.
  Bytes request = kafka::encode_request(kafka::ApiVersionsRequest{}, 0, ++correlation_id_, client_id);
  Result<Bytes> answer = co_await exchange(*stream_, std::move(request), options_.max_frame_bytes);
  if (!answer) co_return std::move(answer).error().within("ApiVersions");
  Result<kafka::ApiVersionsResponse> offer = kafka::decode_response<kafka::ApiVersionsResponse>(*answer, 0);
  if (!offer) co_return std::move(offer).error();
  describe_cluster_version_ = offered(*offer, api::describe_cluster);
  metadata_version_ = offered(*offer, api::metadata);
  if (describe_cluster_version_ < 0 && metadata_version_ < 1)
    co_return Error{Errc::Unsupported, "the broker offers neither DescribeCluster nor Metadata v1"};
  if (options_.passive) stream_.reset();
  co_return Done{};
}

net::Task<Status> Topology::log_in() {
  net::Deadline deadline(loop_, [this] { stream_->cancel(); });
  deadline.after(answer_limit);
  auth::BrokerLogin login(options_.swap->upstream_mechanism(), options_.swap->own(), std::string(client_id));
  Status done = co_await broker::log_in(*stream_, login);
  if (done && login.session_lifetime().count() > 0)
    stream_ends_ = std::chrono::steady_clock::now() + renewal_after(login.session_lifetime());
  co_return done;
}

net::Task<Result<Cluster>> Topology::describe() {
  net::Deadline deadline(loop_, [this] { stream_->cancel(); });
  deadline.after(answer_limit);
  const bool by_describe = describe_cluster_version_ >= 0;
  const std::int16_t version = by_describe ? describe_cluster_version_ : metadata_version_;
  Bytes request;
  if (by_describe) {
    kafka::DescribeClusterRequest ask;
    ask.endpoint_type = brokers_endpoint;
    ask.include_fenced_brokers = true;
    request = kafka::encode_request(ask, version, ++correlation_id_, client_id);
  } else {
    kafka::MetadataRequest ask;
    ask.topics.emplace();  // empty: no topics, where absent would mean all
    request = kafka::encode_request(ask, version, ++correlation_id_, client_id);
  }
  Result<Bytes> answer = co_await exchange(*stream_, std::move(request), options_.max_frame_bytes);
  if (!answer) co_return std::move(answer).error();
  co_return by_describe ? read_describe_cluster(*answer, version) : read_metadata(*answer, version);
}

Result<Cluster> Topology::read_describe_cluster(BytesView answer, std::int16_t version) {
  Result<kafka::DescribeClusterResponse> read = kafka::decode_response<kafka::DescribeClusterResponse>(answer, version);
  if (!read) return std::move(read).error();
  if (read->error_code != 0)
    return Error{Errc::Unsupported, "DescribeCluster: Kafka error " + std::to_string(read->error_code)};
  Cluster cluster{.cluster_id = read->cluster_id, .brokers = {}, .complete = version >= 2};
  for (const auto& broker : read->brokers)
    if (Status ok = add(cluster, broker.broker_id, broker.host, broker.port, broker.is_fenced); !ok)
      return std::move(ok).error();
  return cluster;
}

Result<Cluster> Topology::read_metadata(BytesView answer, std::int16_t version) {
  Result<kafka::MetadataResponse> read = kafka::decode_response<kafka::MetadataResponse>(answer, version);
  if (!read) return std::move(read).error();
  Cluster cluster{.cluster_id = read->cluster_id.value_or(""), .brokers = {}, .complete = false};
  for (const auto& broker : read->brokers)
    if (Status ok = add(cluster, broker.node_id, broker.host, broker.port, false); !ok) return std::move(ok).error();
  return cluster;
}

/// Keeps the outcome for readiness; logs only when it changes.
void Topology::note(const Status& outcome) {
  const std::string trouble = outcome ? "" : outcome.error().message;
  State before;
  {
    const std::lock_guard lock(mutex_);
    before = state_;
    state_.trouble = trouble;
    state_.known = state_.known || outcome.has_value();
  }
  if (!outcome && (before.trouble.empty() || !before.known) && before.trouble != trouble)
    log::warn("cluster not reached, trying on", {{"reason", trouble}});
  if (outcome && (!before.trouble.empty() || !before.known)) {
    if (options_.passive)
      log::info("cluster reached; its brokers want SASL, so they are learned from what clients are told", {});
    else
      log::info("cluster reached", {{"cluster", state().cluster_id}});
  }
}

}  // namespace kp::broker
