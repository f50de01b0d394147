#include "auth/client_login.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "auth/scram_client.h"
#include "kafka/messages/03_metadata.h"
#include "unit/auth/support.h"

namespace kp::auth {
namespace {

using State = LoginStep::State;

constexpr std::int16_t unsupported_sasl_mechanism = 33;
constexpr std::int16_t illegal_sasl_state = 34;
constexpr std::int16_t unsupported_version = 35;
constexpr std::int16_t sasl_authentication_failed = 58;

const std::string generic =
    "Authentication failed during authentication due to invalid credentials with SASL mechanism ";

TEST(ClientLoginHandshake, ListsTheEnabledMechanisms) {
  for (const kafka::Version version : {kafka::Version{0}, kafka::Version{1}}) {
    ClientLogin login(users_of({}, {Mechanism::ScramSha512, Mechanism::Plain}));

    const LoginStep step = login.take(handshake("PLAIN", version, 77));

    EXPECT_EQ(step.state, State::Ongoing);
    EXPECT_EQ(kafka::peek_response(step.reply).correlation_id, 77);
    EXPECT_EQ(handshake_reply(step, version).error_code, 0);
    EXPECT_EQ(handshake_reply(step, version).mechanisms, (std::vector<std::string>{"SCRAM-SHA-512", "PLAIN"}));
    EXPECT_EQ(login.expects_bare_token(), version == 0);
  }
}

TEST(ClientLoginHandshake, RefusesAMechanismThatIsNotEnabledAndSaysWhichAre) {
  for (const char* mechanism : {"GSSAPI", "SCRAM-SHA-256", "plain", "", "OAUTHBEARER"}) {
    ClientLogin login(users_of({}, {Mechanism::Plain}));

    const LoginStep step = login.take(handshake(mechanism));

    EXPECT_EQ(step.state, State::Refused);
    EXPECT_EQ(step.refusal, LoginRefusal::UnknownMechanism);
    EXPECT_EQ(handshake_reply(step).error_code, unsupported_sasl_mechanism);
    EXPECT_EQ(handshake_reply(step).mechanisms, std::vector<std::string>{"PLAIN"});
  }
}

/// Everything a client needs: (mechanism, SaslHandshake version, SaslAuthenticate version, user).
using Way = std::tuple<Mechanism, kafka::Version, kafka::Version, std::string>;

/// A client that logs in to `login`, and what it saw last.
struct Client {
  ClientLogin& login;
  Way way;

  LoginStep send(std::string_view token, std::string& answer) {
    const auto& [mechanism, handshake_version, version, user] = way;
    LoginStep step = login.take(handshake_version == 0 ? bare_token(token) : authenticate(token, version));
    answer.clear();
    if (handshake_version == 0 && step.reply.size() >= 4) {
      answer.assign(step.reply.begin() + 4, step.reply.end());
    } else if (!step.reply.empty()) {
      answer = as_text(authenticate_reply(step, version).auth_bytes.bytes);
    }
    return step;
  }

