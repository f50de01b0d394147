"""Clients that log in: what is asked of them, and what came of it; and the configuration that lets them in."""

import itertools
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import jvm
import kafka_sasl
from login import Login, secret, write_properties
from proxy import Mode

# Who may log in to the proxy. Carol may, but is mapped to nobody.
PASSWORDS = {user: secret(f"client-{user}") for user in ("alice", "bob", "carol")}
KEY_PASSWORD = secret("key")

# Each proxy that such a test starts has ports of its own: others of the module may still run.
_PLACES = itertools.count()
_MOST_PLACES, _FIRST_PORT, _PORTS, _FIRST_ADMIN_PORT = 400, 10000, 40, 9500


def alice(protocol, mechanism, cert=None):
    return Login(protocol, mechanism, "alice", PASSWORDS["alice"], cert)


def client_kinds():
    """Every way to come to the proxy that makes sense."""
    bare = [Login(), Login("SSL"), Login("SSL", cert="client1")]
    sasl = [alice(p, m) for p in ("SASL_PLAINTEXT", "SASL_SSL") for m in kafka_sasl.MECHANISMS]
    return bare + sasl + [alice("SASL_SSL", m, "client1") for m in kafka_sasl.MECHANISMS]


def identity(login):
    """Whom auth_swap maps: the SASL user counts before the certificate."""
    return login.user or login.cert or "$anonymous"


def place(client_tls):
    """(mode, admin section) for one more proxy."""
    number = next(_PLACES) % _MOST_PLACES
    mode = Mode("port_offset", client_tls, False, _FIRST_PORT + number * _PORTS)
    return mode, {"address": f"127.0.0.1:{_FIRST_ADMIN_PORT + number}"}


def downstream(login, certs, **more):
    """The proxy's side towards clients such as this one."""
    made = {"security_protocol": login.protocol}
    if login.sasl:
        made["sasl_mechanism"] = login.mechanism
    if login.tls:
        made["tls"] = {"cert": str(certs.proxy), "key": str(certs.proxy_key)}
        if login.cert:
            made["tls"] |= {"mtls_enabled": True, "ca_certs": str(certs.ca)}
    return made | more


def upstream(listener, login, cluster):
    """The proxy's side towards the brokers. Who it logs in as is said by `swap`."""
    made = {"bootstrap_servers": cluster.bootstrap(listener), "security_protocol": login.protocol}
    if login.sasl:
        made["sasl_mechanism"] = login.mechanism
    if login.tls:
        made["tls"] = {"ca_certs": str(cluster.certs.ca)}
        if login.cert:
            cert = {"cert": getattr(cluster.certs, login.cert), "key": getattr(cluster.certs, f"{login.cert}_key")}
            made["tls"] |= {key: str(path) for key, path in cert.items()}
    return made


def swap(cluster, mapping, **changes):
    """With all of the clients' users, and the brokers' ones."""
    return {
        "enabled": True,
        "downstream_credentials": [f"{user}={password}" for user, password in PASSWORDS.items()],
        "upstream_credentials": [f"{user}={password}" for user, password in cluster.users.items()],
        "mapping": mapping,
    } | changes


def swap_between(client, broker, cluster):
    """What these two need, as changes of the configuration: nothing where nobody logs in by SASL."""
    if not client.sasl and not broker.sasl:
        return {}
    made = swap(cluster, [f"{identity(client)}={broker.user}"] if broker.sasl else [])
    if not client.sasl:
        del made["downstream_credentials"]
    if not broker.sasl:
        del made["upstream_credentials"], made["mapping"]
    return {"auth_swap": made}


@dataclass
class Case:
    """One client: `action` is trip, refused or hold, see LoginScenarios.java."""

    name: str
    login: Login
    mode: Mode
    topic: str
    action: str = "trip"
    seconds: int = 0
    pause_s: float = 0
    bootstrap: str | None = None
    addresses: tuple = ()

    def __post_init__(self):
        self.bootstrap = self.bootstrap or self.mode.bootstrap()
        self.addresses = self.addresses or self.mode.addresses((1, 2, 3))


class Outcome:
    """A client's line. `said` holds its NAME=VALUE parts; `text` is all of it."""

    def __init__(self, line):
        self.name, verdict, *parts = line.split("\t")
        self.ok = verdict == "ok"
        self.text = line
        self.said = dict(part.split("=", 1) for part in parts if "=" in part)

    def number(self, key):
        return int(self.said[key])

    def refusal(self, key):
        """(what was said, after how many milliseconds)"""
        said, _, ms = self.said[key].rpartition(" in ")
        assert said, self.text
        return said, int(ms)


def java(clients, cases):
    """All in one JVM: name -> Outcome."""
    files = []
    for case in cases:
        ours = {
            "kp.name": case.name,
            "kp.do": case.action,
            "kp.topic": case.topic,
            "kp.addresses": ",".join(case.addresses),
            "kp.seconds": case.seconds,
            "kp.pause.ms": int(case.pause_s * 1000),
        }
        settings = {"bootstrap.servers": case.bootstrap, **case.login.java(clients.certs), **ours}
        files.append(write_properties(clients.directory / "logins" / f"{case.name}.properties", settings))
    # Whatever is worth a word is in the outcome.
    quiet = [("kp.log.level", "off")]
    return _outcomes(clients.run(jvm.command("dev.kafkaproxy.tests.LoginScenarios", *files, properties=quiet)))


def librdkafka(clients, cases):
    """All in one process: name -> Outcome."""
    wanted = [
        {
            "name": case.name,
            "do": case.action,
            "topic": case.topic,
            "addresses": list(case.addresses),
            "seconds": case.seconds,
            "pause_s": case.pause_s,
            "settings": {"bootstrap.servers": case.bootstrap, **case.login.librdkafka(clients.certs)},
        }
        for case in cases
    ]
    path = clients.directory / "logins.json"
    path.write_text(json.dumps(wanted, indent=1))
    return _outcomes(clients.run([sys.executable, Path(__file__).with_name("rdkafka_logins.py"), path]))


def both(clients, cases):
    """The two families at the same time: (outcomes of Java, outcomes of librdkafka)."""
    with ThreadPoolExecutor() as pool:
        return tuple(pool.map(lambda run: run(clients, cases), (java, librdkafka)))


def _outcomes(printed):
    lines = [line for line in printed.splitlines() if "\tok\t" in line or "\tfailed\t" in line]
    return {outcome.name: outcome for outcome in map(Outcome, lines)}
