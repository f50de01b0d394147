#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/descriptor.h"
#include "base/result.h"

namespace kp::gateway {

/// The files of the log: each begins with the number of its first record, and holds records one after the other. One
/// thread. A directory belongs to one process at a time.
class WalSegments {
 public:
  /// Errors: Conflict: another process has it; Io.
  static Result<WalSegments> open(const std::string& directory);

  struct Position {
    std::uint64_t record = 0;  ///< its number
    std::uint64_t offset = 0;  ///< in the file of the segment that holds it
    std::size_t segment = 0;   ///< index; dropping segments moves it
  };

  /// Appends frames, `records` of them. Busy: `most_bytes` would be passed; Io: nothing of it is there.
  Status append(std::string_view frames, std::uint64_t records, std::uint64_t segment_bytes, std::uint64_t most_bytes);
  Status sync();

  std::uint64_t next() const { return next_; }  ///< the number that the next record gets
  std::uint64_t first() const {
    return first_;
  }  ///< the oldest that Kafka hasn't confirmed, as the last process knew it
  std::uint64_t bytes() const { return bytes_; }
  std::size_t count() const { return segments_.size(); }
  bool cramped() const { return cramped_; }  ///< something wasn't appended for want of room

  /// Where `record` stands; the end, if there is no such one.
  Position find(std::uint64_t record) const;
  /// Frames from `at` on, about `about` bytes, at least one whole frame; moves `at` to the next segment at the end of
  /// one. Empty: the end.
  Result<std::string> read(Position& at, std::size_t about) const;

  /// Kafka has all before `record`. How many segments went for it: indexes of positions move by as many. The one that
  /// is written to goes only where there is no room.
  std::size_t confirm(std::uint64_t record);
  /// The same, as the last thing: nothing is kept open.
  void finish(std::uint64_t record);

 private:
  struct Segment {
    std::filesystem::path path;
    std::uint64_t first = 0;
    std::uint64_t records = 0;
    std::uint64_t end = 0;  ///< of what is sound in it
    bool corrupt = false;   ///< what follows can't be read, and is kept
  };

  WalSegments() = default;
  Status scan(const std::filesystem::path& path);
  Status begin_segment();
  void drop_front();
  Status note(std::uint64_t record) const;

  std::filesystem::path directory_;
  Descriptor lock_;
  Descriptor out_;  ///< the last segment's file; none: the next append begins one
  std::deque<Segment> segments_;
  std::uint64_t next_ = 0;
  std::uint64_t first_ = 0;
  std::uint64_t bytes_ = 0;
  bool cramped_ = false;
};

}  // namespace kp::gateway
