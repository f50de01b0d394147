#include "support/doorkeeper.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "kafka/apis.h"

namespace kp::test {
namespace {

namespace api = kafka::api;

std::shared_ptr<const auth::Users> made(const std::vector<config::Credential>& credentials,
                                        std::vector<auth::Mechanism> mechanisms) {
  auto users = auth::Users::make(credentials, std::move(mechanisms));
  if (users) return *users;
  std::fprintf(stderr, "%s\n", users.error().message.c_str());
  std::abort();
}

}  // namespace

Doorkeeper::Doorkeeper(std::vector<config::Credential> users, std::vector<auth::Mechanism> mechanisms)
    : users_(made(users, std::move(mechanisms))) {}

void Doorkeeper::want_logins_every(std::chrono::milliseconds lifetime) {
  const std::lock_guard lock(mutex_);
  lifetime_ = lifetime;
}

void Doorkeeper::leave_further_logins() {
  const std::lock_guard lock(mutex_);
  further_logins_left_ = true;
}

void Doorkeeper::end_at(std::int16_t api_key) {
  const std::lock_guard lock(mutex_);
  end_at_ = api_key;
}

bool Doorkeeper::take(const FakeBroker::Request& request) {
  const std::lock_guard lock(mutex_);
  frames_.push_back(request.frame);
  Visit& visit = visits_[request.from];
  visit.asked.push_back(request.head.api_key);
  if (end_at_ == request.head.api_key) return request.from->close(), true;
  if (visit.login == nullptr) visit.login = std::make_shared<auth::ClientLogin>(users_, lifetime_);
  const bool login = request.head.api_key == api::sasl_handshake || request.head.api_key == api::sasl_authenticate;
  if (login && visit.login->logged_in() && further_logins_left_) return false;
  if (request.head.api_key == api::api_versions && !visit.login->reauthenticating()) return false;
  if (!login && !visit.login->under_way()) return false;
  answer(visit, request);
  return true;
}

void Doorkeeper::take_login(const FakeBroker::Request& request) {
  const std::lock_guard lock(mutex_);
  answer(visits_.at(request.from), request);
}

void Doorkeeper::answer(Visit& visit, const FakeBroker::Request& request) {
  const auth::LoginStep step = visit.login->take(request.frame);
  if (step.state == auth::LoginStep::State::LoggedIn) ++visit.logins;
  if (!step.reply.empty()) request.from->send(step.reply);
  if (step.state == auth::LoginStep::State::Refused) request.from->close();
}

const Doorkeeper::Visit* Doorkeeper::find(const std::shared_ptr<Connection>& connection) const {
  const auto found = visits_.find(connection);
  return found == visits_.end() ? nullptr : &found->second;
}

std::vector<std::int16_t> Doorkeeper::asked(const std::shared_ptr<Connection>& connection) const {
  const std::lock_guard lock(mutex_);
  const Visit* const visit = find(connection);
  return visit == nullptr ? std::vector<std::int16_t>{} : visit->asked;
}

int Doorkeeper::logins(const std::shared_ptr<Connection>& connection) const {
  const std::lock_guard lock(mutex_);
  const Visit* const visit = find(connection);
  return visit == nullptr ? 0 : visit->logins;
}

std::string Doorkeeper::user(const std::shared_ptr<Connection>& connection) const {
  const std::lock_guard lock(mutex_);
  const Visit* const visit = find(connection);
  return visit == nullptr ? "" : visit->login->user();
}

bool Doorkeeper::was_asked(std::int16_t api_key) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(visits_, [api_key](const auto& visit) {
    return std::ranges::find(visit.second.asked, api_key) != visit.second.asked.end();
  });
}

bool Doorkeeper::heard(std::string_view text) const {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(frames_, [text](const Bytes& frame) {
    return std::search(frame.begin(), frame.end(), text.begin(), text.end(),
                       [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); }) != frame.end();
  });
}

}  // namespace kp::test
