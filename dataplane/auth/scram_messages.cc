#include "auth/scram_messages.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "auth/crypto.h"
#include "auth/verifier.h"

namespace kp::auth {
namespace {

constexpr std::size_t max_nonce_bytes = 1024;

Error malformed(std::string_view message, std::string_view what) {
  return {Errc::Malformed, "SCRAM " + std::string(message) + ": " + std::string(what)};
}

/// Takes the text up to the next ',' off `rest`, and the ',' too.
std::string_view next_part(std::string_view& rest) {
  const std::string_view part = rest.substr(0, rest.find(','));
  rest.remove_prefix(std::min(part.size() + 1, rest.size()));
  return part;
}

/// The value of `part` when it is "name=value".
std::optional<std::string_view> value_of(std::string_view part, std::string_view name) {
  if (!part.starts_with(name) || part.size() <= name.size() || part[name.size()] != '=') return std::nullopt;
  return part.substr(name.size() + 1);
}

bool is_nonce(std::string_view text) {
  return !text.empty() && text.size() <= max_nonce_bytes &&
         std::ranges::all_of(text, [](char c) { return c >= 0x21 && c <= 0x7e && c != ','; });
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// "name=value", the name of letters: an extension, which may be ignored.
bool is_extension(std::string_view part) {
  const std::size_t equals = part.find('=');
  return equals != std::string_view::npos && equals > 0 && equals + 1 < part.size() &&
         std::ranges::all_of(part.substr(0, equals), is_letter) && part.find('\0') == std::string_view::npos;
}

/// Whether all of `rest`, which had a ',' before it when `any`, are extensions.
bool all_extensions(std::string_view rest, bool any) {
  while (any) {
    any = rest.find(',') != std::string_view::npos;
    if (!is_extension(next_part(rest))) return false;
  }
  return true;
}

bool wants_delegation_token(std::string_view extensions) {
  while (!extensions.empty()) {
    const std::string_view part = next_part(extensions);
    std::string value(value_of(part, "tokenauth").value_or(""));
    std::ranges::transform(value, value.begin(), [](char c) { return is_letter(c) ? static_cast<char>(c | 0x20) : c; });
    if (value == "true") return true;
  }
  return false;
}

std::optional<int> parse_number(std::string_view text) {
  int number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < 0) return std::nullopt;
  return number;
}

/// A message in parts, read from the front; whether there is a next part is known apart from its being empty.
class Parts {
 public:
  explicit Parts(std::string_view message) : rest_(message) {}
  std::optional<std::string_view> take(std::string_view name) {
    if (!more_) return std::nullopt;
    return value_of(take(), name);
  }
  std::string_view take() {
    more_ = rest_.find(',') != std::string_view::npos;
    return next_part(rest_);
  }
  bool only_extensions_left() const { return all_extensions(rest_, more_); }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
  bool more_ = true;
};

}  // namespace

Result<ClientFirst> parse_client_first(std::string_view message) {
  constexpr std::string_view what = "client-first";
  ClientFirst out;
  Parts parts(message);
  const std::string_view binding = parts.take();
  if (binding.starts_with("p=")) return malformed(what, "channel binding is not supported");
  if (binding != "n" && binding != "y") return malformed(what, "must begin with n, or y,");
  const std::string_view authorization = parts.take();
  if (!authorization.empty()) {
    const auto name = from_saslname(value_of(authorization, "a").value_or(""));
    if (!name || name->empty()) return malformed(what, "the authorization id can't be read");
    out.authorization_id = *name;
  }
  out.bare = parts.rest();
  out.gs2_header = message.substr(0, message.size() - out.bare.size());
  if (out.bare.starts_with("m=")) return malformed(what, "has a mandatory extension");

  const auto user = from_saslname(parts.take("n").value_or(""));
  if (!user || user->empty()) return malformed(what, "the user name can't be read");
  out.user = *user;
  const auto nonce = parts.take("r");
  if (!nonce || !is_nonce(*nonce)) return malformed(what, "the nonce can't be read");
  out.nonce = *nonce;
  if (!parts.only_extensions_left()) return malformed(what, "the extensions can't be read");
  if (wants_delegation_token(parts.rest())) return malformed(what, "delegation tokens are not supported");
  return out;
}

Result<ServerFirst> parse_server_first(std::string_view message) {
  constexpr std::string_view what = "server-first";
  Parts parts(message);
  if (message.starts_with("m=")) return malformed(what, "has a mandatory extension");
  const auto nonce = parts.take("r");
  if (!nonce || !is_nonce(*nonce)) return malformed(what, "the nonce can't be read");
  std::optional<Bytes> salt = from_base64(parts.take("s").value_or("?"));
  if (!salt || salt->empty()) return malformed(what, "the salt can't be read");
  const auto iterations = parse_number(parts.take("i").value_or(""));
  if (!iterations || !parts.only_extensions_left()) return malformed(what, "the iterations can't be read");
  if (*iterations < min_iterations || *iterations > max_iterations)
    return malformed(what, std::to_string(*iterations) + " iterations are not within " +
                               std::to_string(min_iterations) + "…" + std::to_string(max_iterations));
  return ServerFirst{.nonce = std::string(*nonce), .salt = std::move(*salt), .iterations = *iterations};
}

std::string to_text(const ServerFirst& message) {
  return "r=" + message.nonce + ",s=" + to_base64(message.salt) + ",i=" + std::to_string(message.iterations);
}

Result<ClientFinal> parse_client_final(std::string_view message) {
  constexpr std::string_view what = "client-final";
  const std::size_t at = message.rfind(",p=");
  if (at == std::string_view::npos) return malformed(what, "has no proof");
  std::optional<Bytes> proof = from_base64(message.substr(at + 3));
  if (!proof) return malformed(what, "the proof is not base64");

  ClientFinal out;
  out.without_proof = message.substr(0, at);
  Parts parts(out.without_proof);
  const std::optional<Bytes> binding = from_base64(parts.take("c").value_or("?"));
  if (!binding) return malformed(what, "the channel binding can't be read");
  const auto nonce = parts.take("r");
  if (!nonce || !is_nonce(*nonce)) return malformed(what, "the nonce can't be read");
  if (!parts.only_extensions_left()) return malformed(what, "the extensions can't be read");
  out.channel_binding = as_text(*binding);
  out.nonce = *nonce;
  out.proof = std::move(*proof);
  return out;
}

Result<ServerFinal> parse_server_final(std::string_view message) {
  constexpr std::string_view what = "server-final";
  Parts parts(message);
  const std::string_view first = parts.take();
  if (!parts.only_extensions_left()) return malformed(what, "the extensions can't be read");
  if (const auto error = value_of(first, "e"); error && !error->empty())
    return ServerFinal{.error = std::string(*error), .signature = {}};
  std::optional<Bytes> signature = from_base64(value_of(first, "v").value_or("?"));
  if (!signature || signature->empty()) return malformed(what, "the signature can't be read");
  return ServerFinal{.error = {}, .signature = std::move(*signature)};
}

std::string to_saslname(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (c == ',') {
      text += "=2C";
    } else if (c == '=') {
      text += "=3D";
    } else {
      text += c;
    }
  }
  return text;
}

std::optional<std::string> from_saslname(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\0' || text[i] == ',') return std::nullopt;
    if (text[i] != '=') {
      name += text[i];
      continue;
    }
    const std::string_view code = text.substr(i + 1, 2);
    if (code != "2C" && code != "3D") return std::nullopt;
    name += code == "2C" ? ',' : '=';
    i += 2;
  }
  return name;
}

}  // namespace kp::auth
