#include "proxy/reloader.h"

#include "base/log.h"
#include "config/changes.h"
#include "config/partition_changes.h"

namespace kp::proxy {
namespace {

/// "limits.idle_timeout, downstream.tls.cert (content)", shortened.
std::string told(const std::vector<config::Change>& changes) {
  constexpr std::size_t enough = 400;
  std::string out;
  for (const config::Change& change : changes) {
    if (out.size() > enough) return out + ", …";
    out += (out.empty() ? "" : ", ") + change.key + (change.content ? " (content)" : "");
  }
  return out;
}

}  // namespace

Reloader::Reloader(Proxy& proxy, std::string file, Load load, config::Config in_force, std::chrono::milliseconds retry)
    : proxy_(proxy),
      file_(std::move(file)),
      load_(std::move(load)),
      retry_(retry),
      in_force_(std::move(in_force)),
      files_(proxy.files()),
      fingerprint_(config::fingerprint(in_force_, files_)) {}

Result<std::unique_ptr<Reloader>> Reloader::start(Proxy& proxy, std::string file, Load load, config::Config in_force,
                                                  std::chrono::milliseconds retry) {
  std::unique_ptr<Reloader> made(new Reloader(proxy, std::move(file), std::move(load), std::move(in_force), retry));
  auto watch = FileWatch::start([self = made.get()] { self->look(); });
  if (!watch) return std::move(watch).error();
  made->watch_ = std::move(*watch);
  made->watch(nullptr);
  return made;
}

void Reloader::poke() {
  asked_ = true;
  watch_->poke();
}

/// The files of the candidate too: one that is missing may come.
void Reloader::watch(const config::Config* candidate) {
  std::vector<std::string> paths{file_};
  for (const config::Config* one : {static_cast<const config::Config*>(&in_force_), candidate})
    if (one != nullptr)
      for (const config::NamedFile& file : config::named_files(*one)) paths.push_back(file.path);
  watch_->watch(std::move(paths));
}

void Reloader::look() {
  const bool asked = asked_.exchange(false);
  watch_->again_after({});
  config::Parsed parsed = load_();
  if (!parsed.errors.empty()) {
    std::vector<std::string> errors;
    for (const config::Problem& problem : parsed.errors) errors.push_back(config::to_string(problem, file_));
    return refuse({parsed.config.generation, std::move(errors)});
  }
  watch(&parsed.config);
  std::vector<std::string> refusals;
  for (const auto& each : config::partition_refusals(in_force_.partition_mapping, parsed.config.partition_mapping))
    refusals.push_back(each.path + " " + each.why);
  if (!refusals.empty()) return refuse({parsed.config.generation, std::move(refusals)});
  std::vector<config::FileContent> files = config::read_files(parsed.config);
  std::string fingerprint = config::fingerprint(parsed.config, files);
  if (fingerprint != fingerprint_) return try_reload(std::move(parsed), std::move(files), std::move(fingerprint));
  if (!refused_.errors.empty()) {
    refused_ = {};
    proxy_.note_refusal({});
    log::info("the configuration file says again what is in force", {{"config", file_}});
  } else if (asked) {
    log::info("nothing to reload: the configuration is in force already", {{"config", file_}});
  }
}

void Reloader::try_reload(config::Parsed parsed, std::vector<config::FileContent> files, std::string fingerprint) {
  // Files that changed while they were read are looked at again: half of one must not come into force.
  Status done = proxy_.reload(parsed.config, files, [this] { return !watch_->disturbed(); });
  if (!done) {
    if (done.error().code == Errc::Draining || watch_->disturbed()) return;
    if (done.error().code != Errc::Invalid) watch_->again_after(retry_);
    return refuse({parsed.config.generation, {done.error().message}});
  }
  std::vector<config::Change> changes = config::changes(in_force_, parsed.config);
  for (config::Change& change : config::changes(files_, files)) changes.push_back(std::move(change));
  for (const config::Problem& warning : parsed.warnings)
    log::warn("configuration", {{"problem", config::to_string(warning, file_)}});
  log::info("configuration reloaded",
            {{"config", file_}, {"generation", parsed.config.generation}, {"changed", told(changes)}});
  in_force_ = std::move(parsed.config);
  files_ = std::move(files);
  fingerprint_ = std::move(fingerprint);
  refused_ = {};
  watch(nullptr);
}

/// Told once: the same errors at the next look are no news.
void Reloader::refuse(Refusal refusal) {
  if (refusal == refused_) return;
  for (const std::string& error : refusal.errors)
    log::error("reload refused, what was in force stays",
               {{"config", file_}, {"generation", refusal.generation}, {"reason", error}});
  refused_ = refusal;
  proxy_.note_refusal(std::move(refusal));
}

}  // namespace kp::proxy
