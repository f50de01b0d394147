"""What a changed configuration does to a running proxy: for each kind of change a connection that stays, and, where
that kind reaches connections, one that ends."""

import contextlib
import itertools
import json
import os
import signal
import ssl
import struct
import threading
import time

import pytest

import kafka_admin
import kafka_sasl
import kafka_wire
import logins
import netns
from conftest import RUN
from kafka_cluster import KafkaCluster
from login import Login, secret
from proxy import HOST, SNI_PORT, Mode
from reload import CONFIG, MEANS, Files, Reloadable
from waiting import until

SNI = Mode("sni", True, False)
DRAIN_S = 3
LIMITS = {"drain_timeout": f"{DRAIN_S}s"}
# What a client sees that isn't let in. Silence isn't one of them.
REFUSALS = (ConnectionError, ssl.SSLError)


@pytest.fixture
def files(stage):
    return Files(stage.directory / "files")


@pytest.fixture
def start(stage, files):
    """Starts a proxy, by default one that anybody may use at ports of its own: (it, its clients)."""

    def started(mode=None, tls=False, named=None, **changes):
        if mode is None:
            mode, changes["admin"] = logins.place(tls)
        changes["limits"] = LIMITS | changes.get("limits", {})
        return Reloadable(stage, mode, files, named, **changes), stage.clients(mode)

    return started


