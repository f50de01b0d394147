#include <map>
#include <set>

#include "kafka/errors.h"
#include "kafka/messages/16_list_groups.h"
#include "kafka/messages/42_delete_groups.h"
#include "virtual/apis/apis.h"
#include "virtual/shadow.h"
#include "virtual/shadow_list.h"

namespace kp::virt {
namespace {

/// Shadows are hidden; a group of which nothing but shadows is left is shown in their place.
class ListGroups : public Exchange {
 public:
  using Exchange::Exchange;
  using Response = kafka::ListGroupsResponse;

  Result<Step> begin() override {
    return ask_one(ask_as_it_is(), [this](std::vector<Bytes>& answers) -> Result<Step> {
      auto response = kafka::decode_response<Response>(answers.at(0), version());
      if (!response) return std::move(response).error();
      std::set<std::string> shown;
      std::map<std::string, Response::Group> behind;
      std::vector<Response::Group> groups;
      for (auto& group : response->groups) {
        const auto shadow = parse_shadow(group.group_id);
        if (!shadow) {
          shown.insert(group.group_id);
          groups.push_back(std::move(group));
          continue;
        }
        const std::string real(shadow->group);
        group.group_id = real;
        behind.emplace(real, std::move(group));
      }
      for (auto& [id, group] : behind) {
        if (!shown.contains(id)) groups.push_back(std::move(group));
      }
      response->groups = std::move(groups);
      return answer(*response);
    });
  }
};

/// The group first: a live one is not deleted, nor are its shadows. Then those.
class DeleteGroups : public Exchange {
 public:
  using Exchange::Exchange;
  using Request = kafka::DeleteGroupsRequest;
  using Response = kafka::DeleteGroupsResponse;

  Result<Step> begin() override {
    auto decoded = request<Request>();
    if (!decoded) return std::move(decoded).error();
    request_ = std::move(*decoded);
    std::vector<Ask> asks;
    asks.push_back(ask_as_it_is());
    asks.push_back(ask(kafka::ListGroupsRequest{}, list_groups_version));
    return ask_all(std::move(asks), [this](std::vector<Bytes>& answers) { return delete_shadows(answers); });
  }

 private:
  Result<Step> delete_shadows(const std::vector<Bytes>& answers) {
    auto response = kafka::decode_response<Response>(answers.at(0), version());
    if (!response) return std::move(response).error();
    auto shadows = shadows_in(answers.at(1));
    if (!shadows) return std::move(shadows).error();
    list_error_ = shadows->error_code;
    answer_ = std::move(*response);
    answer_.unknown_tags.clear();
    Request further;
    for (auto& each : answer_.results) {
      each.unknown_tags.clear();
      const bool gone = each.error_code == kafka::error::none || each.error_code == kafka::error::group_id_not_found;
      // Asked once more, it is gone, and the rest of its shadows goes too.
      if (gone && list_error_ != kafka::error::none) each.error_code = list_error_;
      const auto found = shadows->of.find(each.group_id);
      if (!gone || found == shadows->of.end()) continue;
      further.groups_names.insert(further.groups_names.end(), found->second.begin(), found->second.end());
    }
    if (further.groups_names.empty()) return answer(answer_);
    return ask_one(ask(further), [this](std::vector<Bytes>& deleted) { return conclude(deleted); });
  }

  /// A group that was nothing but its shadows has been deleted with them.
  Result<Step> conclude(const std::vector<Bytes>& answers) {
    auto response = kafka::decode_response<Response>(answers.at(0), version());
    if (!response) return std::move(response).error();
    for (const auto& shadow : response->results) {
      const auto parsed = parse_shadow(shadow.group_id);
      if (!parsed || shadow.error_code == kafka::error::group_id_not_found) continue;
      for (auto& each : answer_.results) {
        if (each.group_id == parsed->group && list_error_ == kafka::error::none) each.error_code = shadow.error_code;
      }
    }
    return answer(answer_);
  }

  Request request_;
  Response answer_;
  std::int16_t list_error_ = kafka::error::none;
};

}  // namespace

std::unique_ptr<Exchange> make_list_groups(const Context& context, Bytes frame, std::size_t body_at) {
  return make<ListGroups>(context, std::move(frame), body_at);
}
std::unique_ptr<Exchange> make_delete_groups(const Context& context, Bytes frame, std::size_t body_at) {
  return make<DeleteGroups>(context, std::move(frame), body_at);
}

}  // namespace kp::virt