  LoginStep run(const std::string& password) {
    const auto& [mechanism, handshake_version, version, user] = way;
    std::string answer;
    const LoginStep begun = login.take(handshake(wire_name(mechanism), handshake_version));
    EXPECT_EQ(begun.state, State::Ongoing);
    if (mechanism == Mechanism::Plain) return send(plain_token(user, password), answer);
    ScramClient scram(mechanism, user);
    const LoginStep first = send(scram.first(), answer);
    EXPECT_EQ(first.state, State::Ongoing) << first.why;
    const auto last = scram.last(answer, password);
    EXPECT_TRUE(last) << last.error().message;
    LoginStep step = send(*last, answer);
    EXPECT_EQ(scram.check(answer).has_value(), step.state == State::LoggedIn);
    return step;
  }
};

class EveryWay : public ::testing::TestWithParam<Way> {};

TEST_P(EveryWay, LetsAUserIn) {
  const auto& [mechanism, handshake_version, version, user] = GetParam();
  ClientLogin login(some_users());

  const LoginStep step = Client{login, GetParam()}.run(user + "-secret");

  EXPECT_EQ(step.state, State::LoggedIn) << step.why;
  EXPECT_FALSE(step.reply.empty());
  EXPECT_TRUE(login.logged_in());
  EXPECT_FALSE(login.under_way());
  EXPECT_EQ(login.user(), user);
  EXPECT_EQ(login.mechanism(), mechanism);
}

TEST_P(EveryWay, RefusesAWrongPasswordAsItRefusesAnUnknownUser) {
  auto [mechanism, handshake_version, version, user] = GetParam();
  ClientLogin of_user(some_users());
  ClientLogin of_nobody(some_users());

  const LoginStep wrong = Client{of_user, GetParam()}.run("wrong");
  const LoginStep nobody = Client{of_nobody, {mechanism, handshake_version, version, "nobody"}}.run("wrong");

  EXPECT_EQ(wrong.state, State::Refused);
  EXPECT_EQ(wrong.refusal, LoginRefusal::BadCredentials);
  EXPECT_EQ(nobody.refusal, wrong.refusal);
  EXPECT_EQ(nobody.reply, wrong.reply);
  EXPECT_FALSE(of_user.logged_in());
  EXPECT_EQ(of_user.user(), "");
  EXPECT_EQ(of_user.claimed_user(), user);
  EXPECT_EQ(of_nobody.claimed_user(), "nobody");
  if (handshake_version == 0) {
    EXPECT_TRUE(wrong.reply.empty());
  } else {
    EXPECT_EQ(authenticate_reply(wrong, version).error_code, sasl_authentication_failed);
    EXPECT_TRUE(authenticate_reply(wrong, version).auth_bytes.bytes.empty());
  }
}

TEST_P(EveryWay, TellsTheSessionsLifetimeFromVersionOneOn) {
  const auto& [mechanism, handshake_version, version, user] = GetParam();
  if (handshake_version == 0) return;
  ClientLogin login(some_users(), std::chrono::minutes(10));

  const LoginStep step = Client{login, GetParam()}.run(user + "-secret");

  EXPECT_EQ(authenticate_reply(step, version).session_lifetime_ms, version == 0 ? 0 : 600'000);
}

INSTANTIATE_TEST_SUITE_P(To, EveryWay,
                         ::testing::Combine(::testing::ValuesIn(every_mechanism),
                                            ::testing::Values(kafka::Version{0}, kafka::Version{1}),
                                            ::testing::Values(kafka::Version{0}, kafka::Version{1}, kafka::Version{2}),
                                            ::testing::Values(std::string("alice"), std::string("bob"))),
                         [](const auto& test) {
                           std::string mechanism(wire_name(std::get<0>(test.param)));
                           std::erase(mechanism, '-');
                           return mechanism + "_h" + std::to_string(std::get<1>(test.param)) + "_a" +
                                  std::to_string(std::get<2>(test.param)) + "_" + std::get<3>(test.param);
                         });

TEST(ClientLoginMechanism, IsNoneBeforeAHandshakeAndAfterOneThatIsRefused) {
  ClientLogin login(some_users());
  EXPECT_EQ(login.mechanism(), std::nullopt);
  log_in(login);
  EXPECT_EQ(login.mechanism(), Mechanism::Plain);
  EXPECT_EQ(login.take(handshake("GSSAPI")).refusal, LoginRefusal::UnknownMechanism);
  EXPECT_EQ(login.mechanism(), std::nullopt);
}

/// What comes of a token by PLAIN, to users that have alice.
LoginStep plain(const std::string& token) {
  ClientLogin login(some_users());
  login.take(handshake("PLAIN"));
  return login.take(authenticate(token));
}

TEST(ClientLoginPlain, SaysAsKafkaThatNameOrPasswordIsWrong) {
  EXPECT_EQ(authenticate_reply(plain(plain_token("alice", "wrong"))).error_message,
            "Authentication failed: Invalid username or password");
}

TEST(ClientLoginPlain, LetsAUserActAsItself) {
  EXPECT_EQ(plain(plain_token("alice", "alice-secret", "alice")).state, State::LoggedIn);
}

TEST(ClientLoginPlain, RefusesToLetAUserActAsAnother) {
  const LoginStep step = plain(plain_token("alice", "alice-secret", "bob"));
  EXPECT_EQ(step.refusal, LoginRefusal::WrongAuthorizationId);
  EXPECT_EQ(authenticate_reply(step).error_code, sasl_authentication_failed);
}

TEST(ClientLoginPlain, SaysNothingOfActingAsAnotherToWhoDoesNotKnowThePassword) {
  EXPECT_EQ(plain(plain_token("alice", "wrong", "bob")).refusal, LoginRefusal::BadCredentials);
}

TEST(ClientLoginPlain, RefusesTokensThatItCannotRead) {
  const std::string zero(1, '\0');
  const std::vector<std::string> tokens{"",
                                        zero,
                                        zero + zero,
                                        "alice",
                                        "alice" + zero + "alice-secret",
                                        plain_token("", "alice-secret"),
                                        plain_token("alice", ""),
                                        plain_token("alice", "alice-secret") + zero,
                                        plain_token("alice", "alice-secret" + zero + "x"),
                                        plain_token("\xff", "alice-secret"),
                                        plain_token(std::string(1025, 'u'), "x"),
                                        plain_token("alice", std::string(9000, 'x'))};
  for (const std::string& token : tokens) {
    const LoginStep step = plain(token);
    EXPECT_EQ(step.state, State::Refused);
    EXPECT_EQ(step.refusal, LoginRefusal::Malformed);
    EXPECT_EQ(authenticate_reply(step).error_code, sasl_authentication_failed);
    EXPECT_EQ(authenticate_reply(step).error_message, generic + "PLAIN");
  }
}

TEST(ClientLoginPlain, TakesTheLongestPasswordThatTheRfcNames) {
  const std::string password(255, 'p');
  ClientLogin login(users_of({{std::string(255, 'u'), password}}));
  log_in(login, std::string(255, 'u'), password);
  EXPECT_TRUE(login.logged_in());
}

TEST(ClientLoginScram, SaysAsKafkaThatCredentialsAreInvalid) {
  ClientLogin login(some_users());
  const LoginStep step = Client{login, {Mechanism::ScramSha512, 1, 1, "alice"}}.run("wrong");
  EXPECT_EQ(authenticate_reply(step).error_message, generic + "SCRAM-SHA-512");
}

TEST(ClientLoginOrder, RefusesSaslAuthenticateWithoutHandshake) {
  ClientLogin login(some_users());
  const LoginStep step = login.take(authenticate(plain_token("alice", "alice-secret")));
  EXPECT_EQ(step.refusal, LoginRefusal::BadState);
  EXPECT_EQ(authenticate_reply(step).error_code, illegal_sasl_state);
}

TEST(ClientLoginOrder, RefusesASecondHandshake) {
  ClientLogin login(some_users());
  login.take(handshake("PLAIN"));
  const LoginStep step = login.take(handshake("PLAIN"));
  EXPECT_EQ(step.refusal, LoginRefusal::BadState);
  EXPECT_EQ(handshake_reply(step).error_code, illegal_sasl_state);
}

TEST(ClientLoginOrder, RefusesAnyOtherRequestWithoutAnAnswer) {
  for (const bool after_handshake : {false, true}) {
    ClientLogin login(some_users());
    if (after_handshake) login.take(handshake("PLAIN"));
    const LoginStep step = login.take(kafka::encode_request(kafka::MetadataRequest{}, 1, 1, "test"));
    EXPECT_EQ(step.state, State::Refused);
    EXPECT_EQ(step.refusal, LoginRefusal::BadState);
    EXPECT_TRUE(step.reply.empty());
    EXPECT_NE(step.why.find("Metadata v1"), std::string::npos) << step.why;
  }
}

TEST(ClientLoginOrder, TakesNothingAfterARefusal) {
  ClientLogin login(some_users());
  login.take(handshake("NONE"));
  const LoginStep step = login.take(handshake("PLAIN"));
  EXPECT_EQ(step.state, State::Refused);
  EXPECT_TRUE(step.reply.empty());
  EXPECT_FALSE(login.under_way());
}

TEST(ClientLoginOrder, AllowsApiVersionsBeforeTheHandshakeOnly) {
  ClientLogin login(some_users());
  EXPECT_EQ(login.api_versions().state, State::Ongoing);
  EXPECT_EQ(login.api_versions().state, State::Ongoing);
  login.take(handshake("PLAIN"));
  EXPECT_EQ(login.api_versions().refusal, LoginRefusal::BadState);
}

TEST(ClientLoginOrder, RefusesApiVersionsOverAndOver) {
  ClientLogin login(some_users());
  int allowed = 0;
  while (login.api_versions().state == State::Ongoing && allowed < 100) ++allowed;
  EXPECT_EQ(allowed, 8);
}

TEST(ClientLoginOrder, RefusesATokenWithoutHeaderAfterHandshakeOne) {
  ClientLogin login(some_users());
  login.take(handshake("PLAIN", 1));
  const LoginStep step = login.take(bare_token(plain_token("alice", "alice-secret")));
  EXPECT_EQ(step.state, State::Refused);
  EXPECT_TRUE(step.reply.empty());
}

TEST(ClientLoginVersions, AreRefusedInAFormThatTheClientCanRead) {
  for (const int version : {2, 7, -1}) {
    ClientLogin login(some_users());
    Bytes frame = handshake("PLAIN", 1);
    frame[6] = static_cast<std::uint8_t>(version >> 8);
    frame[7] = static_cast<std::uint8_t>(version);
    const LoginStep step = login.take(frame);
    EXPECT_EQ(step.refusal, LoginRefusal::UnsupportedVersion);
    EXPECT_EQ(handshake_reply(step).error_code, unsupported_version);
  }
  for (const auto& [version, readable] : std::vector<std::pair<int, kafka::Version>>{{3, 2}, {9, 2}, {-1, 0}}) {
    ClientLogin login(some_users());
    Bytes frame = authenticate("x");
    frame[6] = static_cast<std::uint8_t>(version >> 8);
    frame[7] = static_cast<std::uint8_t>(version);
    const LoginStep step = login.take(frame);
    EXPECT_EQ(step.refusal, LoginRefusal::UnsupportedVersion);
    EXPECT_EQ(authenticate_reply(step, readable).error_code, unsupported_version);
  }
}

TEST(ClientLoginMalformed, IsAnsweredWhereTheRequestIsOneOfSasl) {
  for (const Bytes& whole : {handshake("PLAIN"), authenticate("token", 1), authenticate("token", 2)}) {
    for (std::size_t size = kafka::request_head_bytes; size < whole.size(); ++size) {
      ClientLogin login(some_users());
      const LoginStep step =
          login.take(kafka::seal_frame(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))));
      ASSERT_EQ(step.refusal, LoginRefusal::Malformed) << size;
      const bool is_handshake = whole[5] == 17;
      const auto error =
          is_handshake ? handshake_reply(step).error_code : authenticate_reply(step, whole[7]).error_code;
      EXPECT_EQ(error, illegal_sasl_state);
    }
  }
}

TEST(ClientLoginMalformed, IsClosedWithoutAnAnswerWhereThereIsNoRequest) {
  const Bytes whole = handshake("PLAIN");
  for (std::size_t size = 0; size < kafka::request_head_bytes; ++size) {
    ClientLogin login(some_users());
    const LoginStep step = login.take(BytesView(whole).first(size));
    EXPECT_EQ(step.refusal, LoginRefusal::Malformed);
    EXPECT_TRUE(step.reply.empty());
  }
}

TEST(ClientLoginMalformed, RefusesAFrameWhoseSizeIsAnother) {
  Bytes frame = handshake("PLAIN");
  frame.push_back(0);
  ClientLogin login(some_users());
  const LoginStep step = login.take(frame);
  EXPECT_EQ(step.refusal, LoginRefusal::Malformed);
  EXPECT_TRUE(step.reply.empty());
}

TEST(ClientLoginMalformed, RefusesALongFrameUnread) {
  ClientLogin login(some_users());
  login.take(handshake("PLAIN"));
  const LoginStep step = login.take(authenticate(std::string(max_login_frame_bytes, 'x')));
  EXPECT_EQ(step.refusal, LoginRefusal::Malformed);
  EXPECT_TRUE(step.reply.empty());
}

TEST(ClientLoginMalformed, RefusesALongTokenWithoutHeader) {
  ClientLogin login(some_users());
  login.take(handshake("PLAIN", 0));
  EXPECT_EQ(login.take(bare_token(plain_token("alice", std::string(9000, 'x')))).refusal, LoginRefusal::Malformed);
}

/// Frames that are nearly right. A flipped bit in correlation id, client id or version changes nothing that matters.
TEST(ClientLoginMalformed, LetsNobodyInByAFlippedBitInToken) {
  const std::string token = plain_token("alice", "alice-secret");
  const Bytes whole = authenticate(token, 2);
  const std::size_t begin = whole.size() - token.size() - 1;  // the last byte counts tagged fields
  for (std::size_t bit = begin * 8; bit < whole.size() * 8; ++bit) {
    Bytes frame = whole;
    frame[bit / 8] = static_cast<std::uint8_t>(frame[bit / 8] ^ (1 << bit % 8));
    ClientLogin login(some_users());
    login.take(handshake("PLAIN"));
    EXPECT_NE(login.take(frame).state, State::LoggedIn) << "bit " << bit;
  }
}

TEST(ClientLoginMalformed, SurvivesEveryFlippedBit) {
  const Bytes frames[] = {handshake("SCRAM-SHA-256"), authenticate("n,,n=alice,r=abc", 2)};
  for (int broken = 0; broken < 2; ++broken) {
    for (std::size_t bit = 0; bit < frames[broken].size() * 8; ++bit) {
      Bytes sent[] = {frames[0], frames[1]};
      sent[broken][bit / 8] = static_cast<std::uint8_t>(sent[broken][bit / 8] ^ (1 << bit % 8));
      ClientLogin login(some_users());
      for (const Bytes& frame : sent) login.take(frame);
      EXPECT_FALSE(login.logged_in());
    }
  }
}

TEST(ClientLoginMalformed, LetsNobodyInByATruncatedTokenWithoutHeader) {
  const std::string token = plain_token("alice", "alice-secret");
  for (std::size_t size = 0; size < token.size(); ++size) {
    ClientLogin login(some_users());
    login.take(handshake("PLAIN", 0));
    EXPECT_EQ(login.take(bare_token(token.substr(0, size))).state, State::Refused);
  }
}

TEST(ClientLoginSecrets, StandInNoReason) {
  for (const auto& [user, password] : std::vector<std::pair<std::string, std::string>>{
           {"alice", "hunter2"}, {"nobody", "hunter2"}, {"", "hunter2"}, {"\xff", "hunter2"}}) {
    const LoginStep step = plain(plain_token(user, password));
    EXPECT_EQ(step.why.find("hunter2"), std::string::npos) << step.why;
    EXPECT_EQ(as_text(step.reply).find("hunter2"), std::string::npos);
  }
}

TEST(ClientLoginOverruled, TellsTheClientAndEndsTheLogin) {
  ClientLogin login(some_users());
  log_in(login);

  const LoginStep step = login.overrule(authenticate("", 2, 55), "not for you");

  EXPECT_EQ(step.state, State::Refused);
  EXPECT_EQ(kafka::peek_response(step.reply).correlation_id, 55);
  EXPECT_EQ(authenticate_reply(step, 2).error_code, sasl_authentication_failed);
  EXPECT_EQ(authenticate_reply(step, 2).error_message, "not for you");
  EXPECT_FALSE(login.logged_in());
}

TEST(ClientLoginOverruled, HasNoAnswerForABareTokenEvenIfThatLooksLikeARequest) {
  ClientLogin login(users_of({{"$user", "secret"}}));
  const Bytes token = bare_token(plain_token("$user", "secret"));  // begins with 0 and 36, like SaslAuthenticate
  login.take(handshake("PLAIN", 0));
  ASSERT_EQ(login.take(token).state, State::LoggedIn);

  const LoginStep step = login.overrule(token, "not for you");

  EXPECT_EQ(step.state, State::Refused);
  EXPECT_TRUE(step.reply.empty());
}

TEST(ClientReauthentication, AsTheSameUserIsAccepted) {
  ClientLogin login(some_users(), std::chrono::seconds(5));
  log_in(login);
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(login.take(handshake("PLAIN")).state, State::Ongoing);
    EXPECT_TRUE(login.reauthenticating());
    const LoginStep step = login.take(authenticate(plain_token("alice", "alice-secret")));
    EXPECT_EQ(step.state, State::LoggedIn) << step.why;
    EXPECT_EQ(authenticate_reply(step).session_lifetime_ms, 5000);
    EXPECT_FALSE(login.reauthenticating());
  }
}

