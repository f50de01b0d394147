#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct z_stream_s;
struct ZSTD_DCtx_s;

namespace kp::gateway {

enum class Coding : std::uint8_t { Identity, Gzip, Zstd };

/// Of a Content-Encoding header. Unsupported: any other, or several.
Result<Coding> parse_coding(std::string_view text);

/// A body that comes piece by piece, unpacked step by step.
class Unpacker {
 public:
  /// Errors: Busy: there is no memory.
  static Result<Unpacker> make(Coding coding);

  /// Appends at most `most` bytes to `out`, and takes what that needed off `packed`. True: there may be more without
  /// more of the body. Errors: Malformed, once all is there that stood before the fault.
  Result<bool> put(std::string_view& packed, std::size_t most, std::string& out);
  /// The body may end here.
  bool whole() const { return whole_; }
  std::size_t memory() const;

 private:
  struct Free {
    void operator()(z_stream_s* stream) const;
    void operator()(ZSTD_DCtx_s* context) const;
  };
  explicit Unpacker(Coding coding) : coding_(coding), whole_(coding == Coding::Identity) {}
  std::size_t gunzip(std::string_view& packed, char* into, std::size_t room);
  std::size_t unzstd(std::string_view& packed, char* into, std::size_t room);

  Coding coding_;
  bool whole_;
  bool broken_ = false;  ///< what follows is none
  std::unique_ptr<z_stream_s, Free> gzip_;
  std::unique_ptr<ZSTD_DCtx_s, Free> zstd_;
};

/// The whole of `packed`. Errors: Malformed; Busy: it would be more than `most` bytes, and no more are ever held.
Result<std::string> inflate(Coding coding, std::string_view packed, std::size_t most);

}  // namespace kp::gateway
