#include "cli/against.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "cli/secrets.h"
#include "config/changes.h"
#include "config/emit.h"
#include "config/parse.h"
#include "config/partition_changes.h"
#include "net/http_get.h"
#include "net/peer_certificate.h"

namespace kp::cli {
namespace {

using config::Change;
using config::Reach;
using nlohmann::json;

constexpr std::size_t max_page_bytes = 4 << 20;

/// What /config says of the configuration in force.
struct Running {
  config::Config config;  ///< secrets are masked
  std::string yaml;
  std::string hash;
  std::optional<std::vector<config::FileDigest>> files;  ///< none: this proxy doesn't show them
};

/// The text at `key`; empty when it is no text.
std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::vector<config::FileDigest> files_of(const json& list) {
  std::vector<config::FileDigest> files;
  for (const json& each : list)
    if (each.is_object()) files.push_back({text_at(each, "key"), text_at(each, "path"), text_at(each, "digest")});
  return files;
}

Result<Running> read_page(const std::string& page) {
  const json parsed = json::parse(page, nullptr, false);
  if (!parsed.is_object() || text_at(parsed, "config").empty())
    return Error{Errc::Malformed, "this is no /config page of a kafkaproxy"};
  Running running{{}, text_at(parsed, "config"), text_at(parsed, "hash"), {}};
  config::Parsed config = config::parse(running.yaml, [](std::string_view) { return std::nullopt; });
  if (!config.errors.empty())
    return Error{Errc::Unsupported, "this kafkaproxy can't read the other's configuration; are they of one version? " +
                                        net::printable(to_string(config.errors.front(), "/config"))};
  running.config = std::move(config.config);
  if (const auto files = parsed.find("files"); files != parsed.end() && files->is_array())
    running.files = files_of(*files);
  return running;
}

/// How many columns `text` takes, where each character takes one.
std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string padded(std::string text, std::size_t columns) {
  const std::size_t has = width(text);
  if (has < columns) text.append(columns - has, ' ');
  return text;
}

/// Key, values, reach: each column as wide as its widest entry, but for those that would push all others away.
class Table {
 public:
  void add(const std::string& key, const std::string& values, Reach reach) {
    rows_.push_back({net::printable(key), net::printable(values), std::string(describe(reach))});
  }
  std::string text() const {
    const std::size_t keys = column(&Row::key);
    const std::size_t values = column(&Row::values);
    std::string out;
    for (const Row& row : rows_)
      out += padded(row.key, keys) + "  " + padded(row.values, values) + "  " + row.reach + "\n";
    return out;
  }

 private:
  struct Row {
    std::string key;
    std::string values;
    std::string reach;
  };

  std::size_t column(std::string Row::* cell) const {
    constexpr std::size_t widest = 60;
    std::size_t columns = 0;
    for (const Row& row : rows_)
      if (width(row.*cell) <= widest) columns = std::max(columns, width(row.*cell));
    return columns;
  }

  std::vector<Row> rows_;
};

std::string values_of(const Change& change) {
  const auto shown = [&](const std::string& value) {
    if (value.empty()) return std::string("(unset)");
    return change.content && value != "missing" && value != "unreadable" ? value + "…" : value;
  };
  if (change.before == change.after) return "(another secret)";
  return shown(change.before) + " → " + shown(change.after);
}

struct Prediction {
  std::vector<Change> changes;
  std::vector<std::string> notes;
};

void compare_configs(const Running& running, const config::Config& local, Prediction& found) {
  const Unmasked known = unmask(running.config, local);
  found.changes = changes(known.config, local);
  for (const config::PartitionRefusal& refusal :
       config::partition_refusals(known.config.partition_mapping, local.partition_mapping))
    found.notes.push_back(net::printable(refusal.path + " " + refusal.why));
  if (known.filled.empty()) return;  // nothing that is masked stayed
  const bool hash_tells = known.complete && emit(running.config, config::Secrets::Mask) == running.yaml;
  if (!hash_tells) {
    found.notes.push_back("secrets of entries that stay can't be compared: /config masks them");
  } else if (config::hash(known.config) != running.hash) {
    Change secrets{"secrets in the file", "", "", Reach::None, false};
    for (const std::string& key : known.filled) {
      secrets.after += (secrets.after.empty() ? "" : ", ") + key;
      secrets.reach = std::max(secrets.reach, config::reach_of(key));
    }
    found.notes.push_back("which secret differs can't be told, /config masks them: " + secrets.after);
    secrets.after.clear();
    found.changes.push_back(std::move(secrets));
  }
}

void compare_files(const Running& running, const std::vector<config::FileContent>& files, Prediction& found) {
  if (files.empty()) return;
  if (!running.files) {
    found.notes.push_back("the contents of files can't be compared: this proxy does not show their digests");
    return;
  }
  std::vector<config::FileContent> readable;
  for (const config::FileContent& file : files)
    if (file.error)
      found.notes.push_back(file.file.key + " can't be compared from here: " + net::printable(file.error->message));
    else
      readable.push_back(file);
  for (Change& change : changes(*running.files, digests(readable))) found.changes.push_back(std::move(change));
}

std::string summary(const std::vector<Change>& changes) {
  if (changes.empty()) return "no change: a reload would do nothing\n";
  const auto widest = std::ranges::max_element(changes, {}, &Change::reach);
  return std::to_string(changes.size()) + (changes.size() == 1 ? " change; " : " changes; widest reach: ") +
         std::string(describe(widest->reach)) + "\n";
}

std::string remedy(Errc code) {
  switch (code) {
    case Errc::NotFound:
    case Errc::Malformed:
      return "; give the host:port of the running proxy's admin.address";
    case Errc::Unsupported:
    case Errc::Invalid:
      return "";
    default:
      return "; is the proxy running, and is this its admin.address?";
  }
}

}  // namespace

Result<ConfigPage> parse_config_page(std::string_view url) {
  const auto wrong = [](std::string why) { return Error{Errc::Invalid, std::move(why)}; };
  if (url.starts_with("https://")) return wrong("the admin endpoint speaks plain HTTP: write http://host:port");
  if (url.starts_with("http://")) url.remove_prefix(7);
  const std::size_t slash = std::min(url.find('/'), url.size());
  Result<HostPort> address = parse_host_port(url.substr(0, slash));
  if (!address) return std::move(address).error();
  ConfigPage page{std::move(*address)};
  if (url.size() > slash + 1) page.path = url.substr(slash);
  if (std::ranges::any_of(page.path, [](char c) { return c <= ' ' || c == 0x7f; }))
    return wrong("the path holds a character that no URL has");
  return page;
}

Result<std::string> predict(const std::string& page, const config::Config& local,
                            const std::vector<config::FileContent>& files) {
  const Result<Running> running = read_page(page);
  if (!running) return running.error();
  Prediction found;
  compare_configs(*running, local, found);
  compare_files(*running, files, found);
  Table table;
  for (const Change& change : found.changes)
    table.add(change.key + (change.content ? " (content)" : ""), values_of(change), change.reach);
  std::string out = table.text();
  for (const std::string& note : found.notes) out += "note: " + note + "\n";
  return out + summary(found.changes);
}

Result<std::string> check_against(const ConfigPage& running, const config::Config& local) {
  const auto page = net::http_get(running.address, running.path, max_page_bytes);
  auto said = page ? predict(*page, local, read_files(local)) : Result<std::string>(page.error());
  if (said) return said;
  Error error = std::move(said).error();
  error.message = "http://" + to_string(running.address) + running.path + ": " + error.message + remedy(error.code);
  return error;
}

}  // namespace kp::cli
