"""How the proxy behaves when clients, brokers or operators don't do what they should."""

import signal
import socket
import ssl
import struct
import time

import pytest

import kafka_wire
import netns
from proxy import PORT_OFFSET_BASE, SNI_PORT, Mode
from waiting import until

PLAIN = Mode("port_offset", False, False)
TLS = Mode("sni", True, False)


def hello():
    """What a TLS client says first."""
    out = ssl.MemoryBIO()
    session = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), out, server_hostname="kafka.example.com")
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    return out.read()


API_VERSIONS = kafka_wire.request(18, 0, 1, b"")
HTTP = b"GET / HTTP/1.1\r\nHost: kafka\r\n\r\n"
HUGE = struct.pack(">i", 1_200_000_000) + b"\x00" * 64

WRONG = [
    pytest.param(PLAIN, hello(), "TLS", id="tls-to-plain"),
    pytest.param(PLAIN, HTTP, "HTTP", id="http-to-plain"),
    pytest.param(PLAIN, HUGE, "no Kafka request", id="huge-to-plain"),
    pytest.param(TLS, API_VERSIONS, "plaintext", id="kafka-to-tls"),
    pytest.param(TLS, HTTP, "HTTP", id="http-to-tls"),
]


@pytest.mark.parametrize("mode, said, cause", WRONG)
def test_wrong_protocol_is_named_counted_and_closed(stage, mode, said, cause):
    # Given another client that is at work
    proxy = stage.proxy(mode)
    clients = stage.clients(mode)
    port = int(mode.bootstrap().split(",")[0].rsplit(":", 1)[1])
    with clients.to_bootstrap() as other:
        kafka_wire.metadata(other, [])
        # When
        with clients.network.client.connect(netns.PROXY_CLIENT_SIDE, port) as sock:
            sock.sendall(said)
            assert kafka_wire.closed(sock), "the connection stays open"
        # Then
        until("it is logged", lambda: "wrong protocol" in proxy.log, 5)
        lines = [line for line in proxy.log.splitlines() if "wrong protocol" in line]
        assert len(lines) == 1 and cause in lines[0], lines
        assert proxy.metric("kafka_proxy_wrong_protocol_total") == 1
        assert kafka_wire.metadata(other, []).brokers, "the other client's connection has suffered"


def test_frame_above_the_limit_is_refused_in_the_middle_of_a_connection(stage):
    proxy = stage.proxy(PLAIN, limits={"max_frame_bytes": 1 << 20})
    with stage.clients(PLAIN).to_bootstrap() as sock:
        kafka_wire.metadata(sock, [])
        sock.sendall(struct.pack(">i", (1 << 20) + 1))
        assert kafka_wire.closed(sock)
    assert proxy.child.running()


def test_client_without_server_name_is_refused_with_the_reason(stage):
    proxy = stage.proxy(TLS)
    with stage.network.client.connect(netns.PROXY_CLIENT_SIDE, SNI_PORT) as plain:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            kafka_wire.metadata(kafka_wire.tls(plain, stage.cluster.certs.ca), [])
    until(
        "it is counted",
        lambda: proxy.metric("kafka_proxy_tls_handshake_failures_total", reason="no_server_name") == 1,
        5,
    )


def test_unknown_server_name_leads_to_the_bootstrap_servers(stage):
    stage.proxy(TLS)
    with stage.clients(TLS).connect("anything.kafka.example.com", SNI_PORT) as sock:
        assert set(kafka_wire.metadata(sock, []).brokers) == {1, 2, 3}


def test_advertised_port_may_differ_from_the_bound_one(stage):
    mapping = {
        "bind_port": SNI_PORT,
        "advertised_port": 443,
        "upstream": "(.*)",
        "downstream": "b<$id>.kafka.example.com",
    }
    stage.proxy(TLS, broker_mapping={"sni": mapping})
    with stage.clients(TLS).to_bootstrap() as sock:
        assert kafka_wire.metadata(sock, []).brokers == {n: (f"b{n}.kafka.example.com", 443) for n in (1, 2, 3)}


def test_sigterm_finishes_what_is_in_flight(stage):
    # Given one connection whose answer takes two seconds, and an idle one
    topic = stage.topic("drain", "--partitions", "1")
    leader = stage.cluster.metadata([topic]).topics[topic][0].leader
    proxy = stage.proxy(PLAIN)
    clients = stage.clients(PLAIN)
    with clients.to_broker(leader) as busy, clients.to_bootstrap() as idle:
        kafka_wire.metadata(idle, [])
        busy.sendall(kafka_wire.long_fetch(topic, 0, 0, 2000, 77))
        until("the request is counted", lambda: proxy.metric("kafka_proxy_requests_total", api_key="Fetch") == 1, 5)
        # When
        proxy.child.signal(signal.SIGTERM)
        # Then
        assert kafka_wire.closed(idle, 1.5), "the idle connection stays open"
        with pytest.raises(OSError):
            clients.to_bootstrap().close()
        assert kafka_wire.read_frame(busy)[0] == 77
        assert kafka_wire.closed(busy, 2)
    stage.forget(proxy)
    assert proxy.child.wait(5) == 0, proxy.child.tail()
    proxy.check_clean()