TEST(ClientReauthentication, AsAnotherUserIsRefused) {
  ClientLogin login(some_users());
  log_in(login);
  login.take(handshake("PLAIN"));

  const LoginStep step = login.take(authenticate(plain_token("bob", "bob-secret")));

  EXPECT_EQ(step.refusal, LoginRefusal::WrongUserOnReauthentication);
  EXPECT_EQ(authenticate_reply(step).error_code, sasl_authentication_failed);
  EXPECT_EQ(authenticate_reply(step).error_message,
            "Cannot change principals during re-authentication from User.alice: User.bob");
  EXPECT_FALSE(login.logged_in());
}

TEST(ClientReauthentication, ByAnotherMechanismIsRefused) {
  ClientLogin login(some_users());
  log_in(login);
  EXPECT_EQ(login.take(handshake("SCRAM-SHA-256")).state, State::Ongoing);

  const LoginStep step = login.take(authenticate("n,,n=alice,r=abc"));

  EXPECT_EQ(step.refusal, LoginRefusal::WrongMechanismOnReauthentication);
  EXPECT_EQ(authenticate_reply(step).error_code, sasl_authentication_failed);
}

TEST(ClientReauthentication, WithAWrongPasswordEndsTheLogin) {
  ClientLogin login(some_users());
  log_in(login);
  login.take(handshake("PLAIN"));

  const LoginStep step = login.take(authenticate(plain_token("alice", "wrong")));

  EXPECT_EQ(step.refusal, LoginRefusal::BadCredentials);
  EXPECT_FALSE(login.logged_in());
}

