#include "kube/status.h"

#include <gtest/gtest.h>

#include "kube/path.h"
#include "kube/token_bucket.h"

namespace kp::kube {
namespace {

struct Case {
  unsigned http;
  const char* reason;
  Errc code;
};

class Reason : public testing::TestWithParam<Case> {};

TEST_P(Reason, HasItsCode) {
  const Json body{{"kind", "Status"}, {"code", GetParam().http}, {"reason", GetParam().reason}};

  EXPECT_EQ(error_of(HttpResponse{GetParam().http, body.dump(), {}}).code, GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(Status, Reason,
                         testing::Values(Case{404, "NotFound", Errc::NotFound},
                                         Case{409, "AlreadyExists", Errc::Exists},
                                         Case{409, "Conflict", Errc::Conflict}, Case{422, "Invalid", Errc::Invalid},
                                         Case{401, "Unauthorized", Errc::Unauthorized},
                                         Case{403, "Forbidden", Errc::Unauthorized},
                                         Case{410, "Expired", Errc::Expired}, Case{410, "Gone", Errc::Expired},
                                         Case{429, "TooManyRequests", Errc::Busy}, Case{503, "", Errc::Busy},
                                         Case{500, "InternalError", Errc::Internal}, Case{418, "", Errc::Internal}),
                         [](const auto& each) { return std::string(each.param.reason) + std::to_string(each.index); });

TEST(StatusError, AddsTheCausesThatTheMessageLeavesOut) {
  const Json status = Json::parse(R"({"kind":"Status","reason":"Invalid","message":"is invalid","details":{"causes":[
    {"field":"spec.replicas","message":"must be positive"},{"message":"is invalid"}]}})");

  EXPECT_EQ(error_of(status).message, "is invalid; spec.replicas: must be positive");
}

TEST(StatusError, AnAnswerThatIsNoStatusIsQuoted) {
  const Error error = error_of(HttpResponse{502, "Bad\r\nGateway", {}});

  EXPECT_EQ(error.message, "HTTP 502: Bad  Gateway");
}

TEST(Holds, WhatElseIsThereDoesNotCount) {
  EXPECT_TRUE(holds(Json::parse(R"({"a":{"b":1,"c":2}})"), Json::parse(R"({"a":{"b":1}})")));
}

TEST(Holds, AListIsComparedWhole) { EXPECT_FALSE(holds(Json::parse(R"({"a":[1,2]})"), Json::parse(R"({"a":[1]})"))); }

TEST(Path, AClusterWideKindHasNoNamespace) {
  EXPECT_EQ(object_path(custom_resource_definition, {"shop", "a.b"}),
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/a.b");
}

TEST(Path, AQueryIsEncoded) { EXPECT_EQ(percent_encoded("a=b&ü"), "a%3Db%26%C3%BC"); }

TEST(TokenBucket, AfterTheBurstEachWaitsItsTurn) {
  using namespace std::chrono_literals;
  TokenBucket bucket(10, 2);
  const TokenBucket::Clock::time_point now{1h};

  std::vector<std::chrono::milliseconds> waits;
  for (int i = 0; i < 4; ++i) waits.push_back(std::chrono::round<std::chrono::milliseconds>(bucket.take(now)));

  EXPECT_EQ(waits, (std::vector<std::chrono::milliseconds>{0ms, 0ms, 100ms, 200ms}));
}

TEST(TokenBucket, FillsUpAgainButNotBeyondTheBurst) {
  using namespace std::chrono_literals;
  TokenBucket bucket(10, 2);
  TokenBucket::Clock::time_point now{1h};
  while (bucket.try_take(now)) {
  }
  now += 1h;

  int taken = 0;
  while (bucket.try_take(now)) ++taken;

  EXPECT_EQ(taken, 2);
}

}  // namespace
}  // namespace kp::kube
