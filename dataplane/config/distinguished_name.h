#pragma once

#include <string>
#include <string_view>

namespace kp::config {

/// The first CN of a distinguished name by RFC 2253 ("CN=alice,OU=Users,O=Example"), unescaped; empty when there is
/// none that can be read. The first is the most specific one.
std::string common_name(std::string_view distinguished_name);

}  // namespace kp::config
