#include "gateway/answer.h"

#include <boost/beast/http/status.hpp>
#include <nlohmann/json.hpp>

namespace kp::gateway {
namespace {

/// A JSON string; what is not UTF-8 is replaced.
std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string entry(bool error, std::string_view message) {
  return std::string(R"({"error":)") + (error ? "true" : "false") + R"(,"message":)" +
         (error ? json_text(message) : "null") + "}";
}

Answer error(unsigned status, const std::string& entries) {
  return {.status = status, .body = R"({"status":"err","errors":[)" + entries + "]}"};
}

std::string places(const std::vector<Outcome>& outcomes) {
  std::string all;
  for (const Outcome& each : outcomes) {
    all += all.empty() ? "" : ",";
    if (!each.error.empty()) {
      all += "null";
      continue;
    }
    all += R"({"partition":)" + std::to_string(each.partition) + R"(,"offset":)" +
           (each.offset < 0 ? "null" : std::to_string(each.offset)) + "}";
  }
  return R"(,"results":[)" + all + "]";
}

}  // namespace

Answer accepted() { return {.status = 200, .body = R"({"status":"ok","errors":[]})"}; }

Answer refused(unsigned status, std::string_view why) { return error(status, entry(true, why)); }

Answer refused(const Refusal& refusal) {
  std::string one = R"({"error":true,"message":)" + json_text(refusal.message);
  if (refusal.position >= 0) one += R"(,"position":)" + std::to_string(refusal.position);
  if (refusal.record >= 0) one += R"(,"record":)" + std::to_string(refusal.record);
  if (refusal.line >= 0) one += R"(,"line":)" + std::to_string(refusal.line);
  return error(refusal.status, one + "}");
}

Answer try_again(unsigned status, std::string_view why, std::int64_t seconds) {
  Answer answer = refused(status, why);
  answer.headers.emplace_back("Retry-After", std::to_string(seconds));
  return answer;
}

Answer limited(const std::vector<bool>& which, std::int64_t seconds) {
  std::string entries;
  for (const bool one : which)
    entries += (entries.empty() ? "" : ",") + (one ? entry(true, "ratelimit") : entry(true, "not sent"));
  Answer answer = error(429, entries);
  answer.headers.emplace_back("Retry-After", std::to_string(seconds));
  return answer;
}

Answer delivered(const std::vector<Outcome>& outcomes, bool results) {
  bool failed = false;
  for (const Outcome& each : outcomes) failed = failed || !each.error.empty();
  std::string errors;
  for (const Outcome& each : outcomes)
    if (failed) errors += (errors.empty() ? "" : ",") + entry(!each.error.empty(), each.error);
  Answer answer{.status = failed ? 500U : 200U, .body = {}};
  answer.body = std::string(R"({"status":")") + (failed ? "err" : "ok") + R"(","errors":[)" + errors + "]";
  if (results) answer.body += places(outcomes);
  answer.body += "}";
  return answer;
}

Answer told(const LinesTold& lines) {
  std::string errors;
  for (const LinesTold::Fault& each : lines.faults) {
    errors += (errors.empty() ? R"({"error":true,"message":)" : R"(,{"error":true,"message":)") +
              json_text(each.message) + R"(,"line":)" + std::to_string(each.line);
    if (each.position >= 0) errors += R"(,"position":)" + std::to_string(each.position);
    errors += "}";
  }
  Answer answer{.status = lines.status, .body = {}};
  answer.body = std::string(R"({"status":")") + (lines.status == 200 ? "ok" : "err") + R"(","errors":[)" + errors +
                R"(],"lines":)" + std::to_string(lines.lines) + R"(,"failed":)" + std::to_string(lines.failed);
  if (lines.results) answer.body += places(lines.places);
  answer.body += "}";
  if (lines.retry > 0) answer.headers.emplace_back("Retry-After", std::to_string(lines.retry));
  return answer;
}

void write(std::string& out, const Answer& answer, bool with_body, bool keep_alive) {
  const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(answer.status));
  out += "HTTP/1.1 ";
  out += std::to_string(answer.status);
  out += ' ';
  out.append(reason.data(), reason.size());
  out += "\r\nServer: kafkaproxy\r\n";
  if (answer.status != 204) {
    out += "Content-Type: ";
    out += answer.content_type;
    out += "\r\nContent-Length: ";
    out += std::to_string(answer.body.size());
    out += "\r\n";
  }
  for (const auto& [name, value] : answer.headers) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
  }
  out += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  if (with_body && answer.status != 204) out += answer.body;
}

}  // namespace kp::gateway
