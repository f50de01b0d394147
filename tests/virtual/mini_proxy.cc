#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "kafka/header.h"
#include "kafka/messages/18_api_versions.h"
#include "rewrite/response.h"
#include "virtual/translate.h"

/// The translations between real clients and real brokers, and nothing else: plaintext, a thread for each connection,
/// one request at a time.
///
///   virtual_mini_proxy LISTEN_BASE ID=HOST:PORT,… TOPIC:V:P[:none]…
///
/// Broker ID is reached at 127.0.0.1:(LISTEN_BASE + ID).
namespace {

using kp::Bytes;
using kp::BytesView;
namespace kafka = kp::kafka;
namespace virt = kp::virt;

struct Setup {
  int base = 0;
  std::map<int, kp::HostPort> brokers;
  std::shared_ptr<const virt::Mapping> mapping;
};

class Book : public kp::rewrite::AddressBook {
 public:
  explicit Book(int base) : base_(base) {}
  kp::Result<kp::HostPort> downstream(kp::BrokerId id, const kp::HostPort&) override {
    return kp::HostPort{"127.0.0.1", static_cast<std::uint16_t>(base_ + id)};
  }

 private:
  int base_;
};

sockaddr_in address(const std::string& host, int port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(static_cast<std::uint16_t>(port));
  inet_pton(AF_INET, host.c_str(), &out.sin_addr);
  return out;
}

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Connection() { close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  static std::unique_ptr<Connection> to(const kp::HostPort& peer) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    auto made = std::make_unique<Connection>(fd);
    const sockaddr_in where = address(peer.host, peer.port);
    if (connect(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0) throw std::runtime_error("connect");
    return made;
  }

  void send(const Bytes& frame) {
    std::size_t sent = 0;
    while (sent < frame.size()) {
      const ssize_t n = ::send(fd_, frame.data() + sent, frame.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) throw std::runtime_error("send");
      sent += static_cast<std::size_t>(n);
    }
  }

  /// A frame with its size; empty at the end.
  Bytes receive() {
    Bytes frame(4);
    if (!read(frame.data(), 4)) return {};
    const std::int32_t size = kp::big_endian_i32(frame);
    if (size < 0 || size > 200'000'000) throw std::runtime_error("frame size");
    frame.resize(4 + static_cast<std::size_t>(size));
    if (!read(frame.data() + 4, static_cast<std::size_t>(size))) return {};
    return frame;
  }

 private:
  bool read(std::uint8_t* to, std::size_t size) {
    while (size > 0) {
      const ssize_t n = recv(fd_, to, size, 0);
      if (n <= 0) return false;
      to += n;
      size -= static_cast<std::size_t>(n);
    }
    return true;
  }

  int fd_;
};

class Session {
 public:
  Session(const Setup& setup, int broker, int client)
      : peer_(setup.brokers.at(broker)), book_(setup.base), client_(client) {
    context_.mapping = setup.mapping;
    context_.ids = &ids_;
    context_.skips = &skips_;
    context_.turns = &turns_;
  }

  void run() {
    while (true) {
      Bytes request = client_.receive();
      if (request.empty()) return;
      serve(std::move(request));
    }
  }

 private:
  Connection& lane(int number) {
    auto& found = lanes_[number];
    if (!found) found = Connection::to(peer_);
    return *found;
  }

  static Bytes need(Bytes frame) {
    if (frame.empty()) throw std::runtime_error("broker closed");
    return frame;
  }

  void serve(Bytes request) {
    const kafka::RequestHead head = kafka::peek_request(request);
    if (!virt::is_translated(head.api_key)) return forward(head, request);
    auto exchange = virt::translate(context_, std::move(request));
    if (!exchange) throw std::runtime_error(exchange.error().message);
    auto step = (*exchange)->begin();
    while (step && step->kind == virt::Step::Kind::Ask) {
      for (const virt::Ask& ask : step->asks) lane(ask.lane).send(ask.frame.whole());
      std::vector<Bytes> answers;
      for (const virt::Ask& ask : step->asks) {
        if (ask.answered) answers.push_back(need(lane(ask.lane).receive()));
      }
      step = (*exchange)->proceed(std::move(answers));
    }
    if (!step) throw std::runtime_error(step.error().message);
    if (step->kind == virt::Step::Kind::Pass) return forward(head, (*exchange)->take_frame());
    if (step->answer) to_client(head, step->answer->whole());
  }

