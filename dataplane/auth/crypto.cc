#include "auth/crypto.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <cstdio>
#include <cstdlib>

namespace kp::auth {
namespace {

thread_local Pbkdf2Work work;

const EVP_MD* digest(Mechanism scram) { return scram == Mechanism::ScramSha512 ? EVP_sha512() : EVP_sha256(); }

void require(bool worked, const char* what) {
  if (worked) return;
  std::fprintf(stderr, "kafkaproxy: libcrypto can't do %s\n", what);
  std::abort();
}

}  // namespace

Key::~Key() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

std::size_t hash_size(Mechanism scram) { return scram == Mechanism::ScramSha512 ? 64 : 32; }

Key hash(Mechanism scram, BytesView data) {
  Key out(hash_size(scram));
  require(EVP_Digest(data.data(), data.size(), out.bytes().data(), nullptr, digest(scram), nullptr) == 1, "hashes");
  return out;
}

Key hmac(Mechanism scram, BytesView key, BytesView data) {
  Key out(hash_size(scram));
  unsigned size = 0;
  const auto* made = HMAC(digest(scram), key.data(), static_cast<int>(key.size()), data.data(), data.size(),
                          out.bytes().data(), &size);
  require(made != nullptr && size == out.view().size(), "HMAC");
  return out;
}

Key pbkdf2(Mechanism scram, std::string_view password, BytesView salt, int iterations) {
  Key out(hash_size(scram));
  const int done =
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(), static_cast<int>(salt.size()),
                        iterations, digest(scram), static_cast<int>(out.view().size()), out.bytes().data());
  require(done == 1, "PBKDF2");
  (scram == Mechanism::ScramSha512 ? work.sha512 : work.sha256) += static_cast<std::uint64_t>(iterations);
  return out;
}

Pbkdf2Work pbkdf2_work() { return work; }

bool same_secret(BytesView left, BytesView right) {
  return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
  secret.clear();
}

Bytes random_bytes(std::size_t count) {
  Bytes out(count);
  require(RAND_bytes(out.data(), static_cast<int>(count)) == 1, "random numbers");
  return out;
}

std::string to_base64(BytesView bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // EVP_EncodeBlock ends it with a zero
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<Bytes> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  Bytes bytes(text.size() / 4 * 3);
  const int size =
      EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  bytes.resize(static_cast<std::size_t>(size) - padding);
  // libcrypto overlooks spaces around the text, padding within it and bits that should be zero.
  if (to_base64(bytes) != text) return std::nullopt;
  return bytes;
}

}  // namespace kp::auth
