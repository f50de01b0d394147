"""Logins that end after seconds (KIP-368), towards the brokers and towards the clients: no connection may break."""

import pytest

import kafka_cluster
import kafka_sasl
import kafka_wire
import logins
from login import Login
from waiting import until

PACES = ("busy", "idle")
# Seconds that a login lives at a broker, and at the proxy. Clients log in again in the last tenth of it: on a machine
# that makes them wait for their turn a shorter one would run out.
BROKER_S, PROXY_S = kafka_cluster.SESSION_MS // 1000, 10
LIFETIME = f"{PROXY_S}s"


class Held:
    """Both client families at every pace, through each of the proxies, all at the same time; for more than three times
    as long as a login lives. Idle ones pause for longer than one."""

    def __init__(self, stage, topic, proxies, lifetime):
        cases = []
        for name, (login, changes) in proxies.items():
            mode, admin = logins.place(login.tls)
            stage.proxy(mode, name, wait=False, admin=admin, logging={"level": "debug"}, **changes)
            for pace, pause in zip(PACES, (0.2, lifetime + 1)):
                cases.append(logins.Case(f"{name}-{pace}", login, mode, topic, "hold", 3 * lifetime + 2, pause))
        stage.wait_ready()
        clients = stage.clients(mode)
        self.java, self.librdkafka = logins.both(clients, cases)
        self.metrics = {proxy.directory.name: proxy.metrics() for proxy in stage.running()}

    def logins(self, proxy, side):
        return {
            series: value
            for series, value in self.metrics[proxy].items()
            if series.startswith("kafka_proxy_auth_total") and f'side="{side}"' in series and value > 0
        }


def short_lived(cluster, mechanism):
    return logins.upstream("REAUTH", Login("SASL_SSL", mechanism), cluster)


def check(outcome):
    assert outcome.ok, outcome.text
    assert outcome.number("producer.closed") == outcome.number("consumer.closed") == 0, outcome.text


# Towards the brokers

UPSTREAM = [*(m.removeprefix("SCRAM-").lower() for m in kafka_sasl.MECHANISMS), "both-sides"]


@pytest.fixture(scope="module")
def upstream(module_stage, cluster):
    topic = cluster.create_topic("reauthentication-upstream", only_for="User:svc")
    alice = logins.alice("SASL_SSL", "SCRAM-SHA-512")
    both_sides = {
        "downstream": logins.downstream(alice, cluster.certs, sasl_session_lifetime=LIFETIME),
        "upstream": short_lived(cluster, "SCRAM-SHA-256"),
        "auth_swap": logins.swap(cluster, ["alice=svc"]),
    }
    proxies = {}
    for name, mechanism in zip(UPSTREAM, kafka_sasl.MECHANISMS):
        nameless = logins.swap(cluster, ["$anonymous=svc"])
        del nameless["downstream_credentials"]
        proxies[name] = (Login(), {"upstream": short_lived(cluster, mechanism), "auth_swap": nameless})
    with module_stage("reauthentication-upstream") as stage:
        yield Held(stage, topic, proxies | {"both-sides": (alice, both_sides)}, BROKER_S)


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("proxy", UPSTREAM)
def test_java_client_outlives_the_proxys_login(upstream, proxy, pace):
    check(upstream.java[f"{proxy}-{pace}"])


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("proxy", UPSTREAM)
def test_librdkafka_outlives_the_proxys_login(upstream, proxy, pace):
    check(upstream.librdkafka[f"{proxy}-{pace}"])


@pytest.mark.parametrize("proxy", UPSTREAM)
def test_proxy_logged_in_again_and_again(upstream, proxy):
    counted = upstream.logins(proxy, "upstream")
    assert all('result="ok"' in series for series in counted), counted
    # Each of the eight clients holds a connection to every broker, for more than three logins' time.
    assert sum(counted.values()) >= 8 * 3 * (1 + 3), counted


# Towards the clients

DOWNSTREAM = [m.removeprefix("SCRAM-").lower() for m in kafka_sasl.MECHANISMS]


