#include "config/scram_verifier.h"

#include <charconv>
#include <optional>
#include <utility>

#include "config/base64.h"
#include "config/values.h"

namespace kp::config {
namespace {

std::optional<SaslMechanism> scram_mechanism(std::string_view name) {
  for (const SaslMechanism scram : {SaslMechanism::ScramSha256, SaslMechanism::ScramSha512})
    if (name == name_of(scram, sasl_mechanisms)) return scram;
  return std::nullopt;
}

Error wrong(std::string_view what) { return {Errc::Invalid, "SCRAM verifier: " + std::string(what)}; }

/// The text up to `mark`, which is taken off `rest` together with it.
std::optional<std::string_view> cut(std::string_view& rest, char mark) {
  const std::size_t at = rest.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view front = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return front;
}

Result<int> parse_iterations(std::string_view text) {
  int iterations = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), iterations);
  if (failed != std::errc() || end != text.data() + text.size() || text.starts_with('0'))
    return wrong("the iterations are no number");
  if (iterations < min_iterations || iterations > max_iterations)
    return wrong("iterations must be " + std::to_string(min_iterations) + "…" + std::to_string(max_iterations));
  return iterations;
}

Result<Bytes> parse_key(std::string_view text, std::string_view name, SaslMechanism mechanism) {
  std::optional<Bytes> key = from_base64(text);
  if (!key) return wrong("the " + std::string(name) + " is not base64");
  if (key->size() != hash_size(mechanism))
    return wrong("the " + std::string(name) + " of " + std::string(name_of(mechanism, sasl_mechanisms)) +
                 " must have " + std::to_string(hash_size(mechanism)) + " bytes");
  return std::move(*key);
}

}  // namespace

std::string to_text(const ScramVerifier& verifier) {
  return std::string(name_of(verifier.mechanism, sasl_mechanisms)) + "$" + std::to_string(verifier.iterations) + ":" +
         to_base64(verifier.salt) + "$" + to_base64(verifier.stored_key) + ":" + to_base64(verifier.server_key);
}

Result<ScramVerifier> parse_verifier(std::string_view text) {
  const auto name = cut(text, '$');
  const auto mechanism = scram_mechanism(name.value_or(""));
  if (!mechanism) return wrong("must begin with SCRAM-SHA-256$ or SCRAM-SHA-512$");
  const auto iterations_text = cut(text, ':');
  const auto salt_text = cut(text, '$');
  const auto stored_text = cut(text, ':');
  if (!iterations_text || !salt_text || !stored_text)
    return wrong("must look like " + std::string(*name) + "$4096:<salt>$<stored key>:<server key>");

  Result<int> iterations = parse_iterations(*iterations_text);
  if (!iterations) return std::move(iterations).error();
  std::optional<Bytes> salt = from_base64(*salt_text);
  if (!salt) return wrong("the salt is not base64");
  if (salt->size() < 8 || salt->size() > 255) return wrong("the salt must have 8…255 bytes");
  Result<Bytes> stored = parse_key(*stored_text, "stored key", *mechanism);
  if (!stored) return std::move(stored).error();
  Result<Bytes> server = parse_key(text, "server key", *mechanism);
  if (!server) return std::move(server).error();
  return ScramVerifier{.mechanism = *mechanism,
                       .salt = std::move(*salt),
                       .iterations = *iterations,
                       .stored_key = std::move(*stored),
                       .server_key = std::move(*server)};
}

bool looks_like_verifier(std::string_view secret) { return secret.starts_with("SCRAM-SHA-"); }

}  // namespace kp::config
