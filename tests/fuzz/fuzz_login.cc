#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "auth/broker_login.h"
#include "auth/client_login.h"
#include "auth/crypto.h"
#include "fuzz/check.h"
#include "fuzz/hand_turned.h"
#include "kafka/messages/03_metadata.h"
#include "kafka/messages/17_sasl_handshake.h"
#include "kafka/messages/18_api_versions.h"
#include "kafka/messages/36_sasl_authenticate.h"

/// A session under auth_swap, from the first byte to the end: the client's login, the proxy's own, both again later
/// (KIP-368), and requests at all times. The broker looks at everything that comes to it.
namespace {

namespace api = kp::kafka::api;
using kp::Bytes;
using kp::BytesView;
using kp::auth::ClientLogin;
using kp::auth::LoginStep;
using kp::auth::Mechanism;
using kp::config::Credential;
using kp::kafka::Version;

constexpr std::int16_t heartbeat = 12;
constexpr Version unknown_version = 77;
constexpr std::string_view own_client_id = "kafkaproxy";
constexpr std::chrono::milliseconds broker_lifetime{1000};  // a renewal falls due within the second

const std::array clients{Credential{"alice", "wonderland"}, Credential{"bob", "can-we-fix-it"},
                         Credential{"carol", "nobody-mapped-me"}};
const Credential impostor{"alice", "looking-glass"};
const std::array upstream{Credential{"svc", "svc-upstream"}, Credential{"bob", "bob-upstream"}};

bool holds(BytesView bytes, std::string_view text) {
  return !bytes.empty() && ::memmem(bytes.data(), bytes.size(), text.data(), text.size()) != nullptr;
}
template <std::size_t n>
bool holds_a_secret(BytesView bytes, const std::array<Credential, n>& of) {
  return std::ranges::any_of(of, [bytes](const Credential& credential) { return holds(bytes, credential.secret); });
}

/// One configuration; the dear parts are made once.
struct World {
  World(bool takes_logins, std::optional<Mechanism> upstream_mechanism)
      : takes(takes_logins), makes(upstream_mechanism.has_value()) {
    using kp::config::SecurityProtocol;
    kp::config::Config config;
    config.limits.max_in_flight = 8;
    config.downstream.security_protocol = takes ? SecurityProtocol::SaslPlaintext : SecurityProtocol::Plaintext;
    config.downstream.sasl_mechanisms = {Mechanism::Plain, Mechanism::ScramSha256, Mechanism::ScramSha512};
    config.upstream.emplace();
    config.upstream->security_protocol = makes ? SecurityProtocol::SaslPlaintext : SecurityProtocol::Plaintext;
    config.upstream->sasl_mechanism = upstream_mechanism;
    kp::config::AuthSwap& swap = config.auth_swap.emplace();
    swap.enabled = true;
    swap.downstream_credentials = {clients.begin(), clients.end()};
    swap.upstream_credentials = {upstream.begin(), upstream.end()};
    swap.mapping = {{"alice", "svc"}, {"bob", "$self"}, {"$anonymous", "svc"}};
    runtime = kp::fuzz::runtime_of(config);
    auto known = kp::auth::Users::make(upstream, {Mechanism::Plain, Mechanism::ScramSha256});
    check(known.has_value(), "the broker knows the proxy's users");
    users = *known;
  }
  const bool takes;
  const bool makes;
  std::shared_ptr<const kp::proxy::Runtime> runtime;
  std::shared_ptr<const kp::auth::Users> users;  ///< the broker's
};

class Scene : public kp::fuzz::HandTurned {
 public:
  Scene(kp::proxy::Worker& worker, const World& world)
      : HandTurned(worker, world.runtime), world_(world), worker_(worker), broker_login_(world.users, broker_lifetime) {
    worker.counters.logins.clear();
  }

  void step(int what, BytesView bytes);

 private:
  struct Asked {
    kp::kafka::RequestHead head;
    LoginStep login;  ///< where it is one of the proxy's login
  };
  struct Sent {
    Bytes frame;
    bool in_login;  ///< right behind the client's SaslHandshake: nobody may get it
  };

