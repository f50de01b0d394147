#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/values.h"
#include "config/yaml_tree.h"

namespace kp::config {

/// What was found while one file is read. Paths are dotted, as in Problem.
class Report {
 public:
  static constexpr std::size_t max_errors = 100;  ///< a hostile file gets no more answers than that

  void error(std::string path, int line, std::string message);
  void warning(std::string path, int line, std::string message);
  /// Remembers that the file says something at `path`.
  void saw(const std::string& path, int line) { lines_.emplace(path, line); }

  bool has(const std::string& path) const { return lines_.contains(path); }
  /// The line of `path`, or of the nearest thing around it; 0 when nothing is known.
  int line(std::string_view path) const;
  /// No error stands at `path`, inside it or at what it stands in.
  bool sound(std::string_view path) const;

  std::vector<Problem> errors;
  std::vector<Problem> warnings;
  bool truncated = false;  ///< there were more errors than max_errors

 private:
  std::map<std::string, int, std::less<>> lines_;
};

enum class Need : bool { Optional, Required };

/// A mapping while it is read: every key is asked for by name, and what nobody asked for is unknown. The destructor
/// reports unknown and repeated keys. Borrows the report and the node.
class Section {
 public:
  Section(Report& report, const YamlNode& node, std::string path);
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;
  ~Section();

  /// The value of `key`; nullptr when it is absent or null (an error when it is required).
  const YamlNode* find(std::string_view key, Need need = Need::Optional);
  bool has(std::string_view key) { return find(key) != nullptr; }
  std::string path_of(std::string_view key) const;

  /// Reads the scalar at `key` by `convert` (text to Result<T>) into `out`. False when there was none or a wrong one.
  template <class T, class Convert>
  bool value(std::string_view key, T& out, Need need, const Convert& convert) {
    const std::string* const text = scalar(key, need);
    if (text == nullptr) return false;
    auto converted = convert(std::string_view(*text));
    if (!converted) return fail(key, std::move(converted).error());
    out = std::move(*converted);
    return true;
  }

  bool text(std::string_view key, std::string& out, Need need = Need::Optional);
  bool flag(std::string_view key, bool& out, Need need = Need::Optional);
  bool host_port(std::string_view key, HostPort& out, Need need, bool port_zero = false);

  template <class T, std::size_t N>
  bool choice(std::string_view key, T& out, const std::array<Choice<T>, N>& choices, Need need = Need::Optional) {
    return value(key, out, need, [&](std::string_view text) { return parse_choice(text, choices); });
  }

  /// A whole number in [least, most].
  template <class T>
  bool integer(std::string_view key, T& out, std::int64_t least, std::int64_t most, Need need = Need::Optional) {
    std::int64_t number = 0;
    if (!bounded(key, number, least, most, need, parse_integer)) return false;
    out = static_cast<T>(number);
    return true;
  }
  bool port(std::string_view key, std::uint16_t& out, Need need = Need::Optional) {
    return integer(key, out, 1, 65535, need);
  }
  bool bounded(std::string_view key, std::int64_t& out, std::int64_t least, std::int64_t most, Need need,
               const std::function<Result<std::int64_t>(std::string_view)>& convert);

  /// Calls `read` with each element of the list at `key` and its path. False when there is no list.
  bool each(std::string_view key, Need need, const std::function<void(const YamlNode&, const std::string&)>& read);

 private:
  const std::string* scalar(std::string_view key, Need need);
  bool fail(std::string_view key, const Error& error);

  Report& report_;
  const YamlNode& node_;
  std::string path_;
  int line_;                                  ///< where a missing key is missed; 0 for the whole file
  std::set<std::string, std::less<>> known_;  ///< asked for so far
};

/// The text of a list's element, or nullptr after an error.
const std::string* scalar_at(Report& report, const YamlNode& node, const std::string& path);

/// The nearest of `known`, when `word` looks like a slip of the pen.
std::string nearest(std::string_view word, const std::set<std::string, std::less<>>& known);

}  // namespace kp::config
