"""The proxy as the tests run it: a real process in its own namespace, with a configuration made from a mode."""

import contextlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

from processes import Child
from waiting import until

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("KP_BIN", ROOT / "build" / "bin" / "kafkaproxy"))

PORT_OFFSET_BASE = 9100
SNI_PORT = 9092
DYNAMIC_BOOTSTRAP = 32400
DYNAMIC_BROKERS = 32500
HOST = "kafka.example.com"
PAGES = ("metrics", "config", "brokers", "readyz")

SANITIZER = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:|KP_CHECK")


@dataclass(frozen=True)
class Mode:
    """A way to run the proxy: how clients tell brokers apart, and what is spoken on either side."""

    routing: str  # port_offset | sni | dynamic
    client_tls: bool
    upstream_tls: bool
    base: int = PORT_OFFSET_BASE  # the first port of port_offset, for several proxies at once

    def __str__(self):
        return f"{self.routing}-{'tls' if self.client_tls else 'plain'}-{'tls' if self.upstream_tls else 'plain'}"

    def bootstrap(self):
        """What is given to clients."""
        if self.routing == "port_offset":
            return f"{HOST}:{self.base},{HOST}:{self.base + 1}"
        if self.routing == "sni":
            return f"{HOST}:{SNI_PORT}"
        return f"{HOST}:{DYNAMIC_BOOTSTRAP + 1},{HOST}:{DYNAMIC_BOOTSTRAP + 2}"

    def address(self, broker_id):
        """Where clients find this broker: (host, port). It follows from the configuration alone."""
        if self.routing == "port_offset":
            return HOST, self.base + 20 + broker_id
        if self.routing == "sni":
            return f"b{broker_id}.{HOST}", SNI_PORT
        # Brokers 1 and 2 have a bootstrap mapping; the others get a listener of their own.
        return HOST, (DYNAMIC_BOOTSTRAP if broker_id <= 2 else DYNAMIC_BROKERS) + broker_id

    def addresses(self, broker_ids):
        return [f"{host}:{port}" for host, port in map(self.address, broker_ids)]


def all_modes():
    """Every combination there is; SNI needs TLS on the clients' side."""
    return [
        Mode(routing, client, upstream)
        for routing in ("port_offset", "sni", "dynamic")
        for client in (False, True)
        for upstream in (False, True)
        if client or routing != "sni"
    ]


def configuration(mode, cluster, **changes):
    """`changes` replace top-level keys of the file, or are merged into them where both are mappings."""
    upstream = changes.get("upstream", {}).get("bootstrap_servers")
    upstream = upstream or cluster.bootstrap("SSL" if mode.upstream_tls else "PLAINTEXT")
    config = {
        "bind_address": "0.0.0.0",
        "upstream": {"bootstrap_servers": upstream, "security_protocol": "SSL" if mode.upstream_tls else "PLAINTEXT"},
        "downstream": {"security_protocol": "SSL" if mode.client_tls else "PLAINTEXT"},
        "broker_mapping": {"mode": mode.routing, mode.routing: _mapping(mode, upstream)},
        "admin": {"address": "127.0.0.1:9404"},
        "limits": {"drain_timeout": "10s"},
    }
    if mode.upstream_tls:
        config["upstream"]["tls"] = {"ca_certs": str(cluster.certs.ca)}
    if mode.client_tls:
        config["downstream"]["tls"] = {"cert": str(cluster.certs.proxy), "key": str(cluster.certs.proxy_key)}
    for key, value in changes.items():
        config[key] = {**config.get(key, {}), **value} if isinstance(value, dict) else value
    return config


