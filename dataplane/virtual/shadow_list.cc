#include "virtual/shadow_list.h"

#include "kafka/messages/16_list_groups.h"
#include "virtual/shadow.h"

namespace kp::virt {

Result<ShadowList> shadows_in(BytesView answer) {
  auto response = kafka::decode_response<kafka::ListGroupsResponse>(answer, list_groups_version);
  if (!response) return std::move(response).error();
  ShadowList found{response->error_code, {}};
  for (const auto& group : response->groups) {
    if (const auto shadow = parse_shadow(group.group_id))
      found.of[std::string(shadow->group)].push_back(group.group_id);
  }
  return found;
}

}  // namespace kp::virt