@pytest.fixture
def connected():
    """Connections that end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda sock: stack.enter_context(sock)


@pytest.fixture(scope="module")
def slow(cluster):
    """(topic of one partition, its leader): where a request may wait as long as it likes."""
    topic = cluster.create_topic("reload-slow", 1)
    return topic, cluster.metadata([topic]).topics[topic][0].leader


def answers(sock):
    """This very connection still works."""
    return bool(kafka_wire.metadata(sock, []).brokers)


def opened(connected, sock):
    """A connection that has been used."""
    assert answers(connected(sock))
    return sock


def ask_slowly(proxy, sock, topic, wait_ms, correlation=77):
    """A request that the broker answers only then; it is on its way when this returns."""
    before = proxy.metric("kafka_proxy_requests_total", api_key="Fetch")
    sock.sendall(kafka_wire.long_fetch(topic, 0, 0, wait_ms, correlation))
    until("it is counted", lambda: proxy.metric("kafka_proxy_requests_total", api_key="Fetch") > before, 5)


def check_drained(reloadable, reason, count):
    until(
        f"{count} drained connections are counted",
        lambda: reloadable.drained(reason) == reloadable.drained() == count,
        DRAIN_S + 2,
    )


def pem(files, name):
    """The keys of a TLS section, for one file that holds both."""
    return {"cert": str(files.path(name)), "key": str(files.path(name))}


# What sets off a reload, and what doesn't


@pytest.mark.parametrize("means", MEANS)
def test_change_of_the_file_is_noticed(start, means):
    reloadable, _ = start()
    before = reloadable.page()
    page = reloadable.change(means, limits={"max_connections": 4321})
    proxy = reloadable.proxy
    assert proxy.metric("kafka_proxy_connection_limit") == 4321
    assert proxy.metric("kafka_proxy_config_info", hash=page["hash"], generation="2") == 1
    assert proxy.metric("kafka_proxy_config_reloads_total") == page["reloads"] == 1
    assert proxy.metric("kafka_proxy_config_reload_failures_total") == page["reload_failures"] == 0
    assert page["hash"] != before["hash"] and page["loaded_at"] >= before["loaded_at"]
    assert "4321" in json.dumps(page["config"])


def test_change_is_noticed_after_each_way_of_writing(start):
    """Links take the place of files and files that of links; the watch has to move along."""
    reloadable, _ = start()
    for count, (first, second) in enumerate(itertools.product(MEANS, MEANS)):
        reloadable.change(first, limits={"max_connections": 1000 + 2 * count})
        reloadable.change(second, limits={"max_connections": 1001 + 2 * count})
    page = reloadable.page()
    assert (page["reloads"], page["reload_failures"]) == (2 * len(MEANS) ** 2, 0)


def test_half_written_file_is_not_taken(start, files):
    # Given a file of which the first half alone would be a valid configuration
    reloadable, _ = start()
    text = reloadable.text(reloadable.config)
    begin = text.replace("generation: 1", "generation: 2")
    rest = "# the end\n"
    with files.path(CONFIG).open("w") as out:
        out.write(begin.replace('"drain_timeout": "3s"', '"drain_timeout": "4s"'))
        out.flush()
        # When nothing comes for longer than any settling takes
        threading.Event().wait(1.5)
        page = reloadable.page()
        assert (page["generation"], page["reloads"], page["reload_failures"]) == ("1", 0, 0)
        out.write(rest)
    # Then it counts when it is complete
    until("it is in force", lambda: reloadable.page()["generation"] == "2", 10)
    assert reloadable.page()["reload_failures"] == 0


def test_equal_content_is_no_reload(start, files):
    reloadable, clients = start()
    for means in MEANS:
        reloadable.write(means, reloadable.contents)
    os.utime(files.path(CONFIG))
    reloadable.proxy.child.signal(signal.SIGHUP)
    # Other bytes that mean the same
    files.rename({CONFIG: f"# generation: 1\n# the same\n{json.dumps(reloadable.config)}\n"})
    # The next change comes after all that was noticed of these
    page = reloadable.change(limits={"max_connections": 4321})
    assert (page["reloads"], page["reload_failures"]) == (1, 0)


def test_hangup_alone_reloads(start, files):
    # Given a change that no watch can see
    reloadable, _ = start(logging={"level": "info"})
    reloadable.proxy.child.signal(signal.SIGHUP)  # so that its own first look is over
    until("it has looked", lambda: "nothing to reload" in reloadable.proxy.child.output(), 10)
    with files.unnoticed(CONFIG) as written:
        text = reloadable.contents[CONFIG].replace('"info"', '"warn"').replace("generation: 1", "generation: 2")
        written(text)
        threading.Event().wait(0.5)
        assert reloadable.page()["generation"] == "1"
        # When
        reloadable.proxy.child.signal(signal.SIGHUP)
        # Then
        until("it is in force", lambda: reloadable.page()["generation"] == "2", 10)
    assert (reloadable.page()["reloads"], reloadable.page()["reload_failures"]) == (1, 0)


def test_last_of_many_quick_writes_is_in_force(start, files):
    reloadable, _ = start()
    for count in range(2, 102):
        reloadable.generation = count
        reloadable.config["limits"]["max_connections"] = count
        files.write(("rename", "swap")[count % 2], {CONFIG: reloadable.text(reloadable.config)})
    until("the last is in force", lambda: reloadable.page()["generation"] == "101", 10)
    assert reloadable.proxy.metric("kafka_proxy_connection_limit") == 101
    assert reloadable.page()["reload_failures"] == 0


# What is wrong changes nothing


def key_of_another(certs):
    return certs.client1_key.read_text() + certs.proxy.read_text()


def broken(name, means="rename", **spoil):
    return pytest.param(means, spoil, id=name)


INVALID = [
    broken("yaml", raw="upstream: [\n"),
    broken("empty", means="in_place", raw="\n"),
    broken("truncated", means="in_place", raw=lambda text: text[: len(text) // 2]),
    broken("unknown-key", limits={"max_conections": 5}),
    broken("bad-value", means="swap", limits={"drain_timeout": "soon"}),
    broken("contradiction", upstream={"sasl_mechanism": "PLAIN"}),
    broken("certificate-named-but-missing", downstream={"tls": {"cert": "/nowhere.pem", "key": "/nowhere.pem"}}),
    broken("certificate-removed", means="in_place", files={"server.pem": None}),
    broken("certificate-removed-from-mount", means="swap", files={"server.pem": None}),
    broken("certificate-garbage", means="in_place", files={"server.pem": "-----BEGIN CERTIFICATE-----\n"}),
    broken("key-of-another", files=lambda certs: {"server.pem": key_of_another(certs)}),
    broken("revocations-garbage", means="hangup", files={"revoked.pem": "none\n"}),
    broken("users-garbage", means="swap", files={"clients.users": "alice\n"}),
    broken("users-removed", means="rename", files={"clients.users": None}),
    broken("template", broker_mapping={"port_offset": {"hostname": "b<$1>", "base": 30000}}),
]


@pytest.fixture(scope="module")
def steadfast(module_stage, cluster):
    """A proxy with a file of every kind, and a client of it."""
    certs = cluster.certs
    with module_stage("reload-invalid") as stage:
        files = Files(stage.directory / "files")
        mode, admin = logins.place(client_tls=True)
        login = logins.alice("SASL_SSL", "PLAIN", "client1")
        tls = pem(files, "server.pem") | {"mtls_enabled": True, "ca_certs": str(certs.ca)}
        reloadable = Reloadable(
            stage,
            mode,
            files,
            {
                "server.pem": certs.proxy_store.read_text(),
                "revoked.pem": certs.crl.read_text(),
                "clients.users": f"alice={login.password}\n",
            },
            admin=admin,
            downstream=logins.downstream(login, certs, tls=tls | {"crl": str(files.path("revoked.pem"))}),
            auth_swap={"enabled": True, "downstream_credentials_file": str(files.path("clients.users"))},
            limits=LIMITS,
        )
        clients = stage.clients(mode)

        def connect():
            plain = clients.network.client.connect(netns.PROXY_CLIENT_SIDE, mode.address(1)[1])
            sock = kafka_wire.tls(plain, certs.ca, HOST, certs.client1, certs.client1_key)
            sock.settimeout(10)
            kafka_sasl.login(sock, "PLAIN", login.user, login.password)
            return sock

        with connect() as sock:
            yield reloadable, sock, connect


@pytest.mark.parametrize("means, spoil", INVALID)
def test_invalid_change_is_told_and_changes_nothing(steadfast, cluster, means, spoil):
    reloadable, old, connect = steadfast
    failures = reloadable.proxy.metric("kafka_proxy_config_reload_failures_total")
    if callable(spoil.get("files")):
        spoil = {"files": spoil["files"](cluster.certs)}
    # When: see `spoil` for what has to stay as it was
    errors = reloadable.spoil(means, **spoil)
    # Then
    assert all(isinstance(error, str) and error for error in errors)
    assert reloadable.proxy.metric("kafka_proxy_config_reload_failures_total") > failures
    assert answers(old)
    with connect() as new:
        assert answers(new)
    # And when it is mended, nothing has happened
    assert reloadable.mend(means)["reloads"] == 0
    assert answers(old)
    assert reloadable.drained() == 0


def test_every_error_is_told_once(start):
    reloadable, _ = start()
    errors = reloadable.spoil(limits={"no_such_limit": 1, "max_connections": "many"}, no_such_section={"a": 1})
    wanted = ("no_such_limit", "max_connections", "no_such_section")
    assert {word: sum(word in error for error in errors) for word in wanted} == dict.fromkeys(wanted, 1), errors
    lines = reloadable.proxy.log.splitlines()
    assert {word: sum(word in line for line in lines) for word in wanted} == dict.fromkeys(wanted, 1)


def test_next_good_change_clears_the_error(start):
    reloadable, _ = start()
    reloadable.spoil(raw="upstream: [\n")
    page = reloadable.change(limits={"max_connections": 4321})
    assert (page["last_reload_error"], page["reloads"]) == (None, 1)


def test_missing_file_of_the_configuration_itself_changes_nothing(start, files, connected):
    reloadable, clients = start()
    old = opened(connected, clients.to_bootstrap())
    files.path(CONFIG).unlink()
    threading.Event().wait(0.5)
    page = reloadable.page()
    assert (page["generation"], page["reloads"]) == ("1", 0)
    assert reloadable.change(limits={"max_connections": 4321})["reloads"] == 1
    assert answers(old)


def test_taken_port_refuses_the_change_and_none_of_the_new_ports_stays_bound(start, stage, connected):
    # Given
    reloadable, clients = start()
    old = opened(connected, clients.to_broker(1))
    there, _ = logins.place(client_tls=False)
    with stage.network.proxy.entered():
        other = connected(netns.socket.create_server(("0.0.0.0", there.base + 1)))
    # When
    errors = reloadable.spoil(broker_mapping=ports(there.base))
    # Then
    assert any(str(there.base + 1) in error for error in errors), errors
    assert answers(old)
    assert answers(opened(connected, clients.to_broker(2)))
    with pytest.raises(ConnectionRefusedError):
        clients.connect(HOST, there.base)
    # And once the port is free, the same change is taken
    other.close()
    reloadable.change(broker_mapping=ports(there.base))
    assert answers(opened(connected, clients.connect(HOST, there.base + 1)))


# Certificates


@pytest.fixture(scope="module")
def renewed(cluster):
    """A second certificate of the proxy's: of another key, and as text that holds both."""
    cluster.certs.make("renewed", ["*.kafka.example.com", "kafka.example.com", "localhost"], ["127.0.0.1"])
    return cluster.certs.renewed_store.read_text()


