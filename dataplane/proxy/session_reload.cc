#include "proxy/session.h"

/// What a new configuration means to a connection that is there. The reach of each key is told in docs/reload.md.
namespace kp::proxy {
namespace {

constexpr std::string_view gone_endpoint = "endpoint";

}  // namespace

void Session::adopt(const std::shared_ptr<const Runtime>& next) {
  // Loops hear of two reloads in a row in turn, but may still be busy telling the first.
  if (next->serial <= runtime_->serial || draining_ || ended_) return;
  if (const auto why = reason_to_leave(*runtime_, *next)) return leave(*why, next->config->limits.drain_timeout);
  for (const Door& door : next->doors)
    if (door.route.door == route_.door) route_ = door.route;
  const bool other_patience = limits().idle_timeout != next->config->limits.idle_timeout;
  runtime_ = next;
  requests_.limit_frames(limits().max_frame_bytes);
  if (other_patience && responses_open_) progressed();
}

void Session::leave(std::string_view reason, std::chrono::milliseconds limit) {
  ++worker_.counters.drained[std::string(reason)];
  if (reason != gone_endpoint) owes_answer_ = false;  // who must not be here gets none
  drain();
  if (ended_) return;
  drain_end_ = std::make_unique<net::Deadline>(worker_.loop, [this] {
    if (!ended_) stop(Error{Errc::Draining, "not at a boundary within limits.drain_timeout"});
  });
  drain_end_->after(limit);
}

/// The label of the reason; nothing: the connection goes on.
std::optional<std::string_view> Session::reason_to_leave(const Runtime& before, const Runtime& next) const {
  if (&before == &next) return std::nullopt;
  if (next.config->downstream.security_protocol != before.config->downstream.security_protocol ||
      next.swap->takes_logins() != before.swap->takes_logins() ||
      next.swap->makes_logins() != before.swap->makes_logins())
    return "protocol";
  if (next.cluster != before.cluster) return "cluster";
  if (!endpoint_stands(before, next)) return gone_endpoint;
  if (came_in_by_ != nullptr) return std::nullopt;  // serve() asks again when it is
  if (!certificate_stands(before, next)) return "certificate";
  if (!identity_stands(before, next)) return "identity";
  return std::nullopt;
}

/// Is what the client connected to still there, and does it lead to the same?
bool Session::endpoint_stands(const Runtime& before, const Runtime& next) const {
  if (next.endpoints == before.endpoints && next.config->broker_mapping == before.config->broker_mapping &&
      next.bootstrap == before.bootstrap && next.config->bind_address == before.config->bind_address)
    return true;
  const auto door_of = [this](const Runtime& one) -> const Door* {
    for (const Door& door : one.doors)
      if (door.route.door == route_.door) return &door;
    return nullptr;
  };
  if (broker_id_ >= 0) {
    const auto then = before.endpoints->find(broker_id_);
    const auto now = next.endpoints->find(broker_id_);
    if (!then && !now) return true;  // the cluster no longer names it: that end isn't this reload's
    if (then && (!now || now->downstream != then->downstream || now->door != then->door)) return false;
    if (route_.to == Route::To::Broker) return now->door == route_.door;
  }
  const Door* const then = door_of(before);
  const Door* const now = door_of(next);
  return now != nullptr &&
         (then == nullptr ||
          (now->route.to == then->route.to && now->advertised == then->advertised && now->upstream == then->upstream));
}

bool Session::certificate_stands(const Runtime& before, const Runtime& next) const {
  if (next.digests.client_trust == before.digests.client_trust || next.downstream_tls == nullptr) return true;
  return client_.still_accepted_by(*next.downstream_tls).has_value();
}

bool Session::identity_stands(const Runtime& before, const Runtime& next) const {
  if (next.swap->takes_logins()) {
    if (next.swap != before.swap && !next.swap->users()->has_as(identity_, logins_->client->users())) return false;
  } else if (next.principal_rules != before.principal_rules ||
             next.looks_at_certificates() != before.looks_at_certificates()) {
    const auto certificate = next.looks_at_certificates() ? client_.peer_certificate() : std::nullopt;
    const Result<std::string> name =
        certificate ? next.identity_of(*certificate) : Result<std::string>(std::string(config::anonymous_identity));
    if (!name || *name != identity_) return false;
  }
  if (next.swap == before.swap || logins_ == nullptr || !logins_->broker) return true;
  const auto upstream = next.swap->upstream_of(identity_);
  return upstream && (*upstream)->user == logins_->broker->user();
}

}  // namespace kp::proxy
