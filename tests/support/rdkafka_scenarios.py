"""librdkafka by confluent-kafka, as a program of its own: it has to run inside the clients' namespace.

    rdkafka_scenarios.py '{"bootstrap.servers": ...}' 'host:port,...' SCENARIO...

Ends with status 0, or with the reason. The addresses are all that a client may ever be told of.
"""

import json
import sys
import time
import uuid

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

PARTITIONS = 3
LIMIT_S = 60


def check(holds, reason):
    if not holds:
        raise SystemExit(reason)


class Run:
    def __init__(self, settings, addresses):
        self.settings = settings
        self.addresses = set(addresses)
        self.admin = AdminClient(settings)
        self.prefix = f"rd-{uuid.uuid4().hex[:8]}"
        self.topics = []

    def topic(self, part):
        name = f"{self.prefix}-{part}"
        self.admin.create_topics([NewTopic(name, PARTITIONS)])[name].result(LIMIT_S)
        self.topics.append(name)
        until(f"leaders of {name}", lambda: self.leaders_answer(name))
        return name

    def leaders_answer(self, topic):
        """Whether each leader itself answers for its partition: one that does not know it yet might refuse a producer's
        first batch and take its second, and then would never take the first.

        A new client each time, since one remembers that it found no leader for as long as it is asked again."""
        ends = {TopicPartition(topic, p): OffsetSpec.latest() for p in range(PARTITIONS)}
        admin = AdminClient(self.settings)  # named: a client that is let go answers nothing any more
        answers = admin.list_offsets(ends)
        return not any(future.exception(LIMIT_S) for future in answers.values())

    def producer(self, **more):
        return Producer({**self.settings, "enable.idempotence": True, **more})

    def consumer(self, **more):
        return Consumer({**self.settings, "auto.offset.reset": "earliest", "enable.auto.commit": False, **more})

    def write(self, topic, first, count):
        failures = []
        producer = self.producer()
        for i in range(first, first + count):
            producer.produce(
                topic,
                f"value-{i}".encode(),
                f"key-{i}".encode(),
                partition=i % PARTITIONS,
                on_delivery=lambda error, _: failures.append(error) if error else None,
            )
        check(producer.flush(LIMIT_S) == 0, "records were not acknowledged in time")
        check(not failures, f"produce failed: {failures[:3]}")

    def check_metadata(self, topic):
        listed = self.admin.list_topics(topic, LIMIT_S)
        told = {f"{broker.host}:{broker.port}" for broker in listed.brokers.values()}
        check(told and told <= self.addresses, f"told of brokers at {told}, expected {self.addresses}")

    def close(self):
        for future in self.admin.delete_topics(self.topics).values() if self.topics else []:
            future.result(LIMIT_S)


def take(consumer, into):
    message = consumer.poll(0.05)
    if message is None:
        return
    check(not message.error() or message.error().code() == KafkaError._PARTITION_EOF, f"consume: {message.error()}")
    into.append(message.value().decode())


def until(what, probe):
    end = time.monotonic() + LIMIT_S
    while not probe():
        check(time.monotonic() < end, f"not within {LIMIT_S} s: {what}")


def values(count):
    return sorted(f"value-{i}" for i in range(count))


def records(run):
    topic = run.topic("records")
    run.write(topic, 0, 1000)
    consumer = run.consumer(**{"group.id": run.prefix + "-plain"})
    consumer.assign([TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
    read = []

    def all_read():
        take(consumer, read)
        return len(read) >= 1000

    until("1000 records", all_read)
    consumer.close()
    check(sorted(read) == values(1000), "records are missing or double")
    run.check_metadata(topic)
    cluster = run.admin.describe_cluster(request_timeout=LIMIT_S).result(LIMIT_S)
    told = {f"{node.host}:{node.port}" for node in cluster.nodes}
    check(told and told <= run.addresses, f"describe_cluster names {told}, expected {run.addresses}")


def group(run, protocol):
    topic = run.topic(protocol)
    run.write(topic, 0, 300)
    settings = {"group.id": f"{run.prefix}-{protocol}", "group.protocol": protocol}
    if protocol == "classic":
        settings |= {"session.timeout.ms": 10000, "heartbeat.interval.ms": 300}
    first, second = run.consumer(**settings), run.consumer(**settings)
    read = []

    def got_all():
        take(first, read)
        return len(read) >= 300 and len(first.assignment()) == PARTITIONS

    first.subscribe([topic])
    until("one member to read everything", got_all)
    first.commit(asynchronous=False)

    def shared():
        take(first, read)
        take(second, read)
        sizes = len(first.assignment()), len(second.assignment())
        return min(sizes) > 0 and sum(sizes) == PARTITIONS

    second.subscribe([topic])
    until("two members to share the partitions", shared)
    run.write(topic, 300, 60)

    def got_rest():
        take(first, read)
        take(second, read)
        return len(read) >= 360

    until("two members to read the rest", got_rest)
    first.commit(asynchronous=False)
    second.commit(asynchronous=False)
    second.close()
    first.close()
    check(sorted(read) == values(360), "records are missing or double")


def transaction(run):
    topic = run.topic("tx")
    producer = run.producer(**{"transactional.id": run.prefix + "-tx"})
    producer.init_transactions(LIMIT_S)
    for batch in range(2):
        producer.begin_transaction()
        for i in range(30):
            producer.produce(topic, f"value-{batch * 30 + i}".encode(), partition=i % PARTITIONS)
        # An abort of a transaction that no broker has heard of yet would be refused by the coordinator.
        check(producer.flush(LIMIT_S) == 0, "records were not acknowledged in time")
        if batch == 0:
            producer.commit_transaction(LIMIT_S)
        else:
            producer.abort_transaction(LIMIT_S)
    consumer = run.consumer(
        **{"group.id": run.prefix + "-tx", "isolation.level": "read_committed", "enable.partition.eof": True}
    )
    consumer.assign([TopicPartition(topic, p, 0) for p in range(PARTITIONS)])
    read, ended = [], set()

    def to_the_end():
        message = consumer.poll(0.05)
        if message is not None and message.error():
            check(message.error().code() == KafkaError._PARTITION_EOF, f"consume: {message.error()}")
            ended.add(message.partition())
        elif message is not None:
            read.append(message.value().decode())
        return len(ended) == PARTITIONS

    until("the end of the partitions", to_the_end)
    consumer.close()
    check(sorted(read) == values(30), f"read_committed saw {len(read)} records instead of 30")


SCENARIOS = {
    "records": records,
    "group-classic": lambda run: group(run, "classic"),
    "group-consumer": lambda run: group(run, "consumer"),
    "transaction": transaction,
}


def main():
    run = Run(json.loads(sys.argv[1]), sys.argv[2].split(","))
    for name in sys.argv[3:]:
        started = time.monotonic()
        SCENARIOS[name](run)
        print(f"{name}: ok ({time.monotonic() - started:.1f} s)", flush=True)
    run.close()


if __name__ == "__main__":
    main()
