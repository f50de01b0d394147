#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/parse.h"
#include "config/values.h"
#include "kube/object.h"

namespace kp::api {

using config::Problem;  ///< its line is always 0: objects have none

enum class Need : bool { Optional, Required };

/// What was found while one object is read.
struct Findings {
  std::vector<Problem> errors;
  std::vector<std::string> unknown;  ///< paths that nothing here knows: a newer CRD, or a slip of the pen

  void error(std::string path, std::string message) { errors.push_back({std::move(path), 0, std::move(message)}); }
};

/// A JSON object while it is read: every key is asked for by name; the destructor notes those that nobody asked for.
/// null counts as absent. Borrows both.
class Fields {
 public:
  using Json = kube::Json;

  Fields(const Json& object, std::string path, Findings& findings);
  Fields(const Fields&) = delete;
  Fields& operator=(const Fields&) = delete;
  ~Fields();

  std::string path_of(std::string_view key) const { return path_ + "." + std::string(key); }
  bool has(std::string_view key) { return find(key, Need::Optional) != nullptr; }
  void error(std::string_view key, std::string message) { findings_.error(path_of(key), std::move(message)); }

  /// Each answers whether there was a value that fits; what doesn't fit is an error.
  bool text(std::string_view key, std::string& out, Need need = Need::Optional);
  bool flag(std::string_view key, bool& out);
  bool map(std::string_view key, std::map<std::string, std::string>& out);
  const Json* object(std::string_view key, Need need = Need::Optional);
  bool each(std::string_view key, Need need, const std::function<void(const Json&, const std::string& path)>& read);
  bool texts(std::string_view key, std::vector<std::string>& out);

  template <class T>
  bool integer(std::string_view key, T& out, std::int64_t least, std::int64_t most, Need need = Need::Optional) {
    std::int64_t number = 0;
    if (!bounded(key, number, least, most, need)) return false;
    out = static_cast<T>(number);
    return true;
  }

  /// A text that `convert` (text to Result<T>) takes.
  template <class T, class Convert>
  bool value(std::string_view key, T& out, Need need, const Convert& convert) {
    std::string found;
    if (!text(key, found, need)) return false;
    auto converted = convert(std::string_view(found));
    if (!converted) {
      error(key, converted.error().message);
      return false;
    }
    out = std::move(*converted);
    return true;
  }

  template <class T, std::size_t N>
  bool choice(std::string_view key, T& out, const std::array<config::Choice<T>, N>& choices,
              Need need = Need::Optional) {
    return value(key, out, need, [&](std::string_view found) { return config::parse_choice(found, choices); });
  }

 private:
  const Json* find(std::string_view key, Need need);
  bool bounded(std::string_view key, std::int64_t& out, std::int64_t least, std::int64_t most, Need need);
  void wrong_kind(std::string_view key, const Json& found, std::string_view wanted);

  const Json& object_;
  std::string path_;
  Findings& findings_;
  std::set<std::string, std::less<>> known_;
};

}  // namespace kp::api
