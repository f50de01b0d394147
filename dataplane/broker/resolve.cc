#include "broker/resolve.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <tuple>

namespace kp::broker {
namespace {

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

}  // namespace

bool matches_host(std::string_view pattern, std::string_view host) {
  // Greedy with one point of return: a '*' can't cross a dot, so the last one is the only one that can still give.
  std::size_t p = 0;
  std::size_t h = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (h < host.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = h;
    } else if (p < pattern.size() && lower(pattern[p]) == lower(host[h])) {
      ++p;
      ++h;
    } else if (star != std::string_view::npos && host[resume] != '.') {
      p = star + 1;
      h = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::vector<std::string> overridden_addresses(const std::vector<config::ResolveRule>& rules, std::string_view host) {
  const config::ResolveRule* best = nullptr;
  std::tuple<bool, std::ptrdiff_t> best_rank;
  for (const config::ResolveRule& rule : rules) {
    if (!matches_host(rule.host, host)) continue;
    const auto wildcards = std::count(rule.host.begin(), rule.host.end(), '*');
    const std::tuple rank{wildcards == 0, static_cast<std::ptrdiff_t>(rule.host.size()) - wildcards};
    if (best != nullptr && rank < best_rank) continue;
    best = &rule;
    best_rank = rank;
  }
  std::vector<std::string> addresses;
  if (best == nullptr) return addresses;
  if (!best->ipv6.empty()) addresses.push_back(best->ipv6);
  if (!best->ipv4.empty()) addresses.push_back(best->ipv4);
  return addresses;
}

}  // namespace kp::broker
