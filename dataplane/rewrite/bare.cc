#include <array>
#include <vector>

#include "kafka/header.h"
#include "kafka/messages/00_produce.h"
#include "kafka/messages/01_fetch.h"
#include "kafka/reader.h"
#include "rewrite/response.h"
#include "rewrite/walk_steps.h"

/// Produce and Fetch name brokers in a tagged field of the message itself, its last: who has none has no names.
namespace kp::rewrite {
namespace {

using Kind = WalkStep::Kind;
using Steps = std::vector<WalkStep>;
using ByVersion = std::vector<Steps>;  // empty: not one that can be told

ByVersion programs_of(const kafka::MessageInfo& message) {
  const kafka::Rewriting& ours = kafka::find_api(message.key)->rewriting;
  ByVersion made(static_cast<std::size_t>(ours.max) + 1);
  for (kafka::Version v = std::max(ours.min, ours.first); v <= ours.max; ++v)
    made[static_cast<std::size_t>(v)] = steps_to(message, v, {});
  return made;
}

const Steps* program_of(std::int16_t key, kafka::Version version) {
  static const std::array all{programs_of(kafka::describe<kafka::ProduceResponse>()),
                              programs_of(kafka::describe<kafka::FetchResponse>())};
  static_assert(kafka::api::produce == 0 && kafka::api::fetch == 1);
  if (key < 0 || version < 0 || static_cast<std::size_t>(key) >= all.size()) return nullptr;
  const ByVersion& versions = all[static_cast<std::size_t>(key)];
  const auto at = static_cast<std::size_t>(version);
  return at < versions.size() && !versions[at].empty() ? &versions[at] : nullptr;
}

/// A length or count of what is there: 0 is null, 1 is none.
std::uint32_t counted(kafka::Reader& in) {
  const std::uint32_t length = in.uvarint();
  return length == 0 ? 0 : length - 1;
}

void pass(const Steps& steps, kafka::Reader& in);

void pass(const WalkStep& step, kafka::Reader& in) {
  switch (step.kind) {
    case Kind::Fixed:
      in.take(static_cast<std::size_t>(step.bytes));
      break;
    case Kind::Counted:
      in.take(counted(in));
      break;
    case Kind::Array:
      for (std::uint32_t left = counted(in); left > 0 && !in.bad(); --left) pass(step.element, in);
      break;
    case Kind::Tags:
      for (std::uint32_t left = in.uvarint(); left > 0 && !in.bad(); --left) pass(step.element, in);
      break;
    case Kind::Tag:
      in.uvarint();
      in.take(in.uvarint());
      break;
  }
}

void pass(const Steps& steps, kafka::Reader& in) {
  for (const WalkStep& step : steps) pass(step, in);
}

}  // namespace

bool may_name_brokers(std::int16_t key, kafka::Version version, BytesView frame) {
  const Steps* const steps = program_of(key, version);
  if (steps == nullptr || frame.size() < kafka::response_head_bytes) return true;
  kafka::Reader in(frame.subspan(kafka::response_head_bytes));
  pass(*steps, in);
  const bool tagged = in.uvarint() > 0;
  return in.bad() || tagged || in.left() > 0;
}

}  // namespace kp::rewrite
