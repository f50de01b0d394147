#include "certs/fetch.h"

#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <ctime>

#include "certs/new_files.h"
#include "certs/peer_chain.h"
#include "net/peer_certificate.h"

namespace kp::certs {
namespace {

bool self_signed(X509* certificate) { return (X509_get_extension_flags(certificate) & EXFLAG_SS) != 0; }

/// Up from the server's own, as far as the server sent it; some send more, or in another order.
X509* topmost(const PeerChain& chain) {
  X509* top = chain.sent.front().get();
  for (std::size_t step = 0; step < chain.sent.size() && !self_signed(top); ++step)
    for (const net::Certificate& one : chain.sent)
      if (one.get() != top && X509_check_issued(one.get(), top) == X509_V_OK) {
        top = one.get();
        break;
      }
  return top;
}

std::string subject(X509* certificate) { return net::printable(net::rfc2253(X509_get_subject_name(certificate))); }
std::string issuer(X509* certificate) { return net::printable(net::rfc2253(X509_get_issuer_name(certificate))); }

std::string day(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return "?";
  return fmt::format("{:04}-{:02}-{:02}", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday);
}
std::string begin(X509* certificate) { return day(X509_get0_notBefore(certificate)); }
std::string end(X509* certificate) { return day(X509_get0_notAfter(certificate)); }

std::string list(const FetchOptions& options, const PeerChain& chain) {
  std::string text = fmt::format("{} sent {} certificate{}:\n", to_string(options.server), chain.sent.size(),
                                 chain.sent.size() == 1 ? "" : "s");
  for (std::size_t i = 0; i < chain.sent.size(); ++i) {
    X509* const one = chain.sent[i].get();
    text += fmt::format("  {}  {}, {}, until {}\n", i + 1, subject(one),
                        self_signed(one) ? "self-signed" : "signed by " + issuer(one), end(one));
  }
  if (!chain.right_name)
    text +=
        fmt::format("The first is not for the name {}: clients that verify it will refuse it.\n", options.server.host);
  text += chain.trusted ? "The system's roots trust this chain: the proxy does without ca_certs.\n"
                        : "The system's roots do not trust this chain.\n";
  return text;
}

std::string in_words(const FetchOptions& options, X509* saved) {
  std::string text = fmt::format(R"(Saved as {}:
  subject  {}
  issuer   {}
  valid    {} to {}
  SHA-256  {}
Nothing has verified it yet: compare the SHA-256 fingerprint with what whoever runs the server says.
)",
                                 options.out, subject(saved), issuer(saved), begin(saved), end(saved),
                                 net::describe(saved).fingerprint);
  if (X509_cmp_current_time(X509_get0_notAfter(saved)) < 0) text += "It has expired.\n";
  if (!self_signed(saved))
    text +=
        "It is no root: the server did not send that. The proxy trusts by it all the same; the openssl command does "
        "with "
        "-partial_chain.\n";
  text += fmt::format("In the configuration:\n  upstream:\n    tls:\n      ca_certs: {}\n", options.out);
  return text;
}

Result<std::string> pem(X509* certificate) {
  BIO* const memory = BIO_new(BIO_s_mem());
  std::string out;
  if (memory != nullptr && PEM_write_bio_X509(memory, certificate) == 1) {
    char* text = nullptr;
    const long size = BIO_get_mem_data(memory, &text);
    out.assign(text, static_cast<std::size_t>(size));
  }
  BIO_free(memory);
  if (out.empty()) return Error{Errc::Internal, "the certificate can't be written as PEM"};
  return out;
}

}  // namespace

Result<std::string> fetch_ca(const FetchOptions& options) {
  const auto there = [&] { return Error{Errc::Conflict, options.out + ": already there, so nothing was written"}; };
  if (taken(options.out)) return there();
  const Result<PeerChain> chain = peer_chain(options.server, options.deadline);
  if (!chain) return Error(chain.error()).within(to_string(options.server));

  X509* const top = topmost(*chain);
  const bool leaf_only = top == chain->sent.front().get() && !self_signed(top);
  if (leaf_only && !options.leaf)
    return Error{Errc::NotFound, list(options, *chain) +
                                     "The server did not send the certificate of its authority, so nothing was saved. "
                                     "Ask whoever runs it for that one, or add --leaf to trust in this certificate "
                                     "alone, until it is renewed."};
  const Result<std::string> text = pem(top);
  if (!text) return text.error();
  NewFiles file;
  if (Status ok = file.add(options.out, *text, Readable::ByAll); !ok)
    return ok.error().code == Errc::Conflict ? there() : std::move(ok).error();
  file.keep();
  return list(options, *chain) + in_words(options, top);
}

}  // namespace kp::certs
