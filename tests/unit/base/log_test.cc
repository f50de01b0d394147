#include "base/log.h"

#include <gtest/gtest.h>

namespace kp::log {
namespace {

TEST(LogLine, TextIsTheEventAndItsKeys) {
  const std::string out = line(Format::Text, "client connected", {{"session", 7}, {"peer", HostPort{"::1", 9092}}});
  EXPECT_EQ(out, "client connected session=7 peer=[::1]:9092");
}

TEST(LogLine, TextQuotesWhatIsNotOneWord) {
  const std::string out = line(Format::Text, "closed", {{"why", "peer said no"}, {"user", ""}, {"pair", "a=b"}});
  EXPECT_EQ(out, "closed why=\"peer said no\" user=\"\" pair=\"a=b\"");
}

TEST(LogLine, TextKeepsAHostileValueOnItsLine) {
  const std::string out = line(Format::Text, "closed", {{"client", "a\nb\x1b[31m\"\\"}});
  EXPECT_EQ(out, R"(closed client="a\u000ab\u001b[31m\"\\")");
}

TEST(LogLine, TextKeepsAHostileEventOnItsLine) { EXPECT_EQ(line(Format::Text, "a\r\nb", {}), R"(a\u000d\u000ab)"); }

TEST(LogLine, JsonShowsNumbersBare) {
  const std::string out = line(Format::Json, "started", {{"port", 9092}, {"id", -1}, {"name", "9092"}});
  EXPECT_EQ(out, R"("event":"started","port":9092,"id":-1,"name":"9092")");
}

TEST(LogLine, JsonEscapesQuotesAndControls) {
  const std::string out = line(Format::Json, "a\"b", {{"k", "\\\n\x7f"}});
  EXPECT_EQ(out, R"("event":"a\"b","k":"\\\u000a\u007f")");
}

TEST(LogLine, JsonOfBytesThatAreNoTextIsAscii) {
  for (const char c : line(Format::Json, "x", {{"k", "\xff\xfe\x80"}})) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(LogLevel, DecidesWhatIsWritten) {
  configure(Level::Warn, Format::Text);
  const bool info_at_warn = enabled(Level::Info);
  const bool error_at_warn = enabled(Level::Error);
  configure(Level::Info, Format::Text);
  EXPECT_FALSE(info_at_warn);
  EXPECT_TRUE(error_at_warn);
}

}  // namespace
}  // namespace kp::log
