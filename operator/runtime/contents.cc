#include "runtime/contents.h"

namespace kp::runtime {
namespace {

using kube::Json;
using kube::Name;

/// Beside what the API server can give to a Secret.
constexpr const char* hollow_mark = "kafkaproxy.dev/hollow";
constexpr int tries = 5;

bool is_hollow(const Json& secret) { return secret.contains(hollow_mark); }

/// Nobody can refer to these with any use.
bool is_useless(const Json& secret) {
  const std::string type = kube::text_at(secret, "type");
  return type.starts_with("helm.sh/") || type == "kubernetes.io/service-account-token";
}

void erase_content(Json& secret) {
  secret.erase("data");
  secret.erase("stringData");
}

/// managedFields; and what kubectl apply leaves: all of the content once more.
void strip_metadata(Json& secret) {
  const auto metadata = secret.find("metadata");
  if (metadata == secret.end() || !metadata->is_object()) return;
  metadata->erase("managedFields");
  if (const auto notes = metadata->find("annotations"); notes != metadata->end() && notes->is_object())
    notes->erase("kubectl.kubernetes.io/last-applied-configuration");
}

void make_hollow(Json& secret) {
  erase_content(secret);
  if (const auto metadata = secret.find("metadata"); metadata != secret.end() && metadata->is_object())
    metadata->erase("annotations");
  secret[hollow_mark] = true;
}

void keep_whole(Json& secret) {
  strip_metadata(secret);
  if (is_useless(secret)) erase_content(secret);
}

}  // namespace

void Contents::transform(Json& secret) const {
  keep_whole(secret);
  if (!needed_(kube::name_of(secret))) make_hollow(secret);
}

Status Contents::Use::fetch() const {
  for (const Name& name : names_)
    if (Status done = of_->fetch(name); !done) return std::move(done).error().within("Secret " + to_string(name));
  return Done{};
}

Status Contents::fetch(const Name& name) {
  for (int i = 0; i < tries; ++i) {
    const Object seen = secrets_.find(name);
    if (seen == nullptr || !is_hollow(*seen)) return Done{};
    Result<Json> whole = client_.get(kube::secret, name);
    // Gone: the event that says so is on its way, and will queue again.
    if (!whole && whole.error().code == Errc::NotFound) return Error{Errc::Busy, "is just being deleted"};
    if (!whole) return std::move(whole).error();
    keep_whole(*whole);
    secrets_.exchange(seen, std::make_shared<const Json>(*std::move(whole)));
  }
  return Error{Errc::Busy, "changes all the time"};
}

void Contents::hold(const std::set<Name>& names) {
  const std::lock_guard lock(mutex_);
  for (const Name& name : names) ++used_[name];
}

void Contents::let_go(const std::set<Name>& names) {
  for (const Name& name : names) {
    {
      const std::lock_guard lock(mutex_);
      if (const auto used = used_.find(name); --used->second == 0) used_.erase(used);
    }
    release(name);
  }
}

void Contents::release(const Name& name) {
  const std::lock_guard lock(mutex_);
  if (used_.contains(name) || needed_(name)) return;
  const Object seen = secrets_.find(name);
  if (seen == nullptr || is_hollow(*seen)) return;
  Json hollow = *seen;
  make_hollow(hollow);
  secrets_.exchange(seen, std::make_shared<const Json>(std::move(hollow)));
}

}  // namespace kp::runtime
