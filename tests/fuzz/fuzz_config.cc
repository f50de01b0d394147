#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/emit.h"
#include "config/parse.h"

/// Any bytes are read to an end, and what is accepted is what emit writes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kp::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Environment environment = [](std::string_view name) -> std::optional<std::string> {
    if (name == "A") return "a\"b\\c'd\n\t${A} #";
    if (name == "L") return "[a:1, b:2]";
    return std::nullopt;
  };
  const Parsed parsed = parse(text, environment);
  if (!parsed.errors.empty()) return 0;
  const Parsed again = parse(emit(parsed.config, Secrets::Show), environment);
  if (!again.errors.empty() || again.config != parsed.config) std::abort();
  return 0;
}
