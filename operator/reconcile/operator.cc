#include "reconcile/operator.h"

#include <atomic>
#include <deque>
#include <set>

#include "base/log.h"
#include "net/http_get.h"
#include "plan/objects.h"
#include "reconcile/reconciler.h"
#include "runtime/contents.h"
#include "runtime/manager.h"

namespace kp::reconcile {
namespace {

using kube::Json;
using runtime::Cache;
using runtime::Object;

constexpr const char* by_secret = "secret";      ///< "shop/users" → KafkaProxies that need its content
constexpr unsigned few_secrets = 20;             ///< one may measure 1.5 MB
constexpr const char* by_conflict = "conflict";  ///< conflicting → KafkaProxies whose names another has
constexpr const char* conflicting = "";
constexpr const char* lease_name = "kafkaproxy-operator";
constexpr std::chrono::seconds page_deadline{2};

const std::string ours = "app.kubernetes.io/managed-by=kafkaproxy-operator";
const std::string pods_of_ours = "app.kubernetes.io/name=kafkaproxy";

/// Those that it refers to, and those that are made for it: of all others no content is kept.
std::set<kube::Name> secrets_of(const Json& object) {
  const api::KafkaProxy proxy = api::parse(object).proxy;
  std::set<std::string> names = api::referenced_secrets(proxy.spec);
  names.insert({plan::files_name(proxy.name.name), plan::last_good_name(proxy.name.name),
                plan::self_signed_name(proxy.name.name)});
  std::set<kube::Name> out;
  for (const std::string& name : names) out.insert({proxy.name.space, name});
  return out;
}

std::vector<std::string> secret_keys(const Json& object) {
  std::vector<std::string> out;
  for (const kube::Name& name : secrets_of(object)) out.push_back(to_string(name));
  return out;
}

std::vector<std::string> conflict_of(const Json& object) {
  const api::Status status = api::read_status(object.value("status", Json::object()));
  const api::Condition* const accepted = api::find(status.conditions, api::condition::accepted);
  const bool conflicts = accepted != nullptr && accepted->reason == api::reason::conflict;
  return conflicts ? std::vector<std::string>{conflicting} : std::vector<std::string>{};
}

std::string version_of(const Object& object) {
  return object == nullptr ? std::string() : runtime::resource_version(*object);
}

kube::Name owner_of(const Json& object) {
  const Json* const owner = controller_of(object);
  if (owner == nullptr || owner->value("kind", "") != kube::kafka_proxy.kind) return {};
  return {kube::name_of(object).space, owner->value("name", "")};
}

/// Everything of one process, wired. Members are destroyed in reverse: who uses goes before what is used.
class Operator {
 public:
  Operator(const Options& options, std::unique_ptr<kube::Transport> transport,
           std::unique_ptr<kube::Transport> lease_transport)
      : options_(options),
        client_(kube::make_client(std::move(transport), requests_, {.may_write = [this] { return may_write(); }})),
        lease_client_(kube::make_client(std::move(lease_transport), requests_,
                                        {.deadline = std::chrono::milliseconds(5000), .requests_per_second = 0})),
        applier_(*client_, caches_, clock_),
        queue_(clock_),
        events_(*client_, clock_, {.instance = options.identity}),
        contents_(*client_, cache(kube::secret),
                  [&proxies = cache(kube::kafka_proxy)](const kube::Name& secret) {
                    return !proxies.with(by_secret, to_string(secret)).empty();
                  }),
        fleet_(cache(kube::pod), clock_, ask_pod, [this](const kube::Name& proxy) { add(proxy); }, {}) {}

