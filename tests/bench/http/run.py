#!/usr/bin/env python3
"""Requests a second that the HTTP gateway takes, beside a bare server that only answers: wrk on loopback, 4 KiB
records, a real broker, all on this machine's cores. Prints a table; --out: the same as JSON.

    python3 tests/bench/http/run.py --connections 64 --seconds 10
"""

import argparse
import contextlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "support"))

import jvm  # noqa: E402
from kafka_cluster import KafkaCluster  # noqa: E402
from processes import Child  # noqa: E402
from waiting import until  # noqa: E402

PORT, ADMIN, BASE = 24343, 29443, 36090
LUA = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"records":[{"topic":"%s","data":"%s"}],"wait_for_send":%s}'
done = function(summary, latency, requests)
  io.write(string.format("FIGURES %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration, summary.errors.status,
    latency:percentile(50), latency:percentile(99)))
end
"""


def metrics():
    page = urllib.request.urlopen(f"http://127.0.0.1:{ADMIN}/metrics").read().decode()
    return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in page.splitlines() if line[0] != "#"}


def wrk(directory, topic, wait, options):
    script = directory / "load.lua"
    script.write_text(LUA % (topic, "x" * (4096 - 60), str(wait).lower()))
    load = ["-t2", f"-c{options.connections}", f"-d{options.seconds}s"]
    argv = ["wrk", "-s", script, *load, f"http://127.0.0.1:{PORT}/push"]
    said = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
    requests, micros, wrong, p50, p99 = map(int, re.search(r"FIGURES (\d+) (\d+) (\d+) (\d+) (\d+)", said).groups())
    return {"ok_per_s": (requests - wrong) / micros * 1e6, "refused": wrong, "p50_ms": p50 / 1000, "p99_ms": p99 / 1000}


@contextlib.contextmanager
def running(name, argv, directory, ready):
    child = Child(name, argv, directory / f"{name}.log")
    try:
        until(f"{name} answers", ready, 30)
        yield child
    finally:
        child.stop(30)


def gateway(directory, topic, broker, wait, wal, options):
    config = {
        "bind_address": "127.0.0.1",
        "http_produce": {
            "http": {"port": PORT},
            "kafka": {
                "brokers": [broker],
                "request_required_acks": 1,
                "queue_buffering_max_kbytes": options.queue_kbytes,
            },
        },
        "admin": {"address": f"127.0.0.1:{ADMIN}"},
    }
    if wal:
        shutil.rmtree(directory / "wal", ignore_errors=True)
        config["http_produce"]["wal"] = {"directory": str(directory / "wal"), "max_bytes": "4GiB"}
    path = directory / "config.yaml"
    path.write_text(json.dumps(config))
    ready = lambda: urllib.request.urlopen(f"http://127.0.0.1:{ADMIN}/readyz").status == 200  # noqa: E731
    with running("gateway", [options.proxy, "run", "--config", path], directory, ready):
        figures = wrk(directory, topic, wait, options)
        after = metrics()
    figures["rss_mib"] = after["process_resident_memory_bytes"] / (1 << 20)
    figures["delivered"] = after["kafka_proxy_http_records_delivered_total"]
    return figures


def floor(directory, options):
    ready = lambda: urllib.request.urlopen(f"http://127.0.0.1:{PORT}/").status == 200  # noqa: E731
    with running("floor", [options.floor, str(PORT), "2"], directory, ready):
        return wrk(directory, "t", False, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proxy", default=str(ROOT / "build/bin/kafkaproxy"))
    parser.add_argument("--floor", default=str(ROOT / "build/bin/httpfloor"))
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--queue-kbytes", type=int, default=16384)
    parser.add_argument("--out")
    options = parser.parse_args()
    jvm.prepare()
    rows = {}
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        rows["bare server"] = floor(directory, options)
        with KafkaCluster(directory / "cluster", 1, base_port=BASE, heap="512m") as kafka:
            topic = kafka.create_topic("bench", 4)
            (broker,) = kafka.bootstrap()
            modes = (("asynchronous", False, False), ("with the log", False, True), ("synchronous", True, False))
            for name, wait, wal in modes:
                rows[name] = gateway(directory, topic, broker, wait, wal, options)
    head = f"HTTP, 4 KiB records, {options.connections} connections"
    print(f"{head:<42}{'200/s':>9}{'p50 ms':>8}{'p99 ms':>8}{'503':>8}{'RSS MiB':>9}")
    for name, row in rows.items():
        rss = f"{row['rss_mib']:.0f}" if "rss_mib" in row else "-"
        print(f"{name:<42}{row['ok_per_s']:>9.0f}{row['p50_ms']:>8.2f}{row['p99_ms']:>8.2f}{row['refused']:>8}{rss:>9}")
    if options.out:
        Path(options.out).parent.mkdir(parents=True, exist_ok=True)
        Path(options.out).write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main()
