"""Who a client is, by its login or its certificate, and as whom the brokers see it.

The proof is a topic that only one principal may use: a client gets in, or hears that it is not allowed to.
"""

import pytest

import kafka_sasl
import kafka_wire
import logins
from login import Login
from proxy import Mode

BROKER = Login("SASL_SSL", "SCRAM-SHA-512")
PLAIN = Login("SASL_PLAINTEXT", "PLAIN")
SASL_AUTHENTICATION_FAILED = 58


@pytest.fixture(scope="module")
def topics(cluster):
    """Brokers' user -> the topic that only it may use."""
    return {user: cluster.create_topic(f"only-{user}", only_for=f"User:{user}") for user in cluster.users}


@pytest.fixture
def start(stage):
    """Starts a proxy that logs in to the brokers."""

    def started(downstream, auth_swap):
        mode, admin = logins.place(downstream["security_protocol"].endswith("SSL"))
        proxy = stage.proxy(
            mode,
            admin=admin,
            downstream=downstream,
            upstream=logins.upstream("SASL_SSL", BROKER, stage.cluster),
            auth_swap=auth_swap,
            logging={"level": "debug"},
        )
        return proxy, mode

    return started


def nameless(swap):
    return {key: value for key, value in swap.items() if key != "downstream_credentials"}


def trips(stage, mode, topics, wanted, family=logins.librdkafka):
    """name -> (login, user whose topic it uses) becomes name -> whether it could."""
    cases = [logins.Case(name, login, mode, topics[user]) for name, (login, user) in wanted.items()]
    outcomes = family(stage.clients(mode), cases)
    for outcome in outcomes.values():
        assert outcome.ok or "authoriz" in outcome.text, outcome.text
    return {name: outcome.ok for name, outcome in outcomes.items()}


def user_login(user, mechanism="PLAIN", protocol="SASL_PLAINTEXT"):
    return Login(protocol, mechanism, user, logins.PASSWORDS[user])


@pytest.mark.parametrize("family", [logins.java, logins.librdkafka], ids=["java", "librdkafka"])
def test_each_client_goes_on_as_the_user_it_is_mapped_to(stage, start, topics, family):
    downstream = logins.downstream(PLAIN, stage.cluster.certs)
    _, mode = start(downstream, logins.swap(stage.cluster, ["alice=svc", "bob=svc2"]))
    alice, bob = user_login("alice"), user_login("bob")
    wanted = {
        "alice-to-svc": (alice, "svc"),
        "alice-to-svc2": (alice, "svc2"),
        "bob-to-svc": (bob, "svc"),
        "bob-to-svc2": (bob, "svc2"),
    }
    assert trips(stage, mode, topics, wanted, family) == {
        "alice-to-svc": True,
        "alice-to-svc2": False,
        "bob-to-svc": False,
        "bob-to-svc2": True,
    }


def test_star_is_everyone_else_and_self_the_same_name(stage, start, topics):
    users = stage.cluster.users
    swap = logins.swap(stage.cluster, ["alice=svc2", "*=$self"])
    swap["downstream_credentials"] += [f"svc={logins.PASSWORDS['bob']}"]
    _, mode = start(logins.downstream(PLAIN, stage.cluster.certs), swap)
    svc = Login("SASL_PLAINTEXT", "PLAIN", "svc", logins.PASSWORDS["bob"])
    assert users["svc"] != svc.password
    wanted = {"svc": (svc, "svc"), "alice": (user_login("alice"), "svc2")}
    assert trips(stage, mode, topics, wanted) == {"svc": True, "alice": True}


def test_one_listener_takes_every_mechanism(stage, start, topics):
    downstream = logins.downstream(PLAIN, stage.cluster.certs)
    del downstream["sasl_mechanism"]
    downstream["sasl_mechanisms"] = list(kafka_sasl.MECHANISMS)
    _, mode = start(downstream, logins.swap(stage.cluster, ["alice=svc"]))
    wanted = {mechanism: (user_login("alice", mechanism), "svc") for mechanism in kafka_sasl.MECHANISMS}
    assert trips(stage, mode, topics, wanted) == dict.fromkeys(kafka_sasl.MECHANISMS, True)