@pytest.mark.parametrize("means", MEANS)
def test_renewed_certificate_is_for_the_next_handshakes(start, stage, files, connected, renewed, means):
    # Given
    first = stage.cluster.certs.proxy_store.read_text()
    reloadable, clients = start(tls=True, named={"server.pem": first}, downstream={"tls": pem(files, "server.pem")})
    before = reloadable.page()
    old = opened(connected, clients.to_broker(1))
    # When
    page = reloadable.change(means, files={"server.pem": renewed})
    # Then
    new = opened(connected, clients.to_broker(1))
    assert old.getpeercert()["serialNumber"] != new.getpeercert()["serialNumber"]
    assert answers(old)
    assert reloadable.drained() == 0
    # And the page says which file it was
    digests = [{entry["path"]: entry["digest"] for entry in shown["files"]} for shown in (before, page)]
    server = str(files.path("server.pem"))
    assert digests[0][server] != digests[1][server]
    assert page["generation"] == "1" and {entry["key"] for entry in page["files"]} >= {"downstream.tls.cert"}


@pytest.mark.parametrize("means", MEANS)
def test_certificate_and_key_may_be_two_files(start, stage, files, connected, renewed, means):
    certs = stage.cluster.certs
    named = {"tls.crt": certs.proxy.read_text(), "tls.key": certs.proxy_key.read_text()}
    tls = {"cert": str(files.path("tls.crt")), "key": str(files.path("tls.key"))}
    reloadable, clients = start(tls=True, named=named, downstream={"tls": tls})
    old = opened(connected, clients.to_broker(1))
    reloadable.change(means, files={"tls.crt": certs.renewed.read_text(), "tls.key": certs.renewed_key.read_text()})
    new = opened(connected, clients.to_broker(1))
    assert old.getpeercert()["serialNumber"] != new.getpeercert()["serialNumber"]
    assert answers(old)


