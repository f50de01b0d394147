#include "config/environment.h"

#include <cstdlib>
#include <optional>

#include "config/yaml_lexer.h"

namespace kp::config {
namespace {

using Context = YamlLexer::Context;

/// What a missing variable leaves behind: fits text and numbers, so that one mistake makes one error.
constexpr std::string_view placeholder = "1";

/// Errors, and warnings, that one file gets; the rest of them would tell nobody more.
constexpr std::size_t max_problems = 100;

/// Bytes of one "${NAME:default}".
constexpr std::size_t max_reference = 1024;

bool name_character(char c) {
  return c == '_' || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

struct Reference {
  std::string_view name;
  std::optional<std::string_view> fallback;
  std::size_t length = 0;  ///< of the whole "${…}"
};

/// The reference at the front of `text`, which starts with "${"; nothing when it isn't one.
std::optional<Reference> reference(std::string_view text) {
  text = text.substr(0, max_reference);  // so that a file of open references costs no more than its length
  std::size_t end = 2;
  while (end < text.size() && name_character(text[end])) ++end;
  const std::string_view name = text.substr(2, end - 2);
  if (name.empty() || (name[0] >= '0' && name[0] <= '9') || end == text.size()) return std::nullopt;
  if (text[end] == '}') return Reference{name, std::nullopt, end + 1};
  if (text[end] != ':') return std::nullopt;
  const auto close = text.find_first_of("}\n", end);
  if (close == std::string_view::npos || text[close] == '\n') return std::nullopt;
  return Reference{name, text.substr(end + 1, close - end - 1), close + 1};
}

void append_double_quoted(std::string& out, std::string_view value) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\x";
      out += hex[byte >> 4];
      out += hex[byte & 0xf];
    } else {
      out += c;
    }
  }
}

void append_single_quoted(std::string& out, std::string_view value) {
  for (const char c : value) out.append(c == '\'' ? 2 : 1, c);
}

class Expander {
 public:
  Expander(std::string_view yaml, const Environment& environment) : in_(yaml), environment_(environment) {}

  Expansion run() && {
    while (at_ < in_.size()) {
      if (in_.substr(at_).starts_with("${") && expands_here() && replace()) continue;
      take(in_[at_], at_ + 1 < in_.size() ? in_[at_ + 1] : '\n');
      if (in_[at_++] == '\n') ++line_;
    }
    return std::move(out_);
  }

 private:
  bool expands_here() const { return lexer_.context() != Context::Comment && lexer_.context() != Context::BlockHeader; }

  bool replace() {
    const auto found = reference(in_.substr(at_));
    if (!found) {
      warn(
          "'${' starts no variable here and stays as it is; write ${NAME} or ${NAME:default}, a name of letters, "
          "digits and '_'");
      return false;
    }
    at_ += found->length;
    const std::optional<std::string> value = environment_(found->name);
    if (value && !value->empty()) {
      insert(found->name, *value);
    } else if (found->fallback) {
      warn_of_shell_habit(*found);
      paste(*found->fallback);
    } else {
      fail("${" + std::string(found->name) + "}: environment variable is not defined");
    }
    return true;
  }

  void warn_of_shell_habit(const Reference& found) {
    if (!found.fallback->starts_with('-')) return;
    warn("${" + std::string(found.name) +
         ":-…}: the default starts with '-' here; write ${NAME:default}, without the shell's '-'");
  }

  void insert(std::string_view name, const std::string& value) {
    const bool broken_line = value.find_first_of("\n\r") != std::string::npos;
    if (lexer_.context() == Context::DoubleQuoted) return append_double_quoted(out_.text, value);
    if (broken_line)
      return fail("${" + std::string(name) + "}: the value has more than one line; put double quotes around it");
    if (lexer_.context() == Context::SingleQuoted) return append_single_quoted(out_.text, value);
    if (lexer_.context() != Context::Block && value.find(" #") != std::string::npos)
      return fail("${" + std::string(name) +
                  "}: the value holds ' #', which starts a comment; put double quotes "
                  "around it");
    paste(value);
  }

  void warn(std::string why) {
    if (out_.warnings.size() < max_problems) out_.warnings.push_back({"", line_, std::move(why)});
  }

  void fail(std::string why) {
    if (out_.errors.size() < max_problems) out_.errors.push_back({"", line_, std::move(why)});
    out_.failed_lines.insert(line_);
    paste(placeholder);
  }

  void paste(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char after = at_ < in_.size() ? in_[at_] : '\n';
      take(text[i], i + 1 < text.size() ? text[i + 1] : after);
    }
  }

  void take(char c, char next) {
    lexer_.step(c, next);
    out_.text += c;
  }

  std::string_view in_;
  const Environment& environment_;
  Expansion out_;
  YamlLexer lexer_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

Expansion expand(std::string_view yaml, const Environment& environment) { return Expander(yaml, environment).run(); }

Environment process_environment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* const value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

}  // namespace kp::config
