"""Virtual partitions on real brokers: 20 on 2, through two proxies that know nothing of each other."""

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import jvm
import kafka_wire
import logins
from login import Login
from proxy import BINARY, Mode
from reload import Files, Reloadable
from waiting import until

V, P = 20, 2
PLAIN = Mode("port_offset", False, False)
SNI = Mode("sni", True, True)
REQUESTS = "kafka_proxy_virtual_requests_total"
TAIL = "kafka_proxy_virtual_tail_cache_"


def mapping(topics, **more):
    return {"virtual_partitions": V, "physical_partitions": P, "topics": topics, **more}


class Scenes:
    """Runs scenarios of virtual_clients.py in the clients' namespace."""

    def __init__(self, clients):
        self.clients = clients

    def play(self, topic, *names, virtual=V, physical=P, stop=None):
        given = {
            "stop": stop,
            "proxies": [each.librdkafka() for each in self.clients],
            "topic": topic,
            "virtual": virtual,
            "physical": physical,
        }
        program = jvm.ROOT / "tests" / "support" / "virtual_clients.py"
        return self.clients[0].run([sys.executable, program, json.dumps(given), *names])


@pytest.fixture
def two(stage):
    """Two proxies alike, one with SNI, TLS on both sides and a tail cache; what their clients do."""
    topics = {"virtual-.*": {}, "virtual-quiet": {"filler": "none"}, "virtual-keyed": {"compacted": "keyed"}}
    for name, mode, port, kept in (("first", PLAIN, 9404, 0), ("second", SNI, 9405, 8 << 20)):
        virtual = mapping(topics, tail_cache_bytes=kept)
        stage.proxy(mode, name, partition_mapping=virtual, admin={"address": f"127.0.0.1:{port}"})
    return Scenes([stage.clients(PLAIN), stage.clients(SNI)])


def test_each_record_comes_back_once_in_order_from_its_partition(stage, two):
    for topic, scenarios in {"virtual-records": ("grown", "records", "committed"), "virtual-quiet": ("records",)}.items():
        stage.cluster.create_topic(topic, P)
        two.play(topic, *scenarios)


def test_what_virtual_partitions_cannot_do_is_refused_at_once(stage, two):
    stage.cluster.create_topic("virtual-refused", P)
    two.play("virtual-refused", "transactional", "server_side_assignment")


def describe(network, proxy, topic):
    argv = [str(BINARY), "virtual", "describe", "--config", str(proxy.directory / "config.yaml"), topic]
    return subprocess.run(network.proxy.command(argv), capture_output=True, text=True, timeout=60)


