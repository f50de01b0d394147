#include "config/principal_rules.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/distinguished_name.h"

namespace kp::config {
namespace {

std::string applied(const std::string& rules, const std::string& name) {
  const auto parsed = PrincipalRules::parse(rules);
  EXPECT_TRUE(parsed) << parsed.error().message;
  if (!parsed) return {};
  const auto result = parsed->apply(name);
  return result ? *result : "(" + result.error().message + ")";
}

/// The example of Kafka's documentation and of KIP-371.
const std::string of_kafka =
    "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/,\n"
    "RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L,\n"
    "RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/L, DEFAULT";

TEST(PrincipalRules, DoWhatKafkasDocumentationSays) {
  EXPECT_EQ(applied(of_kafka, "CN=serviceuser,OU=ServiceUsers,O=Unknown,L=Unknown,ST=Unknown,C=Unknown"),
            "serviceuser");
  EXPECT_EQ(applied(of_kafka, "CN=adminUser,OU=Admin,O=Unknown,L=Unknown,ST=Unknown,C=Unknown"), "adminuser@admin");
  EXPECT_EQ(applied(of_kafka, "OU=X,CN=Duke.1,O=Y"), "duke.1");
  EXPECT_EQ(applied(of_kafka, "OU=X,O=Y"), "OU=X,O=Y");
}

struct Case {
  std::string rules;
  std::string name;
  std::string expected;
};

TEST(PrincipalRules, KeepKafkasQuirks) {
  const std::vector<Case> cases{
      {"DEFAULT", "CN=a,OU=b", "CN=a,OU=b"},
      {"RULE:^CN=(.*?),.*$/$1/U", "CN=duke,OU=b", "DUKE"},
      {"RULE:^CN=(.*?),OU=(.*?)$/$1, $2/", "CN=a,OU=b", "a, b"},                  // a comma in the replacement
      {"RULE:^CN=(.*?),OU=(.*?)$/$2\\/$1/", "CN=a,OU=b", "b/a"},                  // an escaped slash
      {"RULE:^CN=a\\/(.*)$/$1/", "CN=a/b", "b"},                                  // and one in the pattern
      {"RULE:^CN=(.*)$/\\$1/", "CN=a", "$1"},                                     // an escaped $
      {"RULE:^CN=(.*)$/$1$2$34/", "CN=a", "a$2$34"},                              // groups that aren't there
      {"RULE:^CN=(.*)$/$12/", "CN=a", "a2"},                                      // group 1, then a 2
      {"RULE:^CN=(.*)$/$0!/", "CN=a", "CN=a!"},                                   // the whole match
      {"RULE:CN=(.*)/x$1/", "CN=a", "xa"},                                        // unanchored, but all must match
      {"RULE:(.*)/x$1/", "ab", "xabx"},                                           // .* matches the end once more
      {"RULE:^(CN)=(.*)$/$1/, DEFAULT", "OU=b", "OU=b"},                          // the next rule
      {" , RULE:^CN=(.*)$/$1/ ,, DEFAULT , ", "CN=a", "a"},                       // empty ones don't count
      {"RULE:^CN=(.*)$/$1/L", "CN=\xc3\x84PFEL", "\xc3\x84pfel"},                 // ASCII only
      {"RULE:^CN=([^,ou]+)(,OU=.*)?$/$1/,RULE:^(.*)$/other/", "CN=a,OU=b", "a"},  // a comma in the pattern
  };
  for (const Case& test : cases) EXPECT_EQ(applied(test.rules, test.name), test.expected) << test.rules;
}

TEST(PrincipalRules, MayComeAsAList) {
  const auto rules = PrincipalRules::parse(std::vector<std::string>{"RULE:^CN=(.*?),OU=X$/$1/", "DEFAULT"});
  ASSERT_TRUE(rules) << rules.error().message;
  EXPECT_EQ(*rules->apply("CN=a,OU=X"), "a");
  EXPECT_EQ(*rules->apply("CN=a,OU=Y"), "CN=a,OU=Y");
}

TEST(PrincipalRules, RefuseANameThatNoRuleMatches) {
  const auto rules = PrincipalRules::parse("RULE:^CN=(.*?),OU=X$/$1/");
  ASSERT_TRUE(rules);
  for (const char* name : {"CN=a,OU=Y", "CN=a,OU=X,O=Z", "", "xCN=a,OU=X"}) {
    const auto result = rules->apply(name);
    ASSERT_FALSE(result) << name;
    EXPECT_EQ(result.error().code, Errc::Unauthorized);
  }
}

TEST(PrincipalRules, MustMatchTheWholeNameWithoutBeingAnchored) {
  const auto rules = PrincipalRules::parse("RULE:CN=([a-z]*),OU=X/$1/");
  ASSERT_TRUE(rules);
  EXPECT_EQ(*rules->apply("CN=a,OU=X"), "a");
  for (const char* name : {"CN=a,OU=X,O=Z", "DC=y,CN=a,OU=X"}) EXPECT_FALSE(rules->apply(name)) << name;
}

TEST(PrincipalRules, RefuseAnEmptyResult) {
  const auto rules = PrincipalRules::parse("RULE:^CN=(.*)$/$1/");
  ASSERT_TRUE(rules);
  EXPECT_FALSE(rules->apply("CN="));
}

TEST(PrincipalRules, AreTheCommonNameWhenThereIsNone) {
  EXPECT_EQ(applied("", "CN=alice,OU=b"), "alice");
  EXPECT_EQ(applied("  ", "CN=alice,OU=b"), "alice");
  const auto none = PrincipalRules::parse("");
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->apply("OU=b"));
}

TEST(PrincipalRulesErrors, NameTheRule) {
  const std::vector<std::pair<std::string, std::string>> wrong{
      {"DEFAULT, RULE:^CN=(.*$/$1/", "RULE:^CN=(.*$/$1/: the pattern"},
      {"RULE:^CN=(.*)$/$1", "RULE:^CN=(.*)$/$1: must look like"},
      {"RULE:^CN=(.*)$", "must look like"},
      {"RULE:", "must look like"},
      {"DEFAULTS", "DEFAULT: what follows"},
      {"default", "default: must be DEFAULT"},
      {"RULE:^CN=(.*)$/$1/LU", "what follows"},
      {"RULE:^CN=(.*)$/$1/X", "what follows"},
      {"RULE:^CN=(.*)$/$1/ L", "what follows"},
      {"RULE:^CN=(.*)$/$1/L/U", "what follows"},
      {"RULE:^CN=.*$/$1/", "no group"},
      {"RULE:^CN=(.*)$/$/", "must have a number"},
      {"RULE:^CN=(.*)$/${name}/", "must have a number"},
  };
  for (const auto& [text, expected] : wrong) {
    const auto rules = PrincipalRules::parse(text);
    ASSERT_FALSE(rules) << text;
    EXPECT_EQ(rules.error().code, Errc::Invalid);
    EXPECT_NE(rules.error().message.find(expected), std::string::npos) << rules.error().message;
  }
}

TEST(PrincipalRulesErrors, AreInvalidWhereverTheTextEnds) {
  const std::string whole = of_kafka;
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    const auto rules = PrincipalRules::parse(whole.substr(0, size));
    EXPECT_TRUE(rules || rules.error().code == Errc::Invalid) << whole.substr(0, size);
  }
}

