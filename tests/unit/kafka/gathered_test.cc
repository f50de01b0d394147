#include "kafka/gathered.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "kafka/header.h"
#include "kafka/messages/00_produce.h"

namespace kp::kafka {
namespace {

Bytes part(std::uint8_t fill, std::size_t size) { return Bytes(size, fill); }

TEST(Gathered, IsOnePartWhereNothingIsLent) {
  const Gathered frame(Bytes{1, 2, 3});

  ASSERT_EQ(frame.parts().size(), 1U);
  EXPECT_EQ(frame.size(), 3U);
  EXPECT_EQ(frame.whole(), (Bytes{1, 2, 3}));
}

TEST(Gathered, HasItsPartsInTheOrderOfTheWire) {
  const Bytes first = part(8, 2);
  const Bytes second = part(9, 3);
  Gathered frame(Bytes{1, 2, 3});
  frame.loans = {{0, first}, {2, second}, {2, first}, {3, second}};

  EXPECT_EQ(frame.whole(), (Bytes{8, 8, 1, 2, 9, 9, 9, 8, 8, 3, 9, 9, 9}));
  EXPECT_EQ(frame.size(), 13U);
  EXPECT_EQ(frame.parts().size(), 6U);
}

TEST(Gathered, IsWhatCopyingWouldHaveMade) {
  std::mt19937 random(3);
  for (Version version = ProduceRequest::versions.min; version <= ProduceRequest::versions.max; ++version) {
    std::vector<Bytes> lent;
    ProduceRequest request;
    for (int i = 0; i < 8; ++i) {
      lent.push_back(part(static_cast<std::uint8_t>(i), Gathered::least_loan - 4 + random() % 8));
      auto& asked = request.topic_data.emplace_back().partition_data.emplace_back();
      asked.index = i;
      asked.records = Records{lent.back()};
    }
    Bytes copied = open_request(ProduceRequest::key, version, 7, "me");
    encode(request, version, copied);
    Gathered gathered = open_request(ProduceRequest::key, version, 7, "me");
    encode(request, version, gathered);

    const auto large =
        std::ranges::count_if(lent, [](const Bytes& each) { return each.size() >= Gathered::least_loan; });
    EXPECT_EQ(gathered.loans.size(), static_cast<std::size_t>(large));
    EXPECT_EQ(seal_frame(std::move(gathered)).whole(), seal_frame(std::move(copied))) << version;
  }
}

}  // namespace
}  // namespace kp::kafka
