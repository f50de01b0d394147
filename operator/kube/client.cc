#include "kube/client.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "kube/path.h"
#include "kube/status.h"
#include "kube/token_bucket.h"

namespace kp::kube {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds busy_pause{1'000};  ///< where a busy server names none
constexpr milliseconds broken_pause{100};
constexpr std::size_t small_chunk = 1 << 20;
constexpr int max_repeats = 2;  ///< of a request whose connection broke

constexpr const char* json_type = "application/json";
constexpr const char* apply_type = "application/apply-patch+yaml";
constexpr const char* merge_type = "application/merge-patch+json";

/// Never throws, whatever bytes a string holds.
std::string text_of(const Json& object) { return object.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string selection(const Scope& scope) {
  return scope.label_selector.empty() ? "" : "&labelSelector=" + percent_encoded(scope.label_selector);
}

std::string metadata_text(const Json& object, const char* key) {
  const auto metadata = object.find("metadata");
  return metadata != object.end() && metadata->is_object() ? metadata->value(key, "") : "";
}

struct Call {
  std::string_view verb;
  HttpRequest request;
  bool repeatable = true;  ///< twice does no more than once
};

class ApiClient final : public Client {
 public:
  ApiClient(std::unique_ptr<Transport> transport, RequestCounters& counters, ClientOptions options)
      : transport_(std::move(transport)),
        counters_(counters),
        options_(std::move(options)),
        bucket_(options_.requests_per_second, options_.burst) {}

  Result<Json> get(const Kind& kind, const Name& name) override {
    return perform({"get", {"GET", object_path(kind, name)}});
  }

  Result<std::string> list_each(const Kind& kind, const Scope& scope, const std::function<void(Json&&)>& each) override;

  Result<Json> create(const Json& object) override;

  Result<Json> apply(const Json& object) override { return apply_to(object, ""); }
  Result<Json> apply_status(const Json& object) override { return apply_to(object, "/status"); }

  Result<Json> update(const Json& object) override {
    const Kind* const kind = kind_of(object);
    if (kind == nullptr) return unknown(object);
    return perform({"update", {"PUT", object_path(*kind, name_of(object)), text_of(object), json_type}, false});
  }

  Result<Json> merge_patch(const Kind& kind, const Name& name, const Json& patch) override {
    return perform({"patch", {"PATCH", object_path(kind, name) + managed(), text_of(patch), merge_type}});
  }

  Status remove(const Kind& kind, const Name& name, const std::string& uid) override;

  WatchEnd watch(const Kind& kind, const Scope& scope, const std::string& resource_version,
                 const std::function<void(WatchEvent, Json&&)>& on_event, std::stop_token stop) override;

  void shut_down() override {
    {
      const std::lock_guard lock(mutex_);
      ended_ = true;
      wake_.notify_all();
    }
    transport_->cancel();
  }

 private:
  static Error unknown(const Json& object) {
    return {Errc::Invalid, "no kind of ours: " + object.value("apiVersion", "") + " " + object.value("kind", "")};
  }
  std::string managed() const { return "?fieldManager=" + percent_encoded(options_.field_manager); }

  Result<Json> apply_to(const Json& object, const std::string& subresource) {
    const Kind* const kind = kind_of(object);
    if (kind == nullptr) return unknown(object);
    const std::string target = object_path(*kind, name_of(object)) + subresource + managed() + "&force=true";
    return perform({"patch", {"PATCH", target, text_of(object), apply_type}});
  }

  Result<Json> perform(const Call& call, std::size_t* bytes = nullptr);
  Result<HttpResponse> send(const Call& call, Clock::time_point end);
  Status wait_for_turn(Clock::time_point end);
  bool pause(Clock::duration span);
  milliseconds spread(milliseconds span);

  const std::unique_ptr<Transport> transport_;
  RequestCounters& counters_;
  const ClientOptions options_;
  std::mutex mutex_;  ///< of all below
  std::condition_variable wake_;
  TokenBucket bucket_;
  bool ended_ = false;
  std::minstd_rand random_{std::random_device{}()};
};

/// From `span` up to twice that.
milliseconds ApiClient::spread(milliseconds span) {
  const std::lock_guard lock(mutex_);
  return span + milliseconds(std::uniform_int_distribution<milliseconds::rep>(0, span.count())(random_));
}

/// False: the client ended meanwhile.
bool ApiClient::pause(Clock::duration span) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, span, [&] { return ended_; });
}

Status ApiClient::wait_for_turn(Clock::time_point end) {
  Clock::duration wait{};
  if (options_.requests_per_second > 0) {
    const std::lock_guard lock(mutex_);
    wait = bucket_.take(Clock::now());
  }
  if (Clock::now() + wait > end) return Error{Errc::Busy, "too many requests of ours wait for their turn"};
  if (!pause(wait)) return Error{Errc::Draining, "the client is being ended"};
  return Done{};
}

/// One answer, whatever its status.
Result<HttpResponse> ApiClient::send(const Call& call, Clock::time_point end) {
  if (call.request.method != "GET" && options_.may_write && !options_.may_write())
    return Error{Errc::Draining, "this process may no longer write"};
  const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
  if (left <= milliseconds::zero()) return Error{Errc::Timeout, "no answer in time"};
  Result<HttpResponse> response = transport_->call(call.request, left);
  counters_.count(call.verb, response ? std::to_string(response->status) : std::string(name(response.error().code)));
  return response;
}

/// `bytes`: what its answer measured.
Result<Json> ApiClient::perform(const Call& call, std::size_t* bytes) {
  const auto end = Clock::now() + options_.deadline;
  if (Status turn = wait_for_turn(end); !turn) return std::move(turn).error();
  bool token_refreshed = false;
  for (int broken = 0;;) {
    const Result<HttpResponse> response = send(call, end);
    Clock::duration wait{};
    if (!response) {
      // A connection that was kept may be closed by the server just when we write to it.
      if (response.error().code != Errc::Io || !call.repeatable || broken++ == max_repeats) return response.error();
      wait = spread(broken_pause * broken);
    } else if (response->status / 100 == 2) {
      if (bytes != nullptr) *bytes = response->body.size();
      return parse(response->body);
    } else if (response->status == 401 && !std::exchange(token_refreshed, true) && transport_->token_was_refused()) {
      continue;
    } else if (response->status == 429 || (response->status == 503 && (response->retry_after || call.repeatable))) {
      wait = spread(response->retry_after ? milliseconds(*response->retry_after) : busy_pause);
    } else {
      return error_of(*response);
    }
    if (Clock::now() + wait >= end) return response ? error_of(*response) : response.error();
    if (!pause(wait)) return Error{Errc::Draining, "the client is being ended"};
  }
}

/// How many objects to ask for at a time.
class Chunks {
 public:
  Chunks(unsigned first, unsigned most) : size_(first == 0 ? most : std::min(first, most)), most_(most) {}
  unsigned size() const { return size_; }
  /// What came was small.
  void grow() { size_ = std::min(size_ * 2, most_); }
  /// What came was too large. False: there is no smaller one. It doesn't grow again.
  bool shrink() {
    if (size_ == 1) return false;
    size_ = std::max(size_ / 2, 1U);
    most_ = size_;
    return true;
  }

