#include "telemetry/admin_answer.h"

namespace kp::telemetry {
namespace {

std::string page_list(const AdminPages& pages) {
  std::string out =
      "/metrics  Prometheus metrics\n"
      "/healthz  200 while the process turns\n"
      "/readyz   200 when clients can be served, else 503 and why not\n";
  if (pages.config) out += "/config   the configuration in force, JSON, secrets masked\n";
  if (pages.brokers) out += "/brokers  the known brokers, JSON\n";
  return out;
}

Answer json(std::string body) { return {200, "application/json", std::move(body), {}}; }

/// "ok", or 503 and the reason. Reasons quote what brokers and files say, so a line break in one must not make two.
Answer probe(const std::optional<std::string>& reason) {
  if (!reason) return {200, "text/plain; charset=utf-8", "ok\n", {}};
  return refusal(503, *reason);
}

}  // namespace

Answer refusal(unsigned status, std::string_view why) {
  Answer out;
  out.status = status;
  for (const char c : why) out.body += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  out.body += '\n';
  return out;
}

Answer answer(const AdminPages& pages, std::string_view method, std::string_view target) {
  if (method != "GET" && method != "HEAD") {
    Answer out = refusal(405, "only GET and HEAD; the pages are:");
    out.body += page_list(pages);
    out.allow = "GET, HEAD";
    return out;
  }
  const std::string_view path = target.substr(0, target.find('?'));
  if (path == "/metrics") return {200, "text/plain; version=0.0.4; charset=utf-8", pages.metrics(), {}};
  if (path == "/healthz") return probe(pages.health());
  if (path == "/readyz") return probe(pages.ready());
  if (path == "/config" && pages.config) return json(pages.config());
  if (path == "/brokers" && pages.brokers) return json(pages.brokers());
  if (path == "/") return {200, "text/plain; charset=utf-8", page_list(pages), {}};
  Answer out = refusal(404, "no such page; the pages are:");
  out.body += page_list(pages);
  return out;
}

}  // namespace kp::telemetry
