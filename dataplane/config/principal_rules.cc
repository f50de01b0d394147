#include "config/principal_rules.h"

#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "config/distinguished_name.h"

namespace kp::config {
namespace {

enum class Case : char { AsIs, Lower, Upper };

constexpr std::string_view blanks = " \t\r\n\f\v";

void skip_blanks(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(blanks), text.size())); }

/// The text up to the next '/' that has no '\' before it, taken off `rest` together with it.
bool cut_at_slash(std::string_view& rest, std::string_view& front) {
  for (std::size_t i = 0; i < rest.size(); ++i) {
    if (rest[i] == '\\') {
      ++i;
    } else if (rest[i] == '/') {
      front = rest.substr(0, i);
      rest.remove_prefix(i + 1);
      return true;
    }
  }
  return false;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string in_case(std::string name, Case wanted) {
  for (char& c : name) {
    if (wanted == Case::Lower && c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
    if (wanted == Case::Upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - ('a' - 'A'));
  }
  return name;
}

Error wrong_rule(std::string_view rule, std::string_view what) {
  return {Errc::Invalid, "the rule " + std::string(rule) + ": " + std::string(what)};
}

/// Text, then the group of that number; -1: text alone.
struct Piece {
  std::string text;
  int group = -1;
};

/// A replacement as Java's: \ takes the next character as it is, $ begins a group's number, which takes as many digits
/// as there are groups for.
Result<std::vector<Piece>> parse_replacement(std::string_view text, int groups, std::string_view rule) {
  std::vector<Piece> pieces(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      pieces.back().text += text[++i];  // cut_at_slash has seen that there is one
    } else if (text[i] != '$') {
      pieces.back().text += text[i];
    } else if (i + 1 == text.size() || !is_digit(text[i + 1])) {
      return wrong_rule(rule, "a $ in the replacement must have a number behind it; \\$ is the character itself");
    } else if (const int first = text[i + 1] - '0'; first <= groups) {
      int group = first;
      for (++i; i + 1 < text.size() && is_digit(text[i + 1]) && group * 10 + (text[i + 1] - '0') <= groups; ++i)
        group = group * 10 + (text[i + 1] - '0');
      pieces.back().group = group;
      pieces.emplace_back();
    } else if (groups == 0) {
      return wrong_rule(rule, "the replacement has a $ number, but the pattern has no group");
    } else {
      pieces.back().text += '$';
    }
  }
  return pieces;
}

}  // namespace

struct PrincipalRules::Rule {
  std::unique_ptr<re2::RE2> pattern;  ///< none: DEFAULT
  std::vector<Piece> replacement;
  Case wanted = Case::AsIs;

  bool matches(std::string_view name) const {
    return pattern->Match(re2::StringPiece(name.data(), name.size()), 0, name.size(), re2::RE2::ANCHOR_BOTH, nullptr,
                          0);
  }
  std::string replace_all(std::string_view name) const;
};

/// As Java's String.replaceAll: after an empty match the search goes on one byte further.
std::string PrincipalRules::Rule::replace_all(std::string_view name) const {
  const re2::StringPiece text(name.data(), name.size());
  std::vector<re2::StringPiece> groups(static_cast<std::size_t>(pattern->NumberOfCapturingGroups()) + 1);
  std::string out;
  std::size_t copied = 0;
  std::size_t from = 0;
  while (from <= name.size() && pattern->Match(text, from, name.size(), re2::RE2::UNANCHORED, groups.data(),
                                               static_cast<int>(groups.size()))) {
    const auto begin = static_cast<std::size_t>(groups[0].data() - name.data());
    out += name.substr(copied, begin - copied);
    for (const Piece& piece : replacement) {
      out += piece.text;
      if (piece.group < 0) continue;
      const re2::StringPiece& group = groups[static_cast<std::size_t>(piece.group)];
      out.append(group.data(), group.size());
    }
    copied = begin + groups[0].size();
    from = groups[0].empty() ? copied + 1 : copied;
  }
  return out + std::string(name.substr(copied));
}

