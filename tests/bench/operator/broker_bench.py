"""A broker joins Kafka: how long until the Service has its port, and until it is served there."""

import threading
import time

import kafka_wire
from fleet import PORT, Fleet
from statistic import spread
from waiting import until

FIRST = 4
BOOTSTRAP_SLOTS = 20  # ports before that of broker 0


def measure(world, brokers):
    with world.operator() as operator:
        operator.wait_ready()
        fleet = Fleet(world, world.namespace("grown"))
        in_service, served = [], []
        for broker in range(FIRST, FIRST + brokers):
            member = _Member(world.kafka, broker)
            world.kafka.add(broker)
            since = member.since()
            in_service.append(_wait_in_service(world, fleet, broker) - since)
            served.append(_wait_served(fleet, broker) - since)
        for broker in range(FIRST, FIRST + brokers):
            world.kafka.remove(broker)
    return {"brokers": brokers, "in_service_seconds": spread(in_service), "served_seconds": spread(served)}


class _Member(threading.Thread):
    """Looks for the moment in which Kafka's metadata has a broker: no one can hear of it before."""

    def __init__(self, kafka, broker):
        super().__init__(daemon=True)
        self._kafka, self._broker, self._seen = kafka, broker, None
        self.start()

    def run(self):
        with self._kafka.connect(1) as sock:
            until("it is a member", lambda: self._broker in kafka_wire.metadata(sock, []).brokers, 60, every=0.02)
        self._seen = time.monotonic()

    def since(self):
        self.join(60)
        return self._seen


def _wait_in_service(world, fleet, broker):
    def has_port():
        service = world.api.get("Service", fleet.proxy.name, fleet.proxy.namespace)
        return any(port["name"] == f"broker-{broker}" for port in service["spec"]["ports"])

    until(f"a port for broker {broker}", has_port, 120, every=0.02)
    return time.monotonic()


def _wait_served(fleet, broker):
    def served():
        for address in fleet.addresses:
            with fleet.connect(address, port=PORT + BOOTSTRAP_SLOTS + broker) as sock:
                if broker not in kafka_wire.metadata(sock, []).brokers:
                    return False
        return True

    until(f"broker {broker} is served", served, 120, every=0.02)
    return time.monotonic()
