#include "gateway/rate_limits.h"

#include <algorithm>

namespace kp::gateway {

RateLimits::RateLimits(const config::HttpProduce& config, const RateLimits* before) {
  if (!config.ratelimit_enabled) return;
  for (const config::RateLimitRule& rule : config.ratelimit) {
    if (rule.max_requests_per_minute == 0) continue;
    Limited& made = topics_[rule.topic_name];
    made.most = rule.max_requests_per_minute;
    if (before != nullptr)
      if (const auto was = before->topics_.find(rule.topic_name); was != before->topics_.end())
        made.topic = was->second.topic;
    if (made.topic == nullptr) made.topic = std::make_shared<Topic>();
  }
}

void RateLimits::Topic::advance(std::int64_t second) {
  const std::int64_t gone = std::min(second - newest, window);
  for (std::int64_t i = 1; i <= gone; ++i) {
    std::uint64_t& old = counts[static_cast<std::size_t>((newest + i) % window)];
    total -= old;
    old = 0;
  }
  newest = std::max(newest, second);
}

/// Seconds until so many more fit.
std::int64_t RateLimits::Topic::wait_for(std::uint64_t records, std::uint64_t most) const {
  std::uint64_t left = total;
  for (std::int64_t i = 1; i <= window; ++i) {
    if (left + records <= most) return i - 1;
    left -= counts[static_cast<std::size_t>((newest + i) % window)];
  }
  return window;
}

RateLimits::Verdict RateLimits::admit(std::span<const Record> records, Clock::time_point now) {
  if (topics_.empty()) return {};
  std::map<Topic*, std::pair<std::uint64_t, std::uint64_t>> wanted;  // most, records; in the order in which all lock
  for (const Record& record : records)
    if (const auto found = topics_.find(record.topic); found != topics_.end()) {
      auto& [most, count] = wanted[found->second.topic.get()];
      most = found->second.most;
      ++count;
    }
  if (wanted.empty()) return {};
  const std::int64_t second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  std::vector<std::unique_lock<std::mutex>> locks;
  std::int64_t wait = 0;
  std::vector<const Topic*> full;
  for (const auto& [topic, asked] : wanted) {
    const auto& [most, count] = asked;
    locks.emplace_back(topic->mutex);
    topic->advance(second);
    if (topic->total + count <= most) continue;
    full.push_back(topic);
    wait = std::max(wait, topic->wait_for(count, most));
  }
  if (full.empty()) {
    for (const auto& [topic, asked] : wanted) {
      topic->counts[static_cast<std::size_t>(second % window)] += asked.second;
      topic->total += asked.second;
    }
    return {};
  }
  Verdict verdict{std::vector<bool>(records.size(), false), std::chrono::seconds(std::max<std::int64_t>(wait, 1))};
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto found = topics_.find(records[i].topic);
    verdict.limited[i] = found != topics_.end() && std::ranges::count(full, found->second.topic.get()) > 0;
  }
  return verdict;
}

std::size_t RateLimits::admit_first(std::span<const Record> records, std::chrono::seconds& retry,
                                    Clock::time_point now) {
  if (admit(records, now).limited.empty()) return records.size();
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Verdict verdict = admit(records.subspan(i, 1), now);
    if (verdict.limited.empty()) continue;
    retry = verdict.retry;
    return i;
  }
  return records.size();
}

}  // namespace kp::gateway
