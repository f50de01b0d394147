#include "rewrite/walk_steps.h"

namespace kp::rewrite {
namespace {

using Kind = WalkStep::Kind;
using Steps = std::vector<WalkStep>;

void add_fixed(Steps& steps, std::uint64_t bytes) {
  if (steps.empty() || steps.back().kind != Kind::Fixed) steps.push_back({});
  steps.back().bytes += bytes;
}

std::uint64_t fixed_size(std::string_view type) {
  if (type == "bool" || type == "int8") return 1;
  if (type == "int16") return 2;
  if (type == "int32") return 4;
  if (type == "int64") return 8;
  return type == "uuid" ? 16 : 0;
}

void add_fields(Steps& steps, const std::vector<kafka::FieldInfo>& fields, kafka::Version version);

Steps steps_of_element(const kafka::FieldInfo& array, kafka::Version version) {
  Steps steps;
  if (array.type == "[]struct") {
    add_fields(steps, array.fields, version);
  } else {
    add_fixed(steps, fixed_size(std::string_view(array.type).substr(2)));
  }
  return steps;
}

void add_field(Steps& steps, const kafka::FieldInfo& field, kafka::Version version) {
  if (field.tag != kafka::untagged || !field.versions.contain(version)) return;
  if (field.type == "struct") {
    add_fields(steps, field.fields, version);
  } else if (field.type.starts_with("[]")) {
    steps.push_back({Kind::Array, 0, steps_of_element(field, version)});
  } else if (const std::uint64_t bytes = fixed_size(field.type); bytes > 0) {
    add_fixed(steps, bytes);
  } else {
    steps.push_back({Kind::Counted, 0, {}});
  }
}

void add_fields(Steps& steps, const std::vector<kafka::FieldInfo>& fields, kafka::Version version) {
  for (const kafka::FieldInfo& field : fields) add_field(steps, field, version);
  steps.push_back({Kind::Tags, 0, {{Kind::Tag, 0, {}}}});
}

}  // namespace

Steps steps_to(const kafka::MessageInfo& message, kafka::Version version, std::string_view last) {
  Steps steps{{Kind::Tags, 0, {{Kind::Tag, 0, {}}}}};
  for (const kafka::FieldInfo& field : message.fields) {
    add_field(steps, field, version);
    if (field.name == last) break;
  }
  return steps;
}

}  // namespace kp::rewrite