def test_credentials_come_from_files(stage, start, topics):
    cluster = stage.cluster
    stage.directory.mkdir(parents=True, exist_ok=True)
    files = {}
    for side, users in (("downstream", logins.PASSWORDS), ("upstream", cluster.users)):
        files[side] = stage.directory / f"{side}.users"
        files[side].write_text("# user=password\n" + "".join(f"{user}={word}\n" for user, word in users.items()))
    swap = {"enabled": True, "mapping": ["alice=svc"]}
    swap |= {f"{side}_credentials_file": str(path) for side, path in files.items()}
    _, mode = start(logins.downstream(PLAIN, cluster.certs), swap)
    assert trips(stage, mode, topics, {"alice": (user_login("alice"), "svc")}) == {"alice": True}


@pytest.mark.parametrize("mechanism", kafka_sasl.SCRAM)
def test_verifier_serves_instead_of_a_password(stage, start, topics, mechanism):
    verifier = kafka_sasl.verifier(mechanism, logins.PASSWORDS["alice"])
    swap = logins.swap(stage.cluster, ["alice=svc"], downstream_credentials=[f"alice={verifier}"])
    downstream = logins.downstream(user_login("alice", mechanism), stage.cluster.certs)
    _, mode = start(downstream, swap)
    wanted = {"alice": (user_login("alice", mechanism), "svc")}
    assert trips(stage, mode, topics, wanted) == {"alice": True}


def test_dynamic_mode_logs_in_to_brokers_as_well(stage, topics):
    """Brokers with a listener that was made when they became known, and with one of the mapping's."""
    login, mode = logins.alice("SASL_SSL", "SCRAM-SHA-256"), Mode("dynamic", True, True)
    proxy = stage.proxy(
        mode,
        downstream=logins.downstream(login, stage.cluster.certs),
        upstream=logins.upstream("SASL_SSL", BROKER, stage.cluster),
        auth_swap=logins.swap(stage.cluster, ["alice=svc"]),
        logging={"level": "debug"},
    )
    wanted = {"own": (login, "svc"), "others": (login, "svc2")}
    for family in (logins.java, logins.librdkafka):
        assert trips(stage, mode, topics, wanted, family) == {"own": True, "others": False}
    assert proxy.metric("kafka_proxy_auth_total", side="upstream", mechanism="SCRAM-SHA-512", result="ok") > 0


def test_delegation_tokens_are_not_offered(stage, start):
    """They would be the upstream user's."""
    _, mode = start(logins.downstream(PLAIN, stage.cluster.certs), logins.swap(stage.cluster, ["alice=svc"]))
    clients = stage.clients(mode, user_login("alice"))
    with pytest.raises(AssertionError, match="UnsupportedVersionException"):
        clients.tool("org.apache.kafka.tools.DelegationTokenCommand", "--describe")


# By certificate


def mutual(certs, **more):
    made = logins.downstream(Login("SSL", cert="any"), certs)
    made["tls"] |= more
    return made


def by_certificate(cert):
    return Login("SSL", cert=cert)


def test_common_name_is_the_identity(stage, start, topics):
    swap = nameless(logins.swap(stage.cluster, ["client1=svc", "client2=svc2"]))
    proxy, mode = start(mutual(stage.cluster.certs, crl=str(stage.cluster.certs.crl)), swap)
    wanted = {"one": (by_certificate("client1"), "svc"), "two": (by_certificate("client2"), "svc2")}
    assert trips(stage, mode, topics, wanted) == {"one": True, "two": True}
    assert proxy.metric("kafka_proxy_auth_total", side="downstream", mechanism="SSL", result="ok") > 0
    assert any("client logged in" in line and "user=client1" in line for line in proxy.log.splitlines())


