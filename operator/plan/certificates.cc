#include "plan/certificates.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "config/values.h"

namespace kp::plan {
namespace {

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::unique_ptr<BIO, Free> open(std::string_view pem) {
  ERR_clear_error();
  return std::unique_ptr<BIO, Free>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

/// OpenSSL's own callback would ask on the terminal.
int no_password(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

api::Time time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return api::Time(std::chrono::seconds(timegm(&parts)));
}

std::string text_of(const ASN1_OCTET_STRING* address) {
  const unsigned char* const bytes = ASN1_STRING_get0_data(address);
  std::string out;
  if (ASN1_STRING_length(address) == 4) {
    for (int i = 0; i < 4; ++i) out += (i == 0 ? "" : ".") + std::to_string(bytes[i]);
    return out;
  }
  constexpr std::string_view hex = "0123456789abcdef";
  for (int i = 0; i < ASN1_STRING_length(address); ++i) {
    if (i != 0 && i % 2 == 0) out += ':';
    out += hex[bytes[i] >> 4];
    out += hex[bytes[i] & 15];
  }
  return out;
}

}  // namespace

Result<Leaf> Leaf::read(std::string_view pem) {
  const auto in = open(pem);
  bool asked = false;
  net::Certificate first(PEM_read_bio_X509(in.get(), nullptr, no_password, &asked));
  if (!first) return Error{Errc::Invalid, "holds no PEM certificate"};
  while (net::Certificate next{PEM_read_bio_X509(in.get(), nullptr, no_password, &asked)}) {
  }
  const unsigned long end = ERR_peek_last_error();
  ERR_clear_error();
  if (ERR_GET_LIB(end) != ERR_LIB_PEM || ERR_GET_REASON(end) != PEM_R_NO_START_LINE)
    return Error{Errc::Invalid, "holds a certificate that can't be read, behind one that can"};
  return Leaf(std::move(first));
}

api::Time Leaf::not_before() const { return time_of(X509_get0_notBefore(certificate_.get())); }
api::Time Leaf::not_after() const { return time_of(X509_get0_notAfter(certificate_.get())); }

std::vector<std::string> Leaf::names() const {
  std::vector<std::string> out;
  const std::unique_ptr<GENERAL_NAMES, Free> all(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate_.get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(all.get(), i);
    if (name->type == GEN_DNS) {
      const auto* const text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
      out.emplace_back(text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      out.push_back(text_of(name->d.iPAddress));
    }
  }
  return out;
}

bool Leaf::covers(const std::string& host) const {
  if (config::is_ipv4(host) || config::is_ipv6(host))
    return X509_check_ip_asc(certificate_.get(), host.c_str(), 0) == 1;
  return X509_check_host(certificate_.get(), host.data(), host.size(), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) ==
         1;
}

bool Leaf::signed_by(const Leaf& authority) const {
  const bool is = X509_verify(certificate_.get(), X509_get0_pubkey(authority.certificate_.get())) == 1;
  ERR_clear_error();
  return is;
}

Status Leaf::fits(std::string_view key_pem) const {
  const auto in = open(key_pem);
  bool asked = false;
  const net::PrivateKey key(PEM_read_bio_PrivateKey(in.get(), nullptr, no_password, &asked));
  const bool fit = key && X509_check_private_key(certificate_.get(), key.get()) == 1;
  ERR_clear_error();
  if (fit) return Done{};
  if (asked) return Error{Errc::Invalid, "holds an encrypted private key; write it without a password"};
  return Error{Errc::Invalid, key ? "holds the key of another certificate" : "holds no PEM private key"};
}

Status is_revocation_list(std::string_view pem) {
  const auto in = open(pem);
  bool asked = false;
  const net::RevocationList list(PEM_read_bio_X509_CRL(in.get(), nullptr, no_password, &asked));
  ERR_clear_error();
  if (list) return Done{};
  return Error{Errc::Invalid, "holds no PEM revocation list"};
}

}  // namespace kp::plan
