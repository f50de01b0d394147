#include <chrono>
#include <cstdint>
#include <deque>

#include "fuzz/hand_turned.h"
#include "kafka/header.h"

/// One session whose client and broker say whatever the input wants.
namespace {

using kp::Bytes;
using kp::BytesView;

class Scene : public kp::fuzz::HandTurned {
 public:
  using HandTurned::HandTurned;

  /// An answer to the oldest request that hasn't one.
  void answer(BytesView body) {
    if (asked_.empty()) return;
    Bytes frame(4);
    for (int shift = 24; shift >= 0; shift -= 8)
      frame.push_back(static_cast<std::uint8_t>(static_cast<std::uint32_t>(asked_.front()) >> shift));
    frame.insert(frame.end(), body.begin(), body.end());
    asked_.pop_front();
    from_broker(kp::kafka::seal_frame(std::move(frame)));
  }

 private:
  void at_broker(BytesView bytes) override {
    forwarded_.insert(forwarded_.end(), bytes.begin(), bytes.end());
    for (;;) {
      const BytesView frame = kp::fuzz::first_frame(forwarded_);
      if (frame.size() < kp::kafka::request_head_bytes) return;
      asked_.push_back(kp::kafka::peek_request(frame).correlation_id);
      forwarded_.erase(forwarded_.begin(), forwarded_.begin() + static_cast<std::ptrdiff_t>(frame.size()));
    }
  }

  Bytes forwarded_;
  std::deque<std::int32_t> asked_;
};

/// What every input shares: a session takes nothing from it but addresses and limits.
struct World {
  World() {
    kp::config::Config config;
    config.downstream.security_protocol = kp::config::SecurityProtocol::Plaintext;
    config.limits.max_in_flight = 8;
    runtime = kp::fuzz::runtime_of(config);
  }
  std::shared_ptr<const kp::proxy::Runtime> runtime;
  kp::proxy::Worker worker;
};

}  // namespace

/// Input: steps of {who, length, bytes}; who: 0 the client speaks, 1 the broker answers with this body, 2 the broker
/// says this, 3 the client goes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  static World world;
  Scene scene(world.worker, world.runtime);
  BytesView input(data, size);
  for (int steps = 0; input.size() >= 2 && steps < 64; ++steps) {
    const int who = input[0] % 4;
    const BytesView bytes = input.subspan(2, std::min<std::size_t>(input[1], input.size() - 2));
    input = input.subspan(2 + bytes.size());
    if (who == 0) scene.from_client(bytes);
    if (who == 1) scene.answer(bytes);
    if (who == 2) scene.from_broker(bytes);
    if (who == 3) break;
  }
  scene.finish();
  return 0;
}