  // What the client does.
  void say(const Bytes& frame) {
    if (!owed_.empty()) from_client(std::exchange(owed_, {}));
    from_client(frame);
  }
  void ask(std::int16_t key, Version version, BytesView body, int times = 1);
  void begin_request(std::size_t body_bytes, std::size_t now);
  void say_anything(BytesView bytes);
  void log_in(int who, BytesView bytes);
  void log_in_to_the_end(int who, BytesView bytes);
  void send_token(Version version, BytesView token);
  void send_bare_token(BytesView token);

  // What the broker does.
  void at_broker(BytesView bytes) override;
  void judge(BytesView frame);
  void answer(std::optional<BytesView> body = std::nullopt);
  Bytes right_answer(const kp::kafka::RequestHead& to) const;
  void at_client(BytesView bytes) override;

  bool client_is_in() const {
    return std::ranges::any_of(worker_.counters.logins, [](const auto& entry) {
      return std::get<0>(entry.first) == "downstream" && std::get<2>(entry.first) == "ok";
    });
  }

  const World& world_;
  kp::proxy::Worker& worker_;

  std::int32_t next_id_ = 1000;
  Bytes owed_;                       ///< the rest of a request that was begun
  std::deque<Sent> sent_;            ///< of these, what the broker shall get
  bool hand_shaken_ = false;         ///< the client's last word on logins is a SaslHandshake
  std::deque<std::int32_t> awaits_;  ///< correlation ids of what was asked in the right form
  std::optional<kp::auth::BrokerLogin> login_;
  Bytes answer_;           ///< the last that the client got, until it was used
  Bytes said_;             ///< what had no form
  bool formless_ = false;  ///< so nobody knows any more where requests begin
  bool proven_ = false;    ///< a client's secret was shown, or its knowledge
  bool told_ = false;      ///< …in a request that may reach the broker

