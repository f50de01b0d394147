#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "kafka/header.h"
#include "virtual/context.h"

/// What becomes of one request of a client's: pure, driven by whoever has the connections.
///
///   begin() ─▶ Pass: forward the frame and its answer as they are
///           ─▶ Answer: send it to the client; nobody is asked
///           ─▶ Ask: send all, collect what answers them, give it to proceed() ─▶ Ask or Answer
///           ─▶ Wait: until `wait` says that it is over, or its time is; then proceed() with nothing ─▶ the same
namespace kp::virt {

/// A request to the broker of this connection.
struct Ask {
  std::int16_t key = -1;
  kafka::Version version = 0;
  kafka::Gathered frame;  ///< has the client's correlation id; what it was lent is the exchange's
  int lane = 0;           ///< 0: the session's own connection; 1…: further ones to the same broker, each in order
  bool answered = true;   ///< false: Produce with acks=0
};

struct Step {
  enum class Kind : std::uint8_t { Pass, Ask, Wait, Answer };

  Kind kind = Kind::Pass;
  std::vector<Ask> asks{};  ///< at once, in this order on each lane, before anything of a later request
  /// With the client's correlation id; addresses in it are the cluster's own, and in one that was lent something there
  /// are none. What it was lent is the exchange's. None: the client waits for none.
  std::optional<kafka::Gathered> answer{};
  std::shared_ptr<TailWait> wait{};  ///< of Wait: never null
};

class Exchange {
 public:
  /// `frame`: a whole request; `body_at`: where its message begins.
  Exchange(const Context& context, Bytes frame, std::size_t body_at);
  virtual ~Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// Once. Malformed or Unsupported: the client's message; close.
  virtual Result<Step> begin() = 0;

  /// `answers`: whole response frames to the asks that are answered, in their order. Malformed: a broker's message;
  /// close.
  Result<Step> proceed(std::vector<Bytes> answers);

  /// What the answer was lent that was neither in the client's frame nor in an answer, in bytes.
  std::size_t made() const { return made_; }

  /// The client's frame back, after Pass.
  Bytes take_frame() { return std::move(frame_); }

 protected:
  using Then = std::function<Result<Step>(std::vector<Bytes>& answers)>;

  const Mapping& mapping() const { return *context_.mapping; }
  TopicIds& ids() { return *context_.ids; }
  void learn(const kafka::Uuid& id, const std::string& name);
  Skips& skips() { return *context_.skips; }
  Policies* policies() const { return context_.policies; }
  const Context& context() const { return context_; }
  Policies::Time now() const { return context_.now; }
  Turns& turns() { return *context_.turns; }
  bool* fetches_in_full() const { return context_.fetches_in_full; }
  void tell_unfit(UnfitTopic topic) {
    if (context_.unfit != nullptr) context_.unfit->push_back(std::move(topic));
  }
  void tell_fit(const std::string& topic) {
    if (context_.fit != nullptr) context_.fit->push_back(topic);
  }
  int lanes() const { return context_.lanes; }
  kafka::Version version() const { return head_.api_version; }

  template <class Message>
  Result<Message> request() const {
    return kafka::decode<Message>(BytesView(frame_).subspan(body_at_), version());
  }

  /// The same bytes, of the client's frame, to be changed in place.
  MutableBytes own(BytesView part);

  /// With the client's own header where it is of the same API and version, else one of its client id.
  template <class Message>
  Ask ask(const Message& message, kafka::Version version, int lane = 0) const {
    Bytes frame = open(Message::key, version);
    encode(message, version, frame);
    return {Message::key, version, kafka::seal_frame(std::move(frame)), lane, true};
  }
  /// Large records are lent by the client's frame.
  template <class Message>
  Ask ask_lending(const Message& message, int lane) const {
    kafka::Gathered frame = open(Message::key, version());
    encode(message, version(), frame);
    return {Message::key, version(), kafka::seal_frame(std::move(frame)), lane, true};
  }
  template <class Message>
  Ask ask(const Message& message) const {
    return ask(message, version());
  }
  Ask ask_as_it_is() const { return {head_.api_key, version(), frame_, 0, true}; }

  Step ask_all(std::vector<Ask> asks, Then then);
  Step ask_one(Ask one, Then then);
  Step wait_for(std::shared_ptr<TailWait> wait, Then then);

  template <class Message>
  Step answer(const Message& message) const {
    return {Step::Kind::Answer, {}, kafka::encode_response(message, version(), head_.correlation_id)};
  }
  /// The same for a message that names no broker: large records are lent.
  template <class Message>
  Step answer_lending(const Message& message) const {
    kafka::Gathered frame = kafka::open_response(Message::key, version(), head_.correlation_id);
    encode(message, version(), frame);
    return {Step::Kind::Answer, {}, kafka::seal_frame(std::move(frame))};
  }

  /// Goes on by `then` when the names of all `wanted` topics are known, or nobody knows them.
  Result<Step> with_names(std::span<const kafka::Uuid> wanted, std::function<Result<Step>()> then);

  /// Null: not virtual. By its id where there is one.
  const TopicRule* rule(const std::string& name, const kafka::Uuid& id);

  std::size_t made_ = 0;

 private:
  Bytes open(std::int16_t key, kafka::Version version) const;

  const Context& context_;
  Bytes frame_;
  std::size_t body_at_;
  kafka::RequestHead head_;
  Then then_;
};

}  // namespace kp::virt
