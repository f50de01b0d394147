"""librdkafka with virtual partitions, as a program of its own: it runs inside the clients' namespace.

    virtual_clients.py '{"proxies": [{settings}, ...], "topic": ..., "virtual": V, "physical": P, "stop": FILE}' SCENARIO...

Ends with status 0, or with the reason.
"""

import json
import os
import sys
import time
import uuid
from pathlib import Path

from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME, Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, OffsetSpec
from virtual_ledger import Ledger, value_of

LIMIT_S = 60


def check(holds, reason):
    if not holds:
        raise SystemExit(reason)


class Run:
    def __init__(self, proxies, topic, virtual, physical, stop=None):
        self.stop = stop
        self.proxies = proxies
        self.topic = topic
        self.virtual = virtual
        self.physical = physical
        self.prefix = uuid.uuid4().hex[:8]
        self.ledger = Ledger(virtual)

    def producer(self, proxy=0, **more):
        settings = {"enable.idempotence": True, "partitioner": "murmur2_random", "linger.ms": 5}
        return Producer({**self.proxies[proxy], **settings, **more})

    def consumer(self, proxy=0, group=None, **more):
        settings = {"group.id": group or f"{self.prefix}-read", "auto.offset.reset": "earliest"}
        quick = {"session.timeout.ms": 6000, "heartbeat.interval.ms": 300, "fetch.wait.max.ms": 100}
        return Consumer({**self.proxies[proxy], **settings, **quick, "enable.auto.commit": False, **more})

    def write(self, count, keys, proxy=0, first=0, **more):
        """`count` records of each key, numbered from `first`."""
        producer = self.producer(proxy, **more)

        def note(error, message):
            check(error is None, f"a record was not written: {error}")
            self.ledger.note_written(message.key(), int(message.value()), message.partition())

        for number in range(first, first + count):
            for key in keys:
                producer.produce(self.topic, value_of(number), key, on_delivery=note)
            producer.poll(0)
        check(producer.flush(LIMIT_S) == 0, "records were not acknowledged in time")

    def send(self, producer, partition, values):
        for value in values:
            producer.produce(self.topic, value, partition=partition)
        check(producer.flush(LIMIT_S) == 0, "records were not acknowledged in time")

    def share(self, consumers):
        """Polls until each has its part of the partitions; nothing is left to be read."""
        end = time.monotonic() + LIMIT_S
        owned = []
        while sum(owned) != self.virtual or not all(owned):
            check(time.monotonic() < end, f"assigned: {owned} of {self.virtual}")
            for consumer in consumers:
                take(consumer, self.ledger)
            owned = [len(consumer.assignment()) for consumer in consumers]

    def read(self, consumers, still=0.5):
        """Until everything was read; then for `still` seconds, in which nothing may come."""
        end = time.monotonic() + LIMIT_S
        while not self.ledger.complete:
            check(time.monotonic() < end, f"read {self.ledger.read} of {self.ledger.total}: {self.ledger.faults}")
            for consumer in consumers:
                take(consumer, self.ledger)
        end = time.monotonic() + still
        while time.monotonic() < end:
            for consumer in consumers:
                take(consumer, self.ledger)


def take(consumer, ledger):
    for message in consumer.consume(500, 0.1):
        if message.error() is not None:
            check(message.error().retriable(), f"consume: {message.error()}")
            continue
        ledger.note_read(message.key(), message.value(), message.partition())


def keys(prefix, count):
    return [f"{prefix}-{n}".encode() for n in range(count)]


def commit_on_revoke(consumer, _):
    try:
        consumer.commit(asynchronous=False)
    except KafkaException as error:
        check(error.args[0].code() == KafkaError._NO_OFFSET, f"commit at a revocation: {error}")


