"""Virtual partitions and clients of many kinds on real brokers: what they promise does not depend on the client.

All play at the same time, each family through a proxy of its own, so that the tests cost little more than the longest.
"""

import json
import re
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import families
import jvm
import pytest
from processes import Child
from proxy import Mode
from virtual_ledger import Ledger
from waiting import until

V, P = 20, 2
STREAMS_V = 6
CROWD_V = 40
GROUP_COMMAND, TOPIC_COMMAND = (
    f"org.apache.kafka.tools.{name}" for name in ("consumer.group.ConsumerGroupCommand", "TopicCommand")
)
# kafka-go shows its application what fills the gaps; brokers write each family's topic anew in another way.
TOPICS = {
    "virtual-quiet-.*": {"filler": "none"},
    "virtual-streams": {"virtual_partitions": STREAMS_V},
    "virtual-crowd": {"virtual_partitions": CROWD_V},
    "virtual-.*": {},
}
FAMILIES = {
    "java": {"compression.type": "zstd", "message.timestamp.type": "LogAppendTime"},
    "franz-go": {"compression.type": "snappy"},
    "kafkajs": {"compression.type": "gzip"},
    "kafka-go": {"compression.type": "lz4"},
}
STORED = {
    **{way: {"compression.type": way} for way in ("gzip", "snappy", "lz4", "zstd")},
    "append": {"message.timestamp.type": "LogAppendTime"},
}


class World:
    """A proxy for each family and two for the rest, most of which are `others`; their clients' namespace."""

    def __init__(self, stage):
        self.stage = stage
        self.cluster = stage.cluster
        mapping = {"virtual_partitions": V, "physical_partitions": P, "topics": TOPICS}
        self.modes, self.proxies = {}, {}
        for n, name in enumerate([*FAMILIES, "others", "crowd"]):
            self.modes[name] = Mode("port_offset", False, False, base=9100 + 40 * n)
            admin = {"address": f"127.0.0.1:{9404 + n}"}
            self.proxies[name] = stage.proxy(
                self.modes[name], name, wait=False, admin=admin, partition_mapping=mapping
            )
        stage.wait_ready()
        self.others = stage.clients(self.modes["others"])

    def start(self, family, through=None, log=None):
        """The family's client program."""
        bootstrap = self.modes[through or family].bootstrap()
        return families.Client(
            family, bootstrap, self.stage.network.client, self.stage.directory / f"{log or family}.log"
        )

    def fetches(self, family):
        return self.proxies[family].metric("kafka_proxy_virtual_requests_total", api_key="Fetch")


def topic_of(family, what):
    return f"virtual-{'quiet-' if family == 'kafka-go' else ''}{what}-{family}"


def records(world, family):
    topic = world.cluster.create_topic(topic_of(family, "keyed"), P, configs=FAMILIES[family])
    return families.keyed_records(lambda: world.start(family), family, topic, V, P)


def idle(world, family):
    """After `records`, through the same proxy: what it counts is this one's alone."""
    topic = world.cluster.create_topic(topic_of(family, "idle"), P)
    return families.idle_beside_busy(
        lambda: world.start(family), topic, V, lambda: world.fetches(family), idle=P, busy=2 * P
    )


def retained(world, family):
    """After `idle`, for the same reason."""
    topic = world.cluster.create_topic(topic_of(family, "retained"), P)
    return families.outlived_by_retention(
        lambda: world.start(family),
        topic,
        V,
        lambda offset: world.cluster.delete_records(topic, 0, offset),
        lambda: world.fetches(family),
        readers=V if family == "kafka-go" else P,
        idle=P,
        busy=2 * P,
    )


def crowd(world):
    """Half of the members by another proxy, so that two of them have virtual partitions of one physical one."""
    topic = world.cluster.create_topic("virtual-crowd", P)

    def start(n):
        return world.start("franz-go", ("others", "crowd")[n], f"crowd-{n}")

    return families.crowded(start, "crowd", topic, CROWD_V)


def stored(world):
    for way, configs in STORED.items():
        world.cluster.create_topic(f"virtual-stored-{way}", P, configs=configs)
    world.cluster.create_topic("virtual-stored", P, configs={"max.message.bytes": 12 << 20})
    given = {
        "proxies": [world.others.librdkafka()],
        "topic": "virtual-stored",
        "virtual": V,
        "physical": P,
    }
    program = jvm.ROOT / "tests" / "support" / "virtual_clients.py"
    return world.others.run([sys.executable, program, json.dumps(given), "stored", "large"])