def test_second_sigterm_ends_at_once(stage):
    topic = stage.topic("drain-twice", "--partitions", "1")
    leader = stage.cluster.metadata([topic]).topics[topic][0].leader
    proxy = stage.proxy(PLAIN)
    with stage.clients(PLAIN).to_broker(leader) as busy:
        busy.sendall(kafka_wire.long_fetch(topic, 0, 0, 8000, 78))
        until("the request is counted", lambda: proxy.metric("kafka_proxy_requests_total", api_key="Fetch") == 1, 5)
        proxy.child.signal(signal.SIGTERM)
        until("it drains", lambda: proxy.admin("/readyz")[0] == 503, 5)
        started = time.monotonic()
        proxy.child.signal(signal.SIGTERM)
        stage.forget(proxy)
        assert proxy.child.wait(5) == 0
        assert time.monotonic() - started < 2


def test_drain_ends_in_time_with_a_client_that_waits_longer(stage):
    topic = stage.topic("drain-limit", "--partitions", "1")
    leader = stage.cluster.metadata([topic]).topics[topic][0].leader
    proxy = stage.proxy(PLAIN, limits={"drain_timeout": "1s"})
    with stage.clients(PLAIN).to_broker(leader) as busy:
        busy.sendall(kafka_wire.long_fetch(topic, 0, 0, 20000, 79))
        until("the request is counted", lambda: proxy.metric("kafka_proxy_requests_total", api_key="Fetch") == 1, 5)
        started = time.monotonic()
        stage.end(proxy)
        assert time.monotonic() - started < 5


@pytest.fixture
def brokers_cable(network):
    """The link between proxy and brokers: pulled and plugged; plugged after the test."""

    class Cable:
        def set(self, state):
            network.proxy.ip("link", "set", "dev", "brokers", state)

    yield Cable()
    Cable().set("up")


def test_brokers_that_come_up_after_the_proxy_are_found(stage, brokers_cable):
    # Given
    brokers_cable.set("down")
    proxy = stage.proxy(PLAIN, wait=False, limits={"connect_timeout": "1s", "drain_timeout": "2s"})
    until("the admin endpoint answers", lambda: proxy.admin("/healthz")[0] == 200, 10)
    assert proxy.admin("/readyz")[0] == 503
    # When a client comes too early, it is closed rather than left hanging
    with stage.clients(PLAIN).to_bootstrap() as early:
        early.sendall(API_VERSIONS)
        assert kafka_wire.closed(early, 10)
    # And when the brokers are there
    brokers_cable.set("up")
    # Then
    proxy.wait_ready(20)
    with stage.clients(PLAIN).to_broker(3) as sock:
        assert set(kafka_wire.metadata(sock, []).brokers) == {1, 2, 3}


def test_readiness_tells_that_the_brokers_are_out_of_reach(stage, brokers_cable):
    proxy = stage.proxy(PLAIN, limits={"connect_timeout": "1s"})
    brokers_cable.set("down")
    status, _, why = until("it is not ready", lambda: (a := proxy.admin("/readyz"))[0] == 503 and a, 30, every=0.2)
    assert status == 503 and "upstream" in why
    assert proxy.admin("/healthz")[0] == 200
    assert set(proxy.brokers()) == {1, 2, 3}, "endpoints must keep their place"
    brokers_cable.set("up")
    proxy.wait_ready(30)


def test_upstream_certificate_of_an_unknown_issuer_is_not_accepted(stage):
    mode = Mode("port_offset", False, True)
    tls = {"ca_certs": str(stage.cluster.certs.other_ca)}
    servers = stage.cluster.bootstrap("SSL")
    proxy = stage.proxy(mode, wait=False, upstream={"bootstrap_servers": servers, "tls": tls})
    until("the refusal is told", lambda: "certificate not accepted" in proxy.admin("/readyz")[2], 10)
    assert proxy.admin("/readyz")[0] == 503


def test_upstream_certificate_must_name_the_broker(stage):
    mode = Mode("port_offset", False, True)
    other_name = {"bootstrap_servers": ["broker-1.elsewhere.test:9093"]}
    resolve = [{"host": "*.elsewhere.test", "ipv4": netns.broker_address(1)}]
    proxy = stage.proxy(mode, wait=False, upstream=other_name, resolve=resolve)
    until("the refusal is told", lambda: "certificate not accepted" in proxy.admin("/readyz")[2], 10)
    assert proxy.admin("/readyz")[0] == 503


def test_any_upstream_certificate_is_accepted_when_asked_for(stage):
    mode = Mode("port_offset", False, True)
    proxy = stage.proxy(mode, upstream={"tls": {"trust_server_certs": True}})
    assert set(proxy.brokers()) == {1, 2, 3}


