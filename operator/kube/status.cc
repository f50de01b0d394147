#include "kube/status.h"

#include <algorithm>
#include <array>
#include <utility>

namespace kp::kube {
namespace {

constexpr std::size_t max_quoted_bytes = 300;

constexpr std::array<std::pair<std::string_view, Errc>, 14> reasons{{
    {"NotFound", Errc::NotFound},
    {"AlreadyExists", Errc::Exists},
    {"Conflict", Errc::Conflict},
    {"Invalid", Errc::Invalid},
    {"BadRequest", Errc::Invalid},
    {"Unauthorized", Errc::Unauthorized},
    {"Forbidden", Errc::Unauthorized},
    {"Expired", Errc::Expired},
    {"Gone", Errc::Expired},
    {"TooManyRequests", Errc::Busy},
    {"ServiceUnavailable", Errc::Busy},
    {"ServerTimeout", Errc::Busy},
    {"Timeout", Errc::Timeout},
    {"MethodNotAllowed", Errc::Unsupported},
}};

Errc code_of(std::int64_t http) {
  switch (http) {
    case 400:
    case 413:
    case 422:
      return Errc::Invalid;
    case 401:
    case 403:
      return Errc::Unauthorized;
    case 404:
      return Errc::NotFound;
    case 405:
    case 406:
    case 415:
      return Errc::Unsupported;
    case 409:
      return Errc::Conflict;
    case 410:
      return Errc::Expired;
    case 429:
    case 503:
      return Errc::Busy;
    case 504:
      return Errc::Timeout;
    default:
      return Errc::Internal;
  }
}

/// "; spec.replicas: must be positive" for each; mostly the message has them already.
std::string causes(const Json& status, const std::string& message) {
  std::string out;
  const auto details = status.find("details");
  if (details == status.end() || !details->is_object()) return out;
  const auto all = details->find("causes");
  if (all == details->end() || !all->is_array()) return out;
  for (const Json& cause : *all) {
    const std::string field = text_at(cause, "field");
    const std::string why = text_at(cause, "message");
    if (!why.empty() && message.find(why) != std::string::npos &&
        (field.empty() || message.find(field) != std::string::npos))
      continue;
    out += "; " + (field.empty() ? why : field + ": " + why);
  }
  return out;
}

}  // namespace

Error error_of(const Json& status) {
  const std::string reason = text_at(status, "reason");
  const auto http = status.find("code");
  const auto* const known =
      std::ranges::find(reasons, std::string_view(reason), &std::pair<std::string_view, Errc>::first);
  Errc code = Errc::Internal;
  if (known != reasons.end())
    code = known->second;
  else if (http != status.end() && http->is_number_integer())
    code = code_of(http->get<std::int64_t>());
  std::string message = text_at(status, "message");
  message += causes(status, message);
  if (message.empty()) message = reason.empty() ? "no reason given" : reason;
  return {code, std::move(message)};
}

Error error_of(const HttpResponse& response) {
  const Json body = Json::parse(response.body, nullptr, false);
  if (body.is_object() && text_at(body, "kind") == "Status") {
    Error error = error_of(body);
    if (error.code == Errc::Internal) error.code = code_of(response.status);
    return error;
  }
  std::string text = "HTTP " + std::to_string(response.status);
  std::string quoted = response.body.substr(0, max_quoted_bytes);  // of a proxy on the way, in whatever form
  for (char& c : quoted)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  quoted.erase(quoted.find_last_not_of(' ') + 1);
  if (!quoted.empty()) text += ": " + quoted;
  return {code_of(response.status), std::move(text)};
}

Result<Json> parse(const std::string& body) {
  Json object = Json::parse(body, nullptr, false);
  if (object.is_discarded() || !object.is_object()) return Error{Errc::Malformed, "the answer is no JSON object"};
  return object;
}

}  // namespace kp::kube
