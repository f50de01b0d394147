#include "gateway/inflate.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>

#include "config/values.h"

namespace kp::gateway {
namespace {

constexpr std::size_t step = 64 * 1024;
constexpr int gzip_window = 15 + 16;  ///< zlib: 32 KiB, with gzip's header
constexpr std::size_t gzip_memory = 48 * 1024;
constexpr int zstd_window_log = 23;  ///< RFC 9659: what a receiver must take, and no more here

const Error no_memory{Errc::Busy, "there is no memory to unpack the body"};

}  // namespace

Result<Coding> parse_coding(std::string_view text) {
  if (text.empty() || config::equal_ignoring_case(text, "identity")) return Coding::Identity;
  if (config::equal_ignoring_case(text, "gzip") || config::equal_ignoring_case(text, "x-gzip")) return Coding::Gzip;
  if (config::equal_ignoring_case(text, "zstd")) return Coding::Zstd;
  return Error{Errc::Unsupported, "Content-Encoding must be gzip or zstd"};
}

void Unpacker::Free::operator()(z_stream_s* stream) const {
  inflateEnd(stream);
  delete stream;
}
void Unpacker::Free::operator()(ZSTD_DCtx_s* context) const { ZSTD_freeDCtx(context); }

Result<Unpacker> Unpacker::make(Coding coding) {
  Unpacker made(coding);
  if (coding == Coding::Gzip) {
    auto stream = std::make_unique<z_stream>();
    if (inflateInit2(stream.get(), gzip_window) != Z_OK) return no_memory;
    made.gzip_.reset(stream.release());
  } else if (coding == Coding::Zstd) {
    made.zstd_.reset(ZSTD_createDCtx());
    if (made.zstd_ == nullptr) return no_memory;
    ZSTD_DCtx_setParameter(made.zstd_.get(), ZSTD_d_windowLogMax, zstd_window_log);
  }
  return made;
}

std::size_t Unpacker::memory() const {
  if (coding_ == Coding::Zstd) return ZSTD_sizeof_DCtx(zstd_.get());
  return coding_ == Coding::Gzip ? gzip_memory : 0;
}

Result<bool> Unpacker::put(std::string_view& packed, std::size_t most, std::string& out) {
  if (coding_ == Coding::Identity) {
    const std::string_view part = packed.substr(0, most);
    out += part;
    packed.remove_prefix(part.size());
    return !packed.empty();
  }
  if (whole_ && packed.empty()) return false;
  const std::size_t before = out.size();
  out.resize(before + most);
  std::size_t made = 0;
  while (made < most && !broken_) {
    const std::size_t left = packed.size();
    char* const into = out.data() + before + made;
    const std::size_t now =
        coding_ == Coding::Gzip ? gunzip(packed, into, most - made) : unzstd(packed, into, most - made);
    made += now;
    if (whole_ ? packed.empty() : now == 0 && packed.size() == left) break;
  }
  out.resize(before + made);
  if (broken_ && made == 0)
    return Error{Errc::Malformed, coding_ == Coding::Gzip ? "the body is no gzip" : "the body is no zstd"};
  return broken_ || made == most;
}

std::size_t Unpacker::gunzip(std::string_view& packed, char* into, std::size_t room) {
  // RFC 1952: members may follow each other.
  broken_ = whole_ && inflateReset(gzip_.get()) != Z_OK;
  if (broken_) return 0;
  gzip_->next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  gzip_->avail_in = static_cast<uInt>(packed.size());
  gzip_->next_out = reinterpret_cast<Bytef*>(into);
  gzip_->avail_out = static_cast<uInt>(room);
  const int said = ::inflate(gzip_.get(), Z_NO_FLUSH);
  broken_ = said != Z_OK && said != Z_STREAM_END && said != Z_BUF_ERROR;
  whole_ = said == Z_STREAM_END;
  packed.remove_prefix(packed.size() - gzip_->avail_in);
  return room - gzip_->avail_out;
}

std::size_t Unpacker::unzstd(std::string_view& packed, char* into, std::size_t room) {
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  ZSTD_outBuffer out{into, room, 0};
  const std::size_t wanted = ZSTD_decompressStream(zstd_.get(), &out, &in);
  broken_ = ZSTD_isError(wanted) != 0;
  if (broken_) return 0;
  whole_ = wanted == 0;  // a frame is complete
  packed.remove_prefix(in.pos);
  return out.pos;
}

Result<std::string> inflate(Coding coding, std::string_view packed, std::size_t most) {
  Result<Unpacker> unpacker = Unpacker::make(coding);
  if (!unpacker) return std::move(unpacker).error();
  std::string out;
  for (bool more = true; more;) {
    const Result<bool> put = unpacker->put(packed, std::min(step, most + 1 - out.size()), out);
    if (!put) return put.error();
    // One byte more tells that it is too much.
    if (out.size() > most) return Error{Errc::Busy, "the body is larger than the limit when it is unpacked"};
    more = *put;
  }
  if (!packed.empty() || !unpacker->whole())
    return Error{Errc::Malformed, "the body is no gzip or zstd, or ends too early"};
  return out;
}

}  // namespace kp::gateway
