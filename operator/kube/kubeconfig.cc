#include "kube/kubeconfig.h"

#include <openssl/evp.h>
#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <filesystem>

#include "config/text_file.h"

namespace kp::kube {
namespace {

std::string trimmed(std::string text) {
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  return text;
}

std::string variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<std::string> from_base64(const std::string& text) {
  std::string packed;
  for (const char c : text)
    if (c != '\n' && c != '\r' && c != ' ') packed += c;
  std::string out(packed.size() / 4 * 3 + 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                      reinterpret_cast<const unsigned char*>(packed.data()), static_cast<int>(packed.size()));
  if (length < 0 || packed.size() % 4 != 0) return Error{Errc::Invalid, "is not base64"};
  std::size_t padding = 0;
  while (padding < 2 && padding < packed.size() && packed[packed.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(length) - padding);
  return out;
}

/// One kubeconfig. Paths in errors are those of the file: "users[1].user.token".
class Reader {
 public:
  Reader(std::string file, YAML::Node root) : file_(std::move(file)), root_(std::move(root)) {}

  Result<Access> read(const std::string& wanted) const {
    Result<std::string> name = wanted.empty() ? text(root_, "current-context") : wanted;
    if (!name) return std::move(name).error();
    if (name->empty()) return wrong("current-context", "is missing, and no context was named");
    Result<YAML::Node> context = entry("contexts", "context", *name);
    if (!context) return std::move(context).error();
    Access access;
    if (Status ok = read_context(*context, access); !ok) return std::move(ok).error().within("context " + *name);
    return access;
  }

 private:
  Error wrong(const std::string& field, const std::string& why) const {
    return {Errc::Invalid, file_ + ": " + field + " " + why};
  }

  /// Empty when absent.
  Result<std::string> text(const YAML::Node& node, const std::string& key) const {
    const YAML::Node found = node[key];
    if (!found || found.IsNull()) return std::string();
    if (!found.IsScalar()) return wrong(key, "must be a text");
    return found.Scalar();
  }

  Result<YAML::Node> entry(const std::string& list, const std::string& inner, const std::string& name) const {
    const YAML::Node all = root_[list];
    if (!all || !all.IsSequence()) return wrong(list, "is missing");
    for (const YAML::Node& each : all) {
      if (!each.IsMap() || !each["name"] || !each["name"].IsScalar() || each["name"].Scalar() != name) continue;
      const YAML::Node found = each[inner];
      if (!found || !found.IsMap()) return wrong(list + "[" + name + "]." + inner, "is missing");
      return found;
    }
    return wrong(list, "has no entry named " + name);
  }

  /// NAME-data (base64) or NAME (a path, seen from the file's folder); empty when neither is there.
  Result<std::string> data_or_file(const YAML::Node& node, const std::string& key) const {
    Result<std::string> inline_data = text(node, key + "-data");
    if (!inline_data) return inline_data;
    if (!inline_data->empty()) {
      Result<std::string> decoded = from_base64(*inline_data);
      if (!decoded) return wrong(key + "-data", decoded.error().message);
      return decoded;
    }
    Result<std::string> path = text(node, key);
    if (!path || path->empty()) return path;
    Result<std::string> content = config::read_text_file(beside(*path));
    if (!content) return std::move(content).error().within(file_ + ": " + key);
    return content;
  }

  std::string beside(const std::string& path) const {
    return (std::filesystem::path(file_).parent_path() / path).string();
  }

  Status read_context(const YAML::Node& context, Access& into) const {
    Result<std::string> cluster = text(context, "cluster");
    if (!cluster) return std::move(cluster).error();
    Result<std::string> user = text(context, "user");
    if (!user) return std::move(user).error();
    Result<std::string> space = text(context, "namespace");
    if (!space) return std::move(space).error();
    into.default_space = *space;
    if (Status ok = read_cluster(*cluster, into); !ok) return ok;
    return user->empty() ? Status(Done{}) : read_user(*user, into);
  }

  Status read_cluster(const std::string& name, Access& into) const {
    Result<YAML::Node> found = entry("clusters", "cluster", name);
    if (!found) return std::move(found).error();
    const YAML::Node cluster = *found;
    const std::string where = "clusters[" + name + "].cluster.";
    for (const auto& [key, to] : {std::pair{"server", &into.server}, {"tls-server-name", &into.server_name}}) {
      Result<std::string> value = text(cluster, key);
      if (!value) return std::move(value).error();
      *to = *value;
    }
    if (!into.server.starts_with("https://") && !into.server.starts_with("http://"))
      return wrong(where + "server", "must begin with https:// or http://");
    if (cluster["proxy-url"]) return Error{Errc::Unsupported, file_ + ": " + where + "proxy-url is not supported"};
    Result<std::string> ca = data_or_file(cluster, "certificate-authority");
    if (!ca) return std::move(ca).error();
    into.ca = *ca;
    Result<std::string> insecure = text(cluster, "insecure-skip-tls-verify");
    if (!insecure) return std::move(insecure).error();
    into.insecure = *insecure == "true";
    return Done{};
  }

  Status read_user(const std::string& name, Access& into) const {
    Result<YAML::Node> found = entry("users", "user", name);
    if (!found) return std::move(found).error();
    const YAML::Node user = *found;
    const std::string where = "users[" + name + "].user.";
    for (const char* key : {"exec", "auth-provider", "username"})
      if (user[key])
        return Error{Errc::Unsupported,
                     file_ + ": " + where + key + " is not supported: use a token or a client certificate"};
    for (const auto& [key, to] :
         {std::pair{"client-certificate", &into.client_cert}, {"client-key", &into.client_key}}) {
      Result<std::string> value = data_or_file(user, key);
      if (!value) return std::move(value).error();
      *to = *value;
    }
    if (into.client_cert.empty() != into.client_key.empty())
      return wrong(where + "client-certificate and client-key", "belong together: one of them is missing");
    Result<std::string> token = text(user, "token");
    if (!token) return std::move(token).error();
    into.token = *token;
    Result<std::string> token_file = text(user, "tokenFile");
    if (!token_file) return std::move(token_file).error();
    if (into.token.empty() && !token_file->empty()) into.token_file = beside(*token_file);
    return Done{};
  }

  std::string file_;
  YAML::Node root_;
};

}  // namespace

InCluster InCluster::from_environment() {
  InCluster pod;
  pod.host = variable("KUBERNETES_SERVICE_HOST");
  pod.port = variable("KUBERNETES_SERVICE_PORT");
  return pod;
}

Result<Access> in_cluster(const InCluster& pod) {
  if (!pod.present())
    return Error{Errc::NotFound, "KUBERNETES_SERVICE_HOST is not set: this is no pod; use --kubeconfig"};
  const std::string port = pod.port.empty() ? "443" : pod.port;
  Access access;
  // The client can't take an address of IPv6 for a host. Every cluster's certificate has this name too.
  const bool ipv6 = pod.host.find(':') != std::string::npos;
  access.server = "https://" + (ipv6 ? "kubernetes.default.svc" : pod.host) + ":" + port;
  access.token_file = pod.directory + "/token";
  Result<std::string> token = config::read_text_file(access.token_file);
  if (!token) return std::move(token).error();
  if (trimmed(*token).empty()) return Error{Errc::Invalid, access.token_file + ": is empty"};
  Result<std::string> ca = config::read_text_file(pod.directory + "/ca.crt");
  if (!ca) return std::move(ca).error();
  if (ca->find("-----BEGIN CERTIFICATE-----") == std::string::npos)
    return Error{Errc::Invalid, pod.directory + "/ca.crt: holds no certificate"};
  access.ca = *ca;
  Result<std::string> space = config::read_text_file(pod.directory + "/namespace");
  if (!space) return std::move(space).error();
  access.default_space = trimmed(*space);
  return access;
}

Result<Access> from_kubeconfig(const std::string& file, const std::string& context) {
  const Result<std::string> content = config::read_text_file(file);
  if (!content) return content.error();
  try {
    const YAML::Node root = YAML::Load(*content);
    if (!root.IsMap()) return Error{Errc::Invalid, file + ": is no kubeconfig"};
    return Reader(file, root).read(context);
  } catch (const YAML::Exception& error) {  // yaml-cpp tells what is no YAML only so
    return Error{Errc::Malformed, file + ": line " + std::to_string(error.mark.line + 1) + ": " + error.msg};
  }
}

}  // namespace kp::kube