def test_describe_shows_the_lag_of_a_virtual_partition_alone(stage, two, network):
    topic = stage.cluster.create_topic("virtual-lag", P)
    two.play(topic, "lagging")
    first = stage.running()[0]
    described = describe(network, first, topic)
    assert described.returncode == 0, described.stderr
    head, _, group = described.stdout.partition(f"consumer group {topic}: ")
    assert head.startswith(f"{topic}: {V} virtual partitions on {P}\n")
    assert [row.split()[:3] for row in head.splitlines()[3:-1]] == [[str(v), str(v % P), str(v // P)] for v in range(V)]
    assert group.startswith("4 records behind\n")
    lags = {int(row.split()[0]): int(row.split()[2]) for row in group.splitlines()[2 : 2 + V]}
    assert lags == {v: {5: 1, 7: 3}.get(v, 0) for v in range(V)}

    refused = describe(network, first, "plain")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "plain is not virtual" in refused.stderr
    refused = describe(network, first, "virtual-nowhere")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "virtual-nowhere: the brokers don't know it" in refused.stderr


def test_commit_before_the_log_start_goes_on_there(stage, two):
    """Retention goes by the physical partition, whose busy partitions push out what an idle one's group hasn't read."""
    topic = stage.cluster.create_topic("virtual-retained", P)
    two.play(topic, "left_behind")
    stage.cluster.delete_records(topic, 0, 11)
    two.play(topic, "resumed")
    stage.cluster.delete_records(topic, 0)
    first = stage.running()[0]
    before, began = first.metric(REQUESTS, api_key="Fetch"), time.monotonic()
    two.play(topic, "emptied")
    due = P * (time.monotonic() - began) / 0.5
    assert first.metric(REQUESTS, api_key="Fetch") - before <= 3 * due


def test_topic_with_another_number_of_physical_partitions_answers_an_error(stage, two):
    topic = stage.cluster.create_topic("virtual-unfit", P - 1)
    first, second = stage.running()
    two.play(topic, "unfit")
    misfit = {"topic": topic, "partitions": P - 1, "physical_partitions": P, "compacted": False}
    assert unfit_topics(first) == [misfit]
    assert unfit_topics(second) == [], "nobody asked it"
    stage.cluster.tool("org.apache.kafka.tools.TopicCommand", "--alter", "--topic", topic, "--partitions", str(P))
    until("every broker lists it", lambda: all(seen_by(stage.cluster, each, topic) == P for each in stage.cluster.running()))
    two.play(topic, "grown")
    assert unfit_topics(first) == []


def seen_by(cluster, broker, topic):
    with cluster.connect(broker.id) as sock:
        return len(kafka_wire.metadata(sock, [topic]).topics[topic])


def unfit_topics(proxy):
    return json.loads(proxy.admin("/config")[2])["unfit_topics"]


def test_compacted_topic_is_refused_unless_its_entry_says_keyed(stage, two):
    stage.cluster.create_topic("virtual-compacted", P)
    two.play("virtual-compacted", "grown", "compact", "refused_soon")
    for proxy in stage.running():
        assert proxy.metric("kafka_proxy_virtual_topics_unfit_total") > 0
        assert [(each["topic"], each["compacted"]) for each in unfit_topics(proxy)] == [("virtual-compacted", True)]
    stage.cluster.create_topic("virtual-keyed", P)
    two.play("virtual-keyed", "compact", "records")


def test_proxies_that_restart_cost_no_record_and_double_none(stage, two):
    stage.cluster.create_topic("virtual-steady", P)
    stop = stage.directory / "stop"
    first, second = stage.running()
    with ThreadPoolExecutor(1) as pool:
        played = pool.submit(two.play, "virtual-steady", "steady", stop=str(stop))
        until("the producers are at work", lambda: produced(first) > 20, 30)
        stage.end(first)
        restarted(stage, PLAIN, first)
        second.child.kill()
        stage.forget(second)
        again = restarted(stage, SNI, second)
        until("they go on", lambda: produced(again) > 20, 30)
        stop.touch()
        played.result()


def test_one_read_serves_the_consumers_of_a_physical_partitions_tail(stage):
    """On one thread, since threads share nothing."""
    topic = stage.cluster.create_topic("virtual-tail", P)
    limit = 1 << 20
    flags = ["--config", str(stage.directory / "proxy" / "config.yaml"), "--threads", "1"]
    proxy = stage.proxy(PLAIN, flags=flags, partition_mapping=mapping({topic: {}}, tail_cache_bytes=limit))
    scenes = Scenes([stage.clients(PLAIN)])
    stop = stage.directory / "stop"
    with ThreadPoolExecutor(1) as pool:
        played = pool.submit(scenes.play, topic, "tailing", stop=str(stop))
        try:
            until("reads serve others too", lambda: played.done() or proxy.metric(TAIL + "hits_total") > 20, 90)
        finally:
            stop.touch()
        played.result()
    assert proxy.metric(TAIL + "hits_total") > 20
    assert proxy.metric(TAIL + "misses_total") > 0
    assert 0 <= proxy.metric(TAIL + "bytes") <= limit
    fetches = proxy.metric(REQUESTS, api_key="Fetch")
    assert proxy.metric("kafka_proxy_virtual_upstream_requests_total", api_key="Fetch") <= fetches - 20


def produced(proxy):
    return proxy.metric(REQUESTS, api_key="Produce")


def restarted(stage, mode, proxy):
    kept = {key: proxy.config[key] for key in ("partition_mapping", "admin")}
    return stage.proxy(mode, f"{proxy.directory.name}-again", **kept)


def test_lanes_log_in_as_the_session_does(stage):
    """Passwords swapped at the proxy: each of its connections to a broker logs in. Passed through: there is only one."""
    cluster = stage.cluster
    broker = Login("SASL_SSL", "SCRAM-SHA-512", user="svc")
    client = logins.alice("SASL_SSL", "SCRAM-SHA-256", None)
    mode, admin = logins.place(True)
    swapped = stage.proxy(
        mode,
        "swapped",
        admin=admin,
        upstream=logins.upstream("SASL_SSL", broker, cluster),
        downstream=logins.downstream(client, cluster.certs),
        partition_mapping=mapping({"virtual-.*": {}}),
        **logins.swap_between(client, broker, cluster),
    )
    cluster.create_topic("virtual-lanes", P)
    scenes = Scenes([stage.clients(mode, client)])
    scenes.play("virtual-lanes", "records")
    assert swapped.metric("kafka_proxy_auth_total", side="upstream", result="ok") > 0


def test_clients_that_log_in_at_the_brokers_have_virtual_partitions(stage, network):
    """Without auth_swap: all goes by the one connection that the client has logged in on, and we can't ask brokers."""
    cluster = stage.cluster
    mode, admin = logins.place(True)
    passed = stage.proxy(
        mode,
        "passed-through",
        admin=admin,
        downstream=logins.downstream(Login("SASL_SSL"), cluster.certs) | {"sasl_mechanism": "PLAIN"},
        upstream=logins.upstream("SASL_PLAINTEXT", Login("SASL_PLAINTEXT", "PLAIN"), cluster),
        partition_mapping=mapping({"virtual-.*": {}}),
    )
    topic = cluster.create_topic("virtual-passed", P)
    client = Login("SASL_SSL", "SCRAM-SHA-512", "svc", cluster.users["svc"])
    Scenes([stage.clients(mode, client)]).play(topic, "records", "committed")
    refused = describe(network, passed, topic)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "add auth_swap.upstream_credentials" in refused.stderr


def test_topic_with_data_becomes_virtual_and_grows_while_the_proxy_runs(stage):
    files = Files(stage.directory / "files")
    reloadable = Reloadable(stage, PLAIN, files)
    stage.cluster.create_topic("virtual-later", P)
    scenes = Scenes([stage.clients(PLAIN)])
    scenes.play("virtual-later", "filled")

    reloadable.change(partition_mapping=mapping({"virtual-later": {}}))
    scenes.play("virtual-later", "grown", "group_zero")

    reloadable.change(partition_mapping=mapping({"virtual-later": {"virtual_partitions": 2 * V}}))
    scenes.play("virtual-later", "grown", virtual=2 * V)

    shrunk = reloadable.spoil(partition_mapping=mapping({"virtual-later": {}}))
    assert "partition_mapping.topics.virtual-later.virtual_partitions can't shrink, from 40 to 20" in shrunk[0]
    other = reloadable.spoil(partition_mapping=mapping({"virtual-later": {"physical_partitions": 4}}))
    assert "can't change, from 2 to 4" in " ".join(other)
    gone = reloadable.spoil(partition_mapping=None)
    assert "can't be taken away" in gone[0]
    scenes.play("virtual-later", "grown", virtual=2 * V)
