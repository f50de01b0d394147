#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "gateway/wal_frame.h"
#include "gateway/wal_segments.h"

namespace kp::gateway {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Crc32c, IsThatOfRfc3720) {
  EXPECT_EQ(crc32c("123456789"), 0xe3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8a9136aaU);
}

std::string frame_of(std::string_view value) {
  Record record;
  record.topic = "t";
  record.value = value;
  std::string out;
  append_frame(out, record, "alice");
  return out;
}

TEST(Frame, HoldsAllOfARecord) {
  Record record;
  record.topic = "orders";
  record.key = "";
  record.partition = 7;
  record.timestamp = 1234567890123;
  record.headers = {{"h", "v"}, {"n", std::nullopt}};
  std::string bytes;
  append_frame(bytes, record, "alice");
  const std::string longer = bytes + "more";
  const Frame frame = read_frame(longer);
  ASSERT_EQ(frame.state, Frame::State::Whole);
  EXPECT_EQ(frame.size, bytes.size());
  EXPECT_EQ(frame.identity, "alice");
  EXPECT_EQ(frame.record.topic, "orders");
  EXPECT_EQ(frame.record.key, "");
  EXPECT_EQ(frame.record.value, std::nullopt);
  EXPECT_EQ(frame.record.partition, 7);
  EXPECT_EQ(frame.record.timestamp, 1234567890123);
  EXPECT_EQ(frame.record.headers, record.headers);
}

TEST(Frame, EveryCutIsTornAndEveryFlippedBitIsNoRecord) {
  const std::string bytes = frame_of("value");
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(read_frame(std::string_view(bytes).substr(0, size)).state, Frame::State::Torn) << size;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string other = bytes;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    EXPECT_NE(read_frame(other).state, Frame::State::Whole) << bit;
  }
}

/// What the version before wrote.
std::string old_frame_of(std::string_view value) {
  const std::string now = frame_of(value);
  const std::string body = '\x01' + now.substr(frame_head);
  std::string head;
  for (const std::size_t number : {body.size(), std::size_t{crc32c(body)}})
    for (int shift = 0; shift < 32; shift += 8) head += static_cast<char>(number >> shift);
  return head + body;
}

TEST(Frame, OfTheVersionBeforeIsRead) {
  const std::string bytes = old_frame_of("value");
  const std::string longer = bytes + "more";
  const Frame frame = read_frame(longer);
  ASSERT_EQ(frame.state, Frame::State::Whole);
  EXPECT_EQ(frame.size, bytes.size());
  EXPECT_EQ(frame.identity, "alice");
  EXPECT_EQ(frame.record.value, "value");
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_EQ(read_frame(std::string_view(bytes).substr(0, size)).state, Frame::State::Torn) << size;
}

TEST(Frame, AFlippedBitOfTheHeadIsNeverATornTail) {
  const std::string bytes = frame_of("value");
  for (std::size_t bit = 0; bit < frame_head * 8; ++bit) {
    std::string other = bytes;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    EXPECT_EQ(read_frame(other).state, Frame::State::Corrupt) << bit;
  }
}

class Segments : public testing::Test {
 protected:
  void SetUp() override { fs::remove_all(directory_); }
  void TearDown() override { fs::remove_all(directory_); }

  WalSegments open() {
    auto opened = WalSegments::open(directory_);
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }
  static Status append(WalSegments& to, std::string_view value, std::uint64_t most = 1 << 20) {
    return to.append(frame_of(value), 1, 210, most);
  }
  static std::vector<std::string> read_all(const WalSegments& from, std::uint64_t record) {
    std::vector<std::string> values;
    WalSegments::Position at = from.find(record);
    for (;;) {
      const auto bytes = from.read(at, 64);
      EXPECT_TRUE(bytes);
      if (bytes->empty()) return values;
      std::string_view rest = *bytes;
      for (Frame frame = read_frame(rest); frame.state == Frame::State::Whole; frame = read_frame(rest)) {
        values.emplace_back(*frame.record.value);
        rest.remove_prefix(frame.size);
        at.offset += frame.size;
        ++at.record;
      }
    }
  }
  std::vector<fs::path> files(const std::string& extension = ".wal") const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(directory_))
      if (entry.path().extension() == extension) found.push_back(entry.path());
    std::ranges::sort(found);
    return found;
  }

  const std::string directory_ = testing::TempDir() + "kp-wal-" + std::to_string(::getpid());
};

TEST_F(Segments, AreReadInOrderByTheNextProcess) {
  {
    WalSegments first = open();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(first, std::to_string(i)));
    EXPECT_GT(first.count(), 2U);
  }
  const WalSegments next = open();
  EXPECT_EQ(next.next(), 10U);
  EXPECT_THAT(read_all(next, 0), ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
  EXPECT_THAT(read_all(next, 7), ElementsAre("7", "8", "9"));
}

