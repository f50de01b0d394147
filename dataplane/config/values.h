#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "config/model.h"

/// The text of single values, both ways. Errors are Invalid and don't quote the text, so that a secret in the wrong
/// place stays one; the caller knows the path.
namespace kp::config {

template <class T>
using Choice = std::pair<std::string_view, T>;

/// The first name of each value is the one that emit writes; names are read in any case.
inline constexpr std::array<Choice<SecurityProtocol>, 4> security_protocols{{
    {"PLAINTEXT", SecurityProtocol::Plaintext},
    {"SASL_PLAINTEXT", SecurityProtocol::SaslPlaintext},
    {"SSL", SecurityProtocol::Ssl},
    {"SASL_SSL", SecurityProtocol::SaslSsl},
}};
inline constexpr std::array<Choice<SaslMechanism>, 5> sasl_mechanisms{{
    {"PLAIN", SaslMechanism::Plain},
    {"SCRAM-SHA-256", SaslMechanism::ScramSha256},
    {"SCRAM-SHA-512", SaslMechanism::ScramSha512},
    {"SCRAM-256", SaslMechanism::ScramSha256},
    {"SCRAM-512", SaslMechanism::ScramSha512},
}};
inline constexpr std::array<Choice<TlsVersion>, 2> tls_versions{{
    {"TLSv1.2", TlsVersion::Tls12},
    {"TLSv1.3", TlsVersion::Tls13},
}};
inline constexpr std::array<Choice<ClientAuth>, 2> client_auths{{
    {"required", ClientAuth::Required},
    {"optional", ClientAuth::Optional},
}};
inline constexpr std::array<Choice<HttpLogin>, 2> http_logins{{
    {"basic", HttpLogin::Basic},
    {"bearer", HttpLogin::Bearer},
}};
inline constexpr std::array<Choice<Fsync>, 2> fsyncs{{
    {"interval", Fsync::Interval},
    {"each", Fsync::Each},
}};
inline constexpr std::array<Choice<log::Level>, 5> log_levels{{
    {"debug", log::Level::Debug},
    {"info", log::Level::Info},
    {"warn", log::Level::Warn},
    {"error", log::Level::Error},
    {"warning", log::Level::Warn},
}};
inline constexpr std::array<Choice<log::Format>, 2> log_formats{{
    {"text", log::Format::Text},
    {"json", log::Format::Json},
}};
inline constexpr std::array<Choice<bool>, 2> fillers{{{"control", true}, {"none", false}}};
inline constexpr std::array<Choice<bool>, 1> compactions{{{"keyed", true}}};
inline constexpr std::array<Choice<bool>, 2> booleans{{{"true", true}, {"false", false}}};

bool equal_ignoring_case(std::string_view left, std::string_view right);

template <class T, std::size_t N>
Result<T> parse_choice(std::string_view text, const std::array<Choice<T>, N>& choices) {
  std::string names;
  for (const auto& [name, value] : choices) {
    if (equal_ignoring_case(text, name)) return value;
    names += (names.empty() ? "" : ", ") + std::string(name);
  }
  return Error{Errc::Invalid, (N == 1 ? "must be " : "must be one of ") + names};
}

template <class T, std::size_t N>
std::string_view name_of(T value, const std::array<Choice<T>, N>& choices) {
  for (const auto& [name, candidate] : choices)
    if (candidate == value) return name;
  return {};
}

/// Decimal, no sign but '-', no leading zero (YAML's readers disagree about 010).
Result<std::int64_t> parse_integer(std::string_view text);
/// "10s", "500ms", "10m", "1h".
Result<std::chrono::milliseconds> parse_duration(std::string_view text);
/// The shortest text that parse_duration reads back.
std::string format_duration(std::chrono::milliseconds duration);
/// "104857600", "100MiB"; KiB, MiB and GiB.
Result<std::int64_t> parse_bytes(std::string_view text);
/// "host:port", where the host is_host.
Result<HostPort> parse_address(std::string_view text, bool port_zero = false);
/// "user=secret"; the secret may hold '='. The error never quotes the text.
Result<Credential> parse_credential(std::string_view text);
/// The mechanism of a SCRAM verifier ("SCRAM-SHA-256$…", RFC 5803 as PostgreSQL writes it); nothing for a password.
std::optional<SaslMechanism> verifier_mechanism(std::string_view secret);
/// What is shown instead. Of a verifier the name of its mechanism stays: a user may have one of each.
std::string masked(std::string_view secret);

bool is_ipv4(const std::string& text);
bool is_ipv6(const std::string& text);
/// A host name (letters, digits, '-', '_', '.') or an IP address.
bool is_host(const std::string& text);

}  // namespace kp::config
