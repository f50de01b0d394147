#include "net/sniff.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kp::net {
namespace {

constexpr std::uint32_t usual_limit = 104857600;

struct Case {
  std::string what;  ///< alphanumeric
  std::string first;
  Spoke spoke;
  std::uint32_t limit = usual_limit;
};

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"ApiVersionsRequest", std::string("\0\0\0\x11\0\x12\0\x03", 8), Spoke::Kafka},
      {"LargestFrame", std::string("\x06\x40\0\0", 4), Spoke::Kafka},
      {"TlsHello", std::string("\x16\x03\x01\x02\0\x01", 6), Spoke::TlsHello},
      {"TlsAlert", std::string("\x15\x03\x03\0\x02\x02\x46", 7), Spoke::TlsAlert},
      {"Get", "GET / HTTP/1.1\r\n", Spoke::Http},
      {"Post", "POST /topics HTTP/1.1\r\n", Spoke::Http},
      {"Put", "PUT / HTTP/1.1\r\n", Spoke::Http},
      {"Head", "HEAD / HTTP/1.0\r\n", Spoke::Http},
      {"Delete", "DELETE / HTTP/1.1\r\n", Spoke::Http},
      {"Patch", "PATCH / HTTP/1.1\r\n", Spoke::Http},
      {"Options", "OPTIONS * HTTP/1.1\r\n", Spoke::Http},
      {"Connect", "CONNECT kafka:9092 HTTP/1.1\r\n", Spoke::Http},
      {"Trace", "TRACE / HTTP/1.1\r\n", Spoke::Http},
      {"Http2", "PRI * HTTP/2.0\r\n", Spoke::Http},
      {"TlsHelloUnderALargerLimit", std::string("\x16\x03\x01\x02\0\x01", 6), Spoke::TlsHello, 0x7fffffff},
      {"GetUnderALargerLimit", "GET / HTTP/1.1\r\n", Spoke::Http, 0x7fffffff},
  };
  return all;
}

class EveryPrefix : public ::testing::TestWithParam<Case> {};

TEST_P(EveryPrefix, TellsTheSame) {
  const Bytes all = bytes_of(GetParam().first);
  for (std::size_t length = 1; length <= all.size(); ++length)
    EXPECT_EQ(recognise(BytesView(all).first(length), GetParam().limit), GetParam().spoke) << length << " bytes";
}

INSTANTIATE_TEST_SUITE_P(Sniff, EveryPrefix, ::testing::ValuesIn(cases()),
                         [](const auto& parameter) { return parameter.param.what; });

struct Whole {
  std::string what;
  Bytes first;
  std::uint32_t limit;
  Spoke spoke;
};

class FirstBytes : public ::testing::TestWithParam<Whole> {};

TEST_P(FirstBytes, AreRecognised) { EXPECT_EQ(recognise(GetParam().first, GetParam().limit), GetParam().spoke); }

INSTANTIATE_TEST_SUITE_P(
    Sniff, FirstBytes,
    ::testing::Values(Whole{"AnHttpAnswer", bytes_of("HTTP/1.1 400"), usual_limit, Spoke::Http},
                      Whole{"SshGreeting", bytes_of("SSH-2.0-OpenSSH"), usual_limit, Spoke::Unknown},
                      Whole{"NegativeSize", {0xff, 0xff, 0xff, 0xff}, usual_limit, Spoke::Unknown},
                      Whole{"NegativeSizeUnderTheLargestLimit", {0x80, 0, 0, 0}, 0x7fffffff, Spoke::Unknown},
                      Whole{"OneByteAboveTheLimit", {6, 0x40, 0, 1}, usual_limit, Spoke::Unknown},
                      Whole{"FirstByteAboveTheLimit", {7}, usual_limit, Spoke::Unknown},
                      Whole{"FirstByteOfTheLimit", {6}, usual_limit, Spoke::Kafka},
                      Whole{"Size370MibUnderALargerLimit", {0x16, 0x40, 0, 0}, 0x20000000, Spoke::Kafka},
                      Whole{"Size340MibUnderALargerLimit", {0x15, 0x40, 0, 0}, 0x20000000, Spoke::Kafka},
                      Whole{"SizeLikeATlsRecord", {0x16, 0x40, 0, 0}, usual_limit, Spoke::Unknown},
                      Whole{"ZeroSize", {0, 0, 0, 0}, usual_limit, Spoke::Kafka}),
    [](const auto& parameter) { return parameter.param.what; });

TEST(Sniff, NothingIsUnknown) { EXPECT_EQ(recognise({}, usual_limit), Spoke::Unknown); }

TEST(Sniff, EachProtocolHasALabel) {
  const std::vector<std::string_view> labels{name(Spoke::Kafka), name(Spoke::TlsHello), name(Spoke::TlsAlert),
                                             name(Spoke::Http), name(Spoke::Unknown)};
  EXPECT_EQ(labels, (std::vector<std::string_view>{"kafka", "tls", "tls_alert", "http", "unknown"}));
}

}  // namespace
}  // namespace kp::net