TEST_F(Segments, WhatKafkaHasIsNotReadAgain) {
  {
    WalSegments first = open();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(first, std::to_string(i)));
    const std::size_t before = first.count();
    EXPECT_GT(first.confirm(8), 0U);
    EXPECT_LT(first.count(), before);
  }
  const WalSegments next = open();
  EXPECT_EQ(next.first(), 8U);
  EXPECT_THAT(read_all(next, next.first()), ElementsAre("8", "9"));
}

TEST_F(Segments, NumbersGoOnWhenNothingIsLeft) {
  {
    WalSegments first = open();
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(append(first, "x"));
    first.finish(3);
    EXPECT_THAT(files(), IsEmpty());
  }
  EXPECT_EQ(open().next(), 3U);
}

TEST_F(Segments, AFullLogTakesNoMoreAndHoldsWhatItHas) {
  WalSegments segments = open();
  ASSERT_TRUE(append(segments, "0", 100));
  const Status full = append(segments, std::string(100, 'x'), 100);
  EXPECT_EQ(full.error().code, Errc::Busy);
  EXPECT_THAT(read_all(segments, 0), ElementsAre("0"));
}

TEST_F(Segments, AFullLogOfWhichKafkaHasAllMakesRoom) {
  WalSegments segments = open();
  ASSERT_TRUE(append(segments, "0", 100));
  EXPECT_EQ(segments.confirm(1), 0U);
  ASSERT_FALSE(append(segments, std::string(10, 'x'), 100));
  ASSERT_TRUE(segments.cramped());

  EXPECT_EQ(segments.confirm(1), 1U);

  EXPECT_EQ(segments.bytes(), 0U);
  ASSERT_TRUE(append(segments, "1", 100));
  EXPECT_THAT(read_all(segments, 1), ElementsAre("1"));
}

TEST_F(Segments, ACheckpointThatCannotBeWrittenLeavesTheOldOne) {
  {
    WalSegments first = open();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(first, std::to_string(i)));
    (void)first.confirm(8);
    fs::create_directory(fs::path(directory_) / "checkpoint.new");  // where the next would be written
    (void)first.confirm(9);
  }
  EXPECT_EQ(open().first(), 8U);
}

TEST_F(Segments, ATornTailIsLeftOut) {
  {
    WalSegments first = open();
    ASSERT_TRUE(append(first, "0"));
    std::ofstream(files().back(), std::ios::app) << frame_of("1").substr(0, 20);
  }
  WalSegments next = open();
  EXPECT_EQ(next.next(), 1U);
  ASSERT_TRUE(append(next, "again 1"));
  EXPECT_THAT(read_all(next, 0), ElementsAre("0", "again 1"));
}

TEST_F(Segments, ATailOfZerosIsLeftOut) {
  {
    WalSegments first = open();
    ASSERT_TRUE(append(first, "0"));
    fs::resize_file(files().back(), 3 << 20);
  }
  WalSegments next = open();
  EXPECT_EQ(next.next(), 1U);
  next.finish(1);
  EXPECT_THAT(files(".corrupt"), IsEmpty());
}

TEST_F(Segments, AFlippedBitInTheHeadOfTheLastRecordIsToldAndKept) {
  for (std::size_t bit = 0; bit < frame_head * 8; ++bit) {
    fs::remove_all(directory_);
    {
      WalSegments first = open();
      ASSERT_TRUE(append(first, "0"));
      ASSERT_TRUE(append(first, "1"));
      std::fstream file(files().back(), std::ios::in | std::ios::out | std::ios::binary);
      const auto at = static_cast<std::streamoff>(frame_of("0").size() + bit / 8);
      file.seekg(at);
      const int byte = file.get();
      file.seekp(at);
      file.put(static_cast<char>(byte ^ (1 << bit % 8)));
    }
    WalSegments next = open();
    EXPECT_THAT(read_all(next, 0), ElementsAre("0")) << bit;
    next.finish(1);
    EXPECT_EQ(files(".corrupt").size(), 1U) << bit;
  }
}

TEST_F(Segments, OfTheVersionBeforeAreRead) {
  {
    WalSegments first = open();
    ASSERT_TRUE(first.append(old_frame_of("old"), 1, 210, 1 << 20));
    ASSERT_TRUE(append(first, "new"));
  }
  EXPECT_THAT(read_all(open(), 0), ElementsAre("old", "new"));
}

TEST_F(Segments, ACorruptOneIsKeptAndThoseBehindItAreRead) {
  {
    WalSegments first = open();
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(append(first, std::to_string(i)));
    std::fstream file(files()[1], std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(20);
    file.put('!');
  }
  {
    WalSegments next = open();
    EXPECT_EQ(next.next(), 10U);
    const auto values = read_all(next, 0);
    EXPECT_LT(values.size(), 10U);
    EXPECT_EQ(values.front(), "0");
    EXPECT_EQ(values.back(), "9");
    next.finish(10);
  }
  EXPECT_EQ(files(".corrupt").size(), 1U);
}

TEST_F(Segments, BelongToOneProcess) {
  const WalSegments first = open();
  const auto second = WalSegments::open(directory_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Errc::Conflict);
}

}  // namespace
}  // namespace kp::gateway
