#include "gateway/way.h"

#include <algorithm>
#include <charconv>

#include "config/values.h"
#include "gateway/record.h"

namespace kp::gateway {
namespace {

constexpr std::string_view topics = "/topics/";
constexpr std::string_view records_of = "/records";

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

/// The value of `name` in the query; nothing: it isn't there.
std::optional<std::string_view> query(std::string_view target, std::string_view name) {
  const std::size_t mark = target.find('?');
  std::string_view rest = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  while (!rest.empty()) {
    const std::string_view pair = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(pair.size() + 1, rest.size()));
    const std::size_t equals = std::min(pair.find('='), pair.size());
    if (pair.substr(0, equals) == name) return pair.substr(std::min(equals + 1, pair.size()));
  }
  return std::nullopt;
}

Refusal flag(std::string_view target, std::string_view name, std::optional<bool>& into) {
  const auto text = query(target, name);
  if (!text) return {};
  if (*text != "true" && *text != "false") return {400, "?" + std::string(name) + " must be true or false"};
  into = *text == "true";
  return {};
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned byte = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const auto [end, failed] = std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
    if (failed != std::errc{} || end != text.data() + i + 3) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

/// "application/json; charset=utf-8" is application/json.
bool is_type(std::string_view content_type, std::string_view type) {
  std::string_view bare = content_type.substr(0, content_type.find(';'));
  while (!bare.empty() && bare.back() == ' ') bare.remove_suffix(1);
  return config::equal_ignoring_case(bare, type);
}

}  // namespace

Way way_of(std::string_view target) {
  const std::string_view path = path_of(target);
  if (path == "/push") return {Route::Push, {}, "POST"};
  if (path == "/openapi.json") return {Route::OpenApi, {}, "GET, HEAD"};
  if (path == "/healthz") return {Route::Healthy, {}, "GET, HEAD"};
  if (path == "/readyz") return {Route::Ready, {}, "GET, HEAD"};
  if (!path.starts_with(topics) || !path.ends_with(records_of) || path.size() <= topics.size() + records_of.size())
    return {};
  const std::string_view topic = path.substr(topics.size(), path.size() - topics.size() - records_of.size());
  if (topic.find('/') != std::string_view::npos) return {};
  return {Route::Topic, topic, "POST"};
}

bool takes_records(Route route) { return route == Route::Push || route == Route::Topic; }

bool is_lines(std::string_view content_type) { return is_type(content_type, "application/x-ndjson"); }

Refusal read_wish(std::string_view target, std::string_view content_type, const Way& way, Wish& wish) {
  wish.lines = is_lines(content_type);
  if (way.route == Route::Topic) {
    auto topic = percent_decoded(way.topic);
    if (!topic || !is_topic_name(*topic)) return {400, "the topic is no name that Kafka allows"};
    wish.topic = std::move(*topic);
    wish.wait = true;
  } else if (!wish.lines && !content_type.empty() && !is_type(content_type, "application/json")) {
    return {415, "Content-Type must be application/json or application/x-ndjson"};
  }
  std::optional<bool> results(way.route == Route::Topic && !wish.lines);
  if (Refusal refusal = flag(target, "wait", wish.wait)) return refusal;
  if (Refusal refusal = flag(target, "results", results)) return refusal;
  wish.results = *results;
  return {};
}

}  // namespace kp::gateway
