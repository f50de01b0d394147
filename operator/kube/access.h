#pragma once

#include <string>

namespace kp::kube {

/// How to reach an API server, and as whom. Texts are PEM and tokens themselves, not paths: secrets, never to be
/// logged.
struct Access {
  std::string server;              ///< "https://10.96.0.1:443", maybe with a path
  std::string server_name = {};    ///< that its certificate must name; empty: the host of `server`
  std::string ca = {};             ///< PEM bundle that it must be signed by; empty: the system's roots
  bool insecure = false;           ///< any certificate will do
  std::string client_cert = {};    ///< PEM chain; empty: none
  std::string client_key = {};     ///< PEM
  std::string token = {};          ///< bearer token; empty: none, or `token_file`
  std::string token_file = {};     ///< a bearer token that changes: read again when older than a minute
  std::string default_space = {};  ///< the namespace of the context, or of the pod; may be empty

  bool operator==(const Access&) const = default;
};

}  // namespace kp::kube
