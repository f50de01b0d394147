#include "net/peer_certificate.h"

#include <openssl/asn1.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace kp::net {
namespace {

std::string hex(BytesView bytes, std::string_view digits, std::string_view between = "") {
  std::string text;
  for (const std::uint8_t byte : bytes) {
    if (!text.empty()) text += between;
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

constexpr std::string_view lower_digits = "0123456789abcdef";
constexpr std::string_view upper_digits = "0123456789ABCDEF";

/// The keywords that Java has for RFC 2253; everything else is an OID in dots.
std::string keyword(const ASN1_OBJECT* type) {
  switch (OBJ_obj2nid(type)) {
    case NID_commonName:
      return "CN";
    case NID_countryName:
      return "C";
    case NID_localityName:
      return "L";
    case NID_stateOrProvinceName:
      return "ST";
    case NID_organizationName:
      return "O";
    case NID_organizationalUnitName:
      return "OU";
    case NID_streetAddress:
      return "STREET";
    case NID_domainComponent:
      return "DC";
    case NID_userId:
      return "UID";
    default:
      break;
  }
  std::array<char, 128> dotted{};
  const int size = OBJ_obj2txt(dotted.data(), static_cast<int>(dotted.size()), type, 1);
  if (size > 0 && static_cast<std::size_t>(size) < dotted.size()) return dotted.data();
  std::string whole(static_cast<std::size_t>(size > 0 ? size : 0) + 1, '\0');
  OBJ_obj2txt(whole.data(), static_cast<int>(whole.size()), type, 1);
  whole.pop_back();
  return whole;
}

/// The text of a value, for the types that Java takes for text.
std::optional<std::string> text_of(const ASN1_STRING* value) {
  switch (ASN1_STRING_type(value)) {
    case V_ASN1_PRINTABLESTRING:
    case V_ASN1_T61STRING:
    case V_ASN1_IA5STRING:
    case V_ASN1_GENERALSTRING:
    case V_ASN1_BMPSTRING:
    case V_ASN1_UTF8STRING:
      break;
    default:
      return std::nullopt;
  }
  unsigned char* converted = nullptr;
  const int size = ASN1_STRING_to_UTF8(&converted, value);
  if (size < 0) return std::nullopt;
  std::string text(reinterpret_cast<const char*>(converted), static_cast<std::size_t>(size));
  OPENSSL_free(converted);
  return text;
}

/// "#" and the DER encoding.
std::string encoded(const ASN1_STRING* value) {
  ASN1_TYPE* const any = ASN1_TYPE_new();
  unsigned char* der = nullptr;
  int size = -1;
  if (any != nullptr && ASN1_TYPE_set1(any, ASN1_STRING_type(value), value) == 1) size = i2d_ASN1_TYPE(any, &der);
  std::string text = "#";
  if (size > 0) text += hex(BytesView(der, static_cast<std::size_t>(size)), lower_digits);
  OPENSSL_free(der);
  ASN1_TYPE_free(any);
  return text;
}

std::string escaped(std::string_view text) {
  std::string out;
  const std::size_t begin = std::min(text.find_first_not_of(" \r"), text.size());
  const std::size_t last = text.find_last_not_of(" \r");
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool at_an_end = i < begin || last == text.npos || i > last;
    if (text[i] == '\0') {
      out += "\\00";
      continue;
    }
    if (at_an_end || std::string_view(",=+<>#;\"\\").find(text[i]) != std::string_view::npos) out += '\\';
    out += text[i];
  }
  return out;
}

std::string common_name(const X509_NAME* name) {
  for (int i = X509_NAME_entry_count(name) - 1; i >= 0; --i) {
    const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name, i);
    if (OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) == NID_commonName)
      return text_of(X509_NAME_ENTRY_get_data(entry)).value_or("");
  }
  return {};
}

std::string serial_of(const X509* certificate) {
  const ASN1_INTEGER* const number = X509_get0_serialNumber(certificate);
  return hex(BytesView(ASN1_STRING_get0_data(number), static_cast<std::size_t>(ASN1_STRING_length(number))),
             lower_digits);
}

std::string fingerprint_of(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (X509_digest(certificate, EVP_sha256(), digest.data(), &size) != 1) return {};
  return hex(BytesView(digest).first(size), upper_digits, ":");
}

}  // namespace

std::string rfc2253(const X509_name_st* name) {
  std::string out;
  for (int end = X509_NAME_entry_count(name); end > 0;) {
    int begin = end - 1;  // entries of one RDN stand in their own order
    const int set = X509_NAME_ENTRY_set(X509_NAME_get_entry(name, begin));
    while (begin > 0 && X509_NAME_ENTRY_set(X509_NAME_get_entry(name, begin - 1)) == set) --begin;
    if (!out.empty()) out += ',';
    for (int i = begin; i < end; ++i) {
      const X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name, i);
      const std::string type = keyword(X509_NAME_ENTRY_get_object(entry));
      const ASN1_STRING* const value = X509_NAME_ENTRY_get_data(entry);
      const bool known = type.front() < '0' || type.front() > '9';
      const std::optional<std::string> text = known ? text_of(value) : std::nullopt;
      if (i > begin) out += '+';
      out += type + '=' + (text ? escaped(*text) : encoded(value));
    }
    end = begin;
  }
  return out;
}

std::string printable(std::string name) {
  constexpr std::size_t longest = 200;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(name[i]); };
  if (name.size() > longest) {
    std::size_t end = longest;
    while (end > 0 && (byte(end) & 0xc0) == 0x80) --end;  // not inside a character
    name.replace(end, std::string::npos, "...");
  }
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (byte(i) < 0x20 || byte(i) == 0x7f) name[i] = '?';
    const bool control = byte(i) == 0xc2 && i + 1 < name.size() && byte(i + 1) < 0xa0;  // U+0080 to U+009F
    if (control) name.replace(i, 2, "?");
  }
  return name;
}

PeerCertificate describe(const x509_st* certificate) {
  PeerCertificate found;
  const X509_NAME* const name = X509_get_subject_name(certificate);
  found.subject = rfc2253(name);
  found.common_name = common_name(name);
  std::tm ends{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &ends) == 1)
    found.not_after = std::chrono::system_clock::from_time_t(timegm(&ends));
  found.serial = serial_of(certificate);
  found.fingerprint = fingerprint_of(certificate);
  return found;
}

}  // namespace kp::net
