"""librdkafka clients that log in, as a program of its own, as LoginScenarios.java is for the Java ones.

    rdkafka_logins.py FILE

The file is a JSON list of {"name", "do": "trip"|"refused"|"hold", "settings", "topic", "addresses", "seconds",
"pause_s"}. Each gives one line, tab-separated: name, "ok" or "failed", and what there is to tell. The status is 0.
"""

import json
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

from confluent_kafka import Consumer, KafkaError, Producer, TopicPartition

RECORDS = 12
LIMIT_S = 30
AT_ONCE = 16


class Failed(Exception):
    pass


class Case:
    def __init__(self, case):
        self.case = case
        self.topic = case.get("topic")
        self.errors = []
        self.disconnects = {}

    def settings(self, kind, **more):
        def on_error(error):
            self.errors.append((error, time.monotonic()))

        def on_statistics(text):
            brokers = json.loads(text)["brokers"].values()
            self.disconnects[kind] = sum(broker["disconnects"] for broker in brokers)

        return {
            "log_level": 0,
            "fetch.wait.max.ms": 100,
            "error_cb": on_error,
            "stats_cb": on_statistics,
            **self.case["settings"],
            **more,
        }

    def run(self):
        started = time.monotonic()
        try:
            said = {"trip": self.trip, "refused": self.refused, "hold": self.hold}[self.case["do"]]()
            outcome = ["ok", said]
        except Exception as failure:
            heard = "; ".join(error.str() for error, _ in self.errors[:3])
            outcome = ["failed", " ".join(f"{type(failure).__name__}: {failure} ({heard})".split())]
        return "\t".join([self.case["name"], *outcome, f"ms={(time.monotonic() - started) * 1000:.0f}"])

    def assign(self, consumer):
        """To the end of every partition: others have written to the topic as well."""
        listed = consumer.list_topics(self.topic, LIMIT_S)
        if listed.topics[self.topic].error:
            raise Failed(f"metadata: {listed.topics[self.topic].error.str()}")
        told = {f"{broker.host}:{broker.port}" for broker in listed.brokers.values()}
        if not told <= set(self.case["addresses"]):
            raise Failed(f"told of {told}, expected {self.case['addresses']}")
        partitions = [TopicPartition(self.topic, p) for p in listed.topics[self.topic].partitions]
        for partition in partitions:
            partition.offset = consumer.get_watermark_offsets(partition, LIMIT_S)[1]
        consumer.assign(partitions)
        return len(partitions)

    def send(self, producer, value, partition, failures):
        producer.produce(
            self.topic,
            value,
            partition=partition,
            on_delivery=lambda error, _: failures.append(error) if error else None,
        )

    def trip(self):
        consumer = Consumer(self.settings("consumer", **{"group.id": "none"}))
        producer = Producer(self.settings("producer", acks="all", **{"linger.ms": 0}))
        partitions = self.assign(consumer)
        mine, failures = uuid.uuid4().hex, []
        missing = {f"{mine}-{i}".encode() for i in range(RECORDS)}
        for i, value in enumerate(sorted(missing)):
            self.send(producer, value, i % partitions, failures)
        left = producer.flush(LIMIT_S)
        if left or failures:
            raise Failed(f"{left} not acknowledged, {failures[:2]}")
        self.take(consumer, missing)
        consumer.close()
        return f"records={RECORDS}"

    def take(self, consumer, missing):
        end = time.monotonic() + LIMIT_S
        while missing and time.monotonic() < end:
            message = consumer.poll(0.1)
            if message is not None and not message.error():
                missing.discard(message.value())
        if missing:
            raise Failed(f"{len(missing)} records did not come back")

    def refused(self):
        started = time.monotonic()
        producer = Producer(self.settings("producer"))
        while not self.errors or self.errors[-1][0].code() == KafkaError._ALL_BROKERS_DOWN:
            producer.poll(0.02)
            if time.monotonic() > started + 12:
                return "producer=nothing: no error was told"
        error, at = self.errors[-1]
        return f"producer={error.name()}: {' '.join(error.str().split())} in {(at - started) * 1000:.0f}"

    def hold(self):
        consumer = Consumer(self.settings("consumer", **{"group.id": "none", "statistics.interval.ms": 500}))
        producer = Producer(self.settings("producer", acks="all", **{"linger.ms": 0, "statistics.interval.ms": 500}))
        partitions = self.assign(consumer)
        mine, failures, missing, sent = uuid.uuid4().hex, [], set(), 0
        end = time.monotonic() + self.case["seconds"]
        while time.monotonic() < end:
            for partition in range(partitions):
                value = f"{mine}-{sent}".encode()
                missing.add(value)
                self.send(producer, value, partition, failures)
                sent += 1
            if producer.flush(LIMIT_S) or failures:
                raise Failed(f"not acknowledged after {sent} records: {failures[:2]}")
            self.take(consumer, missing)
            self.rest(producer, consumer, self.case["pause_s"])
        self.rest(producer, consumer, 1.2)  # the last statistics
        consumer.close()
        return f"records={sent}\t" + "\t".join(f"{kind}.closed={n}" for kind, n in sorted(self.disconnects.items()))

    @staticmethod
    def rest(producer, consumer, seconds):
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            producer.poll(min(left, 0.1))
            consumer.poll(0)


def main():
    with open(sys.argv[1]) as file:
        cases = [Case(case) for case in json.load(file)]
    together = [case for case in cases if case.case["do"] != "refused"]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for line in pool.map(Case.run, together):
            print(line)
    for case in cases:
        if case.case["do"] == "refused":
            print(case.run())


if __name__ == "__main__":
    main()
