#include "net/frame.h"

#include <algorithm>

namespace kp::net {
namespace {

constexpr std::size_t size_bytes = 4;
constexpr std::size_t first_piece = 2048;
constexpr std::size_t largest_piece = 65536;

}  // namespace

Task<Result<Bytes>> read_frame(Stream& stream, std::uint32_t least, std::uint32_t most, Error (*refuse)(std::int32_t)) {
  Bytes frame;
  std::size_t wanted = size_bytes;
  while (frame.size() < wanted) {
    const std::size_t filled = frame.size();
    frame.resize(std::min(wanted, filled + std::clamp(filled, first_piece, largest_piece)));
    Result<std::size_t> got = co_await stream.read_some(MutableBytes(frame).subspan(filled));
    if (!got) co_return std::move(got).error();
    frame.resize(filled + *got);
    if (frame.size() != size_bytes) continue;
    const std::int32_t size = big_endian_i32(frame);
    if (size < 0 || static_cast<std::uint32_t>(size) < least || static_cast<std::uint32_t>(size) > most)
      co_return refuse(size);
    wanted += static_cast<std::size_t>(size);
  }
  co_return frame;
}

}  // namespace kp::net
