#include "auth/crypto.h"

#include <gtest/gtest.h>

#include "auth/mechanism.h"

namespace kp::auth {
namespace {

TEST(Mechanism, HasTheNameThatIsOnTheWire) {
  for (const Mechanism mechanism : {Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512})
    EXPECT_EQ(find_mechanism(wire_name(mechanism)), mechanism);
  EXPECT_EQ(wire_name(Mechanism::ScramSha256), "SCRAM-SHA-256");
}

TEST(Mechanism, IsNotFoundByAnotherSpelling) {
  for (const char* name : {"plain", "SCRAM-256", "SCRAM-SHA-1", "SCRAM-SHA-512-PLUS", "", "PLAIN "})
    EXPECT_FALSE(find_mechanism(name)) << name;
}

TEST(Base64, IsReadBack) {
  for (std::size_t size = 0; size < 70; ++size) {
    const Bytes bytes = random_bytes(size);
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
}

TEST(Base64, IsRefusedInAnyOtherSpelling) {
  // No padding; padding within; spare bits; a space; a line break; the alphabet for URLs.
  for (const char* text : {"QQ", "QQ=", "QQ==QQ==", "QR==", "QUJ=", " QQ==", "QQ==\n", "QQ=a", "_-==", "=", "===="})
    EXPECT_FALSE(from_base64(text)) << text;
}

TEST(Secrets, AreComparedByAllTheirBytes) {
  EXPECT_TRUE(same_secret(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(same_secret(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(same_secret(as_bytes("abc"), as_bytes("ab")));
  EXPECT_TRUE(same_secret({}, {}));
}

TEST(RandomBytes, DifferEachTime) { EXPECT_NE(random_bytes(16), random_bytes(16)); }

}  // namespace
}  // namespace kp::auth
