"""Brokers die, return, come and go, while clients know nothing but the proxy."""

import pytest

import kafka_wire
from proxy import Mode
from waiting import until


def metadata(clients, broker_id=None, topics=()):
    with clients.to_bootstrap() if broker_id is None else clients.to_broker(broker_id) as sock:
        return kafka_wire.metadata(sock, list(topics))


@pytest.fixture
def fourth(cluster):
    """Whatever happens, broker 4 is gone after the test."""
    yield
    if 4 in cluster.brokers:
        cluster.remove(4)


def test_killed_broker_costs_no_record(stage, healed):
    # Given a producer at work
    mode = Mode("port_offset", False, False)
    proxy = stage.proxy(mode)
    clients = stage.clients(mode)
    watch = clients.start_watch()
    until("the producer is at work", lambda: watch.acked() > 300, 60)
    endpoint = proxy.brokers()[2]["downstream"]

    # When a broker dies
    stage.cluster.kill(2)
    acked = watch.acked()
    until("other brokers lead and take records", lambda: watch.acked() > acked + 600, 60)
    seen = metadata(clients, topics=[name for name in stage.cluster.metadata().topics if name.endswith("-watch")])
    leaders = {partition.leader for topic in seen.topics.values() for partition in topic.values()}

    # Then its partitions are led by others, and its endpoint keeps its place
    assert leaders and leaders <= {1, 3}
    assert proxy.brokers()[2] == proxy.brokers()[2] | {"downstream": endpoint, "reachable": False}

    # And when it returns, it is served again
    stage.cluster.restart(2)
    stage.cluster.wait_in_sync()
    until("broker 2 is served again", lambda: metadata(clients, 2).brokers[2] == mode.address(2), 30)
    until("broker 2 is shown as reachable", lambda: proxy.brokers()[2]["reachable"], 15)

    # And when it leads again, those that led meanwhile say so in Produce and Fetch responses: by the proxy's address
    stage.cluster.tool(
        "org.apache.kafka.tools.LeaderElectionCommand", "--election-type", "preferred", "--all-topic-partitions"
    )
    for api in ("Produce", "Fetch"):
        until(
            f"a leader hint in a {api} response is rewritten",
            lambda api=api: proxy.metric("kafka_proxy_responses_rewritten_total", api_key=api) > 0,
            15,
        )
    watch.finish()


def test_restarted_proxy_costs_no_record(stage):
    mode = Mode("sni", True, True)
    first = stage.proxy(mode, "first")
    watch = stage.clients(mode).start_watch()
    until("the producer is at work", lambda: watch.acked() > 300, 60)
    stage.end(first)  # under load: exit code and time are checked
    stage.proxy(mode, "second")
    acked = watch.acked()
    until("the producer goes on", lambda: watch.acked() > acked + 400, 60)
    watch.finish()


def test_fresh_proxy_serves_every_brokers_endpoint_before_anyone_asked(stage):
    """A client that survived a restart of the proxy comes back to a broker's endpoint, not to the bootstrap address."""
    for mode in stage.proxy_of_each_routing():
        clients = stage.clients(mode)
        for broker_id in (3, 1, 2):
            told = metadata(clients, broker_id)
            assert told.brokers == {n: mode.address(n) for n in (1, 2, 3)}, mode


def test_new_broker_gets_an_endpoint_and_an_unregistered_one_loses_it(stage, fourth):
    # Given
    running = stage.proxy_of_each_routing()
    # When
    stage.cluster.add(4)
    stage.topic("on-four", "--replica-assignment", "4")
    # Then
    for mode, proxy in running.items():
        until(f"{mode}: broker 4 has an endpoint", lambda proxy=proxy: 4 in proxy.brokers(), 30)
        told = metadata(stage.clients(mode), 4)
        assert told.brokers == {n: mode.address(n) for n in (1, 2, 3, 4)}, mode
        stage.clients(mode).kcat("-P", "-t", "on-four", given=f"{mode}\n")
    read = stage.clients(mode).kcat("-C", "-t", "on-four", "-o", "beginning", "-e", "-q")
    assert sorted(read.split()) == sorted(map(str, running))

    # When
    stage.cluster.tool("org.apache.kafka.tools.TopicCommand", "--delete", "--topic", "on-four")
    stage.cluster.remove(4)
    # Then
    for mode, proxy in running.items():
        until(f"{mode}: broker 4 has none", lambda proxy=proxy: 4 not in proxy.brokers(), 30)
        assert 4 not in metadata(stage.clients(mode)).brokers, mode
        if mode.routing != "sni":  # an unknown server name leads to the bootstrap servers
            with pytest.raises(ConnectionRefusedError):
                stage.clients(mode).to_broker(4)


def test_java_client_reaches_a_new_broker_by_its_own_address(stage, fourth):
    mode = Mode("dynamic", True, False)
    stage.proxy(mode)
    stage.cluster.add(4)
    printed = stage.clients(mode).java("admin", broker_ids=(1, 2, 3, 4))
    assert "each of 4 addresses leads to its own broker" in printed


def test_broker_id_beyond_the_maximum_harms_nobody_else(stage, fourth):
    # Given
    mode = Mode("port_offset", False, False)
    mapping = {"hostname": "kafka.example.com", "base": 9100, "max_broker_id": 3}
    proxy = stage.proxy(mode, broker_mapping={"port_offset": mapping})
    # When
    stage.cluster.add(4)
    until("it is counted", lambda: proxy.metric("kafka_proxy_unmapped_brokers_total") > 0, 30)
    # Then
    told = metadata(stage.clients(mode))
    assert told.brokers == {n: mode.address(n) for n in (1, 2, 3)}
    assert proxy.child.running()
    assert any("max_broker_id" in line and "4" in line for line in proxy.log.splitlines())
    with pytest.raises(ConnectionRefusedError):
        stage.clients(mode).to_broker(4)
