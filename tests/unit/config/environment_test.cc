#include "config/environment.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "support.h"

namespace kp::config {
namespace {

Expansion expanded(const std::string& yaml) {
  return expand(yaml, environment_of({{"A", "value"},
                                      {"EMPTY", ""},
                                      {"QUOTES", R"(a"b\c'd)"},
                                      {"LINES", "a\nb\r\tc"},
                                      {"LIST", "[a:1, b:2]"},
                                      {"HASH", "a #b"},
                                      {"OPEN_QUOTE", "\"x"}}));
}

struct Case {
  const char* name;
  const char* yaml;
  const char* expected;
};

class Expands : public testing::TestWithParam<Case> {};

TEST_P(Expands, AsItsContextAsks) {
  const Expansion out = expanded(GetParam().yaml);
  EXPECT_EQ(out.text, GetParam().expected);
  EXPECT_TRUE(out.errors.empty()) << out.errors[0].message;
}

INSTANTIATE_TEST_SUITE_P(
    Environment, Expands,
    testing::Values(
        Case{"Plain", "k: ${A}", "k: value"}, Case{"InsideAWord", "k: x${A}y", "k: xvaluey"},
        Case{"TwoInOneValue", "\"${A}=${A}\"", "\"value=value\""},
        Case{"DefaultWhenUnset", "k: ${B:other}", "k: other"},
        Case{"DefaultWhenEmpty", "k: ${EMPTY:other}", "k: other"},
        Case{"DefaultNotUsedWhenSet", "k: ${A:other}", "k: value"}, Case{"EmptyDefault", "k: '${B:}'", "k: ''"},
        Case{"DefaultWithColons", "k: ${B:[a:1, b:2]}", "k: [a:1, b:2]"},
        Case{"ListInPlainText", "k: ${LIST}", "k: [a:1, b:2]"},
        Case{"DoubleQuotesEscape", "k: \"${QUOTES}\"", R"(k: "a\"b\\c'd")"},
        Case{"DoubleQuotesKeepLines", "k: \"${LINES}\"", R"(k: "a\x0ab\x0d\x09c")"},
        Case{"SingleQuotesDouble", "k: '${QUOTES}'", R"(k: 'a"b\c''d')"},
        Case{"PlainIsPasted", "k: x${QUOTES}", R"(k: xa"b\c'd)"},
        Case{"Comment", "k: v # ${NO_SUCH}\nl: ${A}", "k: v # ${NO_SUCH}\nl: value"},
        Case{"CommentLine", "# \"${NO_SUCH}\nk: ${A}", "# \"${NO_SUCH}\nk: value"},
        Case{"HashInsideAWordIsNoComment", "k: a#${A}", "k: a#value"},
        Case{"HashInQuotesIsNoComment", "k: \"a #${A}\"", "k: \"a #value\""},
        Case{"ApostropheInAWord", "k: don't ${QUOTES} # '${NO_SUCH}", R"(k: don't a"b\c'd # '${NO_SUCH})"},
        Case{"EscapedQuote", "k: \"\\\"${QUOTES}\"", R"(k: "\"a\"b\\c'd")"},
        Case{"DoubledQuote", "k: 'it''s ${QUOTES}'", R"(k: 'it''s a"b\c''d')"},
        Case{"QuotesInFlow", "{a: 'x', b: [\"${QUOTES}\", ${A}]}", R"({a: 'x', b: ["a\"b\\c'd", value]})"},
        Case{"QuotedKeyInFlow", "{\"a\":\"${QUOTES}\"}", R"({"a":"a\"b\\c'd"})"},
        Case{"QuotesOverLines", "k: \"x\n  ${QUOTES}\"", "k: \"x\n  a\\\"b\\\\c'd\""},
        Case{"BlockScalar", "k: |\n  # ${A} \"\nl: \"${QUOTES}\"", "k: |\n  # value \"\nl: \"a\\\"b\\\\c'd\""},
        Case{"BlockScalarInAList", "- >-\n  '${A}\n\n  x\n- '${QUOTES}'", "- >-\n  'value\n\n  x\n- 'a\"b\\c''d'"},
        Case{"EmptyBlockScalar", "k: |\nl: '${QUOTES}'", "k: |\nl: 'a\"b\\c''d'"},
        Case{"AnchorBeforeQuotes", "k: &x \"${QUOTES}\"", R"(k: &x "a\"b\\c'd")"},
        Case{"PipeInFlowIsText", "[ |x, '${QUOTES}']", R"([ |x, 'a"b\c''d'])"},
        Case{"PastedQuoteOpensQuotes", "k: ${OPEN_QUOTE}${QUOTES}\"", R"(k: "xa\"b\\c'd")"},
        Case{"Anonymous", "\"$anonymous=${A}\"", "\"$anonymous=value\""},
        Case{"LoneDollar", "k: $ a$ $$ ^x$", "k: $ a$ $$ ^x$"}, Case{"SniToken", "b<$id>", "b<$id>"},
        Case{"DoubleDollarIsNotSpecial", "k: $${A}", "k: $value"}, Case{"NoName", "k: '${}'", "k: '${}'"},
        Case{"NameWithADash", "k: ${A-B}", "k: ${A-B}"}, Case{"NameWithADigitFirst", "k: ${1A}", "k: ${1A}"},
        Case{"Open", "k: ${A", "k: ${A"}, Case{"OpenDefault", "k: ${B:x\n}", "k: ${B:x\n}"}, Case{"Empty", "", ""}),
    [](const testing::TestParamInfo<Case>& param) { return param.param.name; });

class Refuses : public testing::TestWithParam<Case> {};

TEST_P(Refuses, WithTheLine) {
  const Expansion out = expanded(GetParam().yaml);
  ASSERT_EQ(out.errors.size(), 1U);
  EXPECT_EQ(out.errors[0].line, 2);
  EXPECT_EQ(out.errors[0].message, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Environment, Refuses,
    testing::Values(Case{"Unset", "\nk: ${NO_SUCH}\n", "${NO_SUCH}: environment variable is not defined"},
                    Case{"Empty", "\nk: \"${EMPTY}\"\n", "${EMPTY}: environment variable is not defined"},
                    Case{"LinesInPlainText", "\nk: ${LINES}\n",
                         "${LINES}: the value has more than one line; put double quotes around it"},
                    Case{"LinesInSingleQuotes", "\nk: '${LINES}'\n",
                         "${LINES}: the value has more than one line; put double quotes around it"},
                    Case{"CommentInPlainText", "\nk: ${HASH}\n",
                         "${HASH}: the value holds ' #', which starts a comment; put double quotes around it"}),
    [](const testing::TestParamInfo<Case>& param) { return param.param.name; });

TEST(Environment, WarnsOfWhatOnlyLooksLikeAVariable) {
  const Expansion out = expanded("\nk: ${A-B}");
  ASSERT_EQ(out.warnings.size(), 1U);
  EXPECT_EQ(out.warnings[0].line, 2);
}

TEST(Environment, WarnsOfTheShellsWayToWriteADefault) { EXPECT_EQ(expanded("k: ${B:-x}").warnings.size(), 1U); }

TEST(Environment, LineNumbersHold) {
  const std::string yaml = "a: \"${LINES}\"\nb: ${LIST}\nc: ${B:x}\n";
  const std::string text = expanded(yaml).text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

TEST(ProcessEnvironment, TellsUnsetFromEmpty) {
  ASSERT_EQ(setenv("KP_TEST_EMPTY", "", 1), 0);
  EXPECT_EQ(process_environment()("KP_TEST_EMPTY"), "");
  EXPECT_EQ(process_environment()("KP_TEST_NO_SUCH"), std::nullopt);
}

/// Whatever a secret holds, in quotes it comes out of the file as it went in.
class Secret : public testing::TestWithParam<const char*> {};

TEST_P(Secret, SurvivesDoubleQuotes) {
  const Parsed out =
      parse("auth_swap: {enabled: false, upstream_credentials: [\"u=${S}\"]}", environment_of({{"S", GetParam()}}));
  ASSERT_TRUE(out.config.auth_swap);
  ASSERT_EQ(out.config.auth_swap->upstream_credentials.size(), 1U);
  EXPECT_EQ(out.config.auth_swap->upstream_credentials[0].secret, GetParam());
}

INSTANTIATE_TEST_SUITE_P(Environment, Secret,
                         testing::Values("\"", "\\", "\\\"", "'", "a\nb", "\r\n", "\t", " x ", "#", " # ", "${A}", "$",
                                         "{", "]", ": ", "- ", "=", "==", "\x01\x1f\x7f", "ü€😀", "\\x41", "null", "~",
                                         "%41", "a\\nb", "\xc2\x85", "\xe2\x80\xa8"));

}  // namespace
}  // namespace kp::config
