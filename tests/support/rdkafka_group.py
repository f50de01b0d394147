"""A consumer group of librdkafka that reads a topic along, as a program of its own in the clients' namespace.

    rdkafka_group.py '{"bootstrap.servers": ...}' TOPIC MEMBERS STOP_FILE

Prints "assigned MEMBER N" at each assignment, "progress read=N" twice a second, and "error TIME MEMBER NAME TEXT" for
all that a member's callbacks are told. STOP_FILE tells how many records there are, by its content: once they have been
read, or LIMIT_S later, it prints "report {...}" and ends with 0. To be judged by the caller.
"""

import json
import sys
import threading
import time
from pathlib import Path

from confluent_kafka import Consumer, KafkaException

LIMIT_S = 30


class Group:
    def __init__(self, settings, topic, stop):
        self.settings = settings
        self.topic = topic
        self.stop = Path(stop)
        self.wanted = None
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._deliveries = {}  # (partition, offset) -> how often; _lock
        self._places = {}  # number of the record -> its (partition, offset)s; _lock
        self._errors = 0  # _lock

    def say(self, *words):
        with self._lock:
            print(*words, flush=True)

    def error(self, member, error):
        with self._lock:
            self._errors += 1
            print("error", f"{time.time():.3f}", member, error.name(), " ".join(error.str().split()), flush=True)

    def member(self, number):
        consumer = Consumer(
            {
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 100,
                "auto.commit.interval.ms": 500,
                "log_level": 3,
                "error_cb": lambda error: self.error(number, error),
                "on_commit": lambda error, _: self.error(number, error) if error else None,
                **self.settings,
                "group.id": f"{self.topic}-group",
                "client.id": f"member-{number}",
            }
        )
        consumer.subscribe([self.topic], on_assign=lambda _, parts: self.say("assigned", number, len(parts)))
        while not self.over.is_set():
            try:
                message = consumer.poll(0.1)
            except KafkaException as failure:
                self.error(number, failure.args[0])
                continue
            if message is None:
                continue
            if message.error():
                self.error(number, message.error())
                continue
            place = message.partition(), message.offset()
            with self._lock:
                self._deliveries[place] = self._deliveries.get(place, 0) + 1
                self._places.setdefault(int(message.value().removeprefix(b"value-")), set()).add(place)
        consumer.close()

    def follow(self):
        """Tells how far it is, until all has been read."""
        end = None
        while end is None or time.monotonic() < end:
            with self._lock:
                read = len(self._deliveries)
                print(f"progress read={read}", flush=True)
            if end is None and self.stop.exists() and (text := self.stop.read_text().strip()):
                self.wanted = int(text)
                end = time.monotonic() + LIMIT_S
            if self.wanted is not None and read >= self.wanted:
                break
            time.sleep(0.5)
        time.sleep(1)  # what nobody should be given any more
        self.over.set()

    def report(self):
        """missing: never read; doubled: in the log more than once; again: the same record read more than once."""
        wanted = set(range(self.wanted))
        return {
            "wanted": self.wanted,
            "read": len(self._deliveries),
            "missing": sorted(wanted - set(self._places))[:20],
            "unknown": sorted(set(self._places) - wanted)[:20],
            "doubled": {number: sorted(places) for number, places in self._places.items() if len(places) > 1},
            "again": sorted(place for place, times in self._deliveries.items() if times > 1)[:20],
            "errors": self._errors,
        }


def main():
    settings, topic, members, stop = sys.argv[1:]
    group = Group(json.loads(settings), topic, stop)
    threads = [threading.Thread(target=group.member, args=(number,)) for number in range(int(members))]
    for thread in threads:
        thread.start()
    group.follow()
    for thread in threads:
        thread.join()
    print("report", json.dumps(group.report()), flush=True)


if __name__ == "__main__":
    main()
