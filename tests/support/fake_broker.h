#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "kafka/header.h"
#include "support/socket.h"

namespace kp::test {

/// A broker that does what the test says. It reads frames on threads of its own; a request is given to the answerer of
/// its API key, or waits until the test takes it. Any thread.
class FakeBroker {
 public:
  /// A connection that somebody made. Kept alive by whoever holds it.
  class Connection {
   public:
    explicit Connection(Socket socket) : socket_(std::move(socket)) {}
    void send(BytesView bytes);
    void close();  ///< FIN after what was sent; what comes in is not read any more
    void reset();
    bool ended() const { return ended_; }  ///< the peer has ended it

   private:
    friend class FakeBroker;
    Socket socket_;
    std::mutex mutex_;  ///< guards writing and the end of socket_
    std::atomic<bool> ended_{false};
  };

  struct Request {
    std::shared_ptr<Connection> from;
    Bytes frame;  ///< with its size
    kafka::RequestHead head;

    /// A response with this body, correlation id and header as the request wants them.
    void reply(BytesView body) const;
    Bytes response(BytesView body) const;
  };
  using Answerer = std::function<void(const Request&)>;

  FakeBroker();
  ~FakeBroker();
  FakeBroker(const FakeBroker&) = delete;
  FakeBroker& operator=(const FakeBroker&) = delete;

  HostPort address() const { return listening_.address(); }
  std::uint16_t port() const { return listening_.port(); }

  void on(std::int16_t api_key, Answerer answerer);
  /// Sees every request before the answerers do; true: it has dealt with it. To be set before anybody connects.
  void ask_first(std::function<bool(const Request&)> gate);
  /// Answers ApiVersions (offering DescribeCluster up to `describe_cluster`, Metadata up to `metadata`; -1: not at all)
  /// and both of these with `brokers`: enough for a proxy to learn the cluster.
  void be_cluster(std::vector<std::pair<BrokerId, HostPort>> brokers, std::int16_t describe_cluster = 2,
                  std::int16_t metadata = 13);

  /// The next request that no answerer took.
  std::optional<Request> next(std::chrono::milliseconds limit = patience);
  /// From now on a peer's end doesn't end the connection: the test does.
  void outlast_peers() { outlasts_peers_ = true; }
  /// From now on nothing is read until read_again().
  void stop_reading();
  void read_again();

  std::size_t accepted() const { return accepted_; }  ///< connections so far
  std::size_t ended() const { return ended_; }        ///< of these, how many their peers have ended
  std::uint64_t bytes_read() const { return bytes_read_; }

 private:
  void accept_all();
  void serve(std::shared_ptr<Connection> connection);
  bool wait_for_input(int descriptor);
  bool read(const Connection& from, MutableBytes into);

  ListeningSocket listening_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> reading_{true};
  std::atomic<bool> outlasts_peers_{false};
  std::atomic<std::size_t> accepted_{0};
  std::atomic<std::size_t> ended_{0};
  std::atomic<std::uint64_t> bytes_read_{0};
  std::mutex mutex_;  ///< guards what follows
  std::condition_variable changed_;
  std::map<std::int16_t, Answerer> answerers_;
  std::function<bool(const Request&)> gate_ = [](const Request&) { return false; };
  std::deque<Request> waiting_;
  std::vector<std::thread> threads_;
  std::thread accepting_;  ///< last: it uses all the rest
};

/// A request frame: header as the API and version want it, then `body`.
Bytes request_frame(std::int16_t api_key, kafka::Version version, std::int32_t correlation_id, BytesView body = {});

}  // namespace kp::test
