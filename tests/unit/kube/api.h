#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "kube/client.h"
#include "support/http_server.h"

/// A client, and a server that a test writes.
namespace kp::kube::test {

using kp::test::HttpServer;
using Reply = HttpServer::Reply;
using Request = HttpServer::Request;

struct Api {
  explicit Api(HttpServer::Handler handler, ClientOptions options = {}, const TransportLimits& limits = {},
               Access access = {})
      : server(std::move(handler)) {
    access.server = server.url();
    auto transport = connect(access, limits);
    EXPECT_TRUE(transport) << transport.error().message;
    client = make_client(*std::move(transport), counters, std::move(options));
  }

  HttpServer server;
  RequestCounters counters;
  std::unique_ptr<Client> client;
};

inline HttpServer::Handler answers(unsigned status, std::string body, std::string headers = {}) {
  return [=](const Request&, Reply& reply) { reply.json(status, body, headers); };
}

inline std::string status_body(int code, const std::string& reason, const std::string& message) {
  return Json{{"kind", "Status"}, {"code", code}, {"reason", reason}, {"message", message}}.dump();
}

inline Json a_config_map(const std::string& name = "orders") {
  return {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"namespace", "shop"}, {"name", name}}}};
}

inline const Name orders{"shop", "orders"};

}  // namespace kp::kube::test