  void forward(const kafka::RequestHead& head, const Bytes& request) {
    lane(0).send(request);
    if (head.api_key == kafka::api::produce) {
      const auto acks =
          kafka::peek_produce_acks(head.api_version, BytesView(request).subspan(kafka::request_head_bytes));
      if (acks && *acks && **acks == 0) return;
    }
    to_client(head, need(lane(0).receive()));
  }

  void to_client(const kafka::RequestHead& head, Bytes frame) {
    if (head.api_key == kafka::api::api_versions) frame = clamp(head, frame);
    if (kp::rewrite::carries_addresses(head.api_key, head.api_version)) {
      auto done = kp::rewrite::rewrite_response(head.api_key, head.api_version, frame, book_);
      if (!done) throw std::runtime_error(done.error().message);
      if (!done->frame.empty()) frame = std::move(done->frame);
    }
    client_.send(frame);
  }

  static Bytes clamp(const kafka::RequestHead& head, const Bytes& frame) {
    auto response = kafka::decode_response<kafka::ApiVersionsResponse>(frame, head.api_version);
    if (!response) return frame;
    for (auto& api : response->api_keys) {
      for (const kafka::ApiRange& known : virt::translated_apis()) {
        if (known.key != api.api_key) continue;
        api.min_version = std::max(api.min_version, known.min);
        api.max_version = std::min(api.max_version, known.max);
      }
    }
    return kafka::encode_response(*response, head.api_version, head.correlation_id);
  }

  kp::HostPort peer_;
  Book book_;
  virt::TopicIds ids_;
  virt::Skips skips_;
  virt::Turns turns_;
  virt::Context context_;
  Connection client_;
  std::map<int, std::unique_ptr<Connection>> lanes_;
};

void listen_for(const Setup& setup, int broker) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in where = address("127.0.0.1", setup.base + broker);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 || listen(fd, 128) != 0) {
    std::perror("listen");
    std::exit(3);
  }
  while (true) {
    const int client = accept(fd, nullptr, nullptr);
    if (client < 0) continue;
    std::thread([&setup, broker, client] {
      try {
        Session(setup, broker, client).run();
      } catch (const std::exception& error) {
        std::fprintf(stderr, "connection to broker %d ends: %s\n", broker, error.what());
      }
    }).detach();
  }
}

Setup read_setup(int argc, char** argv) {
  Setup setup;
  setup.base = std::atoi(argv[1]);
  for (std::string rest = argv[2]; !rest.empty();) {
    const std::string one = rest.substr(0, rest.find(','));
    rest.erase(0, one.size() + 1);
    const auto equals = one.find('=');
    const auto colon = one.rfind(':');
    setup.brokers[std::atoi(one.c_str())] = {one.substr(equals + 1, colon - equals - 1),
                                             static_cast<std::uint16_t>(std::atoi(one.c_str() + colon + 1))};
  }
  kp::config::PartitionMapping config;
  for (int i = 3; i < argc; ++i) {
    char topic[250];
    char filler[8] = "control";
    int v = 0;
    int p = 0;
    if (std::sscanf(argv[i], "%249[^:]:%d:%d:%7s", topic, &v, &p, filler) < 3) std::exit(2);
    auto& entry = config.topics.emplace_back();
    entry.topic = topic;
    entry.virtual_partitions = v;
    entry.physical_partitions = p;
    entry.filler = filler;
  }
  setup.mapping = std::make_shared<virt::Mapping>(config);
  return setup;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  std::signal(SIGPIPE, SIG_IGN);
  static const Setup setup = read_setup(argc, argv);
  std::vector<std::thread> listeners;
  for (const auto& [id, peer] : setup.brokers) listeners.emplace_back(listen_for, std::cref(setup), id);
  std::printf("ready\n");
  std::fflush(stdout);
  for (auto& each : listeners) each.join();
}
