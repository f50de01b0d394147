#include "net/peer_certificate.h"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace kp::net {
namespace {

struct FreeName {
  void operator()(X509_NAME* name) const { X509_NAME_free(name); }
};

std::string shown(const std::string& hex) {
  std::vector<unsigned char> der;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    der.push_back(static_cast<unsigned char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  const unsigned char* at = der.data();
  const std::unique_ptr<X509_NAME, FreeName> name(d2i_X509_NAME(nullptr, &at, static_cast<long>(der.size())));
  return name ? rfc2253(name.get()) : "not a name";
}

struct Named {
  const char* what;
  const char* der;  ///< the name, hexadecimal
  const char* java;
};
void PrintTo(const Named& named, std::ostream* out) { *out << named.what; }

// The texts are the output of new X500Principal(der).getName() in Java 25. Java 17 has the same, but for TeletexString
// and BMPString, which it reads as UTF-8.
constexpr Named named[] = {
    {"OrderIsReversed",
     "3063310b3009060355040613024445310f300d06035504080c064265726c696e310f300d06035504070c064265726c696e3110300e0603550"
     "40a0c074578616d706c65310e300c060355040b0c054b61666b613110300e06035504030c07636c69656e7431",
     "CN=client1,OU=Kafka,O=Example,L=Berlin,ST=Berlin,C=DE"},
    {"KeywordsThatJavaHas",
     "306231133011060a0992268993f22c6401191603636f6d31173015060a0992268993f22c64011916076578616d706c6531123010060a09922"
     "68993f22c6401010c0275313112301006035504090c094d61696e2053742031310a300806035504030c0161",
     "CN=a,STREET=Main St 1,UID=u1,DC=example,DC=com"},
    {"SpecialCharacters",
     "303931273025060355040a0c1e446f652c20496e632e202b2022536f6e7322203c783e3b793d7a5c772376310e300c06035504030c05236c6"
     "56164",
     "CN=\\#lead,O=Doe\\, Inc. \\+ \\\"Sons\\\" \\<x\\>\\;y\\=z\\\\w\\#v"},
    {"SpacesAtTheEnds", "30193117301506035504030c0e202074776f207370616365732020", "CN=\\ \\ two spaces\\ \\ "},
    {"OnlyASpace", "300c310a300806035504030c0120", "CN=\\ "},
    {"EmptyValue", "300b3109300706035504030c00", "CN="},
    {"EmailAddressAsHex", "30283110300e06035504030c07636c69656e74313114301206092a864886f70d01090116056140622e63",
     "1.2.840.113549.1.9.1=#16056140622e63,CN=client1"},
    {"OtherAttributesAsHex",
     "30653110300e06035504030c07636c69656e7431310c300a06035504040c03446f65310b3009060355040513023432310b3009060355040c0"
     "c024472310a3008060355042e1301713110300e06092b06010401868d1f010c0178310b3009060355042a0c024a6f",
     "2.5.4.42=#0c024a6f,1.3.6.1.4.1.99999.1=#0c0178,2.5.4.46=#130171,2.5.4.12=#0c024472,2.5.4.5=#13023432,2.5.4.4=#"
     "0c03446f65,CN=client1"},
    {"SetOfTwo", "3026310e300c060355040a0c054d756c746931143008060355040b0c0162300806035504030c0161",
     "OU=b+CN=a,O=Multi"},
    {"SetOfThree",
     "3037310e300c060355040a0c054d756c74693125300806035504030c01613008060355040b0c0162300f060a0992268993f22c6401010c013"
     "7",
     "CN=a+OU=b+UID=7,O=Multi"},
    {"Unicode", "301e311c301a06035504030c134dc3bc6c6c657220e4bda0e5a5bd20f09f9880", "CN=Müller 你好 😀"},
    {"Teletex", "3011310f300d060355040314064dfc6c6c6572", "CN=Müller"},
    {"Bmp", "30173115301306035504031e0c004d00fc006c006c00650072", "CN=Müller"},
    {"Universal", "30233121301f06035504031c180000004d000000fc0000006c0000006c0000006500000072",
     "CN=#1c180000004d000000fc0000006c0000006c0000006500000072"},
    {"ZeroByte", "300e310c300a06035504030c03610062", "CN=a\\00b"},
    {"CarriageReturn", "300d310b300906035504030c02610d", "CN=a\\\r"},
    {"LineFeed", "30183116301406035504030c0d6c696e650a6665656409746162", "CN=line\nfeed\ttab"},
    {"NumericString", "300d310b3009060355040312023132", "CN=#12023132"},
    {"TwoCommonNames", "302d310e300c06035504030c056669727374310a3008060355040a0c0178310f300d06035504030c067365636f6e64",
     "CN=second,O=x,CN=first"},
    {"SpaceAndComma", "3011310f300d06035504030c0620612c206220", "CN=\\ a\\, b\\ "},
    {"NoName", "3000", ""},
};

class Rfc2253 : public testing::TestWithParam<Named> {};

TEST_P(Rfc2253, IsWhatJavaWrites) { EXPECT_EQ(shown(GetParam().der), GetParam().java); }

INSTANTIATE_TEST_SUITE_P(Names, Rfc2253, testing::ValuesIn(named), [](const auto& each) { return each.param.what; });

// Java shows U+FFFD there, so that two names may become one; OpenSSL takes it for no certificate at all.
TEST(Rfc2253Name, TextThatIsNoUtf8IsNoName) {
  EXPECT_EQ(shown("3011310f300d06035504030c064dfc6c6c6572"), "not a name");
}

TEST(Rfc2253Name, ALongValueIsShownWhole) {
  std::string hex;
  for (int i = 0; i < 130; ++i) hex += "79";
  const std::string whole =
      "308196318193308190"
      "06092a864886f70d010901"
      "168182" +
      hex;
  EXPECT_EQ(shown(whole), "1.2.840.113549.1.9.1=#168182" + hex);
}

}  // namespace
}  // namespace kp::net
