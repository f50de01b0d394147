#include "gateway/idempotency.h"

namespace kp::gateway {

/// Those under way stay until they are answered, whatever their age.
void Idempotency::forget_old(Clock::time_point now) {
  while (!order_.empty()) {
    const auto& [since, key] = order_.front();
    const bool full = order_.size() >= most || bytes_ > most_bytes;
    if (since + window_ > now && !full) return;
    const auto found = entries_.find(key);
    if (found != entries_.end() && found->second.since == since) {
      if (!found->second.answered && since + std::chrono::hours(1) > now) {
        order_.emplace_back(since, key);
        order_.pop_front();
        return;
      }
      bytes_ -= found->second.answer.body.size();
      entries_.erase(found);
    }
    bytes_ -= key.size();
    order_.pop_front();
  }
}

Idempotency::Verdict Idempotency::claim(const std::string& key, std::uint64_t body, Answer& answer,
                                        Clock::time_point now) {
  const std::lock_guard lock(mutex_);
  forget_old(now);
  const auto [found, fresh] = entries_.try_emplace(key);
  Entry& entry = found->second;
  if (fresh) {
    entry.body = body;
    entry.since = now;
    order_.emplace_back(now, key);
    bytes_ += key.size();
    return Verdict::New;
  }
  if (entry.body != body) return Verdict::Another;
  if (!entry.answered) return Verdict::UnderWay;
  answer = entry.answer;
  answer.headers.emplace_back("Idempotent-Replayed", "true");
  return Verdict::Answered;
}

void Idempotency::settle(const std::string& key, const Answer& answer) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  if (answer.status != 200) {
    entries_.erase(found);
    return;
  }
  found->second.answered = true;
  found->second.answer = answer;
  bytes_ += answer.body.size();
}

std::size_t Idempotency::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace kp::gateway
