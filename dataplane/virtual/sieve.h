#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace kp::virt {

enum class Filler : std::uint8_t { Control, None };

/// The records that a broker read from a physical partition, from which each virtual one takes its own.
class Sieve {
 public:
  /// Walks `records`, which the caller owns, and which the sieve changes from here on. A batch that is cut at the end
  /// is left out. Errors as of BatchWalk.
  static Result<Sieve> over(MutableBytes records);

  /// What a consumer of `group` at `offset` gets: its batches, as its producers wrote them, each reaching to where the
  /// next may begin; a filler where there is none. Behind `next_offset` nothing is known. Each group may be taken once.
  struct Taken {
    BytesView records;  ///< of the sieve's records where they are in one piece there, else of `made`
    Bytes made;
    std::int64_t next_offset;  ///< `offset` when nothing was read at or behind it
    std::size_t kept = 0;      ///< batches
    std::size_t dropped = 0;   ///< batches at or behind `offset`
    // The view stays right when a Taken is moved, since a moved vector keeps its bytes; copies would not.
    Taken() = default;
    Taken(Taken&&) = default;
    Taken& operator=(Taken&&) = default;
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;
    ~Taken() = default;
  };
  Taken take(std::int32_t group, std::int64_t offset, Filler filler);

  /// The same, but the records stay as they are: for who may take a group more than once.
  Taken copy(std::int32_t group, std::int64_t offset, Filler filler) const;

  std::int64_t end() const;                           ///< the offset behind what was read; 0: nothing was
  std::size_t bytes_from(std::int64_t offset) const;  ///< of the batches that hold it or stand behind it
  std::size_t table_bytes() const { return seen_.capacity() * sizeof(Seen); }  ///< that this takes beside the records

 private:
  struct Seen {
    std::size_t at = 0;
    std::size_t size = 0;
    std::int64_t base = 0;
    std::int64_t last = 0;
    std::int32_t group = 0;
  };

  explicit Sieve(MutableBytes records) : records_(records) {}
  std::vector<Seen> kept_of(std::int32_t group, std::int64_t offset, Filler filler, Taken& taken) const;
  void fill(std::int64_t offset, Taken& taken) const;
  void copy_to(Taken& taken, std::span<const Seen> kept) const;
  static std::size_t size_of(std::span<const Seen> seen);

  MutableBytes records_;
  std::vector<Seen> seen_;
};

}  // namespace kp::virt