def mutual_tls(stage, files, ca, crl=None):
    """(named files, the section) of a proxy whose clients show certificates."""
    certs = stage.cluster.certs
    named = {"ca.pem": ca}
    section = {"cert": str(certs.proxy), "key": str(certs.proxy_key), "mtls_enabled": True}
    section["ca_certs"] = str(files.path("ca.pem"))
    if crl is not None:
        named["revoked.pem"] = crl
        section["crl"] = str(files.path("revoked.pem"))
    return {"named": named, "downstream": {"tls": section}}


def by_certificate(clients, name, broker_id=1):
    """A connection that shows this certificate."""
    host, port = clients.mode.address(broker_id)
    certs = clients.certs
    plain = clients.network.client.connect(netns.PROXY_CLIENT_SIDE, port)
    plain.settimeout(10)
    return kafka_wire.tls(plain, certs.ca, host, getattr(certs, name), getattr(certs, f"{name}_key"))


def test_certificates_of_a_removed_authority_end(start, stage, files, connected):
    # Given clients of two authorities
    certs = stage.cluster.certs
    both = certs.ca.read_text() + certs.other_ca.read_text()
    reloadable, clients = start(tls=True, **mutual_tls(stage, files, both))
    stays = opened(connected, by_certificate(clients, "client1"))
    ends = opened(connected, by_certificate(clients, "stranger"))
    # When
    reloadable.change(files={"ca.pem": certs.ca.read_text()})
    # Then
    assert kafka_wire.closed(ends, DRAIN_S + 1)
    assert answers(stays)
    check_drained(reloadable, "certificate", 1)
    with pytest.raises(REFUSALS):
        answers(connected(by_certificate(clients, "stranger")))


def test_added_authority_ends_nobody(start, stage, files, connected):
    certs = stage.cluster.certs
    reloadable, clients = start(tls=True, **mutual_tls(stage, files, certs.ca.read_text()))
    stays = opened(connected, by_certificate(clients, "client1"))
    reloadable.change(files={"ca.pem": certs.ca.read_text() + certs.other_ca.read_text()})
    opened(connected, by_certificate(clients, "stranger"))
    assert answers(stays)
    assert reloadable.drained() == 0


def test_revoked_certificate_ends_after_what_is_in_flight(start, stage, files, connected, slow):
    # Given two that are not revoked yet, one of them in the midst of a request
    certs = stage.cluster.certs
    certs.make_crl("empty_crl", [])
    ca, crl = certs.ca.read_text(), certs.empty_crl.read_text()
    reloadable, clients = start(tls=True, **mutual_tls(stage, files, ca, crl))
    topic, leader = slow
    stays = opened(connected, by_certificate(clients, "client1"))
    ends = opened(connected, by_certificate(clients, "revoked", leader))
    ask_slowly(reloadable.proxy, ends, topic, 1500)
    # When
    reloadable.change("swap", files={"revoked.pem": certs.crl.read_text()})
    # Then
    assert kafka_wire.read_frame(ends)[0] == 77
    assert kafka_wire.closed(ends, 1)
    assert answers(stays)
    check_drained(reloadable, "certificate", 1)
    with pytest.raises(REFUSALS):
        answers(connected(by_certificate(clients, "revoked")))


def test_revocation_of_somebody_else_ends_nobody(start, stage, files, connected):
    certs = stage.cluster.certs
    certs.make_crl("empty_crl", [])
    mutual = mutual_tls(stage, files, certs.ca.read_text(), certs.empty_crl.read_text())
    reloadable, clients = start(tls=True, **mutual)
    stays = opened(connected, by_certificate(clients, "client1"))
    reloadable.change(files={"revoked.pem": certs.crl.read_text()})
    assert answers(stays)
    assert reloadable.drained() == 0


# Credentials


def users(*names, **passwords):
    """The file that lets these log in."""
    known = {name: logins.PASSWORDS[name] for name in names} | passwords
    return {"clients.users": "".join(f"{user}={password}\n" for user, password in known.items())}


