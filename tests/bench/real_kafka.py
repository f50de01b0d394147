#!/usr/bin/env python3
"""real_kafka.py --proxy BINARY --out FILE: Kafka's own ProducerPerformance and ConsumerPerformance, a real broker
on loopback, direct, through the proxy and with virtual partitions in turns. Prints medians with the least and the most, writes them as JSON.
The Java clients and the broker take most of the machine: what the proxy costs alone kpbench says."""

import argparse
import json
import re
import socket
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import jvm
from kafka_cluster import KafkaCluster
from processes import Child
from waiting import until

BASE_PORT = 29490  # of the brokers; apart from the demo's
PROXY_PORT = 28090
TOPIC = "bench"
VIRTUAL = "bench-virtual"
TOOL_SECONDS = 300
PRODUCED = re.compile(
    r"\(([\d.]+) MB/sec\), ([\d.]+) ms avg latency, ([\d.]+) ms max latency, (\d+) ms 50th, \d+ ms 95th, (\d+) ms 99th"
)
CONFIG = """bind_address: 127.0.0.1
upstream: {{bootstrap_servers: ["{broker}"], security_protocol: PLAINTEXT}}
downstream: {{security_protocol: PLAINTEXT}}
broker_mapping: {{mode: port_offset, port_offset: {{hostname: 127.0.0.1, base: {base}}}}}
partition_mapping: {{virtual_partitions: 12, physical_partitions: 3, topics: {{{virtual}: {{}}}}}}
"""


def run(main_class, *arguments):
    argv = jvm.command(main_class, *arguments)
    done = subprocess.run(argv, capture_output=True, text=True, timeout=TOOL_SECONDS)
    if done.returncode != 0:
        raise RuntimeError(f"{main_class}: {done.stdout}{done.stderr}")
    return done.stdout


def produce(bootstrap, topic, options):
    text = run(
        "org.apache.kafka.tools.ProducerPerformance",
        *("--topic", topic, "--num-records", options.records, "--record-size", options.record_bytes),
        *("--throughput", -1, "--producer-props", f"bootstrap.servers={bootstrap}", "acks=1", "batch.size=65536"),
    )
    found = PRODUCED.findall(text)
    if not found:
        raise RuntimeError(f"ProducerPerformance: not understood: {text}")
    speed, average, _, p50, p99 = map(float, found[-1])
    return {"produce_mb_per_s": speed, "produce_avg_ms": average, "produce_p50_ms": p50, "produce_p99_ms": p99}


def consume(bootstrap, topic, options):
    text = run(
        "org.apache.kafka.tools.ConsumerPerformance",
        *("--bootstrap-server", bootstrap, "--topic", topic, "--messages", options.records, "--timeout", 60000),
    )
    rows = [[cell.strip() for cell in line.split(",")] for line in text.splitlines() if "," in line]
    names, values = rows[0], rows[-1]
    figures = dict(zip(names, values))
    return {"consume_mb_per_s": float(figures["MB.sec"]), "fetch_mb_per_s": float(figures["fetch.MB.sec"])}


def measure(ways, options):
    """{way: {figure: [a value per round]}}; a way that fails is asked no more."""
    seen, failed = {way: {} for way in ways}, {}
    names = list(ways)
    for round_ in range(options.rounds):
        for way in names[round_ % len(names) :] + names[: round_ % len(names)]:
            if way in failed:
                continue
            try:
                figures = produce(*ways[way], options) | consume(*ways[way], options)
            except (RuntimeError, subprocess.TimeoutExpired) as failure:
                failed[way] = str(failure)
                print(f"real_kafka: {way}: {failure}", file=sys.stderr)
                continue
            for name, value in figures.items():
                seen[way].setdefault(name, []).append(value)
    return seen, failed


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def report(seen, failed, out):
    spreads = {way: {name: spread(values) for name, values in figures.items()} for way, figures in seen.items()}
    for way, why in failed.items():
        spreads[way] = {"failure": why}
    for way, figures in spreads.items():
        print(way)
        for name, each in figures.items():
            shown = each if name == "failure" else f"{each['median']:.1f} ({each['min']:.1f}-{each['max']:.1f})"
            print(f"  {name:<20}{shown}")
    out.write_text(json.dumps({"real Kafka": spreads}, indent=2) + "\n")
    print(out)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proxy", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--record-bytes", type=int, default=1000)
    parser.add_argument("--quick", action="store_true", help="only to see that everything works")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.records = 1, 20_000
    jvm.prepare()
    folder = options.out.resolve().parent / "kafka"
    folder.mkdir(parents=True, exist_ok=True)
    with KafkaCluster(folder / "cluster", brokers=1, base_port=BASE_PORT, heap="512m") as cluster:
        broker = cluster.brokers[1].address("PLAINTEXT")
        for topic in (TOPIC, VIRTUAL):
            cluster.create_topic(topic, partitions=3)
        config = folder / "kafkaproxy.yaml"
        config.write_text(CONFIG.format(broker=broker, base=PROXY_PORT, virtual=VIRTUAL))
        proxy = Child("kafkaproxy", [options.proxy, "run", "--config", config], folder / "kafkaproxy.log")
        try:
            through = f"127.0.0.1:{PROXY_PORT}"
            until("the proxy answers", lambda: listens(PROXY_PORT))
            ways = {"direct": (broker, TOPIC), "kafkaproxy": (through, TOPIC), "virtual": (through, VIRTUAL)}
            report(*measure(ways, options), options.out)
        finally:
            proxy.stop()


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
