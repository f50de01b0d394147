#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/apis.h"
#include "rewrite/address_book.h"
#include "rewrite/response.h"

/// Large Fetch and ShareFetch responses, which carry node endpoints behind their records: walked while they stream by,
/// with only the tail held.
namespace kp::rewrite {

struct WalkStep;

/// Can a response of this API and version be walked? Fetch from v16 and ShareFetch, where we know the version.
bool can_walk(std::int16_t key, kafka::Version version);

/// Finds where the records end and the tail (node endpoints, tagged fields) begins. Give it everything behind the
/// correlation id, in pieces of any size.
class FetchWalk {
 public:
  /// `can_walk(key, version)` holds. `size`: bytes of the frame behind the correlation id; a length inside that
  /// reaches beyond it is Malformed.
  FetchWalk(std::int16_t key, kafka::Version version, std::uint64_t size = std::numeric_limits<std::int32_t>::max());

  /// Takes the next bytes; returns how many from the front are understood and may be forwarded as they are. The rest,
  /// at most a few bytes of an incomplete field unless the tail is reached, must be given again with more behind it.
  Result<std::size_t> feed(BytesView bytes);

  /// Bytes of records or text that come next and need not be seen: the caller may pass them itself and say so by
  /// skipped(), or feed() them.
  std::uint64_t skip() const { return skip_; }

  /// At most skip().
  void skipped(std::uint64_t bytes);

  /// Everything up to and with the array of topics went by; what follows in the frame is for rewrite_tail.
  bool at_tail() const { return at_tail_; }

  /// Bytes that went by so far, counted behind the correlation id.
  std::uint64_t passed() const { return passed_; }

 private:
  /// An array or a section of tagged fields that has been entered: the steps of one element, and how many elements
  /// are still to come.
  struct Level {
    const std::vector<WalkStep>* steps = nullptr;
    std::size_t next = 0;
    std::uint64_t rounds = 1;
  };

  Result<bool> take(const WalkStep& step, BytesView& bytes);
  Status expect(std::uint64_t bytes);
  void enter(const std::vector<WalkStep>& steps, std::uint64_t rounds);
  void settle();

  std::vector<Level> levels_;
  std::uint64_t size_;
  std::uint64_t passed_ = 0;
  std::uint64_t skip_ = 0;
  bool at_tail_ = false;
};

/// Is this whole tail one without endpoints, as nearly all of Fetch are?
inline bool is_bare_tail(std::int16_t key, BytesView tail) {
  return key == kafka::api::fetch && tail.size() == 1 && tail[0] == 0;
}

struct RewrittenTail : Tally {
  Bytes tail;        ///< always set; as long as the one that came
  int left_out = 0;  ///< endpoints that the book gave but for which there was no room
};

/// The tail with its endpoints rewritten, exactly as long as it was, since the frame's size has been sent: padded with
/// an unknown tagged field; where the new endpoints don't fit, some or all are left out, and clients refresh their
/// metadata, as before KIP-951. Without endpoints it comes back unchanged. Errors: Malformed, Unsupported.
Result<RewrittenTail> rewrite_tail(std::int16_t key, kafka::Version version, BytesView tail, AddressBook& book);

}  // namespace kp::rewrite
