#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"

namespace kp::broker {

/// The addresses that `rules` give `host` instead of DNS's, IPv6 first; empty: ask DNS. An exact rule beats a wildcard,
/// more literal characters beat fewer, a later rule beats an earlier one. Names are compared without case.
std::vector<std::string> overridden_addresses(const std::vector<config::ResolveRule>& rules, std::string_view host);

/// '*' stands for any run of characters within one DNS label.
bool matches_host(std::string_view pattern, std::string_view host);

}  // namespace kp::broker
