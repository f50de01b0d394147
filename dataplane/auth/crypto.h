#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/mechanism.h"
#include "base/bytes.h"
#include "config/base64.h"
#include "config/scram_verifier.h"

/// The few primitives that logins are made of, by libcrypto. None fails: should the library refuse to work at all, the
/// process ends rather than to go on with keys that aren't.
namespace kp::auth {

/// A hash value or a key, wiped when it goes.
class Key {
 public:
  explicit Key(std::size_t size = 0) : size_(size) {}
  ~Key();
  Key(const Key&) = default;
  Key& operator=(const Key&) = default;

  BytesView view() const { return {bytes_.data(), size_}; }
  MutableBytes bytes() { return {bytes_.data(), size_}; }

 private:
  std::array<std::uint8_t, 64> bytes_{};
  std::size_t size_;  ///< at most 64
};

inline BytesView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(BytesView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

using config::hash_size;

Key hash(Mechanism scram, BytesView data);
Key hmac(Mechanism scram, BytesView key, BytesView data);

/// RFC 5802's Hi(): the one thing here that is slow on purpose, some milliseconds for 4096 iterations.
Key pbkdf2(Mechanism scram, std::string_view password, BytesView salt, int iterations);

/// Iterations that pbkdf2 has done on this thread so far, so that a test can see that two logins cost the same.
struct Pbkdf2Work {
  std::uint64_t sha256 = 0;
  std::uint64_t sha512 = 0;
  bool operator==(const Pbkdf2Work&) const = default;
};
Pbkdf2Work pbkdf2_work();

/// Takes as long for equal as for different bytes; the size is no secret.
bool same_secret(BytesView left, BytesView right);

/// Overwrites text that held a secret.
void wipe(std::string& secret);

Bytes random_bytes(std::size_t count);

using config::from_base64;
using config::to_base64;

}  // namespace kp::auth