def test_mapping_rules_make_the_identity(stage, start, topics):
    rules = "RULE:^CN=([^ ,]+) [^,]+,OU=Research,.*$/$1/L,DEFAULT"
    swap = nameless(logins.swap(stage.cluster, ["ada=svc", "*=svc2"]))
    _, mode = start(mutual(stage.cluster.certs, principal_mapping_rules=rules), swap)
    wanted = {"ada": (by_certificate("person"), "svc"), "other": (by_certificate("client1"), "svc2")}
    assert trips(stage, mode, topics, wanted) == {"ada": True, "other": True}


def test_optional_certificate_leaves_others_anonymous(stage, start, topics):
    swap = nameless(logins.swap(stage.cluster, ["client1=svc", "$anonymous=svc2"]))
    _, mode = start(mutual(stage.cluster.certs, client_auth="optional"), swap)
    wanted = {"with": (by_certificate("client1"), "svc"), "without": (Login("SSL"), "svc2")}
    assert trips(stage, mode, topics, wanted) == {"with": True, "without": True}


def test_login_counts_before_the_certificate(stage, start, topics):
    login = logins.alice("SASL_SSL", "SCRAM-SHA-256", "client1")
    swap = logins.swap(stage.cluster, ["client1=svc2", "alice=svc"])
    _, mode = start(logins.downstream(login, stage.cluster.certs), swap)
    assert trips(stage, mode, topics, {"alice": (login, "svc")}) == {"alice": True}


def test_nameless_client_that_is_mapped_to_nobody_is_told_so(stage, start):
    """With neither certificate nor login, the error of ApiVersions is the only place to say it."""
    swap = nameless(logins.swap(stage.cluster, ["client1=svc"]))
    proxy, mode = start(mutual(stage.cluster.certs, client_auth="optional"), swap)
    with stage.clients(mode).to_bootstrap() as sock:
        sock.sendall(kafka_wire.request(18, 0, 1, b""))
        assert kafka_wire.Reader(kafka_wire.read_frame(sock)[1]).number("h") == SASL_AUTHENTICATION_FAILED
        assert kafka_wire.closed(sock, 1)
    assert proxy.metric("kafka_proxy_auth_total", side="downstream", mechanism="NONE", result="unmapped") == 1


# Keys under a password, and how old a TLS may be


def test_keys_may_be_encrypted(stage, start, topics):
    certs = stage.cluster.certs
    downstream = logins.downstream(Login("SSL"), certs)
    downstream["tls"] |= {"key": str(certs.lock("proxy", logins.KEY_PASSWORD)), "key_password": logins.KEY_PASSWORD}
    upstream = logins.upstream("SASL_MTLS", Login("SASL_SSL", "PLAIN", cert="upstream"), stage.cluster)
    upstream["tls"] |= {"key": str(certs.lock("upstream", logins.KEY_PASSWORD)), "key_password": logins.KEY_PASSWORD}
    mode, admin = logins.place(client_tls=True)
    stage.proxy(
        mode,
        admin=admin,
        downstream=downstream,
        upstream=upstream,
        auth_swap=nameless(logins.swap(stage.cluster, ["$anonymous=svc"])),
        logging={"level": "debug"},
    )
    assert trips(stage, mode, topics, {"nobody": (Login("SSL"), "svc")}) == {"nobody": True}


@pytest.mark.parametrize("version, agreed", [("TLSv1.2", True), ("TLSv1.3", False)])
def test_lowest_tls_version_is_kept_to(stage, start, version, agreed):
    downstream = logins.downstream(Login("SSL"), stage.cluster.certs)
    downstream["tls"]["min_version"] = version
    _, mode = start(downstream, nameless(logins.swap(stage.cluster, ["$anonymous=svc"])))
    host, port = mode.address(1)
    ask = f"openssl s_client -connect {host}:{port} -CAfile {stage.cluster.certs.ca} -tls1_2 -brief"
    printed = stage.clients(mode).run(["sh", "-c", f"{ask} </dev/null 2>&1 || true"])
    assert ("Protocol version: TLSv1.2" in printed) == agreed, printed
