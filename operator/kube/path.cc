#include "kube/path.h"

namespace kp::kube {

std::string percent_encoded(std::string_view text) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  static constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  std::string out;
  for (const char c : text) {
    if (plain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

std::string collection_path(const Kind& kind, std::string_view space) {
  std::string path = (kind.group.empty() ? "/api/" : "/apis/") + api_version(kind);
  if (kind.namespaced && !space.empty()) path += "/namespaces/" + percent_encoded(space);
  return path + "/" + std::string(kind.plural);
}

std::string object_path(const Kind& kind, const Name& name) {
  return collection_path(kind, name.space) + "/" + percent_encoded(name.name);
}

}  // namespace kp::kube