def records(run):
    """Keyed idempotent and plain producers through all proxies; a group with a member at each reads all back."""
    for n in range(len(run.proxies)):
        run.write(40, keys(f"idempotent-{n}", 60), n)
        run.write(10, keys(f"plain-{n}", 30), n, **{"enable.idempotence": False, "compression.type": "lz4"})
    check(run.ledger.partitions_used() > run.physical, f"keys in {run.ledger.partitions_used()} partitions only")
    members = [run.consumer(n % len(run.proxies), f"{run.prefix}-group") for n in range(3)]
    for member in members:
        member.subscribe([run.topic], on_revoke=commit_on_revoke)
    run.read(members)
    run.share(members)
    physical = [{p.partition % run.physical for p in member.assignment()} for member in members]
    check(physical[0] & physical[1], f"no two members share a physical partition: {physical}")
    for member in members:
        member.commit(asynchronous=False)
        member.close()
    # What is committed in all groups is what the next generation begins with.
    for n in range(len(run.proxies)):
        run.write(5, keys(f"idempotent-{n}", 60), n, first=40)
    late = run.consumer(len(run.proxies) - 1, f"{run.prefix}-group")
    late.subscribe([run.topic], on_revoke=commit_on_revoke)
    run.read([late])
    late.close()
    print(run.ledger.check())


def committed(run):
    """Each virtual partition has a committed offset of its own, and nobody is shown a shadow group."""
    group = f"{run.prefix}-commits"
    consumer = run.consumer(0, group)
    own = [TopicPartition(run.topic, v, 100 + v) for v in range(run.virtual)]
    consumer.commit(offsets=own, asynchronous=False)
    seen = run.consumer(len(run.proxies) - 1, group).committed([TopicPartition(run.topic, p.partition) for p in own])
    check([p.offset for p in seen] == [p.offset for p in own], f"committed: {[p.offset for p in seen]}")
    admin = AdminClient(run.proxies[0])  # named: one that is let go answers nothing any more
    listed = admin.list_consumer_groups().result(LIMIT_S)
    names = [each.group_id for each in listed.valid]
    check(not listed.errors, f"groups are not listed: {listed.errors}")
    check(group in names, f"{group} isn't among {names}")
    check(not any("~v" in name for name in names), f"shadows are shown: {names}")


def transactional(run):
    """A transaction can't write to a virtual topic: the client hears it at once."""
    producer = run.producer(**{"transactional.id": run.prefix})
    producer.init_transactions(LIMIT_S)
    producer.begin_transaction()
    began = time.monotonic()
    try:
        producer.produce(run.topic, b"never", b"never")
        producer.commit_transaction(20)
    except KafkaException as error:
        check(error.args[0].code() == KafkaError.INVALID_TXN_STATE, f"refused with {error}")
    else:
        raise SystemExit("a transactional write went through")
    check(time.monotonic() - began < 15, "the refusal took its time")


