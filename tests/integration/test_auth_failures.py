"""Who is refused hears why within a second, in the words of its client library; metrics and log say it too."""

from dataclasses import dataclass, replace

import pytest

import kafka_sasl
import logins
from login import Login, secret
from waiting import until

WITHIN_MS = 1000
SCRAM_512 = "SCRAM-SHA-512"
SASL_FAILED = "SaslAuthenticationException"
TLS_FAILED = "SslAuthenticationException"


@dataclass(frozen=True)
class Refusal:
    """A client, and what everybody is told of it."""

    name: str
    to: str  # the proxy
    login: Login
    java: tuple  # parts of the exception's text, its class first
    librdkafka: tuple
    metric: dict
    log: tuple = ()

    def __str__(self):
        return self.name


def refused(result, mechanism, side="downstream"):
    return {"name": "kafka_proxy_auth_total", "side": side, "mechanism": mechanism, "result": result}


def no_handshake(reason):
    return {"name": "kafka_proxy_tls_handshake_failures_total", "side": "downstream", "reason": reason}


def _sasl_refusals():
    for mechanism in kafka_sasl.MECHANISMS:
        short = mechanism.removeprefix("SCRAM-").lower()
        good = logins.alice("SASL_SSL", mechanism)
        told = ("SASL authentication error", "Authentication failed")
        counted = refused("bad_credentials", mechanism)

        def log(user, cause, mechanism=mechanism):
            return ("client login refused", f"mechanism={mechanism}", f"user={user}", f"cause={cause}")

        java = (SASL_FAILED, "Authentication failed")
        wrong = replace(good, password=secret("wrong"))
        yield Refusal(f"{short}-password", "sasl", wrong, java, told, counted, log("alice", "bad_credentials"))
        stranger = replace(good, user="mallory")
        yield Refusal(f"{short}-user", "sasl", stranger, java, told, counted, log("mallory", "bad_credentials"))
        carol = replace(good, user="carol", password=logins.PASSWORDS["carol"])
        no_access = ("has no access to the cluster",)
        yield Refusal(
            f"{short}-unmapped",
            "sasl",
            carol,
            (SASL_FAILED, *no_access),
            ("SASL authentication error", *no_access),
            refused("unmapped", mechanism),
            log("carol", "unmapped"),
        )
        yield Refusal(
            f"{short}-upstream-refuses",
            "locked-out",
            good,
            (SASL_FAILED, *no_access),
            ("SASL authentication error", *no_access),
            refused("refused", SCRAM_512, side="upstream"),
            ("login to broker failed", f"mechanism={SCRAM_512}", "user=alice", "upstream_user=svc"),
        )
        if mechanism != SCRAM_512:
            yield Refusal(
                f"{short}-not-enabled",
                "only-scram-512",
                good,
                ("UnsupportedSaslMechanismException", mechanism),
                (mechanism, SCRAM_512),
                # Before it has a mechanism in common with the client, the proxy knows none to count it by.
                refused("unknown_mechanism", "unknown"),
                ("client login refused", "cause=unknown_mechanism", mechanism),
            )


def _tls_refusals():
    none = "peer did not return a certificate"
    for cert, reason, said in (
        (None, "no_client_certificate", none),
        ("expired", "expired", "certificate has expired (CN=expired)"),
        # These clients keep it to themselves, since the proxy names another issuer.
        ("stranger", "no_client_certificate", none),
        ("impostor", "unknown_ca", "unable to get local issuer certificate (CN=impostor)"),
        ("revoked", "revoked", "certificate revoked (CN=revoked)"),
        ("client2", "not_admitted", "nobody here goes by its name (CN=client2)"),  # mapped to nobody
    ):
        counted, log = no_handshake(reason), ("client TLS handshake failed", said)
        yield Refusal(
            f"certificate-{cert or 'missing'}", "mtls", Login("SSL", cert=cert), (TLS_FAILED,), ("SSL",), counted, log
        )


REFUSALS = [*_sasl_refusals(), *_tls_refusals()]


