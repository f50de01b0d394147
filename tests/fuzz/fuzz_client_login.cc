#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/broker_login.h"
#include "auth/client_login.h"
#include "fuzz/check.h"
#include "kafka/header.h"
#include "kafka/messages/17_sasl_handshake.h"
#include "kafka/messages/36_sasl_authenticate.h"

/// The dialogue of one login and what follows it, in any order, of any bytes.
namespace {

using kp::Bytes;
using kp::BytesView;
using kp::auth::LoginStep;
using kp::auth::Mechanism;
using State = LoginStep::State;

const kp::config::Credential alice{"alice", "wonderland"};
const kp::config::Credential impostor{"alice", "x"};

bool holds(BytesView bytes, std::string_view text) {
  return std::search(bytes.begin(), bytes.end(), text.begin(), text.end(),
                     [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }) != bytes.end();
}

const std::shared_ptr<const kp::auth::Users>& users() {
  static const auto made = [] {
    auto users =
        kp::auth::Users::make(std::vector{alice}, {Mechanism::Plain, Mechanism::ScramSha512, Mechanism::ScramSha256});
    check(users.has_value(), "alice is a user");
    return *users;
  }();
  return made;
}

/// A request of `key` whose message is `body`.
Bytes request(std::int16_t key, kp::kafka::Version version, BytesView body) {
  Bytes frame = kp::kafka::open_request(key, version, 7, "fuzz");
  frame.insert(frame.end(), body.begin(), body.end());
  return kp::kafka::seal_frame(std::move(frame));
}

class Dialogue {
 public:
  void take(Bytes frame) {
    known_ = known_ || holds(frame, alice.secret);
    const bool bare = login_.expects_bare_token();
    const LoginStep step = login_.take(frame);
    look_at(step);
    last_ = std::move(frame);
    answer_ = step.reply;
    if (!bare && !step.reply.empty())
      check(kp::kafka::peek_response(step.reply).correlation_id == kp::kafka::peek_request(last_).correlation_id,
            "an answer belongs to its request");
  }
  void ask_api_versions() { look_at(login_.api_versions()); }
  void overrule() {
    if (login_.logged_in()) look_at(login_.overrule(last_, "told"));
  }
  /// The next step of an honest client, or of one with a wrong password.
  void go_on(const kp::config::Credential& who, Mechanism mechanism) {
    if (!honest_ || answer_.empty()) {
      honest_.emplace(mechanism, who, "fuzz");
      id_ = 1;
      right_ = who == alice;
      take(honest_->begin(id_));
      return;
    }
    auto next = honest_->next(answer_, ++id_);
    if (!next || !next->has_value()) {
      honest_.reset();
      return;
    }
    known_ = known_ || right_;  // SCRAM proves it without showing it
    take(std::move(**next));
  }

 private:
  void look_at(const LoginStep& step) {
    check(!refused_ || step.state == State::Refused, "a refusal is final");
    check(step.reply.empty() || step.reply.size() == 4 + static_cast<std::size_t>(kp::big_endian_i32(step.reply)),
          "a reply is one whole frame");
    check((step.state == State::Refused) == !step.why.empty(), "a refusal says why, and only that");
    check(step.state != State::LoggedIn || known_, "nobody is let in without the password");
    check(login_.logged_in() == (login_.user() == alice.user && step.state != State::Refused) || refused_ ||
              step.state == State::Refused,
          "who is in is alice");
    refused_ = step.state == State::Refused;
    check(!refused_ || !(login_.under_way() || login_.logged_in() || login_.expects_bare_token()),
          "a refusal ends the login");
  }

  kp::auth::ClientLogin login_{users(), std::chrono::seconds(60)};
  std::optional<kp::auth::BrokerLogin> honest_;
  std::int32_t id_ = 0;
  bool right_ = false;
  bool known_ = false;  ///< the password was shown or proven
  bool refused_ = false;
  Bytes last_;
  Bytes answer_;
};

}  // namespace

/// Input: steps of {what, length, bytes}.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  Dialogue dialogue;
  BytesView input(data, size);
  for (int steps = 0; input.size() >= 2 && steps < 64; ++steps) {
    const int what = input[0];
    const BytesView bytes = input.subspan(2, std::min<std::size_t>(input[1], input.size() - 2));
    input = input.subspan(2 + bytes.size());
    const auto version = static_cast<kp::kafka::Version>(what / 16 % 4);
    Bytes token(4);
    kp::kafka::SaslAuthenticateRequest authenticate;
    authenticate.auth_bytes.bytes = bytes;
    switch (what % 16) {
      case 0:
        dialogue.take({bytes.begin(), bytes.end()});
        break;
      case 1:
        dialogue.take(request(kp::kafka::api::sasl_handshake, version, bytes));
        break;
      case 2:
        dialogue.take(request(kp::kafka::api::sasl_authenticate, version, bytes));
        break;
      case 3:
        dialogue.take(kp::kafka::encode_request(authenticate, std::min(version, kp::kafka::Version{2}), 7, "fuzz"));
        break;
      case 4:
        token.insert(token.end(), bytes.begin(), bytes.end());
        dialogue.take(kp::kafka::seal_frame(std::move(token)));
        break;
      case 5:
        dialogue.go_on(alice, Mechanism::Plain);
        break;
      case 6:
        dialogue.go_on(impostor, Mechanism::Plain);
        break;
      case 7:  // rarely: it costs a PBKDF2
        if (what >= 0xe0) dialogue.go_on(alice, what >= 0xf0 ? Mechanism::ScramSha512 : Mechanism::ScramSha256);
        break;
      case 8:
        dialogue.overrule();
        break;
      default:
        dialogue.ask_api_versions();
    }
  }
  return 0;
}
