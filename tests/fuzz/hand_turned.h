#pragma once

#include <chrono>
#include <memory>

#include "base/bytes.h"
#include "config/model.h"
#include "proxy/session.h"
#include "support/socket.h"

namespace kp::fuzz {

/// A plaintext runtime of this configuration that needs no port: brokers 0…100 are proxy:9112…9212.
std::shared_ptr<const proxy::Runtime> runtime_of(config::Config config);

/// One session on a loop that this thread turns by hand, between a client and a broker that the input plays. Both are
/// socket pairs: to connect by TCP would cost more than all the rest. One at a time in a process, on one thread.
class HandTurned {
 public:
  /// `worker` is used for one after the other: what an input doesn't change need not be made anew.
  HandTurned(proxy::Worker& worker, std::shared_ptr<const proxy::Runtime> runtime);
  virtual ~HandTurned();
  HandTurned(const HandTurned&) = delete;
  HandTurned& operator=(const HandTurned&) = delete;

  /// Each is followed by all that comes of it. What doesn't fit waits. A peer that is gone is no matter.
  void from_client(BytesView bytes);
  void from_broker(BytesView bytes);
  void client_has_said_all();
  void broker_goes();
  /// What falls due until then happens; clocks don't move.
  void pass(std::chrono::milliseconds span);
  void drain();

  bool broker_there() const { return broker_.socket.open(); }
  bool alive() const { return worker_.connections > 0; }

  /// Both peers go; the session must end by itself, and nothing that its clients may not learn has left.
  void finish();

 protected:
  virtual void at_broker(BytesView bytes) = 0;  ///< what the session has sent there
  virtual void at_client(BytesView /*bytes*/) {}
  void turn();

 private:
  struct Peer {
    test::Socket socket;
    Bytes waiting;  ///< said, but not sent yet
  };
  static bool send_waiting(Peer& peer);
  bool take(const Peer& from, void (HandTurned::*into)(BytesView));

  proxy::Worker& worker_;
  Peer client_;
  Peer broker_;
};

/// The first whole frame in `bytes`, its size with it; empty: there is none yet.
BytesView first_frame(BytesView bytes);

}  // namespace kp::fuzz
