#include "virtual/exchange.h"

#include "kafka/messages/03_metadata.h"

namespace kp::virt {
namespace {

/// The first that resolves ids; brokers that let clients name topics by id alone have it.
constexpr kafka::Version metadata_by_id = 12;

std::string client_id_of(BytesView frame) {
  const std::int16_t size = big_endian_i16(frame.subspan(kafka::request_head_bytes));
  if (size <= 0) return {};
  const BytesView text = frame.subspan(kafka::request_head_bytes + 2, static_cast<std::size_t>(size));
  return {text.begin(), text.end()};
}

}  // namespace

Exchange::Exchange(const Context& context, Bytes frame, std::size_t body_at)
    : context_(context), frame_(std::move(frame)), body_at_(body_at), head_(kafka::peek_request(frame_)) {}

Result<Step> Exchange::proceed(std::vector<Bytes> answers) {
  const Then then = std::exchange(then_, nullptr);
  if (!then) return Error{Errc::Internal, "an exchange goes on that has ended"};
  return then(answers);
}

void Exchange::learn(const kafka::Uuid& id, const std::string& name) {
  if (!ids().learn(id, name)) return;
  skips().clear();
  if (policies() != nullptr) policies()->forget(name);
}

MutableBytes Exchange::own(BytesView part) {
  return MutableBytes(frame_).subspan(static_cast<std::size_t>(part.data() - frame_.data()), part.size());
}

Bytes Exchange::open(std::int16_t key, kafka::Version version) const {
  if (key == head_.api_key && version == head_.api_version) {
    return {frame_.begin(), frame_.begin() + static_cast<std::ptrdiff_t>(body_at_)};
  }
  return kafka::open_request(key, version, head_.correlation_id, client_id_of(frame_));
}

Step Exchange::ask_all(std::vector<Ask> asks, Then then) {
  then_ = std::move(then);
  return {Step::Kind::Ask, std::move(asks), std::nullopt};
}

Step Exchange::wait_for(std::shared_ptr<TailWait> wait, Then then) {
  then_ = std::move(then);
  return {Step::Kind::Wait, {}, std::nullopt, std::move(wait)};
}

Step Exchange::ask_one(Ask one, Then then) {
  std::vector<Ask> asks;
  asks.push_back(std::move(one));
  return ask_all(std::move(asks), std::move(then));
}

Result<Step> Exchange::with_names(std::span<const kafka::Uuid> wanted, std::function<Result<Step>()> then) {
  kafka::MetadataRequest question;
  question.topics.emplace();
  question.allow_auto_topic_creation = false;
  for (const kafka::Uuid& id : wanted) {
    if (id != kafka::Uuid{} && ids().name_of(id) == nullptr) question.topics->emplace_back().topic_id = id;
  }
  if (question.topics->empty()) return then();
  return ask_one(ask(question, metadata_by_id),
                 [this, then = std::move(then)](std::vector<Bytes>& answers) -> Result<Step> {
                   auto known = kafka::decode_response<kafka::MetadataResponse>(answers.at(0), metadata_by_id);
                   if (!known) return std::move(known).error();
                   for (const auto& topic : known->topics) learn(topic.topic_id, topic.name.value_or(""));
                   return then();
                 });
}

const TopicRule* Exchange::rule(const std::string& name, const kafka::Uuid& id) {
  if (id == kafka::Uuid{}) return mapping().find(name);
  const std::string* const known = ids().name_of(id);
  return known == nullptr ? nullptr : mapping().find(*known);
}

}  // namespace kp::virt