@dataclass
class Refused:
    proxies: dict
    java: dict
    librdkafka: dict
    metrics: dict

    def count(self, refusal):
        wanted = dict(refusal.metric)
        name = wanted.pop("name")
        labels = [f'{label}="{value}"' for label, value in wanted.items()]
        return sum(
            value
            for series, value in self.metrics[refusal.to].items()
            if series.split("{")[0] == name and all(label in series for label in labels)
        )


@pytest.fixture(scope="module")
def refusals(module_stage):
    """All the clients, one after the other."""
    with module_stage("auth-failures") as stage:
        certs, cluster = stage.cluster.certs, stage.cluster
        any_mechanism = logins.downstream(Login("SASL_SSL"), certs)
        del any_mechanism["sasl_mechanism"]
        every = any_mechanism | {"sasl_mechanisms": list(kafka_sasl.MECHANISMS)}
        broker = logins.upstream("SASL_SSL", Login("SASL_SSL", SCRAM_512), cluster)
        mtls = logins.downstream(Login("SSL", cert="any"), certs)
        mtls["tls"]["crl"] = str(certs.crl)
        wrong = [f"svc={secret('wrong-upstream')}"]
        wanted = {
            "sasl": {"downstream": every, "auth_swap": logins.swap(cluster, ["alice=svc"])},
            "only-scram-512": {
                "downstream": any_mechanism | {"sasl_mechanism": SCRAM_512},
                "auth_swap": logins.swap(cluster, ["alice=svc"]),
            },
            "locked-out": {
                "downstream": every,
                "auth_swap": logins.swap(cluster, ["alice=svc"], upstream_credentials=wrong),
            },
            "mtls": {
                "downstream": mtls,
                "auth_swap": {
                    key: value
                    for key, value in logins.swap(cluster, ["client1=svc"]).items()
                    if key != "downstream_credentials"
                },
            },
        }
        modes, proxies = {}, {}
        for name, changes in wanted.items():
            modes[name], admin = logins.place(client_tls=True)
            more = {"admin": admin, "upstream": broker, "logging": {"level": "debug"}, **changes}
            proxies[name] = stage.proxy(modes[name], name, wait=False, **more)
        for name, proxy in proxies.items():
            if name == "locked-out":  # it can't get ready
                until("it tells why it is not ready", lambda p=proxy: "svc" in p.admin("/readyz")[2], 10)
            else:
                proxy.wait_ready()
        cases = [logins.Case(str(one), one.login, modes[one.to], "none", "refused") for one in REFUSALS]
        clients = stage.clients(modes["sasl"])
        java, librdkafka = logins.java(clients, cases), logins.librdkafka(clients, cases)
        yield Refused(proxies, java, librdkafka, {name: proxy.metrics() for name, proxy in proxies.items()})


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
@pytest.mark.parametrize("role", ["admin", "producer"])
def test_java_client_is_told_at_once(refusals, refusal, role):
    said, ms = refusals.java[str(refusal)].refusal(role)
    assert said.startswith(refusal.java[0] + ":") and all(part in said for part in refusal.java), said
    assert ms < WITHIN_MS, said


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_librdkafka_is_told_at_once(refusals, refusal):
    said, ms = refusals.librdkafka[str(refusal)].refusal("producer")
    assert all(part in said for part in refusal.librdkafka), said
    assert ms < WITHIN_MS, said


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_refusal_is_counted(refusals, refusal):
    assert refusals.count(refusal) >= 3  # two Java clients and one of librdkafka


@pytest.mark.parametrize("refusal", REFUSALS, ids=str)
def test_refusal_is_logged(refusals, refusal):
    lines = refusals.proxies[refusal.to].log.splitlines()
    assert any(all(part in line for part in refusal.log) for line in lines), refusals.proxies[refusal.to].child.tail()


def test_refused_clients_never_reached_a_broker(refusals):
    """The proxy's own question and ApiVersions are all that may pass before a login."""
    for name in ("sasl", "only-scram-512", "mtls"):
        passed = {
            series: value
            for series, value in refusals.metrics[name].items()
            if series.startswith("kafka_proxy_requests_total") and "ApiVersions" not in series and value > 0
        }
        assert passed == {}, name