 private:
  unsigned size_;
  unsigned most_;
};

Result<std::string> ApiClient::list_each(const Kind& kind, const Scope& scope,
                                         const std::function<void(Json&&)>& each) {
  Chunks chunks(scope.first_page, options_.page);
  std::string next;
  for (;;) {
    const std::string target = collection_path(kind, scope.space) + "?limit=" + std::to_string(chunks.size()) +
                               selection(scope) + (next.empty() ? "" : "&continue=" + percent_encoded(next));
    std::size_t bytes = 0;
    Result<Json> page = perform({"list", {"GET", target}}, &bytes);
    if (!page && page.error().code == Errc::Unsupported && chunks.shrink()) continue;
    if (!page) return std::move(page).error();
    const auto items = page->find("items");
    if (items == page->end() || !items->is_array()) return Error{Errc::Malformed, "a list without items"};
    for (Json& item : *items) {
      item["apiVersion"] = api_version(kind);  // the items of kinds of Kubernetes's own come without
      item["kind"] = kind.kind;
      each(std::move(item));
    }
    if (bytes < small_chunk) chunks.grow();
    next = metadata_text(*page, "continue");
    if (next.empty()) return metadata_text(*page, "resourceVersion");
  }
}

Result<Json> ApiClient::create(const Json& object) {
  const Kind* const kind = kind_of(object);
  if (kind == nullptr) return unknown(object);
  const Name name = name_of(object);
  const std::string target = collection_path(*kind, name.space) + managed();
  Result<Json> made = perform({"create", {"POST", target, text_of(object), json_type}, false});
  if (made || made.error().code != Errc::Exists) return made;
  // The transport sends again, and silently, what it sent on a connection that was just being closed: the object that
  // is in the way may be ours.
  Result<Json> there = get(*kind, name);
  return there && holds(*there, object) ? there : made;
}

Status ApiClient::remove(const Kind& kind, const Name& name, const std::string& uid) {
  Json options{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"propagationPolicy", "Background"}};
  if (!uid.empty()) options["preconditions"]["uid"] = uid;
  Result<Json> gone = perform({"delete", {"DELETE", object_path(kind, name), text_of(options), json_type}});
  if (gone || gone.error().code == Errc::NotFound) return Done{};
  if (!uid.empty() && gone.error().code == Errc::Conflict) return Done{};
  return std::move(gone).error();
}

