#include "gateway/producers.h"

#include <algorithm>

#include "auth/mechanism.h"
#include "base/log.h"
#include "config/validate.h"
#include "config/values.h"

namespace kp::gateway {
namespace {

using Properties = std::vector<std::pair<std::string, std::string>>;

/// The seed's keys: librdkafka's name, and the default of its README.
struct Known {
  std::string_view key;
  const char* property;
  std::int64_t preset;
};
constexpr std::array<Known, 9> known{{
    {"message_max_bytes", "message.max.bytes", 1 << 20},
    {"queue_buffering_max_messages", "", 100'000},  // ours to bound
    {"queue_buffering_max_ms", "queue.buffering.max.ms", 10},
    {"queue_buffering_max_kbytes", "", 1 << 20},
    {"retries", "retries", 3},
    {"message_timeout_ms", "message.timeout.ms", 2000},
    {"request_timeout_ms", "request.timeout.ms", 30'000},
    {"request_required_acks", "request.required.acks", -1},
    {"statistics_interval_ms", "statistics.interval.ms", 0},
}};

std::int64_t setting(const config::HttpProduce& gateway, std::string_view key) {
  for (const auto& [name, value] : gateway.kafka.settings)
    if (name == key) return value;
  return std::ranges::find(known, key, &Known::key)->preset;
}

const config::UpstreamTls& tls_of(const config::Config& config) {
  static const config::UpstreamTls none;
  if (config.http_produce->kafka.tls) return *config.http_produce->kafka.tls;
  return config.http_produce->kafka.brokers.empty() && config.upstream ? config.upstream->tls : none;
}

void add_tls(const config::UpstreamTls& tls, Properties& out) {
  if (tls.trust_server_certs)
    out.emplace_back("enable.ssl.certificate.verification", "false");
  else if (!tls.ca_certs.empty())
    out.emplace_back("ssl.ca.location", tls.ca_certs);
  if (!tls.cert.empty()) {
    out.emplace_back("ssl.certificate.location", tls.cert);
    out.emplace_back("ssl.key.location", tls.key);
    if (!tls.key_password.empty()) out.emplace_back("ssl.key.password", tls.key_password);
  }
  if (!tls.rules.ciphers.empty()) out.emplace_back("ssl.cipher.suites", tls.rules.ciphers);
}

std::string servers_of(const config::Config& config) {
  const auto& own = config.http_produce->kafka.brokers;
  std::string out;
  for (const HostPort& each : own.empty() ? config.upstream->bootstrap_servers : own)
    out += (out.empty() ? "" : ",") + to_string(each);
  return out;
}

/// The parts of a configuration that a producer is made of.
config::Config parts_of(const config::Config& config) {
  config::Config parts;
  parts.upstream = config.upstream;
  parts.http_produce.emplace().kafka = config.http_produce->kafka;
  return parts;
}

}  // namespace

Properties properties_of(const config::Config& config, Producers::Kind kind) {
  const config::HttpProduce& gateway = *config.http_produce;
  Properties out{{"bootstrap.servers", servers_of(config)}, {"client.id", "kafkaproxy"}};
  out.emplace_back("topic.metadata.propagation.max.ms", "1000");  // by then a topic that isn't known doesn't exist
  out.emplace_back("reconnect.backoff.max.ms", "1000");           // who comes back is not waited for ten seconds
  const config::SecurityProtocol protocol = config::producer_protocol(config);
  out.emplace_back("security.protocol", config::name_of(protocol, config::security_protocols));
  if (config::uses_tls(protocol)) add_tls(tls_of(config), out);
  const bool logged = kind == Producers::Kind::Logged;
  for (const Known& each : known) {
    std::int64_t value = setting(gateway, each.key);
    if (*each.property == '\0') continue;
    if (logged && each.key == "message_timeout_ms") value = 0;  // for ever: they are in the log
    if (logged && each.key == "retries") value = std::numeric_limits<std::int32_t>::max();
    out.emplace_back(each.property, std::to_string(value));
  }
  // While as many are under way records gather for the next one, however much a waiting request hurries them; without
  // a bound each would go alone. Five is what idempotence takes at most, and what the Java client has.
  out.emplace_back("max.in.flight.requests.per.connection", "5");
  // A retry is no duplicate then; it needs all acknowledgements.
  if (setting(gateway, "request_required_acks") == -1 && (logged || setting(gateway, "retries") > 0))
    out.emplace_back("enable.idempotence", "true");
  if (!gateway.kafka.compression.empty()) out.emplace_back("compression.type", gateway.kafka.compression);
  return out;
}

Producers::Producers(const config::Config& config, Kind kind, Settled settled)
    : config_(parts_of(config)), kind_(kind), settled_(std::move(settled)) {}

Result<std::shared_ptr<Producers>> Producers::make(const config::Config& config, Kind kind,
                                                   const config::Credential& first, Settled settled) {
  std::shared_ptr<Producers> made(new Producers(config, kind, std::move(settled)));
  Result<std::shared_ptr<Producer>> one = made->of(first);
  if (!one) return std::move(one).error().within("http_produce.kafka");
  return made;
}

Producers::~Producers() { finish(); }

void Producers::finish() {
  const auto end = std::chrono::steady_clock::now() + patience();
  for (const auto& each : all()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    each->finish(std::max(left, std::chrono::milliseconds(0)));
  }
}

bool Producers::quiet() const {
  return std::ranges::all_of(all(), [](const auto& each) { return each->records() == 0; });
}

void Producers::hurry_up() {
  for (const auto& each : all()) each->hurry_up();
}

void Producers::give_up() {
  for (const auto& each : all())
    if (each->records() > 0) each->give_up();
}

void Producers::end_failed() {
  std::vector<std::shared_ptr<Producer>> ended;
  {
    const std::lock_guard lock(mutex_);
    for (auto& each : failed_)
      if (each.use_count() == 1) ended.push_back(std::move(each));
    std::erase(failed_, nullptr);
  }
  for (auto& each : ended) {
    each->finish(std::chrono::milliseconds(0));  // nothing of it goes any more
    const std::lock_guard lock(mutex_);
    past_ += each->counters();
  }
}

bool Producers::serves(const config::Config& config) const { return parts_of(config) == config_; }

Producer::Options Producers::options(const config::Credential& login) const {
  const config::HttpProduce& gateway = *config_.http_produce;
  Producer::Options made;
  made.properties = properties_of(config_, kind_);
  if (config::uses_sasl(config::producer_protocol(config_))) {
    made.properties.emplace_back("sasl.mechanism", auth::wire_name(*config::producer_mechanism(config_)));
    made.properties.emplace_back("sasl.username", login.user);
    made.properties.emplace_back("sasl.password", login.secret);
  }
  const std::int64_t records = setting(gateway, "queue_buffering_max_messages");
  made.max_records = records == 0 ? std::numeric_limits<std::size_t>::max() / 2 : static_cast<std::size_t>(records);
  made.max_bytes = static_cast<std::size_t>(setting(gateway, "queue_buffering_max_kbytes")) * 1024;
  made.patience = patience();
  made.settled = settled_;
  return made;
}

/// How long the last records may take.
std::chrono::milliseconds Producers::patience() const {
  const std::int64_t timeout = setting(*config_.http_produce, "message_timeout_ms");
  return std::chrono::milliseconds(kind_ == Kind::Direct && timeout > 0 ? timeout : 2000);
}

Result<std::shared_ptr<Producer>> Producers::of(const config::Credential& login) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Producer>& known_one = producers_[login.user + '\n' + login.secret];  // a reload may bring another
  if (known_one != nullptr && !known_one->failed()) return known_one;
  auto made = Producer::make(options(login));
  if (!made) return std::move(made).error();
  if (known_one != nullptr) failed_.push_back(std::move(known_one));  // its end takes time, and this may be a loop
  known_one = std::move(*made);
  return known_one;
}

std::vector<std::shared_ptr<Producer>> Producers::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Producer>> out = failed_;
  for (const auto& [user, producer] : producers_)
    if (producer != nullptr) out.push_back(producer);
  return out;
}

telemetry::ProducerCounters Producers::counters() const {
  telemetry::ProducerCounters sum;
  for (const auto& each : all()) sum += each->counters();
  const std::lock_guard lock(mutex_);
  sum += past_;
  return sum;
}

std::string Producers::trouble() const {
  std::string said;
  for (const auto& each : all()) {
    said = each->trouble();
    if (said.empty()) return said;
  }
  return said;
}

}  // namespace kp::gateway
