#include "config/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "config/digest.h"
#include "config/emit.h"

namespace kp::config {
namespace {

class Names {
 public:
  /// Files without a name are none.
  void add(std::string key, const std::string& path, bool secret = false) {
    if (!path.empty()) all_.push_back({std::move(key), path, secret});
  }
  std::vector<NamedFile> take() && { return std::move(all_); }

 private:
  std::vector<NamedFile> all_;
};

/// Where intermediates for `cert` are looked for: `bundle`, or the file of that name beside the certificate.
std::string bundle_for(const std::string& bundle, const std::string& cert) {
  std::error_code ignored;
  if (bundle.empty() || std::filesystem::exists(bundle, ignored)) return bundle;
  const std::string beside = (std::filesystem::path(cert).parent_path() / bundle).string();
  return std::filesystem::exists(beside, ignored) ? beside : bundle;
}

void add_upstream(Names& names, const std::string& block, const UpstreamTls& tls) {
  if (!tls.trust_server_certs)
    names.add(block + ".ca_certs", tls.ca_certs);
  else if (!tls.cert.empty())
    names.add(block + ".ca_certs", bundle_for(tls.ca_certs, tls.cert));
  if (tls.cert.empty()) return;
  names.add(block + ".cert", tls.cert);
  names.add(block + ".key", tls.key, true);
}

void add_downstream(Names& names, const std::string& block, const DownstreamTls& tls) {
  names.add(block + ".cert", tls.cert);
  names.add(block + ".key", tls.key, true);
  // Without mTLS it serves only to complete the chain of a lone certificate.
  names.add(block + ".ca_certs", tls.mtls_enabled ? tls.ca_certs : bundle_for(tls.ca_certs, tls.cert));
  if (tls.mtls_enabled) names.add(block + ".crl", tls.crl);
}

bool takes_basic(const Config& config) {
  return config.http_produce && std::ranges::count(config.http_produce->http.logins, HttpLogin::Basic) > 0;
}

void add_http_produce(Names& names, const HttpProduce& gateway) {
  if (gateway.http.tls) add_downstream(names, "http_produce.http.tls", *gateway.http.tls);
  names.add("http_produce.http.bearer_tokens_file", gateway.http.bearer_tokens_file, true);
  if (gateway.kafka.tls) add_upstream(names, "http_produce.kafka.tls", *gateway.kafka.tls);
}

void add_credentials(Names& names, const Config& config) {
  if (!config.auth_swap || !config.auth_swap->enabled) return;
  if (uses_sasl(config.downstream.security_protocol) || takes_basic(config))
    names.add("auth_swap.downstream_credentials_file", config.auth_swap->downstream_credentials_file, true);
  if (config.upstream && uses_sasl(config.upstream->security_protocol) && config.upstream->sasl_mechanism)
    names.add("auth_swap.upstream_credentials_file", config.auth_swap->upstream_credentials_file, true);
}

class Descriptor {
 public:
  /// Non-blocking, so that a pipe without a writer is no trap.
  explicit Descriptor(const std::string& path) : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

Result<std::string> read_whole(const std::string& path) {
  const auto failed = [&] {
    return Error{errno == ENOENT || errno == ENOTDIR ? Errc::NotFound : Errc::Io, path + ": " + std::strerror(errno)};
  };
  const Descriptor file(path);
  struct stat about{};
  if (file.number() < 0 || ::fstat(file.number(), &about) != 0) return failed();
  if (!S_ISREG(about.st_mode)) return Error{Errc::Invalid, path + ": is no regular file"};
  std::string content;
  for (;;) {
    const std::size_t before = content.size();
    content.resize(before + 65536);
    const ssize_t n = ::read(file.number(), content.data() + before, 65536);
    content.resize(before + static_cast<std::size_t>(n > 0 ? n : 0));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed();
    if (n == 0) return content;
    if (content.size() > max_named_file_bytes) return Error{Errc::Invalid, path + ": the file is larger than 8 MiB"};
  }
}

}  // namespace

std::vector<NamedFile> named_files(const Config& config) {
  Names names;
  if (config.upstream && uses_tls(config.upstream->security_protocol))
    add_upstream(names, "upstream.tls", config.upstream->tls);
  if (uses_tls(config.downstream.security_protocol)) add_downstream(names, "downstream.tls", config.downstream.tls);
  add_credentials(names, config);
  if (config.http_produce) add_http_produce(names, *config.http_produce);
  return std::move(names).take();
}

std::vector<FileContent> read_files(const Config& config) {
  std::vector<FileContent> all;
  for (NamedFile& file : named_files(config)) {
    FileContent& entry = all.emplace_back();
    Result<std::string> content = read_whole(file.path);
    entry.file = std::move(file);
    if (content)
      entry.content = std::move(*content);
    else
      entry.error = std::move(content).error();
  }
  return all;
}

std::string fingerprint(const Config& config, const std::vector<FileContent>& files) {
  std::string all = emit(config, Secrets::Show);
  for (const FileContent& each : files) {
    // Neither holds a zero byte, and what follows has always one length.
    all += each.file.key + '\0' + each.file.path + '\0' + (each.error ? 'e' : 'c');
    all += sha256(each.error ? each.error->message : each.content);
  }
  return sha256(all);
}

std::string digest(const FileContent& file) {
  if (file.error) return file.missing() ? "missing" : "unreadable";
  return file.file.secret ? slow_digest(file.content) : sha256(file.content);
}

std::vector<FileDigest> digests(const std::vector<FileContent>& files) {
  std::vector<FileDigest> all;
  for (const FileContent& each : files) all.push_back({each.file.key, each.file.path, digest(each)});
  return all;
}

}  // namespace kp::config
