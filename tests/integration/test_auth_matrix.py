"""Every pair of a way to log in to the proxy and a way in which it logs in to the brokers, with real clients.

As whom the proxy came is proved by the topics: each is open to one principal only.
"""

from dataclasses import dataclass

import pytest

import kafka_sasl
import logins
from login import Login

CLIENTS = logins.client_kinds()


@dataclass(frozen=True)
class Broker:
    """A listener of the brokers, and how the proxy introduces itself there."""

    listener: str
    login: Login
    principal: str | None = None  # as the brokers see it; nobody in particular where it doesn't introduce itself

    def __str__(self):
        return str(self.login)


def sasl(listener, protocol, mechanism, cert=None):
    return Broker(listener, Login(protocol, mechanism, user="svc", cert=cert), "User:svc")


BROKERS = [
    Broker("PLAINTEXT", Login()),
    Broker("SSL", Login("SSL")),
    Broker("MTLS", Login("SSL", cert="upstream"), "User:CN=upstream"),
    *(sasl(protocol, protocol, m) for protocol in ("SASL_PLAINTEXT", "SASL_SSL") for m in kafka_sasl.MECHANISMS),
    sasl("SASL_MTLS", "SASL_SSL", "SCRAM-SHA-256", cert="upstream"),
]


@pytest.fixture(scope="module")
def topics(cluster):
    """Principal -> the topic that only it may use."""
    principals = {broker.principal for broker in BROKERS}
    return {who: cluster.create_topic(f"matrix-{n}", only_for=who) for n, who in enumerate(sorted(principals, key=str))}


class Row:
    """All clients against one kind of broker: a proxy for each, all at once, then one run of either client family."""

    def __init__(self, stage, broker, topic):
        self.proxies, cases = {}, []
        for client in CLIENTS:
            mode, admin = logins.place(client.tls)
            self.proxies[str(client)] = stage.proxy(
                mode,
                str(client),
                wait=False,
                admin=admin,
                downstream=logins.downstream(client, stage.cluster.certs),
                upstream=logins.upstream(broker.listener, broker.login, stage.cluster),
                logging={"level": "debug"},
                **logins.swap_between(client, broker.login, stage.cluster),
            )
            cases.append(logins.Case(str(client), client, mode, topic))
        stage.wait_ready()
        clients = stage.clients(mode)
        self.java, self.librdkafka = logins.both(clients, cases)
        self.metrics = {name: proxy.metrics() for name, proxy in self.proxies.items()}

    def count(self, client, name, *labels):
        return sum(
            value
            for series, value in self.metrics[str(client)].items()
            if series.split("{")[0] == name and all(label in series for label in labels)
        )


@pytest.fixture(scope="module", params=BROKERS, ids=lambda broker: f"to-{broker}")
def broker(request):
    return request.param


@pytest.fixture(scope="module")
def row(module_stage, broker, topics):
    with module_stage(f"matrix-{broker}") as stage:
        yield Row(stage, broker, topics[broker.principal])


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_java_client_writes_and_reads(row, client):
    assert row.java[str(client)].ok, row.java[str(client)].text


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_librdkafka_writes_and_reads(row, client):
    assert row.librdkafka[str(client)].ok, row.librdkafka[str(client)].text


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_logins_are_counted_and_nothing_leaks(row, broker, client):
    def logins_of(side, login):
        return row.count(
            client, "kafka_proxy_auth_total", f'side="{side}"', f'mechanism="{login.mechanism}"', 'result="ok"'
        )

    # Four clients, each with more than one connection; where nobody logs in, nothing is counted.
    assert (logins_of("downstream", client) >= 4) == client.sasl
    assert (logins_of("upstream", broker.login) >= 4) == broker.login.sasl
    assert row.count(client, "kafka_proxy_auth_total") == row.count(client, "kafka_proxy_auth_total", 'result="ok"')
    assert row.count(client, "kafka_proxy_responses_leaked_total") == 0


@pytest.fixture(scope="module")
def passed_through(module_stage, topics):
    """Without auth_swap the login is between client and broker; the proxy only changes what carries it."""
    with module_stage("matrix-passthrough") as stage:
        cases = []
        pairs = [("SASL_PLAINTEXT", "SASL_SSL"), ("SASL_SSL", "SASL_PLAINTEXT")]
        for inside, outside in pairs:
            mode, admin = logins.place(outside == "SASL_SSL")
            stage.proxy(
                mode,
                outside,
                wait=False,
                admin=admin,
                downstream=logins.downstream(Login(outside), stage.cluster.certs) | {"sasl_mechanism": "PLAIN"},
                upstream=logins.upstream(inside, Login(inside, "PLAIN"), stage.cluster),
                logging={"level": "debug"},
            )
            for mechanism in kafka_sasl.MECHANISMS:
                login = Login(outside, mechanism, "svc", stage.cluster.users["svc"])
                cases.append(logins.Case(str(login), login, mode, topics["User:svc"]))
        stage.wait_ready()
        clients = stage.clients(mode)
        yield logins.both(clients, cases)


PASSED_THROUGH = [Login(protocol, m) for protocol in ("SASL_PLAINTEXT", "SASL_SSL") for m in kafka_sasl.MECHANISMS]


@pytest.mark.parametrize("login", PASSED_THROUGH, ids=str)
def test_without_auth_swap_java_logs_in_to_the_broker(passed_through, login):
    outcome = passed_through[0][str(login)]
    assert outcome.ok, outcome.text


@pytest.mark.parametrize("login", PASSED_THROUGH, ids=str)
def test_without_auth_swap_librdkafka_logs_in_to_the_broker(passed_through, login):
    outcome = passed_through[1][str(login)]
    assert outcome.ok, outcome.text
