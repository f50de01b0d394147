#include "auth/users.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "unit/auth/support.h"

namespace kp::auth {
namespace {

Pbkdf2Work work_of_check(const Users& users, const std::string& user, std::string_view password) {
  const Pbkdf2Work before = pbkdf2_work();
  users.check_password(user, password);
  const Pbkdf2Work after = pbkdf2_work();
  return {after.sha256 - before.sha256, after.sha512 - before.sha512};
}

std::string verifier(Mechanism scram, std::string_view password, int iterations = 4096) {
  return to_text(make_verifier(scram, password, iterations));
}

TEST(Users, AreKnownByTheirPasswords) {
  const auto& users = some_users();
  EXPECT_TRUE(users->check_password("alice", "alice-secret"));
  EXPECT_TRUE(users->check_password("bob", "bob-secret"));
  EXPECT_FALSE(users->check_password("alice", "bob-secret"));
  EXPECT_FALSE(users->check_password("bob", "alice-secret"));
  EXPECT_FALSE(users->check_password("carol", "alice-secret"));
  EXPECT_FALSE(users->check_password("", ""));
}

TEST(Users, StoredAsVerifiersCannotLogInWithTheVerifierItself) {
  const std::string text = verifier(Mechanism::ScramSha256, "secret");
  EXPECT_FALSE(users_of({{"bob", text}})->check_password("bob", text));
}

TEST(Users, AreNobodyWhereNobodyIsListed) {
  const auto users = users_of({});
  EXPECT_FALSE(users->check_password("alice", "alice-secret"));
  EXPECT_FALSE(users->check_password("", ""));
  EXPECT_FALSE(users->find_verifier("alice", Mechanism::ScramSha512).known);
}

TEST(Users, AreNotLetInByAMechanismThatIsNotEnabled) {
  const auto scram = users_of({{"alice", "alice-secret"}}, {Mechanism::ScramSha512});
  const auto plain = users_of({{"bob", verifier(Mechanism::ScramSha256, "x")}}, {Mechanism::Plain});

  EXPECT_FALSE(scram->check_password("alice", "alice-secret"));
  EXPECT_FALSE(scram->find_verifier("alice", Mechanism::ScramSha256).known);
  EXPECT_FALSE(plain->find_verifier("bob", Mechanism::ScramSha256).known);
}

TEST(Users, CostOnePbkdf2PerPasswordAndEnabledScramMechanism) {
  const Pbkdf2Work before = pbkdf2_work();
  users_of({{"a", "x"}, {"b", "y"}, {"c", verifier(Mechanism::ScramSha512, "z")}},
           {Mechanism::Plain, Mechanism::ScramSha256});
  const Pbkdf2Work after = pbkdf2_work();

  EXPECT_EQ(after.sha256 - before.sha256, 2 * 4096U);
  EXPECT_EQ(after.sha512 - before.sha512, 4096U);  // the verifier, which the test made
}

class PlainCheck : public ::testing::TestWithParam<std::vector<config::Credential>> {};

TEST_P(PlainCheck, CostsTheSameForEveryUserAndPassword) {
  const auto users = users_of(GetParam());
  const Pbkdf2Work of_nobody = work_of_check(*users, "nobody", "secret");
  for (const config::Credential& credential : GetParam()) {
    EXPECT_EQ(work_of_check(*users, credential.user, "secret"), of_nobody) << credential.user;
    EXPECT_EQ(work_of_check(*users, credential.user, "wrong"), of_nobody) << credential.user;
  }
}

INSTANTIATE_TEST_SUITE_P(Of, PlainCheck,
                         ::testing::Values(std::vector<config::Credential>{{"a", "secret"}, {"b", "other"}},
                                           std::vector<config::Credential>{
                                               {"a", "secret"}, {"b", verifier(Mechanism::ScramSha512, "secret")}},
                                           std::vector<config::Credential>{
                                               {"a", verifier(Mechanism::ScramSha512, "secret", 4096)},
                                               {"b", verifier(Mechanism::ScramSha512, "secret", 8192)},
                                               {"c", verifier(Mechanism::ScramSha256, "secret", 5000)},
                                               {"c", verifier(Mechanism::ScramSha512, "secret", 6000)},
                                               {"d", verifier(Mechanism::ScramSha256, "secret", 6000)}}));

TEST(PlainCheckOfVerifiers, DoesOnePbkdf2) {
  const auto users = users_of({{"b", verifier(Mechanism::ScramSha512, "secret")}});
  EXPECT_EQ(work_of_check(*users, "nobody", "secret"), (Pbkdf2Work{.sha256 = 0, .sha512 = 4096}));
}

TEST(PlainCheckOfPasswords, DoesNone) {
  const auto users = users_of({{"a", "secret"}});
  EXPECT_EQ(work_of_check(*users, "a", "secret"), Pbkdf2Work{});
}

TEST(MadeUpVerifier, LooksLikeThoseOfOtherUsersAndStays) {
  const auto users = users_of({{"a", to_text(make_verifier(Mechanism::ScramSha512, "x", 8192, random_bytes(24)))}});

  const auto made_up = users->find_verifier("nobody", Mechanism::ScramSha512);

  EXPECT_FALSE(made_up.known);
  EXPECT_EQ(made_up.verifier.iterations, 8192);
  EXPECT_EQ(made_up.verifier.salt.size(), 24U);
  EXPECT_EQ(users->find_verifier("nobody", Mechanism::ScramSha512).verifier, made_up.verifier);
  EXPECT_NE(users->find_verifier("another", Mechanism::ScramSha512).verifier.salt, made_up.verifier.salt);
}

TEST(MadeUpVerifier, IsTheSameAfterAReload) {
  const auto before = users_of({{"a", "x"}})->find_verifier("nobody", Mechanism::ScramSha256);
  const auto after = users_of({{"a", "x"}})->find_verifier("nobody", Mechanism::ScramSha256);
  EXPECT_EQ(before.verifier, after.verifier);
}

TEST(MadeUpVerifier, HasTheSaltThatTheUserWouldHaveByItsPassword) {
  const auto with = users_of({{"a", "x"}, {"b", "y"}})->find_verifier("b", Mechanism::ScramSha256);
  const auto without = users_of({{"a", "x"}})->find_verifier("b", Mechanism::ScramSha256);
  EXPECT_TRUE(with.known);
  EXPECT_FALSE(without.known);
  EXPECT_EQ(with.verifier.salt, without.verifier.salt);
}

TEST(MadeUpVerifier, OfALongSaltIsAsLong) {
  const auto users = users_of({{"a", to_text(make_verifier(Mechanism::ScramSha512, "x", 4096, random_bytes(255)))}});
  EXPECT_EQ(users->find_verifier("nobody", Mechanism::ScramSha512).verifier.salt.size(), 255U);
}

TEST(UsersErrors, NameTheUserAndNoSecret) {
  const std::string sha256 = verifier(Mechanism::ScramSha256, "x");
  const std::vector<std::vector<config::Credential>> wrong{
      {{"carol", "hunter2"}, {"carol", "hunter3"}},
      {{"carol", sha256}, {"carol", sha256}},
      {{"carol", sha256}, {"carol", "hunter2"}},
      {{"carol", "hunter2"}, {"carol", sha256}},
      {{"carol", "SCRAM-SHA-1$hunter2"}},
      {{"carol", sha256 + "hunter2"}},
      {{"carol", ""}},
  };
  for (const auto& credentials : wrong) {
    const auto users = Users::make(credentials, {Mechanism::Plain});
    ASSERT_FALSE(users);
    EXPECT_EQ(users.error().code, Errc::Invalid);
    EXPECT_NE(users.error().message.find("carol"), std::string::npos) << users.error().message;
    EXPECT_EQ(users.error().message.find("hunter"), std::string::npos) << users.error().message;
  }
}

TEST(Users, MayHaveAVerifierForEachMechanism) {
  const auto users =
      users_of({{"bob", verifier(Mechanism::ScramSha256, "x")}, {"bob", verifier(Mechanism::ScramSha512, "x")}});
  EXPECT_TRUE(users->find_verifier("bob", Mechanism::ScramSha256).known);
  EXPECT_TRUE(users->find_verifier("bob", Mechanism::ScramSha512).known);
}

}  // namespace
}  // namespace kp::auth