def _mapping(mode, upstream):
    if mode.routing == "port_offset":
        return {"hostname": HOST, "base": mode.base, "max_broker_id": 9}
    if mode.routing == "sni":
        return {"bind_port": SNI_PORT, "upstream": r"^broker-(\d+)\.kafka\.internal$", "downstream": f"b<$1>.{HOST}"}
    bootstrap = [
        {
            "upstream": server,
            "listen": f"0.0.0.0:{DYNAMIC_BOOTSTRAP + n}",
            "advertised": f"{HOST}:{DYNAMIC_BOOTSTRAP + n}",
        }
        for n, server in enumerate(upstream[:2], start=1)
    ]
    return {
        "bootstrap": bootstrap,
        "listener_ip": "0.0.0.0",
        "advertised_listener": HOST,
        "min_port": DYNAMIC_BROKERS,
        "deterministic": True,
    }


class Proxy:
    """One run of the binary. `config` is written as JSON, which is YAML too."""

    def __init__(self, name, config, directory, namespace, flags=None, environment=None):
        """flags: run with these arguments instead of the file; `config` then only says where the admin endpoint is."""
        self.config = config
        self.namespace = namespace
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._name = name
        self._flags = flags
        self._environment = environment or {}
        self.child = None

    @property
    def log(self):
        return self.child.output()

    def launch(self):
        """Starts the process and waits for nothing."""
        path = self.directory / "config.yaml"
        path.write_text("# generation: 1\n" + json.dumps(self.config, indent=2) + "\n")
        arguments = self._flags or ["--config", path]
        # Not the default 1: a leak report must not look like "the configuration is wrong".
        env = {"ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "print_stacktrace=1", "TSAN_OPTIONS": "exitcode=98"}
        env |= self._environment
        self.child = Child(self._name, [BINARY, "run", *arguments], self.directory / "proxy.log", env, self.namespace)
        return self

    def start(self, seconds=20.0):
        self.launch()
        self.wait_ready(seconds)
        return self

    def wait_ready(self, seconds=20.0):
        def ready():
            if not self.child.running():
                raise SystemExit(f"the proxy ended with {self.child.process.returncode}:\n{self.child.tail()}")
            return self.admin("/readyz")[0] == 200

        until("the proxy is ready", ready, seconds)

    def stop(self, seconds=15.0):
        """SIGTERM; the exit code. The caller asserts on it; `check_clean` on what it printed."""
        return self.child.stop(seconds)

    def keep_pages(self):
        """What the admin endpoint shows, as files beside the log; test_secrets.py reads them."""
        for page in PAGES:
            with contextlib.suppress(OSError, IndexError):  # it has ended, or the test cut it off
                (self.directory / f"page-{page}.txt").write_text(self.admin(f"/{page}")[2])

    def check_clean(self):
        """No sanitizer said anything, and no response left with a broker's own address."""
        report = SANITIZER.search(self.log)
        assert not report, self.child.tail(120)
        assert "an upstream address left in a response" not in self.log, self.child.tail()

    def admin(self, path, method="GET"):
        """(status, headers, body) of the admin endpoint."""
        host, port = self.config["admin"]["address"].rsplit(":", 1)
        with self.namespace.connect(host, int(port)) as sock:
            sock.settimeout(10)
            sock.sendall(f"{method} {path} HTTP/1.1\r\nHost: proxy\r\nConnection: close\r\n\r\n".encode())
            data = b""
            while chunk := sock.recv(65536):
                data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])
        }
        return int(lines[0].split()[1]), headers, body.decode()

    def brokers(self):
        """id -> entry of /brokers."""
        return {entry["id"]: entry for entry in json.loads(self.admin("/brokers")[2])}

    def metrics(self):
        """'name{labels}' -> value."""
        values = {}
        for line in self.admin("/metrics")[2].splitlines():
            if line and not line.startswith("#"):
                series, _, value = line.rpartition(" ")
                values[series] = float(value)
        return values

    def metric(self, name, **labels):
        """Sum of the series of this name that have all these labels."""
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(
            value
            for series, value in self.metrics().items()
            if series.split("{")[0] == name and all(label in series for label in wanted)
        )
