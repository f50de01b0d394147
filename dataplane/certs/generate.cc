#include "certs/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "certs/authority.h"
#include "certs/new_files.h"

namespace kp::certs {
namespace {

constexpr std::size_t longest_common_name = 64;
constexpr std::size_t longest_dns_name = 253;

bool is_alphanumeric(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_label(std::string_view label) {
  constexpr std::size_t longest = 63;
  return !label.empty() && label.size() <= longest && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return is_alphanumeric(c) || c == '-'; });
}

/// What is wrong with it; empty: nothing.
std::string fault_of_suffix(std::string_view suffix) {
  if (suffix.empty()) return "is missing";
  if (suffix.starts_with("*.") || suffix.starts_with('.'))
    return fmt::format("give the part behind the dot: {}", suffix.substr(suffix.find('.') + 1));
  if (suffix.size() + 2 > longest_dns_name) return "is too long for a DNS name";
  std::string_view last;
  for (std::string_view rest = suffix;;) {
    const std::size_t dot = rest.find('.');
    last = rest.substr(0, dot);
    if (!is_label(last)) return "is not a DNS name";
    if (dot == rest.npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (last.find_first_not_of("0123456789") == last.npos) return "is an address: TLS server names are DNS names";
  return {};
}

/// A client's name becomes a file's.
bool is_client_name(std::string_view name) {
  return !name.empty() && name.size() <= longest_common_name && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return is_alphanumeric(c) || std::string_view("._-@").find(c) != std::string_view::npos;
         });
}

/// Name of the certificate's file without ".pem", in the order in which they are made.
std::vector<std::string> stems(const GenerateOptions& options) {
  std::vector<std::string> all{"ca", "server"};
  all.insert(all.end(), options.clients.begin(), options.clients.end());
  return all;
}

std::string path_of(const GenerateOptions& options, const std::string& file) {
  return options.directory == "." ? file : (std::filesystem::path(options.directory) / file).string();
}
std::string certificate_file(const GenerateOptions& options, const std::string& stem) {
  return path_of(options, stem + ".pem");
}
std::string key_file(const GenerateOptions& options, const std::string& stem) {
  return path_of(options, stem + "_key.pem");
}

Status check(const GenerateOptions& options) {
  const auto invalid = [](std::string text) { return Error{Errc::Invalid, std::move(text)}; };
  if (const std::string fault = fault_of_suffix(options.sni_suffix); !fault.empty())
    return invalid(fmt::format("--sni-suffix: '{}': {}", options.sni_suffix, fault));
  if (options.days < 1 || options.days > authority_days)
    return invalid(fmt::format("--days: {}: must be from 1 to {}", options.days, authority_days));
  for (const std::string& name : options.clients)
    if (!is_client_name(name))
      return invalid(fmt::format("--clients: '{}': must be 1 to {} letters, digits, '.', '_', '-' or '@'", name,
                                 longest_common_name));
  std::set<std::string> files;
  std::string there;
  for (const std::string& stem : stems(options)) {
    for (const std::string& file : {certificate_file(options, stem), key_file(options, stem)}) {
      if (!files.insert(file).second) return invalid(fmt::format("--clients: '{}': {} is made already", stem, file));
      if (taken(file)) there += (there.empty() ? "" : ", ") + file;
    }
  }
  if (!there.empty()) return Error{Errc::Conflict, "already there, so nothing was written: " + there};
  return Done{};
}

Result<std::vector<Pair>> make_all(const GenerateOptions& options) {
  const Result<Authority> authority = Authority::make(options.algorithm, authority_days);
  if (!authority) return authority.error();
  Result<Pair> self = authority->pair();
  if (!self) return std::move(self).error();
  std::vector<Pair> all{std::move(*self)};

  const std::string& suffix = options.sni_suffix;
  std::vector<Request> requests{{.common_name = suffix.size() <= longest_common_name ? suffix : "kafkaproxy",
                                 .alternative_names = fmt::format("DNS:*.{0},DNS:{0}", suffix),
                                 .use = Use::Server,
                                 .days = options.days}};
  for (const std::string& name : options.clients)
    requests.push_back({.common_name = name, .alternative_names = "", .use = Use::Client, .days = options.days});
  for (const Request& request : requests) {
    Result<Pair> made = authority->issue(request);
    if (!made) return std::move(made).error();
    all.push_back(std::move(*made));
  }
  return all;
}

std::string in_words(const GenerateOptions& options) {
  const std::string ca = certificate_file(options, "ca");
  std::string text = fmt::format("{:<28}the authority, for 20 years\n", ca);
  text += fmt::format("{:<28}its key: makes more certificates; keep it apart, the proxy does not need it\n",
                      key_file(options, "ca"));
  text += fmt::format("{0:<28}*.{1} and {1}, for {2} days, key in {3}\n", certificate_file(options, "server"),
                      options.sni_suffix, options.days, key_file(options, "server"));
  for (const std::string& name : options.clients)
    text += fmt::format("{:<28}CN={}, for {} days, key in {}\n", certificate_file(options, name), name, options.days,
                        key_file(options, name));
  text += fmt::format(R"(
In the configuration (mtls_enabled and ca_certs: only when clients shall come with a certificate):
  downstream:
    security_protocol: SSL
    tls:
      cert: {}
      key: {}
      mtls_enabled: true
      ca_certs: {}
Clients trust {} (Java: ssl.truststore.type=PEM, ssl.truststore.location={}).
)",
                      certificate_file(options, "server"), key_file(options, "server"), ca, ca, ca);
  if (options.sni_suffix.find('.') == std::string::npos)
    text += fmt::format("Many clients refuse a wildcard that stands for a whole top-level domain: *.{}\n",
                        options.sni_suffix);
  return text;
}

}  // namespace

Result<std::string> generate(const GenerateOptions& options) {
  if (Status ok = check(options); !ok) return std::move(ok).error();
  const Result<std::vector<Pair>> made = make_all(options);
  if (!made) return made.error();

  std::error_code failed;
  std::filesystem::create_directories(options.directory, failed);
  if (failed) return Error{Errc::Io, options.directory + ": " + failed.message()};
  NewFiles files;
  const std::vector<std::string> names = stems(options);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Pair& pair = made->at(i);
    if (Status ok = files.add(certificate_file(options, names[i]), pair.certificate, Readable::ByAll); !ok)
      return std::move(ok).error();
    if (Status ok = files.add(key_file(options, names[i]), pair.key, Readable::ByOwner); !ok)
      return std::move(ok).error();
  }
  files.keep();
  return in_words(options);
}

}  // namespace kp::certs
