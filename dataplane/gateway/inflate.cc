#include "gateway/inflate.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

#include "config/values.h"

namespace kp::gateway {
namespace {

constexpr std::size_t step = 64 * 1024;
constexpr int gzip_window = 15 + 16;  ///< zlib: 32 KiB, with gzip's header
constexpr int zstd_window_log = 23;   ///< RFC 9659: what a receiver must take, and no more here

Error too_large() { return Error{Errc::Busy, "the body is larger than the limit when it is unpacked"}; }

/// Makes room for more, within `most`; false: there is none.
bool grow(std::string& out, std::size_t used, std::size_t most) {
  if (used < out.size()) return true;
  if (used >= most + 1) return false;
  out.resize(std::min(std::max(step, 2 * out.size()), most + 1));  // one more tells that it is too much
  return true;
}

struct EndInflate {
  void operator()(z_stream* stream) const { inflateEnd(stream); }
};

Result<std::string> gunzip(std::string_view packed, std::size_t most) {
  z_stream stream{};
  if (inflateInit2(&stream, gzip_window) != Z_OK) return Error{Errc::Busy, "there is no memory to unpack the body"};
  const std::unique_ptr<z_stream, EndInflate> owner(&stream);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  std::size_t used = 0;
  for (;;) {
    if (!grow(out, used, most)) return too_large();
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.avail_out = static_cast<uInt>(out.size() - used);
    const int said = ::inflate(&stream, Z_NO_FLUSH);
    used = out.size() - stream.avail_out;
    if (used > most) return too_large();
    if (said == Z_STREAM_END && stream.avail_in == 0) break;
    if (said == Z_STREAM_END) {  // RFC 1952: members may follow each other
      if (inflateReset(&stream) != Z_OK) return Error{Errc::Malformed, "the body is no gzip"};
      continue;
    }
    if (said != Z_OK || (stream.avail_in == 0 && stream.avail_out > 0))
      return Error{Errc::Malformed, "the body is no gzip, or ends too early"};
  }
  out.resize(used);
  return out;
}

struct FreeZstd {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

Result<std::string> unzstd(std::string_view packed, std::size_t most) {
  const std::unique_ptr<ZSTD_DCtx, FreeZstd> context(ZSTD_createDCtx());
  if (context == nullptr) return Error{Errc::Busy, "there is no memory to unpack the body"};
  ZSTD_DCtx_setParameter(context.get(), ZSTD_d_windowLogMax, zstd_window_log);
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::string out;
  std::size_t used = 0;
  std::size_t wanted = 1;  // 0: a frame is complete
  while (in.pos < in.size || wanted != 0) {
    if (!grow(out, used, most)) return too_large();
    ZSTD_outBuffer into{out.data(), out.size(), used};
    const std::size_t before = in.pos;
    wanted = ZSTD_decompressStream(context.get(), &into, &in);
    if (ZSTD_isError(wanted) != 0) return Error{Errc::Malformed, "the body is no zstd"};
    const bool stuck = in.pos == before && into.pos == used;
    used = into.pos;
    if (used > most) return too_large();
    if (wanted != 0 && in.pos == in.size && (stuck || used < out.size()))
      return Error{Errc::Malformed, "the body is no zstd, or ends too early"};
  }
  out.resize(used);
  return out;
}

}  // namespace

Result<Coding> parse_coding(std::string_view text) {
  if (text.empty() || config::equal_ignoring_case(text, "identity")) return Coding::Identity;
  if (config::equal_ignoring_case(text, "gzip") || config::equal_ignoring_case(text, "x-gzip")) return Coding::Gzip;
  if (config::equal_ignoring_case(text, "zstd")) return Coding::Zstd;
  return Error{Errc::Unsupported, "Content-Encoding must be gzip or zstd"};
}

Result<std::string> inflate(Coding coding, std::string_view packed, std::size_t most) {
  if (coding == Coding::Gzip) return gunzip(packed, most);
  if (coding == Coding::Zstd) return unzstd(packed, most);
  return std::string(packed);
}

}  // namespace kp::gateway
