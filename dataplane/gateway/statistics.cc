#include "gateway/statistics.h"

#include <array>
#include <nlohmann/json.hpp>

namespace kp::gateway {
namespace {

constexpr std::array<const char*, 11> of_producer{"replyq", "msg_cnt",  "msg_size", "tx",          "tx_bytes",
                                                  "rx",     "rx_bytes", "txmsgs",   "txmsg_bytes", "metadata_cache_cnt",
                                                  "msg_max"};
constexpr std::array<const char*, 14> of_broker{
    "stateage", "outbuf_cnt", "outbuf_msg_cnt", "waitresp_cnt", "waitresp_msg_cnt", "tx",     "txbytes",
    "txerrs",   "txretries",  "req_timeouts",   "rx",           "rxbytes",          "rxerrs", "connects"};

template <class Names>
void copy(const nlohmann::json& from, const Names& names, std::map<std::string, double>& into) {
  for (const char* const name : names)
    if (const auto found = from.find(name); found != from.end() && found->is_number())
      into[name] = found->get<double>();
}

}  // namespace

telemetry::ProducerCounters::Statistics read_statistics(std::string_view json) {
  telemetry::ProducerCounters::Statistics out;
  const auto all = nlohmann::json::parse(json, nullptr, false);
  if (!all.is_object()) return out;
  copy(all, of_producer, out.producer);
  const auto brokers = all.find("brokers");
  if (brokers == all.end() || !brokers->is_object()) return out;
  for (const auto& [name, broker] : brokers->items()) {
    const auto id = broker.find("nodeid");
    if (id == broker.end() || !id->is_number_integer() || id->get<int>() < 0) continue;  // bootstrap and logical ones
    std::map<std::string, double>& figures = out.by_broker[std::to_string(id->get<int>())];
    copy(broker, of_broker, figures);
    if (const auto state = broker.find("state"); state != broker.end() && state->is_string())
      figures["up"] = *state == "UP" ? 1 : 0;
  }
  return out;
}

}  // namespace kp::gateway
