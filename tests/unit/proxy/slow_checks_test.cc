#include <sys/socket.h>

#include "auth/verifier.h"
#include "unit/proxy/login_scene.h"

/// Passwords that are checked against verifiers: slow on purpose, so not on the loop, and not more than so many at
/// once.
namespace kp::proxy {
namespace {

using auth::authenticate;
using auth::handshake;
using auth::plain_token;
using test::Socket;

/// Something has come, or the end.
bool heard(const Socket& client) {
  char first = 0;
  return ::recv(client.descriptor(), &first, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

class SlowChecks : public LoginScene {
 protected:
  /// So many that they come faster than a few are checked.
  static constexpr int many = 110;

  SlowChecks() {
    config.limits.handshake_timeout = std::chrono::seconds(60);  // under a sanitizer on a busy machine
    std::vector<config::Credential>& users = config.auth_swap->downstream_credentials;
    for (const Mechanism scram : {Mechanism::ScramSha256, Mechanism::ScramSha512})
      users.push_back({"dora", auth::to_text(auth::make_verifier(scram, "doras-own", auth::max_iterations))});
  }

  /// Clients with a wrong password, all at once.
  std::vector<Socket> flood() {
    std::vector<Socket> clients;
    for (int i = 0; i < many; ++i) {
      clients.push_back(to_broker());
      clients.back().send(handshake("PLAIN"));
      EXPECT_EQ(next_id(clients.back()), 1);
    }
    for (const Socket& client : clients) client.send(authenticate(plain_token("dora", wrong_password)));
    return clients;
  }
};

TEST_F(SlowChecks, AboveSixtyFourThatWaitOthersAreTurnedAwayAndTheseAreAnswered) {
  start_with_logins();
  int answered = 0;
  for (const Socket& client : flood()) {
    const Bytes answer = client.receive_frame();
    if (answer.empty()) continue;
    ++answered;
    EXPECT_EQ(auth::read<kafka::SaslAuthenticateResponse>(answer, 1).error_code, sasl_authentication_failed);
  }
  EXPECT_GE(answered, static_cast<int>(Worker::max_slow_checks));
  EXPECT_LT(answered, many);
  EXPECT_TRUE(counted("downstream", "PLAIN", "bad_credentials", answered));
  EXPECT_TRUE(counted("downstream", "PLAIN", "busy", many - answered));
}

TEST_F(SlowChecks, HoldUpNoOtherConnection) {
  answer_beats();
  start_with_logins();
  const Socket other = logged_in(alice);
  const std::vector<Socket> waiting = flood();
  other.send(beat(7));
  EXPECT_EQ(next_id(other), 7);
  EXPECT_FALSE(std::ranges::all_of(waiting, heard)) << "all were checked before";
}

}  // namespace
}  // namespace kp::proxy