@pytest.fixture(scope="module")
def downstream(module_stage, cluster):
    topic = cluster.create_topic("reauthentication-downstream", only_for="User:svc")
    proxies = {}
    for name, mechanism in zip(DOWNSTREAM, kafka_sasl.MECHANISMS):
        alice = logins.alice("SASL_SSL", mechanism)
        proxies[name] = (
            alice,
            {
                "downstream": logins.downstream(alice, cluster.certs, sasl_session_lifetime=LIFETIME),
                "upstream": logins.upstream("SASL_SSL", Login("SASL_SSL", "PLAIN"), cluster),
                "auth_swap": logins.swap(cluster, ["alice=svc"]),
            },
        )
    with module_stage("reauthentication-downstream") as stage:
        yield Held(stage, topic, proxies, PROXY_S)


@pytest.mark.parametrize("mechanism", DOWNSTREAM)
def test_busy_java_client_logs_in_again(downstream, mechanism):
    outcome = downstream.java[f"{mechanism}-busy"]
    check(outcome)
    # Three connections with records, each for more than three logins' time.
    assert outcome.number("producer.again") >= 9, outcome.text


@pytest.mark.parametrize("mechanism", DOWNSTREAM)
def test_idle_java_client_logs_in_again_when_it_wakes_up(downstream, mechanism):
    outcome = downstream.java[f"{mechanism}-idle"]
    check(outcome)
    assert outcome.number("producer.again") >= 1, outcome.text


@pytest.mark.parametrize("pace", PACES)
@pytest.mark.parametrize("mechanism", DOWNSTREAM)
def test_librdkafka_logs_in_again(downstream, mechanism, pace):
    check(downstream.librdkafka[f"{mechanism}-{pace}"])


def alice_by_hand(sock):
    return kafka_sasl.login(sock, "PLAIN", "alice", logins.PASSWORDS["alice"])


@pytest.fixture
def lapsing(stage):
    """A proxy whose sessions live for a second; the call gives a connection to it."""
    login = logins.alice("SASL_PLAINTEXT", "PLAIN")
    mode, admin = logins.place(client_tls=False)
    stage.proxy(
        mode,
        admin=admin,
        downstream=logins.downstream(login, stage.cluster.certs, sasl_session_lifetime="1s"),
        auth_swap={"enabled": True, "downstream_credentials": [f"alice={login.password}"]},
    )
    return stage.clients(mode).to_bootstrap


def test_client_is_told_how_long_its_login_lives(lapsing):
    with lapsing() as sock:
        assert alice_by_hand(sock) == 1000


def test_client_that_does_not_log_in_again_is_closed_at_its_next_request(lapsing):
    with lapsing() as sock:
        alice_by_hand(sock)
        asked = 0

        def closed():
            nonlocal asked
            try:
                kafka_wire.metadata(sock, [])
            except ConnectionError:
                return True
            asked += 1
            return False

        until("the session ends", closed, 4, every=0.2)
        assert asked > 1, "it ended before its time"


def test_client_may_not_become_somebody_else(lapsing):
    with lapsing() as sock:
        alice_by_hand(sock)
        with pytest.raises(ConnectionError):
            kafka_sasl.login(sock, "PLAIN", "bob", logins.PASSWORDS["bob"])
            kafka_wire.metadata(sock, [])


# Without auth_swap: the client's own login at the broker


def test_login_at_the_broker_is_renewed_through_the_proxy(stage):
    login = Login("SASL_PLAINTEXT", "SCRAM-SHA-512", "svc", stage.cluster.users["svc"])
    mode, admin = logins.place(client_tls=False)
    stage.proxy(
        mode,
        admin=admin,
        downstream={"security_protocol": "SASL_PLAINTEXT"},
        upstream=short_lived(stage.cluster, "SCRAM-SHA-512"),
    )
    topic = stage.cluster.create_topic("reauthentication-passthrough", only_for="User:svc")
    outcome = logins.java(stage.clients(mode), [logins.Case("own", login, mode, topic, "hold", 11, 0.1)])["own"]
    check(outcome)
    # Three connections, each for more than two logins' time.
    assert outcome.number("producer.again") >= 3 * 2, outcome.text