/// Takes a watch's lines apart.
class Events {
 public:
  Events(const std::function<void(WatchEvent, Json&&)>& on_event, std::stop_source& stop)
      : on_event_(on_event), stop_(stop) {}

  void take(std::string_view line) {
    if (failed_ || line.empty()) return;
    Json event = Json::parse(line, nullptr, false);
    if (!event.is_object() || !event.contains("object") || !event.contains("type") || !event["type"].is_string())
      return fail({Errc::Malformed, "a watch event that is none"});
    const std::string type = event["type"].get<std::string>();
    Json& object = event["object"];
    if (type == "ADDED") return on_event_(WatchEvent::Added, std::move(object));
    if (type == "MODIFIED") return on_event_(WatchEvent::Modified, std::move(object));
    if (type == "DELETED") return on_event_(WatchEvent::Deleted, std::move(object));
    if (type == "BOOKMARK") return on_event_(WatchEvent::Bookmark, std::move(object));
    if (type == "ERROR") return fail(error_of(object));
    fail({Errc::Malformed, "a watch event of type " + type});
  }

  const std::optional<Error>& failed() const { return failed_; }

 private:
  void fail(Error error) {
    failed_ = std::move(error);
    stop_.request_stop();
  }

  const std::function<void(WatchEvent, Json&&)>& on_event_;
  std::stop_source& stop_;
  std::optional<Error> failed_;
};

WatchEnd ApiClient::watch(const Kind& kind, const Scope& scope, const std::string& resource_version,
                          const std::function<void(WatchEvent, Json&&)>& on_event, std::stop_token stop) {
  const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(spread(options_.watch_lifetime));
  const HttpRequest request{"GET", collection_path(kind, scope.space) + "?watch=1&allowWatchBookmarks=true" +
                                       "&timeoutSeconds=" + std::to_string(lifetime.count()) +
                                       "&resourceVersion=" + percent_encoded(resource_version) + selection(scope)};
  std::stop_source ours;
  const std::stop_callback forward(stop, [&ours] { ours.request_stop(); });
  Events events(on_event, ours);
  const Result<HttpResponse> ended =
      transport_->watch(request, [&](std::string_view line) { events.take(line); }, ours.get_token());
  counters_.count("watch", ended ? std::to_string(ended->status) : std::string(name(ended.error().code)));

  using Why = WatchEnd::Why;
  const auto because = [](Error error) {
    return WatchEnd{error.code == Errc::Expired ? Why::Expired : Why::Failed, std::move(error)};
  };
  if (events.failed()) return because(*events.failed());
  if (stop.stop_requested()) return {Why::Stopped, {}};
  if (!ended) return ended.error().code == Errc::Draining ? WatchEnd{Why::Stopped, {}} : because(ended.error());
  if (ended->status == 200) return {Why::Ended, {}};
  if (ended->status == 401) (void)transport_->token_was_refused();
  return because(error_of(*ended));
}

}  // namespace

Result<Listed> Client::list(const Kind& kind, const Scope& scope) {
  Listed listed;
  Result<std::string> version = list_each(kind, scope, [&](Json&& item) { listed.items.push_back(std::move(item)); });
  if (!version) return std::move(version).error();
  listed.resource_version = *std::move(version);
  return listed;
}

std::unique_ptr<Client> make_client(std::unique_ptr<Transport> transport, RequestCounters& counters,
                                    ClientOptions options) {
  return std::make_unique<ApiClient>(std::move(transport), counters, std::move(options));
}

}  // namespace kp::kube
