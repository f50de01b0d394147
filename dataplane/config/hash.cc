#include <openssl/evp.h>

#include <array>

#include "config/emit.h"

namespace kp::config {

std::string hash(const Config& config) {
  Config meaning = config;
  meaning.generation.clear();  // counts edits, says nothing
  const std::string canonical = emit(meaning, Secrets::Show);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  if (EVP_Digest(canonical.data(), canonical.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) return {};
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < length; ++i) {
    out += hex[digest[i] >> 4];
    out += hex[digest[i] & 0xf];
  }
  return out;
}

}  // namespace kp::config
