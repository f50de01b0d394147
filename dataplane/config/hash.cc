#include <openssl/evp.h>

#include <array>

#include "config/digest.h"
#include "config/emit.h"

namespace kp::config {
namespace {

// Every replica must come to the same hash, so there is no secret salt; but who reads /config and knows all the rest
// shall not try passwords at the speed of SHA-256.
constexpr std::array<unsigned char, 10> salt{'k', 'a', 'f', 'k', 'a', 'p', 'r', 'o', 'x', 'y'};
constexpr int rounds = 20'000;

using Digest = std::array<unsigned char, 32>;

std::string to_hex(const Digest& digest) {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out += hex[byte >> 4];
    out += hex[byte & 0xf];
  }
  return out;
}

}  // namespace

std::string sha256(std::string_view content) {
  Digest digest{};
  if (EVP_Digest(content.data(), content.size(), digest.data(), nullptr, EVP_sha256(), nullptr) != 1) return {};
  return to_hex(digest);
}

std::string slow_digest(std::string_view content) {
  Digest digest{};
  if (PKCS5_PBKDF2_HMAC(content.data(), static_cast<int>(content.size()), salt.data(), static_cast<int>(salt.size()),
                        rounds, EVP_sha256(), digest.size(), digest.data()) != 1)
    return {};
  return to_hex(digest);
}

std::string hash(const Config& config) {
  Config meaning = config;
  meaning.generation.clear();  // counts edits, says nothing
  const std::string all = emit(meaning, Secrets::Show);
  // The slow one takes a core for milliseconds, at each reload.
  return all == emit(meaning, Secrets::Mask) ? sha256(all) : slow_digest(all);
}

}  // namespace kp::config
