#include "auth/verifier.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace kp::auth {
namespace {

// The example of RFC 7677; the keys are what PostgreSQL stores for it.
const std::string of_pencil =
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

ScramVerifier pencil() { return *parse_verifier(of_pencil); }

TEST(Verifier, OfAPasswordIsTheOneOfTheRfc) {
  EXPECT_EQ(to_text(make_verifier(Mechanism::ScramSha256, "pencil", 4096, pencil().salt)), of_pencil);
}

class VerifierText : public ::testing::TestWithParam<Mechanism> {};

TEST_P(VerifierText, IsReadBack) {
  const ScramVerifier verifier = make_verifier(GetParam(), "pass,word=", 5000);

  const auto back = parse_verifier(to_text(verifier));

  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, verifier);
}

TEST_P(VerifierText, IsRefusedWhenAnyByteIsMissingOrChanged) {
  const std::string text = to_text(make_verifier(GetParam(), "password", 4096));
  const ScramVerifier verifier = *parse_verifier(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(parse_verifier(text.substr(0, i))) << i;
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto other = parse_verifier(changed);
    EXPECT_TRUE(!other || !(*other == verifier)) << changed;
  }
}

TEST_P(VerifierText, DiffersEachTime) {
  EXPECT_NE(to_text(make_verifier(GetParam(), "a", 4096)), to_text(make_verifier(GetParam(), "a", 4096)));
}

INSTANTIATE_TEST_SUITE_P(Of, VerifierText, ::testing::Values(Mechanism::ScramSha256, Mechanism::ScramSha512));

TEST(VerifierErrors, SayWhichPartIsWrongWithoutQuotingIt) {
  const std::string keys = of_pencil.substr(of_pencil.find("$WG5d"));
  const std::vector<std::pair<std::string, std::string>> cases{
      {"PLAIN$4096:c2FsdHNhbHQ=" + keys, "must begin with"},
      {"SCRAM-SHA-1$4096:c2FsdHNhbHQ=" + keys, "must begin with"},
      {"SCRAM-SHA-256", "must begin with"},
      {"SCRAM-SHA-256$4096", "must look like"},
      {"SCRAM-SHA-256$4096:c2FsdHNhbHQ=", "must look like"},
      {"SCRAM-SHA-256$many:c2FsdHNhbHQ=" + keys, "iterations are no number"},
      {"SCRAM-SHA-256$04096:c2FsdHNhbHQ=" + keys, "iterations are no number"},
      {"SCRAM-SHA-256$99999999999:c2FsdHNhbHQ=" + keys, "iterations are no number"},
      {"SCRAM-SHA-256$4095:c2FsdHNhbHQ=" + keys, "4096…16384"},
      {"SCRAM-SHA-256$16385:c2FsdHNhbHQ=" + keys, "4096…16384"},
      {"SCRAM-SHA-256$4096:*" + keys, "salt is not base64"},
      {"SCRAM-SHA-256$4096:c2FsdA==" + keys, "salt must have"},
      {"SCRAM-SHA-512$4096:c2FsdHNhbHQ=" + keys, "stored key of SCRAM-SHA-512 must have 64 bytes"},
      {of_pencil + "=", "server key is not base64"},
      {of_pencil.substr(0, of_pencil.rfind(':') + 1), "server key of SCRAM-SHA-256 must have 32 bytes"},
  };
  for (const auto& [text, expected] : cases) {
    const auto verifier = parse_verifier(text);
    ASSERT_FALSE(verifier) << text;
    EXPECT_EQ(verifier.error().code, Errc::Invalid);
    EXPECT_NE(verifier.error().message.find(expected), std::string::npos) << verifier.error().message;
    EXPECT_EQ(verifier.error().message.find("WG5d"), std::string::npos) << verifier.error().message;
  }
}

TEST(Verifier, KnowsItsPassword) {
  EXPECT_TRUE(password_matches(pencil(), "pencil"));
  for (const char* wrong : {"Pencil", "pencil ", "pencils", "", "wrong"})
    EXPECT_FALSE(password_matches(pencil(), wrong)) << wrong;
}

TEST(Verifier, TakesAPasswordAsItsBytesWithoutSaslprep) {
  // "ª" would become "a" by SASLprep.
  const ScramVerifier verifier = make_verifier(Mechanism::ScramSha256, "\xc2\xaa", 4096);
  EXPECT_TRUE(password_matches(verifier, "\xc2\xaa"));
  EXPECT_FALSE(password_matches(verifier, "a"));
}

TEST(Verifier, IsRecognisedEvenWhenItIsBroken) {
  EXPECT_TRUE(looks_like_verifier(of_pencil));
  EXPECT_TRUE(looks_like_verifier("SCRAM-SHA-256$4096"));
  EXPECT_TRUE(looks_like_verifier("SCRAM-SHA-1$4096:x$y:z"));
  EXPECT_FALSE(looks_like_verifier("scram"));
}

}  // namespace
}  // namespace kp::auth
