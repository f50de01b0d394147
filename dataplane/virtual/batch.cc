#include "virtual/batch.h"

#include <algorithm>
#include <array>
#include <limits>
#include <string>

#include "virtual/crc_patch.h"

namespace kp::virt {
namespace {

// Where the fields of a batch stand; all are big-endian.
constexpr std::size_t length_at = 8;
constexpr std::size_t leader_epoch_at = 12;
constexpr std::size_t magic_at = 16;
constexpr std::size_t crc_at = 17;
constexpr std::size_t attributes_at = 21;
constexpr std::size_t last_delta_at = 23;
constexpr std::size_t max_timestamp_at = 35;
constexpr std::size_t producer_id_at = 43;
constexpr std::size_t producer_epoch_at = 51;
constexpr std::size_t base_sequence_at = 53;
constexpr std::size_t count_at = 57;

constexpr std::size_t length_end = 12;     ///< a batch's length counts what stands behind it
constexpr std::int32_t least_length = 14;  ///< of a message of format 0: its CRC, magic, attributes and two lengths
constexpr std::uint8_t transactional_bit = 0x10;
constexpr std::uint8_t control_bit = 0x20;

constexpr int group_shift = 48;
constexpr std::int64_t producer_id_mask = (std::int64_t{1} << group_shift) - 1;
constexpr std::int64_t plain = -1;  ///< no producer id: a batch without idempotence

/// Plain batches of group g > 0; the lowest is that of max_group.
constexpr std::int64_t tagged_plain(std::int32_t group) { return std::int64_t{-2} - group; }

template <class Integer>
Integer load(BytesView bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Integer); ++i) value = (value << 8) | bytes[at + i];
  return static_cast<Integer>(value);
}

template <class Integer>
void store(MutableBytes bytes, std::size_t at, Integer value) {
  for (std::size_t i = sizeof(Integer); i > 0; --i) {
    bytes[at + i - 1] = static_cast<std::uint8_t>(value);
    value = static_cast<Integer>(static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) >> 8);
  }
}

/// What may change, from lastOffsetDelta to baseSequence, and what it was, for the CRC.
class Change {
 public:
  explicit Change(MutableBytes batch) : batch_(batch) { std::ranges::copy(field(), before_.begin()); }

  /// Once everything is written.
  void seal() {
    const auto crc = load<std::uint32_t>(batch_, crc_at);
    store(batch_, crc_at, patch_crc32c(crc, before_, field(), batch_.size() - count_at));
  }

 private:
  BytesView field() const { return BytesView(batch_).subspan(last_delta_at, count_at - last_delta_at); }

  MutableBytes batch_;
  std::array<std::uint8_t, count_at - last_delta_at> before_{};
};

Error malformed(std::string why) { return {Errc::Malformed, "record batch: " + std::move(why)}; }

}  // namespace

std::int32_t group_of_producer_id(std::int64_t stored) {
  if (stored >= 0) return static_cast<std::int32_t>(stored >> group_shift);
  if (stored >= -2) return 0;
  if (stored < tagged_plain(max_group)) return -1;
  return static_cast<std::int32_t>(-2 - stored);
}

std::int64_t untagged_producer_id(std::int64_t stored) {
  if (stored >= 0) return stored & producer_id_mask;
  return group_of_producer_id(stored) > 0 ? plain : stored;
}

std::int64_t Batch::base_offset() const { return load<std::int64_t>(bytes_, 0); }
std::int64_t Batch::last_offset() const { return base_offset() + load<std::int32_t>(bytes_, last_delta_at); }
std::int32_t Batch::leader_epoch() const { return load<std::int32_t>(bytes_, leader_epoch_at); }
std::int64_t Batch::max_timestamp() const { return load<std::int64_t>(bytes_, max_timestamp_at); }
std::int64_t Batch::producer_id() const { return load<std::int64_t>(bytes_, producer_id_at); }
bool Batch::transactional() const { return (bytes_[attributes_at + 1] & transactional_bit) != 0; }
bool Batch::control() const { return (bytes_[attributes_at + 1] & control_bit) != 0; }