def server_side_assignment(run):
    """The new consumer protocol assigns physical partitions: refused with an error, not silence."""
    consumer = Consumer(
        {**run.proxies[0], "group.id": f"{run.prefix}-848", "group.protocol": "consumer", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([run.topic])
    end = time.monotonic() + 20
    while time.monotonic() < end:
        message = consumer.poll(1.0)
        if message is not None and message.error() is not None:
            code = message.error().code()
            check(code in (KafkaError.UNSUPPORTED_VERSION, KafkaError._FATAL), f"refused with {message.error()}")
            return
    raise SystemExit("the consumer heard nothing")


def grown(run):
    """Partitions as many as the configuration says, in every proxy."""
    for settings in run.proxies:
        seen = AdminClient(settings).list_topics(run.topic, LIMIT_S).topics[run.topic]
        check(len(seen.partitions) == run.virtual, f"{len(seen.partitions)} partitions where {run.virtual} are due")


def unfit(run):
    """A topic that hasn't the physical partitions of its mapping answers a clear error."""
    seen = AdminClient(run.proxies[0]).list_topics(run.topic, LIMIT_S).topics[run.topic]
    check(seen.error is not None and seen.error.code() == KafkaError.TOPIC_EXCEPTION, f"{seen.error}")


def compact(run):
    """Switches compaction on, as anybody may behind the proxy's back."""
    entry = ConfigEntry("cleanup.policy", "compact", incremental_operation=AlterConfigOpType.SET)
    topic = ConfigResource(ConfigResource.Type.TOPIC, run.topic, incremental_configs=[entry])
    admin = AdminClient(run.proxies[0])  # named: one that is let go answers nothing any more
    admin.incremental_alter_configs([topic])[topic].result(LIMIT_S)


def refused_soon(run):
    """What was usable answers a clear error, at every proxy."""
    end = time.monotonic() + LIMIT_S
    for settings in run.proxies:
        admin = AdminClient(settings)
        while (error := admin.list_topics(run.topic, LIMIT_S).topics[run.topic].error) is None:
            check(time.monotonic() < end, "a compacted topic is still usable")
            time.sleep(0.2)
        check(error.code() == KafkaError.TOPIC_EXCEPTION, f"{error}")


def filled(run):
    """20 records in each partition that there is."""
    producer = run.producer()
    for p in range(run.physical):
        run.send(producer, p, map(value_of, range(20)))


def lagging(run):
    """A group named as the topic that has read all but one record of partition 5 and three of partition 7."""
    producer = run.producer()
    for v in range(run.virtual):
        run.send(producer, v, map(value_of, range(10)))
    ends = AdminClient(run.proxies[0])
    wanted = {TopicPartition(run.topic, v): OffsetSpec.latest() for v in range(run.virtual)}
    found = {p.partition: f.result(LIMIT_S).offset for p, f in ends.list_offsets(wanted).items()}
    offsets = [TopicPartition(run.topic, v, found[v]) for v in range(run.virtual)]
    run.consumer(group=run.topic).commit(offsets=offsets, asynchronous=False)
    run.send(producer, 5, map(value_of, range(1)))
    run.send(producer, 7, map(value_of, range(3)))


def left_behind(run):
    """A group named as the topic that has committed all but its end, of a partition beside a busy one."""
    producer = run.producer()
    run.send(producer, run.physical, [b"first"])
    for number in range(20):  # each a batch, which is deleted as a whole
        run.send(producer, 0, [value_of(number)])
    run.send(producer, run.physical, [b"last"])
    commit_all(run, 0)


def commit_all(run, offset):
    offsets = [TopicPartition(run.topic, v, 0 if v % run.physical else offset) for v in range(run.virtual)]
    run.consumer(group=run.topic).commit(offsets=offsets, asynchronous=False)


def resumed(run):
    """After the first eleven records are gone: nobody has to reset, and who begins anew finds as much."""
    wanted = {0: [value_of(n) for n in range(10, 20)], run.physical: [b"last"]}
    for proxy in range(len(run.proxies)):
        commit_all(run, 1)
        for group, reset in ((run.topic, "error"), (None, "earliest")):
            reader = run.consumer(proxy, group, **{"auto.offset.reset": reset})
            reader.subscribe([run.topic])
            check_read(reader, wanted, f"by proxy {proxy}, {reset}")
            reader.close()


def emptied(run):
    """After all records are gone: who waits reads what comes."""
    commit_all(run, 5)
    reader = run.consumer(group=run.topic, **{"auto.offset.reset": "error", "fetch.wait.max.ms": 500})
    reader.subscribe([run.topic])
    run.share([reader])
    check_read(reader, {}, "nothing there", still=3.0)
    run.send(run.producer(), run.physical, [b"new"])
    check_read(reader, {run.physical: [b"new"]}, "something new")
    reader.close()


def check_read(reader, wanted, how, still=0.5):
    """Each record that is wanted, by partition, and then nothing for `still` seconds."""
    found = {}

    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        for message in reader.consume(100, 0.1):
            check(message.error() is None, f"{how}: {message.error()}")
            found.setdefault(message.partition(), []).append(message.value())
        if found == wanted and still:
            end, still = time.monotonic() + still, 0
    check(found == wanted, f"{how}: read {found}")


def stored(run):
    """Batches that brokers write anew, each topic in its way: those of idempotent producers and of plain ones."""
    for way in ("gzip", "snappy", "lz4", "zstd", "append"):
        of_way = Run(run.proxies, f"{run.topic}-{way}", run.virtual, run.physical)
        of_way.write(10, keys("idempotent", 20))
        of_way.write(10, keys("plain", 20), **{"enable.idempotence": False})
        reader = of_way.consumer()
        from_start = [TopicPartition(of_way.topic, v, 0) for v in range(run.virtual)]
        reader.assign(from_start)
        of_way.read([reader], still=0.1)
        print(f"{way}: {of_way.ledger.check()}")
        if way == "append":
            reader.assign(from_start)
            kind, _ = reader.poll(LIMIT_S).timestamp()
            check(kind == TIMESTAMP_LOG_APPEND_TIME, f"the records' time is of type {kind}")
        reader.close()


def large(run):
    """Records of 10 MiB in virtual partitions of one physical one, small ones beside them."""
    wanted = {v: [b"before", os.urandom(1 << 20) * 10, b"after"] for v in (0, run.physical, 3 * run.physical)}
    producer = run.producer(**{"message.max.bytes": 11 << 20, "queue.buffering.max.kbytes": 64 << 10})
    for number in range(3):
        for v, values in wanted.items():
            producer.produce(run.topic, values[number], partition=v)
    check(producer.flush(LIMIT_S) == 0, "records were not acknowledged in time")
    reader = run.consumer()
    reader.assign([TopicPartition(run.topic, v, 0) for v in wanted])
    found = {v: [] for v in wanted}
    end = time.monotonic() + LIMIT_S
    while sum(map(len, found.values())) < 9:
        check(time.monotonic() < end, f"read of each partition: { {v: len(values) for v, values in found.items()} }")
        for message in reader.consume(10, 0.1):
            check(message.error() is None, f"consume: {message.error()}")
            found[message.partition()].append(message.value())
    reader.close()
    check(found == wanted, f"other records: { {v: [len(value) for value in found[v]] for v in found} }")


def steady(run):
    """Writes through all proxies until the file `stop` exists, then reads back; proxies may be restarted meanwhile."""
    count = 0
    while not Path(run.stop).exists():
        for n in range(len(run.proxies)):
            run.write(5, keys(f"steady-{n}", 60), n, first=count, **{"message.timeout.ms": LIMIT_S * 1000})
        count += 5
    reader = run.consumer(group=f"{run.prefix}-steady")
    reader.subscribe([run.topic], on_revoke=commit_on_revoke)
    run.read([reader])
    reader.close()
    print(run.ledger.check())


def tailing(run):
    """Readers of all virtual partitions of a physical one, each alone, keep up until the file `stop` exists."""
    own = range(0, run.virtual, run.physical)
    readers = [run.consumer(**{"fetch.wait.max.ms": 500}) for _ in own]
    for v, reader in zip(own, readers):
        reader.assign([TopicPartition(run.topic, v, 0)])
    producer = run.producer()

    def note(error, message):
        check(error is None, f"a record was not written: {error}")
        run.ledger.note_written(message.key(), int(message.value()), message.partition())

    count = 0
    while not Path(run.stop).exists():
        for v in own:
            producer.produce(run.topic, value_of(count), b"tail-%d" % v, partition=v, on_delivery=note)
        check(producer.flush(LIMIT_S) == 0, "records were not acknowledged in time")
        run.read(readers, still=0)
        count += 1
    for reader in readers:
        reader.close()
    print(run.ledger.check())


def group_zero(run):
    """What was there before the topic became virtual: all of it in the first P partitions."""
    consumer = run.consumer()
    consumer.assign([TopicPartition(run.topic, v, 0) for v in range(run.virtual)])
    found = {}
    end = time.monotonic() + 20
    while sum(found.values()) < 20 * run.physical and time.monotonic() < end:
        for message in consumer.consume(500, 0.2):
            check(message.error() is None, f"consume: {message.error()}")
            found[message.partition()] = found.get(message.partition(), 0) + 1
    consumer.close()
    check(found == {p: 20 for p in range(run.physical)}, f"records by partition: {found}")


SCENARIOS = {
    f.__name__: f
    for f in (
        *(records, committed, transactional, server_side_assignment),
        *(grown, unfit, compact, refused_soon, filled, group_zero, steady, tailing, lagging, stored, large),
        *(left_behind, resumed, emptied),
    )
}


def main():
    given = json.loads(sys.argv[1])
    for name in sys.argv[2:]:
        began = time.monotonic()
        try:
            SCENARIOS[name](Run(**given))
        except SystemExit as failed:
            raise SystemExit(f"{name}: {failed}") from None
        print(f"{name}: ok in {time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
