#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kp::config {

/// From a client certificate's subject to a name, as Kafka's ssl.principal.mapping.rules (KIP-371): rules are tried in
/// turn, the first whose pattern matches the whole distinguished name gives the name.
///
///   RULE:pattern/replacement/    pattern by RE2's syntax; replacement may hold $1…, \ takes the next character as it
///   is RULE:pattern/replacement/L   the name in lower case (ASCII), U: in upper case DEFAULT                      the
///   whole distinguished name
///
/// Kafka's quirks are kept: every place where the pattern matches is replaced, not only the first; $7 is text where
/// there are fewer groups; a comma within a rule needs no escape, a slash does. Without any rule the name is the
/// subject's common name (distinguished_name.h), where Kafka would take the whole name. Immutable; any thread.
class PrincipalRules {
 public:
  /// `text`: rules with commas between them. Errors are Invalid and name the rule.
  static Result<PrincipalRules> parse(std::string_view text);
  /// Each entry may hold several.
  static Result<PrincipalRules> parse(const std::vector<std::string>& rules);

  /// `distinguished_name` by RFC 2253: "CN=alice,OU=Users,O=Example". Unauthorized when no rule matches, or the name
  /// would be empty.
  Result<std::string> apply(std::string_view distinguished_name) const;

  PrincipalRules(PrincipalRules&&) noexcept;
  PrincipalRules& operator=(PrincipalRules&&) noexcept;
  ~PrincipalRules();

 private:
  struct Rule;
  PrincipalRules();
  Status add(std::string_view text);
  Result<std::size_t> add_rule(std::string_view text);

  std::vector<Rule> rules_;
};

}  // namespace kp::config
