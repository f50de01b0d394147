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
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
  constexpr int rounds = 1;  // a fuzzer has more to do than to wait
#else
  const int rounds = iterations;
#endif
  const int done =
      PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(), static_cast<int>(salt.size()),
                        rounds, digest(scram), static_cast<int>(out.view().size()), out.bytes().data());
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

}  // namespace kp::auth