@pytest.fixture
def with_users(start, files):
    """A proxy where alice and bob may log in."""
    return start(
        named=users("alice", "bob"),
        downstream={"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN"},
        auth_swap={"enabled": True, "downstream_credentials_file": str(files.path("clients.users"))},
    )


def log_in(connected, clients, user, password=None, broker_id=1, mechanism="PLAIN"):
    sock = connected(clients.to_broker(broker_id))
    kafka_sasl.login(sock, mechanism, user, password or logins.PASSWORDS[user])
    assert answers(sock)
    return sock


@pytest.mark.parametrize("means", MEANS)
def test_sessions_of_a_removed_user_end(with_users, connected, means):
    # Given
    reloadable, clients = with_users
    ends = [log_in(connected, clients, "alice"), log_in(connected, clients, "alice", broker_id=2)]
    stays = log_in(connected, clients, "bob")
    # When
    reloadable.change(means, files=users("bob"))
    # Then
    assert all(kafka_wire.closed(sock, DRAIN_S + 1) for sock in ends)
    assert answers(stays)
    check_drained(reloadable, "identity", 2)
    with pytest.raises(kafka_sasl.Refused):
        log_in(connected, clients, "alice")
    log_in(connected, clients, "bob")


def test_session_of_a_removed_user_ends_after_what_is_in_flight(with_users, connected, slow):
    reloadable, clients = with_users
    topic, leader = slow
    ends = log_in(connected, clients, "alice", broker_id=leader)
    stays = log_in(connected, clients, "bob", broker_id=leader)
    ask_slowly(reloadable.proxy, ends, topic, 1500)
    ask_slowly(reloadable.proxy, stays, topic, 1500, 78)
    reloadable.change(files=users("bob"))
    assert kafka_wire.read_frame(ends)[0] == 77
    assert kafka_wire.closed(ends, 1)
    assert kafka_wire.read_frame(stays)[0] == 78
    assert answers(stays)


def test_draining_takes_no_longer_than_its_limit(with_users, connected, slow):
    reloadable, clients = with_users
    topic, leader = slow
    ends = log_in(connected, clients, "alice", broker_id=leader)
    ask_slowly(reloadable.proxy, ends, topic, 20000)
    began = time.monotonic()
    reloadable.change(files=users("bob"))
    assert kafka_wire.closed(ends, DRAIN_S + 2)
    assert DRAIN_S - 0.5 <= time.monotonic() - began <= DRAIN_S + 2


def test_request_after_the_change_is_not_begun(with_users, connected, slow):
    """Draining reads nothing new: what comes late meets a closed connection, as after any disconnect."""
    reloadable, clients = with_users
    topic, leader = slow
    ends = log_in(connected, clients, "alice", broker_id=leader)
    ask_slowly(reloadable.proxy, ends, topic, 1500)
    reloadable.change(files=users("bob"))
    ends.sendall(kafka_wire.request(3, 1, 88, struct.pack(">i", 0)))
    assert kafka_wire.read_frame(ends)[0] == 77
    with pytest.raises(ConnectionError):
        kafka_wire.read_frame(ends)


def test_sessions_of_a_user_with_another_password_end(with_users, connected):
    reloadable, clients = with_users
    ends, stays = log_in(connected, clients, "alice"), log_in(connected, clients, "bob")
    new = secret("alice-new")
    reloadable.change(files=users("bob", alice=new))
    assert kafka_wire.closed(ends, DRAIN_S + 1)
    assert answers(stays)
    check_drained(reloadable, "identity", 1)
    with pytest.raises(kafka_sasl.Refused):
        log_in(connected, clients, "alice")
    log_in(connected, clients, "alice", new)


def test_added_user_ends_nobody(with_users, connected):
    reloadable, clients = with_users
    stays = [log_in(connected, clients, user) for user in ("alice", "bob")]
    reloadable.change(files=users("alice", "bob", "carol"))
    log_in(connected, clients, "carol")
    assert all(map(answers, stays))
    assert reloadable.drained() == 0