TEST(ClientReauthentication, IsCalledSoInItsErrors) {
  ClientLogin login(some_users());
  log_in(login);
  login.take(handshake("PLAIN"));
  EXPECT_EQ(authenticate_reply(login.take(authenticate("no token"))).error_message,
            "Authentication failed during re-authentication due to invalid credentials with SASL mechanism PLAIN");
}

TEST(ClientReauthentication, IsNotInterruptedByOtherRequests) {
  ClientLogin login(some_users());
  log_in(login);
  login.take(handshake("PLAIN"));
  EXPECT_EQ(login.take(kafka::encode_request(kafka::MetadataRequest{}, 1, 1, "test")).refusal, LoginRefusal::BadState);
}

TEST(ClientReauthentication, NeedsAHandshake) {
  ClientLogin login(some_users());
  log_in(login);
  const LoginStep step = login.take(authenticate(plain_token("alice", "alice-secret")));
  EXPECT_EQ(step.refusal, LoginRefusal::BadState);
  EXPECT_EQ(authenticate_reply(step).error_code, illegal_sasl_state);
}

TEST(ClientReauthentication, ByHandshakeZeroIsRefused) {
  ClientLogin login(some_users());
  log_in(login);
  EXPECT_EQ(handshake_reply(login.take(handshake("PLAIN", 0)), 0).error_code, illegal_sasl_state);
}

TEST(LoginRefusals, HaveANameEach) {
  std::vector<std::string_view> names;
  for (int i = 0; i < login_refusals; ++i) {
    const std::string_view label = name(static_cast<LoginRefusal>(i));
    EXPECT_NE(label, "unknown");
    EXPECT_EQ(std::count(names.begin(), names.end(), label), 0) << label;
    names.push_back(label);
  }
  EXPECT_EQ(name(static_cast<LoginRefusal>(login_refusals)), "unknown");
}

}  // namespace
}  // namespace kp::auth
