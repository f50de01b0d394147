#include "config/parse.h"

#include <algorithm>

#include "base/utf8.h"
#include "config/environment.h"
#include "config/readers.h"
#include "config/text_file.h"
#include "config/validate.h"

namespace kp::config {
namespace {

/// N of the file's "# generation: N", which stands before the first line that isn't a comment.
std::string generation_of(std::string_view yaml) {
  constexpr std::string_view label = "generation:";
  constexpr std::string_view spaces = " \t\r";
  while (!yaml.empty()) {
    std::string_view line = yaml.substr(0, yaml.find('\n'));
    yaml.remove_prefix(std::min(line.size() + 1, yaml.size()));
    if (line.starts_with("---")) continue;
    line.remove_prefix(std::min(line.find_first_not_of(spaces), line.size()));
    if (line.empty()) continue;
    if (line[0] != '#') return {};
    line.remove_prefix(1);
    line.remove_prefix(std::min(line.find_first_not_of(spaces), line.size()));
    if (!line.starts_with(label)) continue;
    line.remove_prefix(label.size());
    line.remove_prefix(std::min(line.find_first_not_of(spaces), line.size()));
    line = line.substr(0, line.find_first_of(spaces));
    const bool usable = line.size() <= 64 && std::ranges::all_of(line, [](char c) { return c > ' ' && c < 0x7f; });
    return usable ? std::string(line) : std::string();
  }
  return {};
}

/// The seed of the HTTP gateway has its keys at the top; here they live in http_produce.
void read_misplaced(Section& top, Report& report) {
  for (const std::string_view key : {"kafka", "http", "ratelimit", "output_file"})
    if (top.has(key)) report.error(std::string(key), report.line(key), "belongs inside http_produce");
  if (top.has("generation"))
    report.error("generation", report.line("generation"), "is no key: write a comment '# generation: N' at the top");
}

void read_config(const YamlNode& root, Report& report, Config& config) {
  Section top(report, root, "");
  top.text("bind_address", config.bind_address);
  read_broker_mapping(top, report, config);
  read_upstream(top, report, config);
  read_downstream(top, report, config);
  read_auth_swap(top, report, config);
  read_resolve(top, report, config);
  read_partition_mapping(top, report, config);
  read_http_produce(top, report, config);
  read_admin(top, report, config);
  read_limits(top, report, config);
  read_logging(top, report, config);
  read_misplaced(top, report);
  const bool gateway_alone = top.has("http_produce") && !top.has("upstream") && !top.has("broker_mapping");
  if (gateway_alone) {
    if (!top.has("downstream")) config.downstream.security_protocol = SecurityProtocol::Plaintext;  // nobody comes
    return;
  }
  top.find("broker_mapping", Need::Required);
  top.find("downstream", Need::Required);
  const bool dynamic = config.broker_mapping && std::holds_alternative<DynamicMapping>(*config.broker_mapping);
  if (!dynamic) top.find("upstream", Need::Required);
}

/// Bracketed IPv6 is what people copy from URLs.
void strip_brackets(std::string& address) {
  if (address.size() > 2 && address.front() == '[' && address.back() == ']')
    address = address.substr(1, address.size() - 2);
}

/// In dynamic mode the bootstrap mappings are the servers to learn from, unless the file names others.
void fill_bootstrap_servers(Config& config) {
  if (!config.broker_mapping || !config.upstream || !config.upstream->bootstrap_servers.empty()) return;
  const auto* const dynamic = std::get_if<DynamicMapping>(&*config.broker_mapping);
  if (dynamic == nullptr) return;
  for (const BootstrapMapping& mapping : dynamic->bootstrap)
    if (config.upstream->bootstrap_servers.size() < PortOffsetMapping::bootstrap_slots)
      config.upstream->bootstrap_servers.push_back(mapping.upstream);
}

void sort_by_line(std::vector<Problem>& problems) { std::ranges::stable_sort(problems, {}, &Problem::line); }

/// What is wrong with the bytes before they are YAML; empty when nothing is.
std::string unreadable(std::string_view text, std::size_t limit) {
  if (text.size() > limit) return "the file is larger than " + std::to_string(limit >> 20) + " MiB";
  if (text.find('\0') != std::string_view::npos) return "the file is not text: it holds a zero byte";
  if (!is_utf8(text)) return "the file is not UTF-8 text";
  return {};
}

Parsed refused(std::string why) {
  Parsed out;
  out.errors.push_back({"", 0, std::move(why)});
  return out;
}

}  // namespace

Parsed parse(std::string_view yaml, const Environment& environment) {
  if (std::string why = unreadable(yaml, max_file_bytes); !why.empty()) return refused(std::move(why));
  Expansion expansion = expand(yaml, environment);
  if (std::string why = unreadable(expansion.text, 4 * max_file_bytes); !why.empty())
    return refused(std::move(why) + ", after the environment variables were put in");
  const YamlTree tree = read_yaml(expansion.text);

  Parsed out;
  Report report;
  out.config.generation = generation_of(yaml);
  if (tree.problem) {
    report.error(tree.problem->path, tree.problem->line, tree.problem->message);
  } else {
    read_config(tree.root, report, out.config);
    strip_brackets(out.config.bind_address);
    fill_bootstrap_servers(out.config);
    validate(out.config, report);
  }
  // A line with a missing variable holds a placeholder: what else it gets wrong would only mislead.
  std::erase_if(report.errors, [&](const Problem& p) { return expansion.failed_lines.contains(p.line); });
  out.errors = std::move(expansion.errors);
  out.errors.insert(out.errors.end(), report.errors.begin(), report.errors.end());
  out.warnings = std::move(expansion.warnings);
  out.warnings.insert(out.warnings.end(), report.warnings.begin(), report.warnings.end());
  sort_by_line(out.errors);
  sort_by_line(out.warnings);
  if (report.truncated) out.errors.push_back({"", 0, "there are more errors than are shown here"});
  return out;
}

Parsed load(const std::string& path, const Environment& environment) {
  const Result<std::string> text = read_text_file(path);
  if (text) return parse(*text, environment);
  std::string why = text.error().message;
  if (why.starts_with(path + ": ")) why.erase(0, path.size() + 2);  // describe() names the file
  return refused(why);
}

std::string to_string(const Problem& problem, std::string_view file) {
  std::string out(file);
  if (problem.line > 0) out += ":" + std::to_string(problem.line);
  if (!problem.path.empty()) out += ": " + problem.path;
  return out + ": " + problem.message;
}

std::string describe(const Parsed& parsed, std::string_view file) {
  const auto count = [](std::size_t n, const std::string& noun) {
    return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
  };
  std::string out;
  for (const Problem& problem : parsed.errors) out += to_string(problem, file) + "\n";
  for (const Problem& problem : parsed.warnings) out += to_string(problem, file) + " (warning)\n";
  const std::string warnings = parsed.warnings.empty() ? "" : ", " + count(parsed.warnings.size(), "warning");
  return out + std::string(file) + ": " + (parsed.errors.empty() ? "valid" : count(parsed.errors.size(), "error")) +
         warnings + "\n";
}

}  // namespace kp::config
