"""The operator's figures, on a real control plane: a table on stdout, the same as JSON to --out."""

import argparse
import json
import signal
import sys
from pathlib import Path

from world import ROOT, World

import broker_bench
import change_bench
import crowd_bench
import leader_bench

MEASUREMENTS = {
    "apply": lambda world, options: change_bench.measure_apply(world, options.changes),
    "secret": lambda world, options: change_bench.measure_secret(world, options.changes),
    "crowd": lambda world, options: crowd_bench.measure(world, options.crowd, options.quiet, options.crowd_replicas),
    "leader": lambda world, options: leader_bench.measure(world, options.kills),
    "broker": lambda world, options: broker_bench.measure(world, options.brokers),
}
ON_A_NODE = ("apply", "secret")


def rows(found, path=()):
    """(what, figure) of each leaf."""
    for key, value in found.items():
        if isinstance(value, dict) and not set(value) <= {"p50", "p99", "max"}:
            yield from rows(value, (*path, key))
        elif isinstance(value, dict):
            yield " ".join((*path, key)), "   ".join(f"{name} {figure:g}" for name, figure in value.items())
        else:
            yield " ".join((*path, key)), f"{value:g}"


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="make bench-operator", description=__doc__)
    parser.add_argument("--operator", default=ROOT / "build" / "bin" / "kafkaproxy-operator")
    parser.add_argument("--proxy", default=ROOT / "build" / "bin" / "kafkaproxy")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "bench" / "operator.json")
    parser.add_argument("--directory", default=ROOT / "build" / "bench" / "operator")
    parser.add_argument("--node", action="store_true", help=f"pods on a real node; measures {' and '.join(ON_A_NODE)}")
    parser.add_argument("--only", nargs="+", choices=MEASUREMENTS)
    parser.add_argument("--changes", type=int, default=100, help="edits, and rotations")
    parser.add_argument("--crowd", type=int, default=1000, help="KafkaProxies in the crowd")
    parser.add_argument("--crowd-replicas", type=int, default=0, help="with pods that never run, if not 0")
    parser.add_argument("--quiet", type=int, default=180, help="seconds in which nothing changes for the crowd")
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--brokers", type=int, default=3)
    return parser.parse_args(arguments)


def main():
    options = options_of(sys.argv[1:])
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found = {}
    with World(options.directory, options.operator, options.proxy, options.node) as world:
        for name in options.only or (ON_A_NODE if options.node else MEASUREMENTS):
            found[name] = MEASUREMENTS[name](world, options)
            for what, figure in rows({name: found[name]}):
                print(f"{what.replace('_', ' '):44} {figure}", flush=True)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
