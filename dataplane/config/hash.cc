#include <openssl/evp.h>

#include <array>

#include "config/emit.h"

namespace kp::config {
namespace {

// Every replica must come to the same hash, so there is no secret salt; but who reads /config and knows all the rest
// shall not try passwords at the speed of SHA-256.
constexpr std::array<unsigned char, 10> salt{'k', 'a', 'f', 'k', 'a', 'p', 'r', 'o', 'x', 'y'};
constexpr int rounds = 20'000;

}  // namespace

std::string hash(const Config& config) {
  Config meaning = config;
  meaning.generation.clear();  // counts edits, says nothing
  const std::string canonical = emit(meaning, Secrets::Show);
  std::array<unsigned char, 32> digest{};
  if (PKCS5_PBKDF2_HMAC(canonical.data(), static_cast<int>(canonical.size()), salt.data(),
                        static_cast<int>(salt.size()), rounds, EVP_sha256(), digest.size(), digest.data()) != 1)
    return {};
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out += hex[byte >> 4];
    out += hex[byte & 0xf];
  }
  return out;
}

}  // namespace kp::config