def test_new_password_towards_the_brokers_is_for_the_next_logins(start, stage, files, connected):
    # Given a session of the brokers' user, whose password is then changed there
    cluster = stage.cluster
    passwords = [secret("rotated-first"), secret("rotated-second")]

    def rotate(password):
        with cluster.connect(1) as sock:
            kafka_admin.make_scram_user(sock, "rotated", password)
        for broker in cluster.running():

            def known(broker_id=broker.id):
                with cluster.connect(broker_id, listener="SASL_PLAINTEXT") as sock:
                    return kafka_sasl.login(sock, "SCRAM-SHA-512", "rotated", password) is not None

            until("the broker knows the password", known)

    rotate(passwords[0])
    login = Login("SASL_PLAINTEXT", "SCRAM-SHA-512")
    reloadable, clients = start(
        named={"brokers.users": f"rotated={passwords[0]}\n"},
        upstream=logins.upstream("SASL_PLAINTEXT", login, cluster),
        auth_swap={
            "enabled": True,
            "upstream_credentials_file": str(files.path("brokers.users")),
            "mapping": ["$anonymous=rotated"],
        },
    )
    old = opened(connected, clients.to_broker(1))
    rotate(passwords[1])
    with pytest.raises(REFUSALS):
        answers(connected(clients.to_broker(1)))
    # When
    reloadable.change("swap", files={"brokers.users": f"rotated={passwords[1]}\n"})
    # Then
    until("the new password is used", lambda: answers(connected(clients.to_broker(1))), 5)
    assert answers(old)
    assert reloadable.drained() == 0


# Who finds what where


def ports(base, most=9):
    return {"port_offset": {"hostname": HOST, "base": base, "max_broker_id": most}}


def test_moved_ports_drain_and_close(start, connected, slow):
    # Given one connection by a bootstrap port, and a busy one by a broker's
    reloadable, clients = start()
    topic, leader = slow
    idle = opened(connected, clients.to_bootstrap())
    busy = opened(connected, clients.to_broker(leader))
    ask_slowly(reloadable.proxy, busy, topic, 1500)
    there, _ = logins.place(client_tls=False)
    # When
    reloadable.change(broker_mapping=ports(there.base))
    # Then
    new = opened(connected, clients.connect(HOST, there.base))
    assert kafka_wire.metadata(new, []).brokers == {n: there.address(n) for n in (1, 2, 3)}
    with pytest.raises(ConnectionRefusedError):
        clients.to_broker(1)
    assert kafka_wire.closed(idle, DRAIN_S + 1)
    assert kafka_wire.read_frame(busy)[0] == 77
    assert kafka_wire.closed(busy, 1)
    check_drained(reloadable, "endpoint", 2)


def leads(sock, topic):
    """Whether the broker at the other end leads the topic's only partition."""
    sock.sendall(kafka_wire.long_fetch(topic, 0, 0, 0, 55))
    answer = kafka_wire.Reader(kafka_wire.read_frame(sock)[1])
    answer.number("i")  # throttle time
    assert (answer.number("i"), answer.string(), answer.number("i"), answer.number("i")) == (1, topic, 1, 0)
    return answer.number("h") == 0


def test_port_that_becomes_another_brokers_drains_and_leads_there(start, connected, slow):
    reloadable, clients = start()
    topic, leader = slow
    other = 1 if leader != 1 else 2
    port = clients.mode.address(leader)[1]
    old = opened(connected, clients.connect(HOST, port))
    assert leads(old, topic)
    # When the other broker gets that port
    moved = leader - other
    reloadable.change(broker_mapping=ports(clients.mode.base + moved))
    # Then
    assert kafka_wire.closed(old, DRAIN_S + 1)
    assert not leads(opened(connected, clients.connect(HOST, port)), topic)
    assert leads(opened(connected, clients.connect(HOST, port + moved)), topic)


def test_broker_beyond_the_new_maximum_drains_alone(start, connected):
    reloadable, clients = start()
    ends = opened(connected, clients.to_broker(3))
    stay = [opened(connected, clients.to_broker(n)) for n in (1, 2)] + [opened(connected, clients.to_bootstrap())]
    reloadable.change(broker_mapping=ports(clients.mode.base, 2))
    assert kafka_wire.closed(ends, DRAIN_S + 1)
    assert all(map(answers, stay))
    check_drained(reloadable, "endpoint", 1)
    with pytest.raises(ConnectionRefusedError):
        clients.to_broker(3)


def test_other_hostname_is_told_to_clients(start, connected):
    reloadable, clients = start()
    mapping = ports(clients.mode.base)
    mapping["port_offset"]["hostname"] = "bootstrap.kafka.example.com"
    reloadable.change(broker_mapping=mapping)
    told = kafka_wire.metadata(connected(clients.to_bootstrap()), []).brokers
    assert told == {n: ("bootstrap.kafka.example.com", clients.mode.address(n)[1]) for n in (1, 2, 3)}


def sni(template, port=SNI_PORT, **more):
    return {"sni": {"bind_port": port, "upstream": r"^broker-(\d+)\.kafka\.internal$", "downstream": template} | more}


def test_other_template_drains_broker_connections_only(start, connected):
    reloadable, clients = start(SNI)
    ends = [opened(connected, clients.to_broker(n)) for n in (1, 3)]
    stays = opened(connected, clients.to_bootstrap())
    reloadable.change(broker_mapping=sni(f"broker<$1>.{HOST}"))
    assert all(kafka_wire.closed(sock, DRAIN_S + 1) for sock in ends)
    expected = {n: (f"broker{n}.{HOST}", SNI_PORT) for n in (1, 2, 3)}
    assert kafka_wire.metadata(stays, []).brokers == expected
    check_drained(reloadable, "endpoint", 2)
    new = opened(connected, clients.connect(f"broker3.{HOST}", SNI_PORT))
    assert kafka_wire.metadata(new, []).brokers == expected


