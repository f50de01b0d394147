#include "plan/names.h"

#include <re2/re2.h>

#include <algorithm>

#include "config/name_template.h"

namespace kp::plan {
namespace {

std::string lower_case(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

/// Behind the first label; empty: nothing there, or tokens.
std::string_view tail_of(std::string_view pattern_template) {
  const auto dot = pattern_template.find('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view tail = pattern_template.substr(dot);
  return tail.find("<$") == std::string_view::npos ? tail : std::string_view{};
}

bool globs_meet(std::string_view left, std::string_view right) {
  // reach[i][j]: some text is matched by the first i characters of left and by the first j of right.
  std::vector<std::vector<bool>> reach(left.size() + 1, std::vector<bool>(right.size() + 1, false));
  const auto star = [](std::string_view text, std::size_t at) { return at < text.size() && text[at] == '*'; };
  for (std::size_t i = 0; i <= left.size(); ++i) {
    for (std::size_t j = 0; j <= right.size(); ++j) {
      const bool left_alone = i > 0 && reach[i - 1][j] && (star(left, i - 1) || star(right, j));
      const bool right_alone = j > 0 && reach[i][j - 1] && (star(right, j - 1) || star(left, i));
      const bool both = i > 0 && j > 0 && reach[i - 1][j - 1] && left[i - 1] == right[j - 1];
      reach[i][j] = (i == 0 && j == 0) || left_alone || right_alone || both;
    }
  }
  return reach[left.size()][right.size()];
}

}  // namespace

BrokerNames::BrokerNames(const api::SniRouting& routing)
    : template_(routing.downstream), pattern_(std::make_unique<re2::RE2>(routing.upstream, re2::RE2::Quiet)) {}

BrokerNames::~BrokerNames() = default;

std::optional<std::string> BrokerNames::name(BrokerId id, const std::string& upstream_host) const {
  if (!pattern_->ok()) return std::nullopt;
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(pattern_->NumberOfCapturingGroups()) + 1);
  if (!pattern_->Match(upstream_host, 0, upstream_host.size(), re2::RE2::UNANCHORED, groups.data(),
                       static_cast<int>(groups.size())))
    return std::nullopt;
  std::vector<std::string> texts;
  for (const re2::StringPiece& group : groups) texts.emplace_back(group.data(), group.size());
  return config::broker_name(template_, id, texts);
}

std::string glob_of(std::string_view pattern_template) {
  return lower_case(config::fill_template(pattern_template, [](const config::NameToken&) { return std::string("*"); }));
}

bool overlap(std::string_view left, std::string_view right) {
  const auto left_star = left.rfind('*');
  const auto right_star = right.rfind('*');
  if (left_star == std::string_view::npos && right_star == std::string_view::npos) return left == right;
  // Most names differ at their end: no need to look at the rest.
  const auto end_of = [](std::string_view text, std::size_t star) {
    return star == std::string_view::npos ? text : text.substr(star + 1);
  };
  const std::string_view left_end = end_of(left, left_star);
  const std::string_view right_end = end_of(right, right_star);
  const std::size_t common = std::min(left_end.size(), right_end.size());
  if (left_end.substr(left_end.size() - common) != right_end.substr(right_end.size() - common)) return false;
  return globs_meet(left, right);
}

std::string wildcard_of(std::string_view pattern_template) {
  const std::string_view tail = tail_of(pattern_template);
  return tail.empty() ? std::string() : lower_case("*" + std::string(tail));
}

std::string bootstrap_name(const api::SniRouting& routing) {
  if (!routing.bootstrap.empty()) return lower_case(routing.bootstrap);
  const std::string_view tail = tail_of(routing.downstream);
  return tail.empty() ? std::string() : lower_case("bootstrap" + std::string(tail));
}

std::string service_name(const kube::Name& name) { return name.name + "." + name.space + ".svc"; }

std::vector<std::string> service_names(const kube::Name& name) {
  return {name.name, name.name + "." + name.space, service_name(name), service_name(name) + ".cluster.local"};
}

}  // namespace kp::plan