Status Batch::tag(std::int32_t group) {
  if (transactional() || control()) {
    return Error{Errc::Conflict, "a virtual topic can't be written to inside a transaction"};
  }
  const std::int64_t id = producer_id();
  if (id < plain || id > producer_id_mask) {
    return Error{Errc::Invalid, "producer id " + std::to_string(id) + " is not one that brokers give out"};
  }
  if (group == 0) return Done{};
  Change change(bytes_);
  if (id == plain) {
    // With epoch -1 brokers fail wherever they rebuild the batch: recompression, log cleaner.
    store(bytes_, producer_id_at, tagged_plain(group));
    store(bytes_, producer_epoch_at, std::int16_t{0});
    store(bytes_, base_sequence_at, std::int32_t{0});
  } else {
    store(bytes_, producer_id_at, id | (std::int64_t{group} << group_shift));
  }
  change.seal();
  return Done{};
}

void Batch::restore(std::int64_t last_offset) {
  const std::int64_t id = producer_id();
  const std::int64_t before = untagged_producer_id(id);
  if (before == id && last_offset == this->last_offset()) return;
  Change change(bytes_);
  store(bytes_, producer_id_at, before);
  if (id != before && before == plain) {
    store(bytes_, producer_epoch_at, std::int16_t{-1});
    store(bytes_, base_sequence_at, std::int32_t{-1});
  }
  const std::int64_t delta = std::clamp<std::int64_t>(last_offset - base_offset(), this->last_offset() - base_offset(),
                                                      std::numeric_limits<std::int32_t>::max());
  store(bytes_, last_delta_at, static_cast<std::int32_t>(delta));
  change.seal();
}

Result<std::optional<Batch>> BatchWalk::next() {
  if (rest_.size() <= magic_at) return std::optional<Batch>{};
  const auto length = load<std::int32_t>(rest_, length_at);
  const MutableBytes all = rest_;
  const auto magic = static_cast<std::int8_t>(all[magic_at]);
  if (length < least_length) {
    rest_ = {};
    return malformed("length " + std::to_string(length));
  }
  if (magic < 2) {
    rest_ = {};
    return Error{Errc::Unsupported,
                 "message format " + std::to_string(magic) + " is too old for a virtual topic, which needs format 2"};
  }
  const std::size_t size = length_end + static_cast<std::size_t>(length);
  if (size < batch_header_bytes || magic > 2) {
    rest_ = {};
    return malformed(magic > 2 ? "format " + std::to_string(magic) + " is unknown" : "shorter than its header");
  }
  if (size > all.size()) return std::optional<Batch>{};
  const Batch batch(all.first(size));
  const std::int64_t base = batch.base_offset();
  const auto delta = load<std::int32_t>(all, last_delta_at);
  if (base < 0 || delta < 0 || base > std::numeric_limits<std::int64_t>::max() - delta) {
    rest_ = {};
    return malformed("offsets " + std::to_string(base) + " + " + std::to_string(delta));
  }
  rest_ = all.subspan(size);
  return std::optional<Batch>{batch};
}

Status tag_all(MutableBytes records, std::int32_t group) {
  for (const std::int32_t as : {std::int32_t{0}, group}) {  // group 0 only checks
    BatchWalk walk(records);
    while (true) {
      Result<std::optional<Batch>> batch = walk.next();
      if (!batch) return std::move(batch).error();
      if (!*batch) break;
      Status tagged = (*batch)->tag(as);
      if (!tagged) return tagged;
    }
    if (walk.left() != 0) return malformed("cut after " + std::to_string(records.size()) + " bytes");
    if (group == 0) break;
  }
  return Done{};
}

}  // namespace kp::virt