PrincipalRules::PrincipalRules() = default;
PrincipalRules::PrincipalRules(PrincipalRules&&) noexcept = default;
PrincipalRules& PrincipalRules::operator=(PrincipalRules&&) noexcept = default;
PrincipalRules::~PrincipalRules() = default;

Result<PrincipalRules> PrincipalRules::parse(std::string_view text) {
  return parse(std::vector<std::string>{std::string(text)});
}

Result<PrincipalRules> PrincipalRules::parse(const std::vector<std::string>& rules) {
  PrincipalRules out;
  for (const std::string& text : rules)
    if (Status added = out.add(text); !added) return std::move(added).error();
  return out;
}

/// The rules of one text; empty ones, as in "DEFAULT,,", count for nothing.
Status PrincipalRules::add(std::string_view rest) {
  for (skip_blanks(rest); !rest.empty(); skip_blanks(rest)) {
    if (rest.front() == ',') {
      rest.remove_prefix(1);
      continue;
    }
    Result<std::size_t> taken = add_rule(rest);
    if (!taken) return std::move(taken).error();
    rest.remove_prefix(*taken);
  }
  return Done{};
}

/// The rule at the front of `text`; how long it is.
Result<std::size_t> PrincipalRules::add_rule(std::string_view text) {
  const std::string_view whole = text.substr(0, text.find(','));  // as far as can be told before it is read
  Rule rule;
  std::string_view rest = text;
  if (text.starts_with("DEFAULT")) {
    rest.remove_prefix(std::string_view("DEFAULT").size());
  } else if (text.starts_with("RULE:")) {
    std::string_view pattern;
    std::string_view replacement;
    rest.remove_prefix(std::string_view("RULE:").size());
    if (!cut_at_slash(rest, pattern) || !cut_at_slash(rest, replacement))
      return wrong_rule(text, "must look like RULE:pattern/replacement/, with \\/ for a slash within");
    const std::string_view shown = text.substr(0, text.size() - rest.size());
    rule.pattern = std::make_unique<re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), re2::RE2::Quiet);
    if (!rule.pattern->ok()) return wrong_rule(shown, "the pattern: " + rule.pattern->error());
    auto pieces = parse_replacement(replacement, rule.pattern->NumberOfCapturingGroups(), shown);
    if (!pieces) return std::move(pieces).error();
    rule.replacement = std::move(*pieces);
    if (rest.starts_with('L')) rule.wanted = Case::Lower;
    if (rest.starts_with('U')) rule.wanted = Case::Upper;
    if (rule.wanted != Case::AsIs) rest.remove_prefix(1);
  } else {
    return wrong_rule(whole, "must be DEFAULT or begin with RULE:");
  }
  skip_blanks(rest);
  const std::size_t taken = text.size() - rest.size();
  if (!rest.empty() && rest.front() != ',')
    return wrong_rule(text.substr(0, taken), "what follows is neither L nor U nor a comma");
  rules_.push_back(std::move(rule));
  return taken;
}

Result<std::string> PrincipalRules::apply(std::string_view distinguished_name) const {
  const std::string shown(distinguished_name);
  if (rules_.empty()) {
    std::string name = common_name(distinguished_name);
    if (name.empty()) return Error{Errc::Unauthorized, "no common name (CN) in the certificate's subject " + shown};
    return name;
  }
  for (const Rule& rule : rules_) {
    if (rule.pattern != nullptr && !rule.matches(distinguished_name)) continue;
    std::string name = rule.pattern == nullptr ? shown : in_case(rule.replace_all(distinguished_name), rule.wanted);
    if (name.empty())
      return Error{Errc::Unauthorized,
                   "the principal mapping rules leave nothing of the certificate's subject " + shown};
    return name;
  }
  return Error{Errc::Unauthorized, "no principal mapping rule matches the certificate's subject " + shown};
}

}  // namespace kp::config