def test_template_that_makes_the_same_names_ends_nobody(start, connected):
    reloadable, clients = start(SNI)
    stay = [opened(connected, clients.to_broker(n)) for n in (1, 3)] + [opened(connected, clients.to_bootstrap())]
    reloadable.change(broker_mapping=sni(f"b<$id>.{HOST}"))
    assert all(map(answers, stay))
    assert reloadable.drained() == 0


def test_other_port_for_names_drains_all(start, connected):
    reloadable, clients = start(SNI)
    ends = [opened(connected, clients.to_broker(1)), opened(connected, clients.to_bootstrap())]
    reloadable.change(broker_mapping=sni(f"b<$1>.{HOST}", SNI_PORT + 1))
    assert all(kafka_wire.closed(sock, DRAIN_S + 1) for sock in ends)
    check_drained(reloadable, "endpoint", 2)
    opened(connected, clients.connect(f"b1.{HOST}", SNI_PORT + 1))
    with pytest.raises(ConnectionRefusedError):
        clients.to_bootstrap()


DYNAMIC = Mode("dynamic", False, False)


def doors(cluster, ids, min_port=32500):
    listed = [
        {"upstream": upstream, "listen": f"0.0.0.0:{32400 + n}", "advertised": f"{HOST}:{32400 + n}"}
        for n, upstream in ((n, cluster.brokers[n].address("PLAINTEXT")) for n in ids)
    ]
    more = {"listener_ip": "0.0.0.0", "advertised_listener": HOST, "min_port": min_port, "deterministic": True}
    return {"dynamic": {"bootstrap": listed} | more}


def test_removed_bootstrap_mapping_drains_alone(start, stage, connected):
    reloadable, clients = start(DYNAMIC)
    stay = [opened(connected, clients.to_broker(n)) for n in (1, 3)]
    ends = opened(connected, clients.to_broker(2))
    reloadable.change(broker_mapping=doors(stage.cluster, (1,)))
    assert kafka_wire.closed(ends, DRAIN_S + 1)
    assert all(map(answers, stay))
    check_drained(reloadable, "endpoint", 1)
    # Broker 2 is found where others without a mapping are
    opened(connected, clients.connect(HOST, 32502))


def test_moved_broker_ports_leave_bootstrap_mappings_alone(start, stage, connected):
    reloadable, clients = start(DYNAMIC)
    stay = [opened(connected, clients.to_broker(n)) for n in (1, 2)]
    ends = opened(connected, clients.to_broker(3))
    reloadable.change(broker_mapping=doors(stage.cluster, (1, 2), 32600))
    assert kafka_wire.closed(ends, DRAIN_S + 1)
    assert all(map(answers, stay))
    check_drained(reloadable, "endpoint", 1)
    opened(connected, clients.connect(HOST, 32603))


def test_port_that_stays_never_refuses(start, stage):
    """Whoever connects without pause to a bootstrap port, which stays, and to broker 1, which stays too."""
    reloadable, clients = start()
    over, failures, done = threading.Event(), [], itertools.count()

    def knock():
        while not over.is_set():
            for port in (clients.mode.base, clients.mode.address(1)[1]):
                try:
                    clients.network.client.connect(netns.PROXY_CLIENT_SIDE, port).close()
                    next(done)
                except OSError as failure:
                    failures.append(failure)
                over.wait(0.001)

    thread = threading.Thread(target=knock)
    thread.start()
    try:
        for turn in range(10):
            reloadable.change(MEANS[turn % 4], broker_mapping=ports(clients.mode.base, 2 if turn % 2 == 0 else 9))
    finally:
        over.set()
        thread.join()
    assert failures == []
    assert next(done) > 100


# The brokers


def test_other_bootstrap_servers_of_the_same_cluster_end_nobody(start, stage, connected):
    addresses = stage.cluster.bootstrap()
    reloadable, clients = start(upstream={"bootstrap_servers": addresses[:2]})
    stay = [opened(connected, clients.to_broker(n)) for n in (1, 2, 3)] + [opened(connected, clients.to_bootstrap())]
    reloadable.change(upstream={"bootstrap_servers": [addresses[2], addresses[0]]})
    # The proxy asks the new ones soon, and finds what it knows
    until("the brokers are reachable", lambda: all(b["reachable"] for b in reloadable.proxy.brokers().values()), 10)
    assert all(map(answers, stay))
    opened(connected, clients.to_bootstrap())
    assert reloadable.drained() == 0


