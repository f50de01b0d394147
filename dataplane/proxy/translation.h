#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "net/loop.h"
#include "net/stream.h"
#include "proxy/gathering.h"
#include "proxy/in_flight.h"
#include "proxy/request_scan.h"
#include "proxy/run.h"
#include "proxy/runtime.h"
#include "virtual/exchange.h"

namespace kp::proxy {

class Session;

/// Virtual partitions in one session. A request that may name partitions is taken whole, put in other words
/// (virtual/translate.h), asked of the broker and answered before the next request is looked at. A broker works on one
/// request of a connection at a time too, so that costs a client little; and nothing can overtake a producer's records.
/// Where no virtual topic is named the request passes, and its response as well.
///
/// Parts of a Produce that share a physical partition go by several connections to the same broker, "lanes": on one,
/// each would wait for the replication of the one before. Lane 0 is the session's own connection. It is the only one
/// where just the client can log in, or where the connection isn't bound to one broker. The others are closed when they
/// have rested for a while, and dialled again when they are needed: all that went by them has been answered by then.
class Translation {
 public:
  explicit Translation(Session& session);

  /// Must a request of this API come here?
  static bool concerns(const Runtime& runtime, std::int16_t api_key);

  /// Of the request that `found` says begins at `run.at`, all; what isn't there yet is read here.
  net::Task<Status> serve(InFlight entry, RequestScan::Found found, Cursor& run);

  /// A request is under way; what the broker answers to requests of ours is for it.
  bool busy() const { return busy_; }

  /// The next answer to a request of ours is for a question of here, though who asked may have given up.
  bool awaits() const { return !due_.empty(); }

  /// The answer of `frame` bytes that begins at the front of `cursor`; what isn't there yet is read here.
  net::Task<Status> take_answer(Cursor& cursor, std::uint64_t frame);

  /// The session's own connection was, by `runtime`.
  void dialled(const Runtime& runtime, const HostPort& target);

  void close();  ///< all lanes but 0

 private:
  static constexpr int most_lanes = 4;

  struct Question {
    kafka::Gathered frame;
    std::optional<std::size_t> slot;               ///< of answers_; none: no answer comes
    std::shared_ptr<const virt::Exchange> lender;  ///< to the frame; never null
  };
  struct Lane {
    std::optional<net::Stream> stream;
    std::unique_ptr<net::Deadline> opening;  ///< ends the session
    std::unique_ptr<net::Deadline> resting;  ///< ends the lane
    std::chrono::steady_clock::time_point used{};
    std::chrono::steady_clock::time_point good_until = std::chrono::steady_clock::time_point::max();  ///< of the login
  };

  /// What the answers to one request said of its virtual topics.
  struct Seen {
    std::vector<virt::UnfitTopic> unfit;
    std::vector<std::string> fit;
  };

  net::Task<Status> have_room(std::size_t bytes);
  net::Task<Status> read_rest(net::Stream& from, Bytes& frame, std::size_t whole);
  net::Task<Result<Bytes>> read_answer(Lane& lane);
  net::Task<Status> work_on(InFlight& entry, const RequestScan::Found& found, Cursor& run);
  virt::Context context(Seen& seen);
  std::string reader() const;
  net::Task<Status> wait(virt::TailWait& other);
  void note(const Seen& seen);
  void complain(const std::vector<virt::UnfitTopic>& unfit);
  int lanes() const;
  net::Task<Result<std::vector<Bytes>>> ask(std::vector<virt::Ask> asks, std::shared_ptr<const virt::Exchange> lender);
  static net::Task<Status> write(net::Stream& to, const kafka::Gathered& frame);
  net::Task<Status> ask_own(std::vector<Question> questions);
  static net::Task<void> ask_lane(std::shared_ptr<Session> self, std::size_t number, std::vector<Question> questions);
  net::Task<Status> exchange(Lane& lane, const std::vector<Question>& questions);
  net::Task<Status> make_ready(Lane& lane);
  net::Task<Status> open(Lane& lane);
  void let_rest(Lane& lane);
  void take(std::size_t slot, Bytes answer);
  net::Task<Status> pass(const InFlight& entry, bool answered, const Bytes& frame);
  net::Task<Status> answer(const InFlight& entry, kafka::Gathered frame);

  Session& session_;
  Gathering::Share share_;  ///< of the request that is worked on
  bool busy_ = false;
  virt::Turns turns_;
  bool fetches_in_full_ = false;  ///< a Fetch session of the broker's began here, by the mapping in force
  std::shared_ptr<const virt::Mapping> mapping_;  ///< of the last request
  std::deque<std::optional<std::size_t>> due_;    ///< slots of what the own connection will answer, in order
  std::vector<Bytes> answers_;                    ///< of this round
  std::size_t missing_ = 0;                       ///< answers of this round that haven't come
  int lanes_at_work_ = 0;
  std::chrono::steady_clock::time_point used_{};  ///< Context::used
  std::string reader_;  ///< what the own connection shows without a login; empty: of any broker
  std::array<Lane, most_lanes - 1> lanes_;
};

}  // namespace kp::proxy