def test_resolve_overrides_the_name_service(stage):
    proxy = stage.proxy(
        PLAIN,
        upstream={"bootstrap_servers": ["broker-1.elsewhere.test:9092"]},
        resolve=[{"host": "*.elsewhere.test", "ipv4": netns.broker_address(1)}],
    )
    assert set(proxy.brokers()) == {1, 2, 3}


@pytest.fixture
def mutual(stage):
    """A proxy that wants client certificates; the call opens a connection with one, and asks through it."""
    mode = Mode("port_offset", True, False)
    certs = stage.cluster.certs
    stage.proxy(
        mode,
        downstream={
            "security_protocol": "SSL",
            "tls": {
                "cert": str(certs.proxy),
                "key": str(certs.proxy_key),
                "mtls_enabled": True,
                "ca_certs": str(certs.ca),
            },
        },
    )

    def ask(cert=None, key=None):
        with stage.network.client.connect(netns.PROXY_CLIENT_SIDE, PORT_OFFSET_BASE) as plain:
            plain.settimeout(10)
            return kafka_wire.metadata(kafka_wire.tls(plain, certs.ca, "kafka.example.com", cert, key), [])

    return ask


def test_client_certificate_of_the_right_issuer_is_accepted(stage, mutual):
    assert set(mutual(stage.cluster.certs.client, stage.cluster.certs.client_key).brokers) == {1, 2, 3}


def test_client_without_certificate_is_refused(mutual):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        mutual()


def test_client_certificate_of_another_issuer_is_refused(stage, mutual):
    with pytest.raises((ssl.SSLError, ConnectionError)):
        mutual(stage.cluster.certs.stranger, stage.cluster.certs.stranger_key)


def test_silent_client_is_closed_after_the_handshake_timeout(stage):
    stage.proxy(PLAIN, limits={"handshake_timeout": "500ms"})
    with stage.clients(PLAIN).to_bootstrap() as sock:
        assert kafka_wire.closed(sock, 5)


def test_idle_client_is_closed_after_the_idle_timeout(stage):
    stage.proxy(PLAIN, limits={"idle_timeout": "1s"})
    with stage.clients(PLAIN).to_bootstrap() as sock:
        kafka_wire.metadata(sock, [])
        assert kafka_wire.closed(sock, 6)


def test_connections_above_the_limit_are_refused_and_counted(stage):
    proxy = stage.proxy(PLAIN, limits={"max_connections": 2})
    clients = stage.clients(PLAIN)
    with clients.to_bootstrap() as first, clients.to_bootstrap() as second:
        kafka_wire.metadata(first, [])
        kafka_wire.metadata(second, [])
        with clients.to_bootstrap() as third:
            assert kafka_wire.closed(third)
        kafka_wire.metadata(first, [])
    assert proxy.metric("kafka_proxy_connections_refused_total") == 1


def test_listeners_bind_ipv6_and_take_ipv4_clients_too(stage):
    stage.proxy(PLAIN, bind_address="::")
    with stage.clients(PLAIN).to_bootstrap() as sock:
        assert sock.family == socket.AF_INET
        assert set(kafka_wire.metadata(sock, []).brokers) == {1, 2, 3}
    with stage.network.proxy.connect("::1", PORT_OFFSET_BASE) as sock:
        assert sock.family == socket.AF_INET6
        assert set(kafka_wire.metadata(sock, []).brokers) == {1, 2, 3}


def test_port_that_is_taken_is_exit_code_3(stage):
    stage.proxy(PLAIN, "first")
    second = stage.proxy(PLAIN, "second", wait=False, admin={"address": "127.0.0.1:9405"})
    stage.forget(second)
    assert second.child.wait(10) == 3
    assert str(PORT_OFFSET_BASE) in second.log


def test_runs_from_flags_alone(stage):
    mode = Mode("dynamic", False, False)
    flags = [
        "--dynamic-advertised-listener",
        "kafka.example.com",
        "--dynamic-sequential-min-port",
        "32500",
        "--deterministic-listeners",
        "--admin-address",
        "127.0.0.1:9404",
    ]
    for n, server in enumerate(stage.cluster.bootstrap()[:2], start=1):
        flags += ["--bootstrap-server-mapping", f"{server},0.0.0.0:{32400 + n},kafka.example.com:{32400 + n}"]
    stage.proxy(mode, flags=flags)
    with stage.clients(mode).to_bootstrap() as sock:
        assert kafka_wire.metadata(sock, []).brokers == {n: mode.address(n) for n in (1, 2, 3)}


def test_connections_of_a_dead_client_are_forgotten(stage):
    proxy = stage.proxy(PLAIN)
    clients = stage.clients(PLAIN)
    opened = [clients.to_broker(n % 3 + 1) for n in range(30)]
    for sock in opened:
        kafka_wire.metadata(sock, [])
    assert proxy.metric("kafka_proxy_connections_open") == 30
    for sock in opened:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # a reset, no farewell
        sock.close()
    until("none is open", lambda: proxy.metric("kafka_proxy_connections_open") == 0, 10)