def streams(world):
    """A Kafka Streams application that is killed in its work and started again."""
    keys, ledger = 20, Ledger(STREAMS_V)
    world.cluster.create_topic("virtual-streams", P)
    for plain in ("mapped", "counted"):
        # The application's times are of 1970.
        world.cluster.create_topic(plain, P, configs={"retention.ms": -1})
    writer = world.start("franz-go", "others", "streams-writer")
    directory = world.stage.directory / "streams"
    arguments = [world.modes["others"].bootstrap(), "streams-count", "virtual-streams", "mapped", "counted", directory]

    def application(n):
        argv = jvm.command("dev.kafkaproxy.tests.StreamsCount", *arguments)
        return Child(f"streams-{n}", argv, directory / f"{n}.log", namespace=world.stage.network.client)

    def results(topic):
        """key -> values, as they were committed."""
        found = defaultdict(list)
        committed = ("-X", "isolation.level=read_committed")
        for line in world.others.kcat("-C", "-t", topic, "-e", "-q", "-f", "%k %s\n", *committed).splitlines():
            key, value = line.split()
            found[key].append(int(value))
        return found

    def counted(numbers):
        return until(
            f"{numbers} numbers of each key are counted",
            lambda: sum(map(len, (found := results("counted")).values())) >= keys * numbers and found,
            families.LIMIT_S,
            every=0.5,
        )

    first = application(1)
    writer.write("virtual-streams", "streams", keys, 0, 20, [ledger])
    counted(20)
    writer.write("virtual-streams", "streams", keys, 20, 20, [ledger])
    first.kill()
    writer.write("virtual-streams", "streams", keys, 40, 20, [ledger])
    second = application(2)
    found = counted(60)
    second.kill()
    writer.close()
    assert ledger.partitions_used() > P
    written = {f"STREAMS-{n}": 60 for n in range(keys)}
    assert found == {f"{key}@{start}": [*range(1, 11)] for key in written for start in range(0, 60, 10)}
    assert results("mapped") == {key: [*range(count)] for key, count in written.items()}


def tools(world):
    """What people have at hand; by the way, a group that was reset reads everything again."""
    client, topic, group = world.start("franz-go", "others", "tools"), "virtual-tools", "tools"

    def tool(name, *arguments):
        return world.others.tool(name, *arguments)

    def read_by_group(member, written):
        ledger = Ledger(V)
        ledger.written = dict(written)
        client.join(member, group, topic, "manual", ledger)
        client.until("the group reads everything", lambda: ledger.complete)
        client.leave(member)
        ledger.check()

    def offsets():
        """partition -> (committed, end), as --describe shows them."""
        printed = tool(GROUP_COMMAND, "--describe", "--group", group)
        rows = re.findall(rf"^{group}\s+{topic}\s+(\d+)\s+(\d+|-)\s+(\d+)", printed, re.MULTILINE)
        return {int(partition): (committed, int(end)) for partition, committed, end in rows}

    with pytest.raises(AssertionError, match=f"ask for {V} partitions"):
        tool(TOPIC_COMMAND, "--create", "--topic", topic, "--partitions", 7)
    tool(TOPIC_COMMAND, "--create", "--topic", topic, "--partitions", V)
    assert len(world.cluster.metadata([topic]).topics[topic]) == P
    described = tool(TOPIC_COMMAND, "--describe", "--topic", topic)
    assert f"PartitionCount: {V}" in described
    assert sorted(map(int, re.findall(r"Partition: (\d+)", described))) == list(range(V))

    ledger = Ledger(V)
    client.write(topic, "tools", 60, 0, 5, [ledger])
    read_by_group("before", ledger.written)
    after_reading = offsets()
    assert set(after_reading) == set(range(V))
    assert len({v for v, (committed, _) in after_reading.items() if committed != "-" and int(committed) > 0}) > P

    tool(GROUP_COMMAND, "--reset-offsets", "--group", group, "--topic", topic, "--to-earliest", "--execute")
    assert offsets() == {v: ("0", end) for v, (_, end) in after_reading.items()}
    read_by_group("after", ledger.written)
    assert tool(GROUP_COMMAND, "--list").count("~v") == 0
    client.close()


@pytest.fixture(scope="module")
def played(module_stage):
    """part, family -> what it came to."""
    with module_stage("virtual-families") as stage:
        world = World(stage)
        with ThreadPoolExecutor(12) as pool:
            parts = {(part.__name__,): pool.submit(part, world) for part in (streams, stored, tools, crowd)}
            for family in FAMILIES:
                keyed = pool.submit(records, world, family)
                parts["records", family] = keyed
                quiet = pool.submit(lambda k=keyed, f=family: (k.exception(), idle(world, f))[1])
                parts["idle", family] = quiet
                parts["retained", family] = pool.submit(lambda q=quiet, f=family: (q.exception(), retained(world, f))[1])
            yield lambda *part: print(parts[part].result())


@pytest.mark.parametrize("family", FAMILIES)
def test_each_record_comes_back_once_in_order_from_its_partition(played, family):
    played("records", family)


@pytest.mark.parametrize("family", FAMILIES)
def test_client_of_an_idle_partition_does_not_spin(played, family):
    played("idle", family)


@pytest.mark.parametrize("family", FAMILIES)
def test_group_goes_on_at_the_log_start_that_retention_has_moved_past_its_commit(played, family):
    played("retained", family)


def test_groups_of_up_to_forty_members_grow_crash_and_shrink(played):
    played("crowd")


def test_streams_application_counts_exactly_once(played):
    played("streams")


def test_batches_that_brokers_write_anew_and_large_ones_come_back(played):
    played("stored")


def test_console_tools_show_and_reset_virtual_partitions(played):
    played("tools")
