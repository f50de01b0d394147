#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/login_step.h"
#include "auth/mechanism.h"
#include "auth/users.h"
#include "base/bytes.h"
#include "kafka/apis.h"
#include "kafka/header.h"

namespace kp::auth {

class Exchange;

/// The longest frame that a login can hold, its size included; the caller need not read a longer one.
inline constexpr std::size_t max_login_frame_bytes = 64 * 1024;

/// The broker's side of one client's login: SaslHandshake 0–1, then SaslAuthenticate 0–2, or bare tokens after
/// SaslHandshake 0, as Kafka's SaslServerAuthenticator. Frames in, frames out; no socket, no clock; one thread at a
/// time. It outlasts the login: a logged-in client may log in again (KIP-368) as the same user by the same mechanism.
class ClientLogin {
 public:
  /// `session_lifetime` is told to the client with its login, from SaslAuthenticate 1 on; zero: it has none. Keeping to
  /// it is the caller's business.
  explicit ClientLogin(std::shared_ptr<const Users> users, std::chrono::milliseconds session_lifetime = {});
  ~ClientLogin();
  ClientLogin(const ClientLogin&) = delete;
  ClientLogin& operator=(const ClientLogin&) = delete;

  /// One whole frame of the client's, size first. While under_way() every frame but ApiVersions comes here; once logged
  /// in, only those of SaslHandshake and SaslAuthenticate do. Anything that isn't due is refused.
  LoginStep take(BytesView frame);

  /// To be called instead of take() for an ApiVersions request, which the caller answers itself. Refused between
  /// handshake and login, and when it comes over and over.
  LoginStep api_versions();

  /// In place of the step by which `frame` has just completed a login: who it is was shown, but may not go on. `told`
  /// goes to the client, where there is a form for it.
  LoginStep overrule(BytesView frame, std::string_view told);

  /// A login, the first or a further one, has begun or is awaited: no other request may pass.
  bool under_way() const { return state_ != State::LoggedIn && state_ != State::Refused; }

  /// The next frame is a token without Kafka's header: it must not be looked at as a request.
  bool expects_bare_token() const { return state_ == State::BareToken; }

  bool logged_in() const { return logged_in_; }  ///< stays true during a further login, until that is refused

  const std::string& user() const { return user_; }  ///< once logged in
  /// What the last handshake agreed on; nothing before there was one, or when it was refused.
  std::optional<Mechanism> mechanism() const { return mechanism_; }
  /// Who the client says it is, true or not; empty until it has said so. For logs.
  const std::string& claimed_user() const { return claimed_user_; }
  /// Further logins go by these; once logged in, and not in the middle of one.
  void go_on_by(std::shared_ptr<const Users> users, std::chrono::milliseconds session_lifetime);
  const Users& users() const { return *users_; }  ///< by whom the last login was, or is to be, judged
  std::chrono::milliseconds session_lifetime() const { return session_lifetime_; }

  bool reauthenticating() const { return logged_in_ && under_way(); }

 private:
  enum class State : std::uint8_t { Handshake, Token, BareToken, LoggedIn, Refused };

  LoginStep take_bare_token(BytesView frame);
  LoginStep take_handshake(const kafka::RequestHead& head, BytesView body);
  LoginStep take_authenticate(const kafka::RequestHead& head, BytesView body);
  LoginStep answer(const kafka::RequestHead& head, const std::string& token);
  void complete();

  LoginStep refuse(LoginRefusal refusal, std::string why, Bytes reply = {});
  LoginStep refuse_handshake(const kafka::RequestHead& head, std::int16_t error, LoginRefusal refusal, std::string why);
  LoginStep refuse_authenticate(const kafka::RequestHead& head, std::int16_t error, std::string_view told,
                                LoginRefusal refusal, std::string why);
  LoginStep refuse_out_of_turn(const kafka::RequestHead& head, LoginRefusal refusal, std::string why);
  Bytes handshake_response(const kafka::RequestHead& head, std::int16_t error) const;
  std::string invalid_credentials() const;

  std::shared_ptr<const Users> users_;
  std::chrono::milliseconds session_lifetime_;
  State state_ = State::Handshake;
  bool logged_in_ = false;
  bool bare_tokens_ = false;  ///< since the last handshake
  int api_versions_seen_ = 0;
  std::optional<Mechanism> mechanism_;
  Mechanism first_mechanism_ = Mechanism::Plain;  ///< of the login that a further one must repeat
  std::string user_;
  std::string claimed_user_;
  std::unique_ptr<Exchange> exchange_;  ///< from handshake to login
};

}  // namespace kp::auth