@pytest.fixture
def second(network):
    """Another cluster: one broker, number 9."""
    with KafkaCluster(RUN / "second", 1, network, first=9, cluster_id="kafkaproxy-tests-00000B") as running:
        yield running


def cluster_id(sock):
    """Metadata version 2 tells it."""
    sock.sendall(kafka_wire.request(3, 2, 99, struct.pack(">i", 0)))
    answer = kafka_wire.Reader(kafka_wire.read_frame(sock)[1])
    answer.array(lambda: (answer.number("i"), answer.string(), answer.number("i"), answer.string()))
    return answer.string()


def test_another_cluster_drains_all(start, stage, second, connected, slow):
    # Given
    topic, leader = slow
    reloadable, clients = start()
    idle = [opened(connected, clients.to_bootstrap()), opened(connected, clients.to_broker(1))]
    busy = opened(connected, clients.to_broker(leader))
    first = cluster_id(busy)
    ask_slowly(reloadable.proxy, busy, topic, 1500)
    # When
    reloadable.change(upstream={"bootstrap_servers": second.bootstrap()})
    # Then
    assert kafka_wire.read_frame(busy)[0] == 77
    assert all(kafka_wire.closed(sock, DRAIN_S + 7) for sock in [busy, *idle])
    check_drained(reloadable, "cluster", 3)
    new = opened(connected, clients.to_bootstrap())
    assert cluster_id(new) == "kafkaproxy-tests-00000B" != first
    assert set(kafka_wire.metadata(new, []).brokers) == {9}
    until("only its broker is left", lambda: set(reloadable.proxy.brokers()) == {9}, 10)


def test_resolve_is_for_the_next_dials(start, connected):
    # Given a broker that is reached by name
    reloadable, clients = start(limits={"connect_timeout": "1s"})
    old = opened(connected, clients.to_broker(2))
    # When its name is said to lead where nobody listens
    nowhere = {"host": "broker-2.kafka.internal", "ipv4": netns.broker_address(8)}
    reloadable.change(resolve=[nowhere])
    # Then
    with pytest.raises(REFUSALS):
        answers(connected(clients.to_broker(2)))
    assert answers(old)
    opened(connected, clients.to_broker(1))
    # And when that is taken back
    reloadable.change(resolve=None)
    until("broker 2 is reached again", lambda: answers(connected(clients.to_broker(2))), 10)
    assert answers(old)
    assert reloadable.drained() == 0


# At once


def test_limit_of_connections_counts_at_once(start, connected):
    reloadable, clients = start()
    stay = [opened(connected, clients.to_bootstrap()) for _ in range(3)]
    reloadable.change(limits={"max_connections": 3})
    with pytest.raises(REFUSALS):
        answers(connected(clients.to_bootstrap()))
    assert all(map(answers, stay))
    reloadable.change(limits={"max_connections": 4})
    opened(connected, clients.to_bootstrap())


def test_idle_timeout_counts_at_once(start, connected):
    reloadable, clients = start()
    idle = opened(connected, clients.to_bootstrap())
    reloadable.change(limits={"idle_timeout": "1s"})
    assert kafka_wire.closed(idle, 5)
    assert reloadable.drained() == 0


def test_largest_frame_counts_at_once(start, connected):
    reloadable, clients = start()
    old = opened(connected, clients.to_bootstrap())
    reloadable.change(limits={"max_frame_bytes": 1 << 20})
    old.sendall(struct.pack(">i", (1 << 20) + 1))
    assert kafka_wire.closed(old)


def test_log_level_counts_at_once(start, connected):
    reloadable, clients = start(logging={"level": "error"})
    stays = opened(connected, clients.to_bootstrap())
    before = len(reloadable.proxy.log)
    reloadable.change(logging={"level": "debug"})
    opened(connected, clients.to_bootstrap()).close()
    until("debug lines appear", lambda: "debug" in reloadable.proxy.log[before:].lower(), 5)
    assert answers(stays)


# What clients have to speak


def test_clients_of_a_protocol_that_is_given_up_end(start, stage, connected):
    """From then on logins are wanted: who came in without one may not stay."""
    reloadable, clients = start()
    ends = [opened(connected, clients.to_bootstrap()), opened(connected, clients.to_broker(1))]
    swap = {"enabled": True, "downstream_credentials": [f"alice={logins.PASSWORDS['alice']}"]}
    reloadable.change(downstream={"security_protocol": "SASL_PLAINTEXT", "sasl_mechanism": "PLAIN"}, auth_swap=swap)
    assert all(kafka_wire.closed(sock, DRAIN_S + 1) for sock in ends)
    check_drained(reloadable, "protocol", 2)
    log_in(connected, clients, "alice")
