#!/usr/bin/env python3
"""plot.py FILE.json...: beside each file of kpbench's an SVG of the same name: bars of medians, whiskers from the least
to the most of the rounds. Files without a figure that PLOTTED names are left out."""

import json
import sys
from html import escape
from pathlib import Path

# The first of these that a case has is drawn: key, title, what one unit of the figure is.
PLOTTED = (
    ("cpu_s_per_gib", "CPU seconds per GiB", 1),
    ("p99_us", "p99, microseconds", 1),
    ("cpu_s_per_1000", "CPU seconds per 1,000 new connections", 1),
    ("resident_bytes_per_connection", "KiB per idle connection", 1024),
)
COLOURS = {
    "direct": "#bbbbbb",
    "relay, copying": "#999999",
    "relay, splicing": "#666666",
    "nginx": "#009e73",
    "haproxy": "#56b4e9",
    "kafkaproxy": "#d55e00",
    "auth_swap": "#cc79a7",
}
NAME_WIDTH, PLOT_WIDTH, VALUE_WIDTH = 150, 480, 150
ROW, GAP, HEAD = 18, 14, 24


def figure(ways):
    for key, title, unit in PLOTTED:
        found = {way: figures[key] for way, figures in ways.items() if key in figures}
        if found:
            return title, unit, found
    return None


def bar(y, way, spread, unit, scale):
    least, median, most = (spread[key] / unit for key in ("min", "median", "max"))
    middle, left = y + ROW / 2, NAME_WIDTH
    return (
        f'<text x="{left - 8}" y="{middle + 4}" text-anchor="end">{escape(way)}</text>'
        f'<rect x="{left}" y="{y + 2}" width="{median * scale:.1f}" height="{ROW - 4}" '
        f'fill="{COLOURS.get(way, "#888888")}"/>'
        f'<path d="M{left + least * scale:.1f} {middle}H{left + most * scale:.1f}" stroke="black"/>'
        f'<path d="M{left + least * scale:.1f} {y + 5}v{ROW - 10}M{left + most * scale:.1f} {y + 5}v{ROW - 10}" '
        f'stroke="black"/>'
        f'<text x="{left + most * scale + 6:.1f}" y="{middle + 4}">{median:.3g} ({least:.3g}–{most:.3g})</text>'
    )


def svg(cases):
    """The whole drawing, or nothing where nothing can be drawn."""
    parts, y = [], GAP
    for name, ways in cases.items():
        found = figure(ways)
        if found is None:
            continue
        title, unit, spreads = found
        scale = PLOT_WIDTH / (max(spread["max"] / unit for spread in spreads.values()) or 1)
        parts.append(f'<text x="8" y="{y + 14}" font-weight="bold">{escape(name)}: {escape(title)}</text>')
        y += HEAD
        for way, spread in spreads.items():
            parts.append(bar(y, way, spread, unit, scale))
            y += ROW
        y += GAP
    if not parts:
        return None
    size = f'width="{NAME_WIDTH + PLOT_WIDTH + VALUE_WIDTH}" height="{y}"'
    style = 'font-family="sans-serif" font-size="12"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>', *parts, "</svg>", ""])


def main():
    for name in sys.argv[1:]:
        drawing = svg(json.loads(Path(name).read_text()))
        if drawing is None:
            continue
        out = Path(name).with_suffix(".svg")
        out.write_text(drawing)
        print(out)


if __name__ == "__main__":
    main()
