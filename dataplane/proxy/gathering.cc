#include "proxy/gathering.h"

#include <algorithm>

namespace kp::proxy {

void Gathering::Share::begin() {
  end();
  of_.shares_.push_back(*this);
}

void Gathering::Share::end() {
  if (!is_linked()) return;
  if (std::exchange(waits_, false)) --of_.waiting_;
  hold(0);
  unlink();
}

bool Gathering::Share::may_take() const {
  if (of_.counted_ < of_.budget_ || held_ < free_each) return true;
  const auto oldest =
      std::find_if(of_.shares_.begin(), of_.shares_.end(), [](const Share& each) { return each.counted() > 0; });
  return oldest == of_.shares_.end() || &*oldest == this;
}

void Gathering::Share::wait() {
  if (!is_linked() || std::exchange(waits_, true)) return;
  ++of_.waiting_;
  ++of_.counters_.gathering_waits;
}

void Gathering::Share::hold(std::size_t bytes) {
  if (!is_linked()) return;
  const std::size_t before = counted();
  of_.counters_.gathered_bytes += static_cast<std::int64_t>(bytes) - static_cast<std::int64_t>(held_);
  held_ = bytes;
  of_.count(before, counted());
}

void Gathering::count(std::size_t before, std::size_t now) {
  counted_ = counted_ - before + now;
  if (now < before && waiting_ > 0) wake_all();
}

void Gathering::wake_all() {
  waiting_ = 0;
  for (Share& each : shares_) {
    if (std::exchange(each.waits_, false)) each.wake_();
  }
}

}  // namespace kp::proxy