  ClientLogin broker_login_;
  Bytes forwarded_;
  Bytes heard_;
  std::deque<Asked> asked_;
  bool accepted_ = false;    ///< the proxy knows that its login was
  bool logging_in_ = false;  ///< and that it is under way, the first or a further one
  bool honest_ = true;       ///< the broker has said nothing wrong
};

void Scene::ask(std::int16_t key, Version version, BytesView body, int times) {
  told_ = told_ || holds_a_secret(body, clients);
  Bytes run;
  for (; times > 0; --times) {
    Bytes frame = kp::kafka::open_request(key, version, next_id_, "fuzz");
    frame.insert(frame.end(), body.begin(), body.end());
    frame = kp::kafka::seal_frame(std::move(frame));
    run.insert(run.end(), frame.begin(), frame.end());
    awaits_.push_back(next_id_++);
    if (key == api::sasl_handshake)
      hand_shaken_ = true;
    else if (version != unknown_version)
      sent_.push_back({std::move(frame), hand_shaken_});
  }
  say(run);
}

/// The rest goes with what is said next.
void Scene::begin_request(std::size_t body_bytes, std::size_t now) {
  Bytes frame = kp::kafka::open_request(heartbeat, 4, next_id_, "fuzz");
  awaits_.push_back(next_id_++);
  frame.resize(frame.size() + body_bytes);
  frame = kp::kafka::seal_frame(std::move(frame));
  sent_.push_back({frame, hand_shaken_});
  const auto cut = frame.begin() + static_cast<std::ptrdiff_t>(std::min(frame.size() - 1, now));
  say({frame.begin(), cut});
  owed_.assign(cut, frame.end());
}

void Scene::say_anything(BytesView bytes) {
  formless_ = true;
  said_.insert(said_.end(), bytes.begin(), bytes.end());
  proven_ = proven_ || holds_a_secret(said_, clients);
  say({bytes.begin(), bytes.end()});
}

/// The next step of a client that logs in by the book, by a right or wrong password.
void Scene::log_in(int who, BytesView bytes) {
  if (!login_ || answer_.empty()) {
    const bool scram = !bytes.empty() && bytes[0] == 0xfe;  // rarely: it costs a PBKDF2
    login_.emplace(scram ? Mechanism::ScramSha256 : Mechanism::Plain,
                   who % 4 == 3 ? impostor : clients[static_cast<std::size_t>(who % 4)], "fuzz",
                   static_cast<Version>(who / 4 % 3));
    awaits_.push_back(next_id_);
    hand_shaken_ = true;
    say(login_->begin(next_id_++));
    return;
  }
  auto next = login_->next(std::exchange(answer_, {}), next_id_);
  if (!next || !next->has_value()) {
    login_.reset();
    return;
  }
  awaits_.push_back(next_id_++);
  hand_shaken_ = false;
  proven_ = proven_ || login_->mechanism() != Mechanism::Plain || holds_a_secret(**next, clients);
  say(**next);
}

void Scene::log_in_to_the_end(int who, BytesView bytes) {
  login_.reset();
  for (int steps = 0; steps < 4; ++steps) {
    log_in(who, bytes);
    for (int answers = 0; answers < 4 && !asked_.empty(); ++answers) answer();
    if (!login_ || answer_.empty()) return;
  }
}

void Scene::send_token(Version version, BytesView token) {
  proven_ = proven_ || holds_a_secret(token, clients);
  kp::kafka::SaslAuthenticateRequest request;
  request.auth_bytes.bytes = token;
  hand_shaken_ = false;
  awaits_.push_back(next_id_);
  say(kp::kafka::encode_request(request, version, next_id_++, "fuzz"));
}

void Scene::send_bare_token(BytesView token) {
  static const std::string right = std::string("\0", 1) + clients[0].user + '\0' + clients[0].secret;
  if (token.empty()) token = kp::auth::as_bytes(right);
  formless_ = true;
  proven_ = proven_ || holds_a_secret(token, clients);
  Bytes frame(4);
  frame.insert(frame.end(), token.begin(), token.end());
  say(kp::kafka::seal_frame(std::move(frame)));
}

void Scene::at_broker(BytesView bytes) {
  forwarded_.insert(forwarded_.end(), bytes.begin(), bytes.end());
  for (;;) {
    const BytesView frame = kp::fuzz::first_frame(forwarded_);
    if (frame.size() < kp::kafka::request_head_bytes) return;
    judge(frame);
    forwarded_.erase(forwarded_.begin(), forwarded_.begin() + static_cast<std::ptrdiff_t>(frame.size()));
  }
}

/// What comes to the broker, and when.
void Scene::judge(BytesView frame) {
  const kp::kafka::RequestHead head = kp::kafka::peek_request(frame);
  Asked asked{head, {}};
  if (!formless_ && !told_) check(!holds_a_secret(frame, clients), "no client's secret reaches the broker");
  if (head.api_key == api::sasl_handshake || head.api_key == api::sasl_authenticate) {
    check(world_.makes, "a client's login reaches the broker");
    check(proven_ || !world_.takes, "the proxy logs in for a client that has proven nothing");
    check(holds(frame.first(std::min<std::size_t>(frame.size(), 24)), own_client_id),
          "a client's login reaches the broker in place of the proxy's");
    asked.login = broker_login_.take(frame);
    check(!honest_ || asked.login.state != LoginStep::State::Refused, "the proxy's login is right");
    logging_in_ = true;
  } else {
    if (!formless_) {
      check(!sent_.empty() && std::ranges::equal(sent_.front().frame, frame), "requests arrive as they were sent");
      check(!sent_.front().in_login || !world_.takes, "a request in the middle of the client's login");
      sent_.pop_front();
    }
    check(!logging_in_, "a request in the middle of the proxy's login");
    if (head.api_key != api::api_versions) {
      check(!world_.makes || accepted_, "a request before the proxy's login");
      check(!world_.takes || client_is_in(), "a request before the client's login");
    }
  }
  asked_.push_back(std::move(asked));
}

/// To the oldest request that hasn't one: with this body, or the right one.
void Scene::answer(std::optional<BytesView> body) {
  if (asked_.empty()) return;
  const Asked to = std::move(asked_.front());
  asked_.pop_front();
  if (body) {
    honest_ = false;
    Bytes frame = kp::kafka::open_response(to.head.api_key, to.head.api_version, to.head.correlation_id);
    frame.insert(frame.end(), body->begin(), body->end());
    logging_in_ = false;  // either way: it failed, or the answer said that it didn't
    accepted_ = accepted_ || !to.login.reply.empty();
    from_broker(kp::kafka::seal_frame(std::move(frame)));
    return;
  }
  if (to.login.state == LoginStep::State::LoggedIn) {
    accepted_ = true;
    logging_in_ = false;
  }
  from_broker(to.login.reply.empty() ? right_answer(to.head) : to.login.reply);
}

Bytes Scene::right_answer(const kp::kafka::RequestHead& to) const {
  if (to.api_key == api::api_versions && kp::kafka::ApiVersionsResponse::versions.contain(to.api_version)) {
    kp::kafka::ApiVersionsResponse answer;
    answer.api_keys.push_back({api::metadata, 0, 13, {}});
    return kp::kafka::encode_response(answer, to.api_version, to.correlation_id);
  }
  if (to.api_key == api::metadata && kp::kafka::MetadataResponse::versions.contain(to.api_version)) {
    kp::kafka::MetadataResponse answer;
    auto& broker = answer.brokers.emplace_back();
    broker.node_id = 1;
    broker.host = "kafka-1";
    broker.port = 9092;
    return kp::kafka::encode_response(answer, to.api_version, to.correlation_id);
  }
  Bytes frame = kp::kafka::open_response(to.api_key, to.api_version, to.correlation_id);
  frame.resize(frame.size() + 6);
  return kp::kafka::seal_frame(std::move(frame));
}

void Scene::at_client(BytesView bytes) {
  if (honest_) check(!holds_a_secret(bytes, upstream), "no upstream secret reaches the client");
  check(!world_.makes || accepted_ || !client_is_in(), "success is told last");
  heard_.insert(heard_.end(), bytes.begin(), bytes.end());
  for (;;) {
    const BytesView frame = kp::fuzz::first_frame(heard_);
    if (frame.empty()) return;
    if (!formless_) {
      check(frame.size() >= kp::kafka::response_head_bytes && !awaits_.empty() &&
                kp::kafka::peek_response(frame).correlation_id == awaits_.front(),
            "the client gets what it asked for, in order");
      awaits_.pop_front();
    }
    answer_.assign(frame.begin(), frame.end());
    heard_.erase(heard_.begin(), heard_.begin() + static_cast<std::ptrdiff_t>(frame.size()));
  }
}

void Scene::step(int what, BytesView bytes) {
  constexpr std::array<std::uint8_t, 5> no_topics{};
  const int more = what / 16;
  const auto version = static_cast<Version>(more % 4);
  switch (what % 16) {
    case 0:
      return say_anything(bytes);
    case 1:
      return log_in(more, bytes);
    case 2:
      return log_in_to_the_end(more, bytes);
    case 3:
      return ask(api::api_versions, more < 8 ? version : unknown_version, version < 3 ? BytesView() : bytes);
    case 4:
      return ask(api::metadata, Version{1}, no_topics);
    case 5:
      return ask(heartbeat, 4, bytes, 1 + version);
    case 6:
      return begin_request(10 + static_cast<std::size_t>(more) * 8'000, bytes.size() * 2);
    case 7:
      return ask(api::sasl_handshake, version, bytes);
    case 8:
      return send_token(std::min(version, Version{2}), bytes);
    case 9:
      return send_bare_token(bytes);
    case 10:
      for (int times = 0; times <= more; ++times) answer();
      return;
    case 11:
      return answer(bytes);
    case 12:
      honest_ = false;
      return from_broker(bytes);
    case 13:
      if (more >= 8) return broker_goes();
      return answer(BytesView(std::array<std::uint8_t, 12>{0, 58, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0}));
    case 14:
      return pass(more < 12 ? broker_lifetime : std::chrono::milliseconds(std::chrono::hours(1)));
    default:
      return more < 12 ? client_has_said_all() : drain();
  }
}

const World& world_of(std::uint8_t choice) {
  static const World usual(true, Mechanism::Plain);
  static const World anonymous(false, Mechanism::Plain);
  static const World downstream_only(true, std::nullopt);
  static const World scram(true, Mechanism::ScramSha256);
  if (choice >= 0xfe) return scram;  // rarely: every login costs a PBKDF2
  return choice % 8 == 0 ? anonymous : choice % 8 == 1 ? downstream_only : usual;
}

}  // namespace

/// Input: a byte that chooses the configuration, then steps of {what, length, bytes}.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 2048) return 0;
  static kp::proxy::Worker worker;
  Scene scene(worker, world_of(data[0]));
  BytesView input(data + 1, size - 1);
  for (int steps = 0; input.size() >= 2 && steps < 48 && scene.alive(); ++steps) {
    const int what = input[0];
    const BytesView bytes = input.subspan(2, std::min<std::size_t>(input[1], input.size() - 2));
    input = input.subspan(2 + bytes.size());
    scene.step(what, bytes);
  }
  scene.finish();
  return 0;
}
