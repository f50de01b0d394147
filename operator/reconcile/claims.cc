#include "reconcile/claims.h"

#include <algorithm>

namespace kp::reconcile {
namespace {

bool same(const plan::Claim& a, const plan::Claim& b) {
  return a.created == b.created && a.hosts == b.hosts && a.first == b.first && a.last == b.last;
}

}  // namespace

bool Claims::set(const kube::Name& proxy, std::vector<plan::Claim> claims) {
  const std::lock_guard lock(mutex_);
  std::vector<plan::Claim>& now = claims_[proxy];
  const bool equal = std::ranges::equal(now, claims, same);
  now = std::move(claims);
  if (now.empty()) claims_.erase(proxy);
  return !equal;
}

std::vector<plan::Claim> Claims::others(const kube::Name& proxy, const std::vector<plan::Claim>& mine) const {
  std::vector<plan::Claim> out;
  const std::lock_guard lock(mutex_);
  for (const auto& [owner, claims] : claims_) {
    if (owner == proxy) continue;
    for (const plan::Claim& theirs : claims)
      if (std::ranges::any_of(
              mine, [&](const plan::Claim& own) { return own.first <= theirs.last && theirs.first <= own.last; }))
        out.push_back(theirs);
  }
  return out;
}

}  // namespace kp::reconcile