  Status run(const std::stop_token& stop) {
    plan::Options plan_options{.image = options_.image, .restrict_pods = options_.restrict_pods};
    Result<bool> monitors = has_service_monitors();
    if (!monitors) return std::move(monitors).error().within("the API server at " + options_.access.server);
    plan_options.service_monitors = *monitors;
    watch_all(*monitors);

    Reconciler reconciler({*client_, caches_, applier_, fleet_, claims_, events_, clock_, plan_options});
    runtime::Controller controller(
        "kafkaproxy", queue_, [&](const kube::Name& name) { return reconcile(reconciler, name); }, options_.workers);
    runtime::Manager manager(*client_, *lease_client_, requests_, clock_, manager_options());
    for (runtime::Informer& each : informers_) manager.add(each);
    manager.add(controller);
    for (runtime::Controller* const each : fleet_.controllers()) manager.add(*each);
    manager.use(events_);
    manager_ = &manager;
    Status ended = manager.run(stop);
    manager_ = nullptr;
    return ended;
  }

 private:
  bool may_write() const {
    const runtime::Manager* const manager = manager_;
    return manager == nullptr || manager->may_act();
  }

  static Result<std::string> ask_pod(const std::string& address, const std::string& path) {
    return net::http_get({address, plan::admin_port}, path, report_limits::page, page_deadline);
  }

  /// With the content of the Secrets that its newest spec names: without it one that is there would look empty.
  Result<runtime::Next> reconcile(Reconciler& reconciler, const kube::Name& name) {
    const Cache& proxies = cache(kube::kafka_proxy);
    for (;;) {
      const Object proxy = proxies.find(name);
      const runtime::Contents::Use secrets(contents_, proxy == nullptr ? std::set<kube::Name>() : secrets_of(*proxy));
      if (Status got = secrets.fetch(); !got) return std::move(got).error();
      if (version_of(proxies.find(name)) == version_of(proxy)) return reconciler.reconcile(name);
    }
  }

  Cache& cache(const kube::Kind& kind) {
    Cache*& found = caches_[kind.plural];
    if (found == nullptr) found = &store_.emplace_back();
    return *found;
  }

  void add(const kube::Name& proxy) {
    if (!proxy.name.empty()) queue_.add(proxy);
  }

  /// NotFound for the list of a kind that the cluster doesn't know.
  Result<bool> has_service_monitors() {
    const std::string space = options_.spaces.empty() ? std::string() : options_.spaces.front();
    Result<std::string> listed = client_->list_each(kube::service_monitor, {.space = space}, [](Json&&) {});
    if (listed) return true;
    if (listed.error().code == Errc::NotFound || listed.error().code == Errc::Unauthorized) return false;
    return std::move(listed).error();
  }

  void watch(const runtime::Informer::Options& options) {
    std::vector<std::string> spaces = options_.spaces;
    if (spaces.empty()) spaces.emplace_back();
    for (const std::string& space : spaces) {
      runtime::Informer::Options own = options;
      own.scope.space = space;
      informers_.emplace_back(*client_, clock_, cache(options.kind), std::move(own));
    }
  }

  void watch_all(bool service_monitors) {
    follow_proxies();
    follow_secrets();
    for (const kube::Kind& kind :
         {kube::config_map, kube::deployment, kube::service, kube::disruption_budget, kube::network_policy}) {
      follow_owned(cache(kind));
      watch({.kind = kind, .scope = {.label_selector = ours}});
    }
    if (service_monitors) {
      follow_owned(cache(kube::service_monitor));
      watch({.kind = kube::service_monitor, .scope = {.label_selector = ours}});
    }
    watch({.kind = kube::pod, .scope = {.label_selector = pods_of_ours}});
  }

  void follow_proxies() {
    Cache& proxies = cache(kube::kafka_proxy);
    proxies.add_index(by_secret, secret_keys);
    proxies.add_index(by_conflict, conflict_of);
    const auto look = [this](const Object& object) {
      note_claims(*object);
      add(kube::name_of(*object));
    };
    proxies.add_handlers({.added = look,
                          .updated =
                              [this, look](const Object& before, const Object& now) {
                                // Only its status: written by us. Whom it collides with may have changed before we
                                // saw that it does.
                                if ((*before)["metadata"]["uid"] == (*now)["metadata"]["uid"] &&
                                    (*before)["metadata"]["generation"] == (*now)["metadata"]["generation"] &&
                                    !(*now)["metadata"].contains("deletionTimestamp") &&
                                    conflict_of(*before) == conflict_of(*now))
                                  return;
                                look(now);
                                release_secrets(*before);
                              },
                          .removed =
                              [this](const Object& before) {
                                claims_.set(kube::name_of(*before), {});
                                add_conflicting();
                                add(kube::name_of(*before));
                                release_secrets(*before);
                              }});
    watch({.kind = kube::kafka_proxy});
  }

