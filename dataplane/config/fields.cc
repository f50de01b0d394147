#include "config/fields.h"

#include <algorithm>

namespace kp::config {
namespace {

/// A key as it may be shown: the file chose it.
std::string shown(std::string_view key) {
  std::string out;
  for (const char c : key.substr(0, 64)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out + (key.size() > 64 ? "…" : "");
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= left.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i - 1] == right[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

/// True when `path` is `scope` or lies inside it.
bool inside(std::string_view path, std::string_view scope) {
  if (!path.starts_with(scope)) return false;
  return path.size() == scope.size() || scope.empty() || path[scope.size()] == '.' || path[scope.size()] == '[';
}

}  // namespace

void Report::error(std::string path, int line, std::string message) {
  truncated = errors.size() >= max_errors;
  if (!truncated) errors.push_back({std::move(path), line, std::move(message)});
}

void Report::warning(std::string path, int line, std::string message) {
  if (warnings.size() < max_errors) warnings.push_back({std::move(path), line, std::move(message)});
}

int Report::line(std::string_view path) const {
  for (;;) {
    const auto found = lines_.find(path);
    if (found != lines_.end()) return found->second;
    const auto end = path.find_last_of(".[");
    if (end == std::string_view::npos) return 0;
    path = path.substr(0, end);
  }
}

bool Report::sound(std::string_view path) const {
  return std::ranges::none_of(
      errors, [&](const Problem& problem) { return inside(problem.path, path) || inside(path, problem.path); });
}

Section::Section(Report& report, const YamlNode& node, std::string path)
    : report_(report), node_(node), path_(std::move(path)), line_(path_.empty() ? 0 : node.line) {
  if (node.kind == YamlNode::Kind::List || node.kind == YamlNode::Kind::Scalar)
    report_.error(path_, node.line, "must be a mapping, but it is " + std::string(describe(node.kind)));
}

Section::~Section() {
  std::map<std::string_view, int> seen;
  for (std::size_t i = 0; i < node_.keys.size(); ++i) {
    const std::string& key = node_.keys[i];
    const auto [first, fresh] = seen.emplace(key, node_.key_lines[i]);
    if (!fresh) {
      report_.error(path_of(shown(key)), node_.key_lines[i],
                    "stands twice; the first is on line " + std::to_string(first->second));
    } else if (!known_.contains(key)) {
      const std::string guess = nearest(key, known_);
      report_.error(path_of(shown(key)), node_.key_lines[i],
                    "unknown key" + (guess.empty() ? "" : "; did you mean '" + guess + "'?"));
    }
  }
}

std::string Section::path_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : path_ + "." + std::string(key);
}

const YamlNode* Section::find(std::string_view key, Need need) {
  known_.emplace(key);
  for (std::size_t i = 0; i < node_.keys.size(); ++i) {
    if (node_.keys[i] != key || node_.items[i].kind == YamlNode::Kind::Null) continue;
    report_.saw(path_of(key), node_.key_lines[i]);
    return &node_.items[i];
  }
  const bool may_hold_keys = node_.kind == YamlNode::Kind::Map || node_.kind == YamlNode::Kind::Null;
  if (need == Need::Required && may_hold_keys) report_.error(path_of(key), line_, "is missing");
  return nullptr;
}

const std::string* Section::scalar(std::string_view key, Need need) {
  const YamlNode* const found = find(key, need);
  return found == nullptr ? nullptr : scalar_at(report_, *found, path_of(key));
}

bool Section::fail(std::string_view key, const Error& error) {
  const std::string path = path_of(key);
  report_.error(path, report_.line(path), error.message);
  return false;
}

bool Section::text(std::string_view key, std::string& out, Need need) {
  return value(key, out, need, [&](std::string_view text) -> Result<std::string> {
    if (text.empty() && need == Need::Required) return Error{Errc::Invalid, "must not be empty"};
    if (text.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos)
      return Error{Errc::Invalid, "must be one line"};
    return std::string(text);
  });
}

bool Section::flag(std::string_view key, bool& out, Need need) { return choice(key, out, booleans, need); }

bool Section::host_port(std::string_view key, HostPort& out, Need need, bool port_zero) {
  return value(key, out, need, [&](std::string_view text) { return parse_address(text, port_zero); });
}

bool Section::bounded(std::string_view key, std::int64_t& out, std::int64_t least, std::int64_t most, Need need,
                      const std::function<Result<std::int64_t>(std::string_view)>& convert) {
  return value(key, out, need, [&](std::string_view text) -> Result<std::int64_t> {
    Result<std::int64_t> number = convert(text);
    if (!number) return number;
    if (*number < least || *number > most)
      return Error{Errc::Invalid, "must be from " + std::to_string(least) + " to " + std::to_string(most) +
                                      ", but it is " + std::to_string(*number)};
    return number;
  });
}

bool Section::each(std::string_view key, Need need,
                   const std::function<void(const YamlNode&, const std::string&)>& read) {
  const YamlNode* const found = find(key, need);
  if (found == nullptr) return false;
  if (found->kind != YamlNode::Kind::List) {
    report_.error(path_of(key), found->line, "must be a list, but it is " + std::string(describe(found->kind)));
    return false;
  }
  for (std::size_t i = 0; i < found->items.size(); ++i) {
    const std::string path = path_of(key) + "[" + std::to_string(i) + "]";
    report_.saw(path, found->items[i].line);
    read(found->items[i], path);
  }
  return true;
}

const std::string* scalar_at(Report& report, const YamlNode& node, const std::string& path) {
  if (node.kind == YamlNode::Kind::Scalar) return &node.scalar;
  report.error(path, node.line, "must be a single value, but it is " + std::string(describe(node.kind)));
  return nullptr;
}

std::string nearest(std::string_view word, const std::set<std::string, std::less<>>& known) {
  if (word.size() > 64) return {};
  std::string best;
  std::size_t least = std::max<std::size_t>(1, std::min<std::size_t>(3, word.size() / 3)) + 1;
  for (const std::string& candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= least) continue;
    least = distance;
    best = candidate;
  }
  return best;
}

}  // namespace kp::config
