#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "gateway/wal.h"
#include "unit/gateway/mock_kafka.h"

namespace kp::gateway {
namespace {

using testing::ElementsAre;

/// A log, and what its records go by.
class WalWay : public testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::remove_all(config_.directory);
    auto opened = Wal::open(config_);
    ASSERT_TRUE(opened) << opened.error().message;
    wal_ = *opened;
    loop_.start();
  }
  void TearDown() override {
    wal_.reset();
    std::filesystem::remove_all(config_.directory);
  }

  std::shared_ptr<Producers> producers_at(const std::string& servers) {
    auto made = Producers::make(config_at(servers), Producers::Kind::Logged, {}, wal_->settled());
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  void go_on_by(const std::shared_ptr<Producers>& producers) {
    wal_->go_on_by(config_, producers, *Logins::make(config_at("127.0.0.1:1")));
  }
  void append(std::string_view value) {
    Record record;
    record.topic = "t";
    record.value = value;
    record.partition = 0;
    const Status taken = wal_->append({&record, 1}, "", std::make_shared<Logged>(loop_));
    EXPECT_TRUE(taken) << taken.error().message;
  }

  config::Wal config_{.directory = testing::TempDir() + "kp-wal-way-" + std::to_string(::getpid())};
  net::Loop loop_;
  std::shared_ptr<Wal> wal_;
};

TEST_F(WalWay, WhatProducersOfBeforeCouldNotSendGoesFirst) {
  MockKafka kafka;
  kafka.topic("t");
  std::shared_ptr<Producers> before = producers_at("127.0.0.1:1");
  go_on_by(before);
  append("0");
  append("1");
  ASSERT_TRUE(becomes([&] { return !before->quiet(); }));

  go_on_by(producers_at(kafka.servers()));
  append("2");

  EXPECT_THAT(kafka.values("t", 3), ElementsAre("0", "1", "2"));
  EXPECT_TRUE(becomes([&] { return wal_->figures().unsent == 0; }));
  EXPECT_TRUE(before->quiet());
  EXPECT_EQ(before.use_count(), 1) << "nothing holds it any more";
}

}  // namespace
}  // namespace kp::gateway