  void release_secrets(const Json& before) {
    for (const kube::Name& name : secrets_of(before)) contents_.release(name);
  }

  void note_claims(const Json& object) {
    const api::Parsed parsed = api::parse(object);
    std::vector<plan::Claim> claims;
    if (parsed.errors.empty()) claims = plan::claims_of(parsed.proxy);
    const bool known = !claims.empty();
    if (claims_.set(parsed.proxy.name, std::move(claims)) && known) add_conflicting();
  }

  /// Whom a change of somebody else's names may help, or harm, is looked at again.
  void add_conflicting() {
    for (const Object& object : cache(kube::kafka_proxy).with(by_conflict, conflicting)) add(kube::name_of(*object));
  }

  Cache::Handlers of_what_we_make(const std::function<void(const Object&)>& look) {
    Cache::Handlers handlers = Cache::Handlers::any(look);
    handlers.removed = [this, look](const Object& before) {
      applier_.gone(*before);
      look(before);
    };
    return handlers;
  }

  void follow_secrets() {
    Cache& secrets = cache(kube::secret);
    const auto look = [this](const Object& secret) {
      add(owner_of(*secret));
      for (const Object& proxy : cache(kube::kafka_proxy).with(by_secret, to_string(kube::name_of(*secret))))
        add(kube::name_of(*proxy));
    };
    secrets.add_handlers(of_what_we_make(look));
    // What is needed is known first: else all that KafkaProxies refer to would be asked for one by one.
    std::vector<const runtime::Informer*> proxies;
    for (const runtime::Informer& each : informers_)
      if (each.kind() == kube::kafka_proxy) proxies.push_back(&each);
    watch({.kind = kube::secret,
           .scope = {.first_page = few_secrets},
           .transform = [this](Json& secret) { contents_.transform(secret); },
           .after = std::move(proxies)});
  }

  void follow_owned(Cache& owned) {
    const auto look = [this](const Object& object) { add(owner_of(*object)); };
    owned.add_handlers(of_what_we_make(look));
  }

  runtime::Manager::Options manager_options() const {
    runtime::Manager::Options out{.admin = options_.metrics};
    if (options_.leader_elect)
      out.leader =
          runtime::LeaderElector::Options{.lease = {options_.lease_space, lease_name}, .identity = options_.identity};
    return out;
  }

  const Options& options_;
  runtime::SystemClock clock_;
  kube::RequestCounters requests_;
  std::unique_ptr<kube::Client> client_;
  std::unique_ptr<kube::Client> lease_client_;
  std::deque<Cache> store_;
  Caches caches_;
  Claims claims_;
  Applier applier_;
  runtime::WorkQueue queue_;
  runtime::EventRecorder events_;
  runtime::Contents contents_;
  Fleet fleet_;
  std::deque<runtime::Informer> informers_;
  std::atomic<const runtime::Manager*> manager_ = nullptr;  ///< while it runs
};

}  // namespace

Status run(const Options& options, const std::stop_token& stop) {
  Result<std::unique_ptr<kube::Transport>> transport = kube::connect(options.access);
  if (!transport) return std::move(transport).error();
  Result<std::unique_ptr<kube::Transport>> lease_transport = kube::connect(options.access);
  if (!lease_transport) return std::move(lease_transport).error();
  Operator all(options, std::move(*transport), std::move(*lease_transport));
  return all.run(stop);
}

}  // namespace kp::reconcile
