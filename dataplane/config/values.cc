#include "config/values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace kp::config {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

Error invalid(std::string why) { return Error{Errc::Invalid, std::move(why)}; }

/// Splits "10ms" into 10 and "ms".
Result<std::pair<std::int64_t, std::string_view>> number_and_unit(std::string_view text) {
  const auto unit = std::min(text.find_first_not_of("0123456789"), text.size());
  Result<std::int64_t> number = parse_integer(text.substr(0, unit));
  if (!number) return std::move(number).error();
  return std::pair{*number, text.substr(unit)};
}

}  // namespace

bool equal_ignoring_case(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, {}, lower, lower);
}

Result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, failed] = std::from_chars(text.data(), last, number);
  if (failed == std::errc::result_out_of_range) return invalid("is out of range");
  if (failed != std::errc{} || end != last) return invalid("must be a whole number");
  const std::string_view digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.size() > 1 && digits.starts_with('0')) return invalid("must be a whole number without leading zeros");
  return number;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  static constexpr std::array<Choice<std::int64_t>, 4> units{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
  const auto parts = number_and_unit(text);
  if (!parts) return invalid("must be a duration such as 10s, 500ms, 10m or 1h");
  if (parts->second.empty() && parts->first != 0) return invalid("has no unit: write 10s, 500ms, 10m or 1h");
  const auto unit = parts->second.empty() ? Result<std::int64_t>(1) : parse_choice(parts->second, units);
  if (!unit) return invalid("must be a duration such as 10s, 500ms, 10m or 1h");
  if (parts->first > std::numeric_limits<std::int64_t>::max() / *unit) return invalid("is out of range");
  return std::chrono::milliseconds(parts->first * *unit);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto count = duration.count();
  if (count % 3'600'000 == 0 && count != 0) return std::to_string(count / 3'600'000) + "h";
  if (count % 60'000 == 0 && count != 0) return std::to_string(count / 60'000) + "m";
  if (count % 1000 == 0) return std::to_string(count / 1000) + "s";
  return std::to_string(count) + "ms";
}

Result<std::int64_t> parse_bytes(std::string_view text) {
  static constexpr std::array<Choice<std::int64_t>, 3> units{
      {{"KiB", 1LL << 10}, {"MiB", 1LL << 20}, {"GiB", 1LL << 30}}};
  const auto parts = number_and_unit(text);
  if (!parts) return invalid("must be a number of bytes such as 104857600 or 100MiB");
  if (parts->second.empty()) return parts->first;
  const auto unit = parse_choice(parts->second, units);
  if (!unit) return invalid("must be a number of bytes such as 104857600 or 100MiB; units are KiB, MiB and GiB");
  if (parts->first > std::numeric_limits<std::int64_t>::max() / *unit) return invalid("is out of range");
  return parts->first * *unit;
}

Result<HostPort> parse_address(std::string_view text, bool port_zero) {
  Result<HostPort> address = parse_host_port(text, port_zero);
  if (address && !is_host(address->host)) return invalid("is no host name or IP address with a port");
  return address;
}

Result<Credential> parse_credential(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return invalid("must be user=secret, but it has no '='");
  if (equals == 0) return invalid("must be user=secret, but no user stands before '='");
  if (equals + 1 == text.size()) return invalid("must be user=secret, but the secret is empty");
  return Credential{std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))};
}

std::optional<SaslMechanism> verifier_mechanism(std::string_view secret) {
  for (const SaslMechanism mechanism : {SaslMechanism::ScramSha256, SaslMechanism::ScramSha512})
    if (secret.starts_with(std::string(name_of(mechanism, sasl_mechanisms)) + "$")) return mechanism;
  return std::nullopt;
}

std::string masked(std::string_view secret) {
  const auto mechanism = verifier_mechanism(secret);
  return (mechanism ? std::string(name_of(*mechanism, sasl_mechanisms)) + "$" : std::string()) + "****";
}

bool is_ipv4(const std::string& text) {
  in_addr ignored{};
  return text.find('\0') == std::string::npos && inet_pton(AF_INET, text.c_str(), &ignored) == 1;
}

bool is_ipv6(const std::string& text) {
  in6_addr ignored{};
  return text.find('\0') == std::string::npos && inet_pton(AF_INET6, text.c_str(), &ignored) == 1;
}

bool is_host(const std::string& text) {
  if (is_ipv6(text)) return true;
  if (text.empty() || text.size() > 255 || text.front() == '.' || text.find("..") != std::string::npos) return false;
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '_' || c == '.';
  });
}

}  // namespace kp::config
