"""Kafka's own command line tools: what people have at hand when they look at a cluster."""

import re

import pytest

from proxy import Mode

MODE = Mode("sni", True, False)
TOOLS = "org.apache.kafka.tools."


@pytest.fixture
def clients(stage):
    stage.proxy(MODE)
    return stage.clients(MODE)


def test_topic_is_made_written_read_and_deleted(clients):
    topic = "console"
    clients.tool(TOOLS + "TopicCommand", "--create", "--topic", topic, "--partitions", "3")
    assert "PartitionCount: 3" in clients.tool(TOOLS + "TopicCommand", "--describe", "--topic", topic)

    clients.tool(TOOLS + "ConsoleProducer", "--topic", topic, given="one\ntwo\nthree\n")
    read = clients.tool(
        TOOLS + "consumer.ConsoleConsumer",
        "--topic",
        topic,
        "--from-beginning",
        "--group",
        "console-group",
        "--max-messages",
        "3",
        "--timeout-ms",
        "20000",
    )
    assert {"one", "two", "three"} <= set(read.splitlines())

    ends = clients.tool(TOOLS + "GetOffsetShell", "--topic", topic)
    assert sum(int(line.rsplit(":", 1)[1]) for line in ends.splitlines() if line.startswith(topic)) == 3
    groups = clients.tool(TOOLS + "consumer.group.ConsumerGroupCommand", "--describe", "--group", "console-group")
    assert topic in groups
    clients.tool(TOOLS + "TopicCommand", "--delete", "--topic", topic)


def test_cluster_tool_lists_the_proxys_endpoints(clients):
    listed = clients.tool(TOOLS + "ClusterTool", "list-endpoints", config="--config")
    assert re.findall(r"^\s*\d+\s+(\S+)\s+(\d+)", listed, re.MULTILINE) == [
        (host, str(port)) for host, port in map(MODE.address, (1, 2, 3))
    ]


def test_broker_api_versions_asks_each_broker_by_its_address(clients):
    printed = clients.tool(TOOLS + "BrokerApiVersionsCommand")
    for address in MODE.addresses((1, 2, 3)):
        assert f"{address} (id: " in printed
    assert "ERROR" not in printed
