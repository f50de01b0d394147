#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "auth/scram_client.h"
#include "auth/scram_messages.h"
#include "auth/scram_server.h"
#include "unit/auth/support.h"

namespace kp::auth {
namespace {

/// RFC 7677, section 3.
struct Rfc {
  const std::string client_nonce = "rOprNGfwEbeRWgbNEkqO";
  const std::string server_nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  const std::string client_first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
  const std::string server_first =
      "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
  const std::string client_final =
      "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  const std::string server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
};

const std::shared_ptr<const Users>& rfc_users() {
  static const auto users = users_of({{"user", to_text(make_verifier(Mechanism::ScramSha256, "pencil", 4096,
                                                                     *from_base64("W22ZaJ0SNY7soEsUEjb6gQ==")))}});
  return users;
}

TEST(ScramClient, SpeaksTheDialogueOfTheRfc) {
  const Rfc rfc;
  ScramClient client(Mechanism::ScramSha256, "user", rfc.client_nonce);

  EXPECT_EQ(client.first(), rfc.client_first);
  const auto last = client.last(rfc.server_first, "pencil");
  ASSERT_TRUE(last) << last.error().message;
  EXPECT_EQ(*last, rfc.client_final);
  EXPECT_TRUE(client.check(rfc.server_final));
}

TEST(ScramServer, SpeaksTheDialogueOfTheRfc) {
  const Rfc rfc;
  const auto& users = rfc_users();
  ScramServer server(*users, Mechanism::ScramSha256, rfc.server_nonce);

  EXPECT_EQ(server.take(rfc.client_first).token, rfc.server_first);
  EXPECT_FALSE(server.done());
  EXPECT_EQ(server.take(rfc.client_final).token, rfc.server_final);
  EXPECT_TRUE(server.done());
  EXPECT_EQ(server.user(), "user");
}

TEST(ScramServer, TakesNothingAfterTheLastToken) {
  const Rfc rfc;
  const auto& users = rfc_users();
  ScramServer server(*users, Mechanism::ScramSha256, rfc.server_nonce);
  server.take(rfc.client_first);
  server.take(rfc.client_final);

  EXPECT_EQ(server.take(rfc.client_final).refusal, LoginRefusal::BadState);
}

/// What the server says to the RFC's dialogue when its last token is replaced.
Verdict with_final(const std::string& client_final) {
  const Rfc rfc;
  const auto& users = rfc_users();
  ScramServer server(*users, Mechanism::ScramSha256, rfc.server_nonce);
  server.take(rfc.client_first);
  Verdict verdict = server.take(client_final);
  EXPECT_EQ(server.done(), verdict.refusal == LoginRefusal::None);
  return verdict;
}

Verdict with_first(const std::string& client_first) {
  const auto& users = rfc_users();
  ScramServer server(*users, Mechanism::ScramSha256);
  Verdict verdict = server.take(client_first);
  EXPECT_FALSE(server.done());
  return verdict;
}

TEST(ScramServer, RefusesEveryTruncationOfTheProof) {
  const std::string whole = Rfc().client_final;
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(with_final(whole.substr(0, size)).refusal, LoginRefusal::None) << size;
}

TEST(ScramServer, RefusesEveryFlippedBitOfTheProof) {
  const std::string whole = Rfc().client_final;
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string changed = whole;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(with_final(changed).refusal, LoginRefusal::None) << changed;
  }
}

TEST(ScramServer, RefusesAnotherNonceThanItGave) {
  EXPECT_EQ(with_final("c=biws,r=rOprNGfwEbeRWgbNEkqO,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").refusal,
            LoginRefusal::BadCredentials);
}

/// The RFC's client-final with `nonce`, and the proof that belongs to it.
std::string final_with_nonce(const std::string& nonce) {
  const Rfc rfc;
  const Mechanism sha256 = Mechanism::ScramSha256;
  const std::string without_proof = "c=biws,r=" + nonce;
  const std::string auth_message = rfc.client_first.substr(3) + "," + rfc.server_first + "," + without_proof;
  const Key salted = pbkdf2(sha256, "pencil", *from_base64("W22ZaJ0SNY7soEsUEjb6gQ=="), 4096);
  Key proof = hmac(sha256, salted.view(), as_bytes("Client Key"));
  const Key signature = hmac(sha256, hash(sha256, proof.view()).view(), as_bytes(auth_message));
  for (std::size_t i = 0; i < 32; ++i) proof.bytes()[i] ^= signature.view()[i];
  return without_proof + ",p=" + to_base64(proof.view());
}

TEST(ScramServer, TakesANonceWithTheClientsPartTwiceAsOldLibrdkafkaSendsIt) {
  const Rfc rfc;
  const std::string nonce = rfc.client_nonce + rfc.server_nonce;
  EXPECT_EQ(with_final(final_with_nonce(nonce)).refusal, LoginRefusal::None);
  EXPECT_EQ(with_final(final_with_nonce(rfc.client_nonce + nonce)).refusal, LoginRefusal::None);
}

TEST(ScramServer, RefusesANonceThatDoesNotEndAsItsOwnWhateverTheProof) {
  const Rfc rfc;
  const std::string nonce = rfc.client_nonce + rfc.server_nonce;
  for (const std::string& other :
       {nonce + "x", rfc.client_nonce, rfc.server_nonce, rfc.client_nonce + "x" + rfc.server_nonce})
    EXPECT_EQ(with_final(final_with_nonce(other)).refusal, LoginRefusal::BadCredentials) << other;
}

TEST(ScramServer, RefusesAnotherChannelBindingThanAtFirst) {
  const std::string nonce = Rfc().client_nonce + Rfc().server_nonce;
  const Verdict verdict = with_final("c=eSws,r=" + nonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
  EXPECT_EQ(verdict.refusal, LoginRefusal::Malformed);
  EXPECT_NE(verdict.why.find("channel binding"), std::string::npos);
}

TEST(ScramServer, RefusesAnEmptyProof) {
  EXPECT_EQ(with_final("c=biws,r=" + Rfc().client_nonce + Rfc().server_nonce + ",p=").refusal,
            LoginRefusal::BadCredentials);
}

TEST(ScramServer, AcceptsTheFirstMessagesThatTheRfcAllows) {
  for (const char* first : {"n,,n=user,r=abc", "y,,n=user,r=abc", "n,a=user,n=user,r=abc", "n,,n=user,r=abc,x=y",
                            "n,,n=user,r=abc,tokenauth=false", "n,,n=user,r=a=b"})
    EXPECT_EQ(with_first(first).refusal, LoginRefusal::None) << first << ": " << with_first(first).why;
}

TEST(ScramServer, RefusesFirstMessagesThatItCannotRead) {
  const std::vector<std::string> malformed{"",
                                           ",",
                                           ",,",
                                           "n",
                                           "n,",
                                           "n,,",
                                           "n,,n=user",
                                           "n,,n=user,",
                                           "n,,n=user,r=",
                                           "n,,n=,r=abc",
                                           "n,,r=abc,n=user",
                                           "n,,r=abc",
                                           "x,,n=user,r=abc",
                                           "N,,n=user,r=abc",
                                           "n,user,n=user,r=abc",
                                           "n,a=,n=user,r=abc",
                                           "p=tls-unique,,n=user,r=abc",
                                           "n,,m=x,n=user,r=abc",
                                           "n,,n=us=er,r=abc",
                                           "n,,n=user=2,r=abc",
                                           "n,,n=user=2c,r=abc",
                                           "n,,n=user,r=a b",
                                           "n,,n=user,r=\x7f",
                                           "n,,n=user,r=abc,",
                                           "n,,n=user,r=abc,=x",
                                           "n,,n=user,r=abc,x=",
                                           "n,,n=user,r=abc,tokenauth=true",
                                           "n,,n=user,r=abc,x=y,tokenauth=TRUE",
                                           "n,,n=\xff\xfe,r=abc",
                                           "n,,n=user,r=" + std::string(1025, 'a'),
                                           "n,,n=" + std::string(1025, 'u') + ",r=abc",
                                           "n,,n=user,r=abc,x=" + std::string(8192, 'x'),
                                           std::string("n,,n=us\0er,r=abc", 16)};
  for (const std::string& first : malformed)
    EXPECT_EQ(with_first(first).refusal, LoginRefusal::Malformed) << first.substr(0, 60);
}

TEST(ScramServer, SaysThatItCannotDoWhatTheClientInsistsOn) {
  EXPECT_NE(with_first("n,,m=x,n=user,r=abc").why.find("mandatory extension"), std::string::npos);
  EXPECT_NE(with_first("p=tls-unique,,n=user,r=abc").why.find("channel binding"), std::string::npos);
  EXPECT_NE(with_first("n,,n=user,r=abc,tokenauth=true").why.find("delegation token"), std::string::npos);
}

TEST(ScramServer, RefusesToLetAUserActAsAnotherOne) {
  const Verdict known = with_first("n,a=admin,n=user,r=abc");
  const Verdict unknown = with_first("n,a=admin,n=nobody,r=abc");

  EXPECT_EQ(known.refusal, LoginRefusal::WrongAuthorizationId);
  EXPECT_EQ(unknown.refusal, known.refusal);
  EXPECT_EQ(unknown.told, known.told);
}

TEST(ScramServer, ReadsEscapedNames) {
  const auto& users = rfc_users();
  ScramServer server(*users, Mechanism::ScramSha256);
  server.take("n,a=a=2Cb=3Dc,n=a=2Cb=3Dc,r=abc");
  EXPECT_EQ(server.user(), "a,b=c");
}

TEST(ScramServer, GivesAnUnknownUserTheSameSaltEachTime) {
  const auto& users = rfc_users();
  ScramServer once(*users, Mechanism::ScramSha256, "nonce");
  ScramServer again(*users, Mechanism::ScramSha256, "nonce");
  EXPECT_EQ(once.take("n,,n=nobody,r=abc").token, again.take("n,,n=nobody,r=abc").token);
}

TEST(ScramServer, MakesANewNonceEachTime) {
  EXPECT_NE(with_first("n,,n=user,r=abc").token, with_first("n,,n=user,r=abc").token);
}

Result<std::string> client_last(const std::string& server_first) {
  ScramClient client(Mechanism::ScramSha256, "user", Rfc().client_nonce);
  return client.last(server_first, "pencil");
}

TEST(ScramClient, RefusesAServerThatGivesTooFewOrTooManyIterations) {
  const std::string before = "r=rOprNGfwEbeRWgbNEkqOxyz,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=";
  EXPECT_TRUE(client_last(before + "4096"));
  EXPECT_TRUE(client_last(before + "16384"));
  for (const char* iterations : {"4095", "0", "16385", "2147483647"}) {
    const auto last = client_last(before + iterations);
    ASSERT_FALSE(last) << iterations;
    EXPECT_NE(last.error().message.find("4096…16384"), std::string::npos) << last.error().message;
  }
}

TEST(ScramClient, RefusesAServerWhoseNonceIsNotOursAndMore) {
  for (const char* nonce : {"rOprNGfwEbeRWgbNEkqO", "rOprNGfwEbeRWgbNEkq", "xrOprNGfwEbeRWgbNEkqOxyz", "abc"}) {
    const auto last = client_last("r=" + std::string(nonce) + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
    ASSERT_FALSE(last) << nonce;
    EXPECT_EQ(last.error().code, Errc::Unauthorized);
  }
}

TEST(ScramClient, RefusesAServerFirstThatItCannotRead) {
  const std::string r = "r=rOprNGfwEbeRWgbNEkqOxyz";
  const std::vector<std::string> malformed{"",
                                           r,
                                           r + ",s=",
                                           r + ",s=,i=4096",
                                           r + ",s=W22Z",
                                           r + ",s=W22Z,i=",
                                           r + ",s=W22Z,i=-4096",
                                           r + ",s=W22Z,i=4096x",
                                           r + ",s=W22Z,i=99999999999",
                                           r + ",s=W2,i=4096",
                                           "m=x," + r + ",s=W22Z,i=4096",
                                           r + ",i=4096,s=W22Z",
                                           r + ",s=W22Z,i=4096,",
                                           "e=no-such-user"};
  for (const std::string& first : malformed) EXPECT_FALSE(client_last(first)) << first;
}

TEST(ScramClient, SaysThatItCannotDoWhatTheServerInsistsOn) {
  const auto last = client_last("m=x,r=rOprNGfwEbeRWgbNEkqOxyz,s=W22Z,i=4096");
  ASSERT_FALSE(last);
  EXPECT_NE(last.error().message.find("mandatory extension"), std::string::npos) << last.error().message;
}

Status client_check(const std::string& server_final) {
  const Rfc rfc;
  ScramClient client(Mechanism::ScramSha256, "user", rfc.client_nonce);
  EXPECT_TRUE(client.last(rfc.server_first, "pencil"));
  return client.check(server_final);
}

TEST(ScramClient, RefusesAServerThatDoesNotKnowThePassword) {
  const std::string right = Rfc().server_final;
  for (std::size_t size = 0; size < right.size(); ++size) EXPECT_FALSE(client_check(right.substr(0, size))) << size;
  const Status wrong = client_check("v=" + to_base64(Bytes(32, 1)));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::Unauthorized);
}

TEST(ScramClient, ReportsTheServersError) {
  const Status wrong = client_check("e=invalid-proof");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::Unauthorized);
  EXPECT_NE(wrong.error().message.find("invalid-proof"), std::string::npos);
}

TEST(ScramClient, BelievesNoSignatureBeforeItHasSentAProof) {
  const ScramClient client(Mechanism::ScramSha256, "user", "abc");
  EXPECT_FALSE(client.check("v="));
  EXPECT_FALSE(client.check("v=" + to_base64(Bytes(32))));
}

TEST(SaslName, IsReadBack) {
  for (const char* name : {"user", "a,b=c", "=2C", "größe", ",=,="}) EXPECT_EQ(from_saslname(to_saslname(name)), name);
}

}  // namespace
}  // namespace kp::auth