TEST(CommonName, IsTheFirstOne) {
  const std::vector<std::pair<std::string, std::string>> names{
      {"CN=alice", "alice"},
      {"CN=alice,OU=Users,O=X", "alice"},
      {"OU=Users,CN=alice,CN=second", "alice"},
      {"cn=alice", "alice"},
      {"2.5.4.3=alice", "alice"},
      {"OU=Users+CN=alice,O=X", "alice"},
      {"CN=a\\,b", "a,b"},
      {"CN=a\\2Cb", "a,b"},
      {"CN=a\\\\b", "a\\b"},
      {"CN=\"a,b\",O=X", "a,b"},
      {"CN=L\\C3\\A4", "L\xc3\xa4"},
      {"CN=a=b", "a=b"},
      {" CN = alice , O=X", "alice"},
      {"CN=a\\ ,O=X", "a "},
      {"O=CN\\=mallory,CN=alice", "alice"},
      {"O=x\\,CN=mallory,CN=alice", "alice"},
      {"O=\"x,CN=mallory\",CN=alice", "alice"},
      {"O=#0401,CN=alice", "alice"},
  };
  for (const auto& [name, expected] : names) EXPECT_EQ(common_name(name), expected) << name;
}

TEST(CommonName, IsEmptyWhereThereIsNone) {
  for (const char* name : {"", "OU=b", "CN", "CN=", "CN=\"a", "CN=a\\", "CN=#0403", "OU=CN", "XCN=a", "\\CN=a"})
    EXPECT_EQ(common_name(name), "") << name;
}

}  // namespace
}  // namespace kp::config
