#include "plan/secret_reader.h"

#include <algorithm>

#include "api/conditions.h"
#include "config/credentials.h"

namespace kp::plan {

const SecretData* SecretReader::secret(const std::string& path, const api::SecretRef& ref) {
  const auto found = inputs_.secrets.find(ref.name);
  if (found != inputs_.secrets.end() && !inputs_.made_by_us.contains(ref.name)) return &found->second;
  if (found != inputs_.secrets.end()) {
    findings_.push_back(
        {api::condition::resolved_refs, api::reason::secret_not_allowed,
         path + ": Secret " + ref.name + " is made by this operator, of KafkaProxies: refer to what it is made of"});
    return nullptr;
  }
  // A certificate and its key come by one reference: once is enough.
  Finding missing{api::condition::resolved_refs, api::reason::secret_not_found,
                  path + ": there is no Secret " + ref.name, !inputs_.options.tolerate_missing_secrets, true};
  if (std::ranges::find(findings_, missing.message, &Finding::message) == findings_.end())
    findings_.push_back(std::move(missing));
  return nullptr;
}

/// Which keys there are is not said: who writes KafkaProxies may not be allowed to read Secrets.
void SecretReader::missing_key(const std::string& path, const api::SecretRef& ref, const std::string& what) {
  findings_.push_back({api::condition::resolved_refs, api::reason::secret_key_missing,
                       path + ": Secret " + ref.name + " has no key " + what});
}

std::optional<std::string> SecretReader::value(const std::string& path, const api::SecretRef& ref,
                                               const std::string& key) {
  const SecretData* const data = secret(path, ref);
  if (data == nullptr) return std::nullopt;
  const auto found = data->find(key);
  if (found != data->end()) return found->second;
  missing_key(path, ref, key);
  return std::nullopt;
}

/// The pods get them as a line: what can't be read back from one is refused.
std::optional<std::vector<config::Credential>> SecretReader::pair(const std::string& path, const api::SecretRef& ref,
                                                                  const std::string& user,
                                                                  const std::string& password) {
  std::vector<config::Credential> given{{user, password}};
  const auto back = config::read_credentials(user + "=" + password + "\n", "line");
  if (back && *back == given) return given;
  findings_.push_back({api::condition::resolved_refs, api::reason::invalid_credentials,
                       path + ": Secret " + ref.name +
                           ": username and password must be UTF-8 text in one line, the name without = and without # "
                           "at its front"});
  return std::nullopt;
}

std::optional<std::vector<config::Credential>> SecretReader::credentials(const std::string& path,
                                                                         const api::SecretRef& ref) {
  const SecretData* const data = secret(path, ref);
  if (data == nullptr) return std::nullopt;
  const std::string key = ref.key.empty() ? "credentials" : ref.key;
  const auto lines = data->find(key);
  if (lines == data->end()) {
    const auto user = data->find("username");
    const auto password = data->find("password");
    if (ref.key.empty() && user != data->end() && password != data->end())
      return pair(path, ref, user->second, password->second);
    missing_key(path, ref, key + (ref.key.empty() ? " (lines of user=password), nor username and password" : ""));
    return std::nullopt;
  }
  auto read = config::read_credentials(lines->second, key);
  if (read && !read->empty()) return std::move(*read);
  const std::string why = read ? key + " holds no login; write a line user=password for each" : read.error().message;
  findings_.push_back(
      {api::condition::resolved_refs, api::reason::invalid_credentials, path + ": Secret " + ref.name + ": " + why});
  return std::nullopt;
}

}  // namespace kp::plan
