#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "gateway/answer.h"
#include "gateway/lane.h"
#include "gateway/way.h"

namespace kp::gateway {

/// The records of one NDJSON body of any length, sent on line by line while it comes. What is under way is bounded: who
/// feeds it waits for room(). On its lane's thread; what became of records may be told after its end.
class LineStream {
 public:
  static constexpr std::size_t share = 2 << 20;         ///< weight of records under way, of one stream
  static constexpr std::size_t most_results = 100'000;  ///< records of a stream with results
  static constexpr std::size_t most_faults = 1000;      ///< that an answer lists

  LineStream(Lane& lane, Wish wish);
  LineStream(const LineStream&) = delete;
  LineStream& operator=(const LineStream&) = delete;

  /// Where what came of the body goes, unpacked; came() is told of it. A line longer than `longest` stops the stream.
  std::string& text() { return text_; }
  void came(std::size_t longest);
  void end() { ended_ = true; }  ///< the body is complete: what is left is a line, too

  /// There is something to send.
  bool ready() const { return !stopped() && (whole_ > 0 || (ended_ && !text_.empty())); }
  /// More may be under way.
  bool room() const;
  /// Until something changes, or a moment passes; when nothing has for as long as `limit`, the stream stops.
  net::Task<void> wait_for_room(std::chrono::milliseconds limit);
  /// By whom records go.
  struct Via {
    const Runtime& runtime;
    const config::Credential& upstream;
    const std::string& identity;
  };
  /// A batch, as far as it goes; what doesn't go stays in text(), or stops the stream.
  void send(const Via& via);

  /// No line after those that were taken will be. The first reason counts.
  void stop(unsigned status, std::string why, std::int64_t retry = 0);
  bool stopped() const { return stopped_.status != 0; }
  /// The answer, when it is known what became of what was taken, where the client waits for that.
  net::Task<Answer> finish(std::chrono::milliseconds limit);

  std::uint64_t lines() const { return lines_; }  ///< taken, or under way to the log
  std::size_t memory() const;                     ///< that it holds, but for records under way

 private:
  struct Told;
  void stop_for_length();
  void stop_at(const Refusal& why, std::int64_t retry = 0);
  std::size_t admit(std::span<const Record> records, const Via& via, Refusal& refusal, std::int64_t& retry);
  Status hand_on(std::span<const Record> records, std::span<const RequestRecords::Line> lines, std::uint64_t read,
                 const Via& via);
  void consume(std::size_t bytes, std::uint64_t lines);

  Lane& lane_;
  const Wish wish_;
  const std::shared_ptr<Told> told_;
  std::string text_;
  std::size_t whole_ = 0;     ///< bytes of text_ that are whole lines
  std::size_t searched_ = 0;  ///< bytes of text_ that were searched for them
  bool long_ = false;         ///< behind them stands one that is too long
  bool ended_ = false;
  std::string busy_;                 ///< why a batch could not be sent now
  std::chrono::milliseconds pause_;  ///< until it is tried again
  std::uint64_t bytes_ = 0;          ///< of the body, before text_
  std::uint64_t lines_ = 0;
  std::uint64_t records_ = 0;
  std::size_t admitted_ = 0;  ///< records, the first in text_, that ratelimit has counted
  std::size_t most_;          ///< records in a batch
  Refusal stopped_;
  std::int64_t retry_ = 0;
};

}  // namespace kp::gateway
