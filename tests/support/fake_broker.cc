#include "support/fake_broker.h"

#include <poll.h>
#include <sys/socket.h>

#include "kafka/messages/03_metadata.h"
#include "kafka/messages/18_api_versions.h"
#include "kafka/messages/60_describe_cluster.h"

namespace kp::test {
namespace {

namespace api = kafka::api;
constexpr int look_again_ms = 20;

template <class Message>
void reply_with(const FakeBroker::Request& to, const Message& message) {
  to.from->send(kafka::encode_response(message, to.head.api_version, to.head.correlation_id));
}

}  // namespace

void FakeBroker::Connection::send(BytesView bytes) {
  const std::lock_guard lock(mutex_);
  if (socket_.open()) socket_.send(bytes);
}

// The descriptor stays until the reader has left it.
void FakeBroker::Connection::close() {
  const std::lock_guard lock(mutex_);
  if (socket_.open()) ::shutdown(socket_.descriptor(), SHUT_RDWR);
}

void FakeBroker::Connection::reset() {
  const std::lock_guard lock(mutex_);
  if (!socket_.open()) return;
  const linger at_once{1, 0};
  ::setsockopt(socket_.descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  const sockaddr nobody{AF_UNSPEC, {}};
  ::connect(socket_.descriptor(), &nobody, sizeof nobody);  // disconnects with RST, keeps the descriptor
}

Bytes FakeBroker::Request::response(BytesView body) const {
  Bytes made = kafka::open_response(head.api_key, head.api_version, head.correlation_id);
  made.insert(made.end(), body.begin(), body.end());
  return kafka::seal_frame(std::move(made));
}

void FakeBroker::Request::reply(BytesView body) const { from->send(response(body)); }

FakeBroker::FakeBroker() : accepting_([this] { accept_all(); }) {}

FakeBroker::~FakeBroker() {
  stopping_ = true;
  accepting_.join();
  for (std::thread& thread : threads_) thread.join();
}

void FakeBroker::on(std::int16_t api_key, Answerer answerer) {
  const std::lock_guard lock(mutex_);
  answerers_[api_key] = std::move(answerer);
}

void FakeBroker::ask_first(std::function<bool(const Request&)> gate) {
  const std::lock_guard lock(mutex_);
  gate_ = std::move(gate);
}

void FakeBroker::be_cluster(std::vector<std::pair<BrokerId, HostPort>> brokers, std::int16_t describe_cluster,
                            std::int16_t metadata) {
  on(api::api_versions, [=](const Request& request) {
    kafka::ApiVersionsResponse answer;
    answer.api_keys.push_back({api::api_versions, 0, 4, {}});
    if (metadata >= 0) answer.api_keys.push_back({api::metadata, 0, metadata, {}});
    if (describe_cluster >= 0) answer.api_keys.push_back({api::describe_cluster, 0, describe_cluster, {}});
    reply_with(request, answer);
  });
  on(api::describe_cluster, [brokers](const Request& request) {
    kafka::DescribeClusterResponse answer;
    answer.cluster_id = "fake";
    for (const auto& [id, address] : brokers) {
      auto& broker = answer.brokers.emplace_back();
      broker.broker_id = id;
      broker.host = address.host;
      broker.port = address.port;
    }
    reply_with(request, answer);
  });
  on(api::metadata, [brokers](const Request& request) {
    kafka::MetadataResponse answer;
    answer.cluster_id = "fake";
    for (const auto& [id, address] : brokers) {
      auto& broker = answer.brokers.emplace_back();
      broker.node_id = id;
      broker.host = address.host;
      broker.port = address.port;
    }
    reply_with(request, answer);
  });
}

std::optional<FakeBroker::Request> FakeBroker::next(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, limit, [this] { return !waiting_.empty(); })) return std::nullopt;
  Request request = std::move(waiting_.front());
  waiting_.pop_front();
  return request;
}

void FakeBroker::stop_reading() { reading_ = false; }
void FakeBroker::read_again() { reading_ = true; }

void FakeBroker::accept_all() {
  while (!stopping_) {
    Socket socket = listening_.accept(std::chrono::milliseconds(look_again_ms));
    if (!socket.open()) continue;
    ++accepted_;
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([this, connection = std::make_shared<Connection>(std::move(socket))]() mutable {
      serve(std::move(connection));
    });
  }
}

bool FakeBroker::wait_for_input(int descriptor) {
  while (!stopping_) {
    if (!reading_) {
      breathe();
      continue;
    }
    pollfd waiting{descriptor, POLLIN, 0};
    if (::poll(&waiting, 1, look_again_ms) == 1) return true;
  }
  return false;
}

bool FakeBroker::read(const Connection& from, MutableBytes into) {
  while (!into.empty()) {
    if (!wait_for_input(from.socket_.descriptor())) return false;
    const ssize_t n = ::recv(from.socket_.descriptor(), into.data(), into.size(), 0);
    if (n <= 0) return false;
    bytes_read_ += static_cast<std::uint64_t>(n);
    into = into.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

void FakeBroker::serve(std::shared_ptr<Connection> connection) {
  std::unique_lock starting(mutex_);
  const auto gate = gate_;
  starting.unlock();
  for (;;) {
    Request request{connection, Bytes(4), {}};
    if (!read(*connection, request.frame)) break;
    request.frame.resize(4 + static_cast<std::size_t>(big_endian_i32(request.frame)));
    if (!read(*connection, MutableBytes(request.frame).subspan(4))) break;
    if (request.frame.size() >= kafka::request_head_bytes) request.head = kafka::peek_request(request.frame);
    if (gate(request)) continue;
    std::unique_lock lock(mutex_);
    const auto answerer = answerers_.find(request.head.api_key);
    if (answerer != answerers_.end()) {
      const Answerer answer = answerer->second;
      lock.unlock();
      answer(request);
    } else {
      waiting_.push_back(std::move(request));
      changed_.notify_all();
    }
  }
  if (!outlasts_peers_) connection->close();
  connection->ended_ = true;
  ++ended_;
}

Bytes request_frame(std::int16_t api_key, kafka::Version version, std::int32_t correlation_id, BytesView body) {
  Bytes frame = kafka::open_request(api_key, version, correlation_id, "test");
  frame.insert(frame.end(), body.begin(), body.end());
  return kafka::seal_frame(std::move(frame));
}

}  // namespace kp::test
