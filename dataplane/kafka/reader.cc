#include "kafka/reader.h"

#include <algorithm>

namespace kp::kafka {
namespace {

// The dearest honest message, a Metadata v0 of topics without partitions, costs about 20 times its bytes.
constexpr std::size_t cost_per_byte = 40;
constexpr std::size_t cost_free = 4096;
constexpr std::size_t cost_max = std::size_t{512} * 1024 * 1024;

}  // namespace

Reader::Reader(BytesView in)
    : in_(in), budget_(std::min(cost_max, cost_free + cost_per_byte * std::min(in.size(), cost_max))) {}

std::uint32_t Reader::uvarint() {
  std::uint32_t value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    const auto byte = integer<std::uint8_t>();
    if (shift == 28 && byte > 0x0f) break;  // beyond 32 bits
    value |= std::uint32_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return value;
  }
  fail();
  return 0;
}

BytesView Reader::take(std::size_t count) {
  if (bad_ || count > in_.size()) {
    fail();
    return {};
  }
  const BytesView taken = in_.first(count);
  in_ = in_.subspan(count);
  return taken;
}

BytesView Reader::narrow(std::size_t size) {
  const BytesView whole = in_;
  const BytesView inner = take(size);
  if (bad_) return {};
  in_ = inner;
  return whole.subspan(size);
}

void Reader::widen(BytesView rest) {
  if (!in_.empty()) fail();
  if (!bad_) in_ = rest;
}

void Reader::charge(std::size_t bytes) {
  if (bytes > budget_) return fail();
  budget_ -= bytes;
}

}  // namespace kp::kafka
