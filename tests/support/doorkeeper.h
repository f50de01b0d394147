#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "auth/client_login.h"
#include "support/fake_broker.h"

namespace kp::test {

/// What a SASL listener of a broker does before anything else: it logs in who comes, by the proxy's own code for its
/// clients, and ends a connection that asks for something else than ApiVersions before. Remembers what it saw. To be
/// given to FakeBroker::ask_first. Any thread.
class Doorkeeper {
 public:
  using Connection = FakeBroker::Connection;

  explicit Doorkeeper(std::vector<config::Credential> users, std::vector<auth::Mechanism> mechanisms);

  /// KIP-368, for logins from now on: by then who comes shall log in again. Nobody is ended for being late.
  void want_logins_every(std::chrono::milliseconds lifetime);
  /// From now on further logins of a connection are given to the test, which answers by take_login().
  void leave_further_logins();
  /// From now on a request for this API ends its connection.
  void end_at(std::int16_t api_key);

  bool take(const FakeBroker::Request& request);
  void take_login(const FakeBroker::Request& request);

  /// Of all that a connection asked, in order.
  std::vector<std::int16_t> asked(const std::shared_ptr<Connection>& connection) const;
  int logins(const std::shared_ptr<Connection>& connection) const;  ///< completed ones
  std::string user(const std::shared_ptr<Connection>& connection) const;
  /// Somebody asked for this API.
  bool was_asked(std::int16_t api_key) const;
  /// `text` stood in what somebody sent.
  bool heard(std::string_view text) const;

 private:
  struct Visit {
    std::shared_ptr<auth::ClientLogin> login;
    std::vector<std::int16_t> asked;
    int logins = 0;
  };
  const Visit* find(const std::shared_ptr<Connection>& connection) const;
  void answer(Visit& visit, const FakeBroker::Request& request);

  const std::shared_ptr<const auth::Users> users_;
  mutable std::mutex mutex_;  ///< guards what follows
  std::chrono::milliseconds lifetime_{0};
  bool further_logins_left_ = false;
  std::optional<std::int16_t> end_at_;
  std::map<std::shared_ptr<Connection>, Visit> visits_;
  std::vector<Bytes> frames_;
};

}  // namespace kp::test
