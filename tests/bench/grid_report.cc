#include "bench/grid_report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace kp::bench {
namespace {

constexpr std::string_view ours = "kafkaproxy";
constexpr int name_width = 18;
constexpr int cell_width = 24;
constexpr int ratio_width = 8;

std::string padded(const std::string& text, int width) {
  return text + std::string(static_cast<std::size_t>(std::max(1, width - static_cast<int>(text.size()))), ' ');
}

std::string cell(const Spread& spread, const Column& column) {
  if (std::isnan(spread.median)) return "-";
  char text[96];
  std::snprintf(text, sizeof text, "%.*f (%.*f-%.*f)", column.digits, spread.median / column.unit, column.digits,
                spread.min / column.unit, column.digits, spread.max / column.unit);
  return text;
}

const Way* our_way(const Grid& grid) {
  const auto found = std::ranges::find(grid.ways, ours, &Way::name);
  return found == grid.ways.end() || !found->failure.empty() ? nullptr : &*found;
}

std::string ratio_to(const Grid& grid, const Way& way, std::size_t column) {
  const Way* const we = our_way(grid);
  if (we == nullptr || we == &way || std::isnan(way.figures[column].median)) return "-";
  const double ratio = we->figures[column].median / way.figures[column].median;
  if (!std::isfinite(ratio)) return "-";
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", ratio);
  return text;
}

std::string row(const Grid& grid, const Way& way) {
  std::string line = "  " + padded(way.name, name_width);
  if (!way.failure.empty()) return line + "no figures: " + way.failure + "\n";
  for (std::size_t i = 0; i < grid.columns.size(); ++i) {
    if (grid.columns[i].title.empty()) continue;
    line += padded(cell(way.figures[i], grid.columns[i]), cell_width);
    if (grid.columns[i].compared) line += padded(ratio_to(grid, way, i), ratio_width);
  }
  return line + "\n";
}

std::string head(const Grid& grid) {
  std::string line = "  " + padded("", name_width);
  for (const Column& column : grid.columns) {
    if (column.title.empty()) continue;
    line += padded(column.title, cell_width);
    if (column.compared) line += padded("ours/it", ratio_width);
  }
  return line + "\n";
}

}  // namespace

std::string table(const std::vector<Grid>& grids, bool colours) {
  std::string out;
  for (const Grid& grid : grids) {
    out += (colours ? "\x1b[1m" : "") + grid.name + (colours ? "\x1b[0m" : "") + "\n" + head(grid);
    for (const Way& way : grid.ways) out += row(grid, way);
  }
  return out;
}

std::string json(const std::vector<Grid>& grids) {
  nlohmann::ordered_json out = nlohmann::ordered_json::object();
  for (const Grid& grid : grids)
    for (const Way& way : grid.ways) {
      nlohmann::ordered_json& figures = out[grid.name][way.name];
      figures = nlohmann::ordered_json::object();
      if (!way.failure.empty()) figures["failure"] = way.failure;
      for (std::size_t i = 0; i < way.figures.size(); ++i) {
        const Spread& each = way.figures[i];
        if (std::isnan(each.median)) continue;
        figures[grid.columns[i].key] = {{"median", each.median}, {"min", each.min}, {"max", each.max}};
      }
    }
  return out.dump(2) + "\n";
}

}  // namespace kp::bench
