#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "kafka/apis.h"
#include "kafka/schema.h"

/// What must be passed over to get behind a response's records, made from its table of fields.
namespace kp::rewrite {

/// One thing to pass over. Versions are flexible: lengths are varints.
struct WalkStep {
  enum class Kind : std::uint8_t {
    Fixed,    ///< `bytes`
    Counted,  ///< a length, and as many bytes
    Array,    ///< a count, and as many times `element`
    Tags,     ///< a count, and as many times a tag and a Counted
    Tag
  };

  Kind kind = Kind::Fixed;
  std::uint64_t bytes = 0;
  std::vector<WalkStep> element;
};

/// The header's tagged fields, then the untagged fields of the message, up to the one named `last` where there is one.
/// `version` is flexible.
std::vector<WalkStep> steps_to(const kafka::MessageInfo& message, kafka::Version version, std::string_view last);

}  // namespace kp::rewrite
