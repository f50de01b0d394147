#include "config/readers.h"

namespace kp::config {
namespace {

SniMapping read_sni(const YamlNode& node, Report& report) {
  SniMapping sni;
  Section section(report, node, "broker_mapping.sni");
  section.port("bind_port", sni.bind_port, Need::Required);
  sni.advertised_port = sni.bind_port;
  section.port("advertised_port", sni.advertised_port);
  section.text("upstream", sni.upstream, Need::Required);
  section.text("downstream", sni.downstream, Need::Required);
  return sni;
}

PortOffsetMapping read_port_offset(const YamlNode& node, Report& report) {
  PortOffsetMapping mapping;
  Section section(report, node, "broker_mapping.port_offset");
  section.text("hostname", mapping.hostname, Need::Required);
  section.port("base", mapping.base, Need::Required);
  section.integer("max_broker_id", mapping.max_broker_id, 0, std::numeric_limits<BrokerId>::max());
  section.integer("max_brokers", mapping.max_broker_id, 0, std::numeric_limits<BrokerId>::max());
  if (section.has("max_broker_id") && section.has("max_brokers"))
    report.error("broker_mapping.port_offset.max_brokers", report.line("broker_mapping.port_offset.max_brokers"),
                 "stands beside max_broker_id, which means the same; write only max_broker_id");
  return mapping;
}

BootstrapMapping read_bootstrap_mapping(const YamlNode& node, const std::string& path, Report& report) {
  BootstrapMapping mapping;
  Section section(report, node, path);
  section.host_port("upstream", mapping.upstream, Need::Required);
  section.host_port("listen", mapping.listen, Need::Required, true);
  mapping.advertised = mapping.listen;
  section.host_port("advertised", mapping.advertised, Need::Optional);
  return mapping;
}

ExternalMapping read_external_mapping(const YamlNode& node, const std::string& path, Report& report) {
  ExternalMapping mapping;
  Section section(report, node, path);
  section.host_port("upstream", mapping.upstream, Need::Required);
  section.host_port("advertised", mapping.advertised, Need::Required);
  return mapping;
}

DynamicMapping read_dynamic(const YamlNode& node, Report& report) {
  DynamicMapping mapping;
  Section section(report, node, "broker_mapping.dynamic");
  section.each("bootstrap", Need::Required, [&](const YamlNode& item, const std::string& path) {
    mapping.bootstrap.push_back(read_bootstrap_mapping(item, path, report));
  });
  section.each("external", Need::Optional, [&](const YamlNode& item, const std::string& path) {
    mapping.external.push_back(read_external_mapping(item, path, report));
  });
  section.flag("listeners", mapping.listeners);
  section.text("listener_ip", mapping.listener_ip);
  section.text("advertised_listener", mapping.advertised_listener);
  section.integer("min_port", mapping.min_port, 0, 65535);
  section.integer("max_ports", mapping.max_ports, 0, 65535);
  section.flag("deterministic", mapping.deterministic);
  return mapping;
}

enum class Mode : std::uint8_t { Sni, PortOffset, Dynamic };
constexpr std::array<Choice<Mode>, 3> modes{
    {{"sni", Mode::Sni}, {"port_offset", Mode::PortOffset}, {"dynamic", Mode::Dynamic}}};

/// The mode, `sni` when the file doesn't say; the seed's sample speaks of a mode that never was.
bool read_mode(Section& section, Mode& mode) {
  return section.value("mode", mode, Need::Optional, [](std::string_view text) -> Result<Mode> {
    if (equal_ignoring_case(text, "static"))
      return Error{Errc::Invalid,
                   "'static' does not exist; use dynamic with listeners: false for a fixed list of addresses"};
    return parse_choice(text, modes);
  });
}

}  // namespace

void read_broker_mapping(Section& top, Report& report, Config& config) {
  const YamlNode* const node = top.find("broker_mapping");
  if (node == nullptr) return;
  Section section(report, *node, "broker_mapping");
  Mode mode = Mode::Sni;
  read_mode(section, mode);
  const bool mode_known = report.sound("broker_mapping.mode");
  for (const auto& [name, candidate] : modes) {
    if (candidate == mode && mode_known) continue;
    if (!section.has(name) || !mode_known) continue;
    const std::string path = section.path_of(name);
    report.error(path, report.line(path),
                 "contradicts mode " + std::string(name_of(mode, modes)) +
                     (section.has("mode") ? "" : " (the default)") + "; write mode: " + std::string(name) +
                     ", or remove this block");
  }
  if (!mode_known) {
    section.find("static");
    return;
  }
  const YamlNode* const block = section.find(name_of(mode, modes), Need::Required);
  if (block == nullptr) return;
  switch (mode) {
    case Mode::Sni:
      config.broker_mapping = read_sni(*block, report);
      break;
    case Mode::PortOffset:
      config.broker_mapping = read_port_offset(*block, report);
      break;
    case Mode::Dynamic:
      config.broker_mapping = read_dynamic(*block, report);
      break;
  }
}

}  // namespace kp::config
