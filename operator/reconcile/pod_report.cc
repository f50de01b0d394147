#include "reconcile/pod_report.h"

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <map>

#include "config/parse.h"
#include "kube/object.h"
#include "plan/inputs.h"

namespace kp::reconcile {
namespace {

using kube::Json;

/// At most `most` bytes, cut between two characters of UTF-8. A copy, so that nothing keeps the room of the long one.
std::string shortened(std::string_view text, std::size_t most) {
  constexpr std::string_view mark = "…";
  if (text.size() <= most) return std::string(text);
  std::size_t end = most - mark.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return std::string(text.substr(0, end)) + std::string(mark);
}

/// Walks through a page without building it: a tree of a hostile page is a hundred times its size, and as deep as
/// whoever wrote it likes. Whoever derives from it keeps what it wants.
class Walk : public Json::json_sax_t {
 public:
  enum class Root : std::uint8_t { Object, Array };

  /// False: it is no JSON, not `root`, or too deep.
  bool through(std::string_view page, Root root) {
    return page.size() <= report_limits::page && Json::sax_parse(page.begin(), page.end(), this) && root_ == root;
  }

  bool null() override { return scalar(); }
  bool boolean(bool value) override {
    flag(value);
    return scalar();
  }
  bool number_float(number_float_t, const string_t&) override { return scalar(); }
  bool number_integer(number_integer_t) override { return scalar(); }  // negative, or else the next
  bool number_unsigned(number_unsigned_t value) override {
    number(value);
    return scalar();
  }
  bool string(string_t& value) override {
    text(value);
    return scalar();
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return enter(Root::Object); }
  bool start_array(std::size_t) override { return enter(Root::Array); }
  bool key(string_t& name) override {
    steps_.back().key.swap(name);
    return true;
  }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }
  bool parse_error(std::size_t, const std::string&, const Json::exception&) override { return false; }

 protected:
  static constexpr const char* each = nullptr;  ///< in a path: whichever item of a list

  virtual void text(const std::string&) {}
  virtual void number(std::uint64_t) {}
  virtual void flag(bool) {}
  /// An object or a list begins, or has ended, at().
  virtual void begun() {}
  virtual void ended() {}

  bool at(std::initializer_list<const char*> path) const {
    return std::ranges::equal(steps_, path, [](const Step& step, const char* wanted) {
      return wanted == each ? step.list : !step.list && step.key == wanted;
    });
  }

 private:
  struct Step {
    bool list = false;
    std::string key;
  };

  /// The whole page is an object or a list.
  bool scalar() const { return !steps_.empty(); }
  bool enter(Root what) {
    if (steps_.size() == report_limits::depth) return false;
    if (steps_.empty()) root_ = what;
    begun();
    steps_.push_back({what == Root::Array, {}});
    return true;
  }
  bool leave() {
    steps_.pop_back();
    ended();
    return true;
  }

  Root root_ = Root::Object;
  std::vector<Step> steps_;
};

/// The block `upstream:` of a configuration as the data plane prints it.
std::string upstream_block(std::string_view yaml) {
  constexpr std::string_view head = "upstream:\n";
  std::size_t begin = yaml.starts_with(head) ? 0 : yaml.find("\n" + std::string(head));
  if (begin == std::string_view::npos) return {};
  begin += yaml[begin] == '\n' ? 1 : 0;
  std::size_t end = begin + head.size();
  while (end < yaml.size() && yaml[end] == ' ') end = std::min(yaml.find('\n', end), yaml.size() - 1) + 1;
  return end - begin <= report_limits::upstream ? std::string(yaml.substr(begin, end - begin)) : std::string();
}

class ConfigPage final : public Walk {
 public:
  PodReport take() && {
    out_.refusal = shortened(errors_, report_limits::refusal);
    out_.learned_from = bootstrap();
    return std::move(out_);
  }

 private:
  void text(const std::string& value) override {
    if (at({"generation"})) out_.generation = shortened(value, report_limits::generation);
    if (at({"hash"})) out_.hash = shortened(value, report_limits::generation);
    if (at({"config"})) upstream_ = upstream_block(value);
    if (at({"unfit_topics", each, "topic"})) topic_.name = shortened(value, report_limits::topic);
    if (at({"last_reload_error", "generation"})) out_.refused_generation = shortened(value, report_limits::generation);
    if (!at({"last_reload_error", "errors", each}) || errors_.size() > report_limits::refusal) return;
    if (!errors_.empty()) errors_ += "; ";
    errors_.append(value, 0, report_limits::refusal + 1);
  }

  void number(std::uint64_t value) override {
    if (at({"unfit_topics", each, "partitions"})) topic_.partitions = value;
    if (at({"unfit_topics", each, "physical_partitions"})) topic_.physical_partitions = value;
  }
  void flag(bool value) override {
    if (at({"unfit_topics", each, "compacted"})) topic_.compacted = value;
  }
  void begun() override {
    if (at({"unfit_topics", each})) topic_ = {};
  }
  void ended() override {
    if (at({"unfit_topics", each}) && !topic_.name.empty() && out_.unfit_topics.size() < report_limits::unfit_topics)
      out_.unfit_topics.push_back(std::exchange(topic_, {}));
  }

  /// The page shows the configuration with secrets masked; bootstrap servers are none.
  std::string bootstrap() const {
    const config::Parsed parsed = config::parse(upstream_, [](std::string_view) { return std::nullopt; });
    return parsed.config.upstream ? plan::bootstrap_text(parsed.config.upstream->bootstrap_servers) : std::string();
  }

  PodReport out_;
  UnfitTopic topic_;  ///< the one that is being read
  std::string errors_;
  std::string upstream_;
};

class BrokersPage final : public Walk {
 public:
  std::vector<api::BrokerStatus> take() && {
    std::vector<api::BrokerStatus> out;
    for (auto& [id, broker] : brokers_) out.push_back(std::move(broker));
    return out;
  }

 private:
  void number(std::uint64_t value) override {
    if (at({each, "id"}) && value <= std::numeric_limits<BrokerId>::max()) {
      broker_.id = static_cast<BrokerId>(value);
      named_ = true;
    }
  }
  void text(const std::string& value) override {
    if (at({each, "downstream"})) broker_.address = shortened(value, report_limits::address);
    if (at({each, "upstream"})) broker_.upstream = shortened(value, report_limits::address);
  }
  void begun() override {
    if (!at({each})) return;
    broker_ = {};
    named_ = false;
  }
  void ended() override {
    if (at({each}) && std::exchange(named_, false) && brokers_.size() < report_limits::brokers)
      brokers_.try_emplace(broker_.id, std::move(broker_));
  }

  api::BrokerStatus broker_;  ///< the one that is being read
  bool named_ = false;        ///< it has an id
  std::map<BrokerId, api::BrokerStatus> brokers_;
};

}  // namespace

Result<PodReport> read_report(std::string_view config_page, std::string_view brokers_page) {
  ConfigPage config;
  BrokersPage brokers;
  if (!config.through(config_page, Walk::Root::Object) || !brokers.through(brokers_page, Walk::Root::Array))
    return Error{Errc::Malformed, "its admin endpoint answers with something else than JSON"};
  PodReport out = std::move(config).take();
  out.brokers = std::move(brokers).take();
  if (out.brokers.empty()) out.learned_from.clear();
  return out;
}

}  // namespace kp::reconcile
