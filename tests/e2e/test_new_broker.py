"""Kafka grows: clients outside reach the new broker through the Service, and nobody had to edit anything."""

import time

import kafka_sasl
import kafka_wire
from fleet import SECONDS
from waiting import until

BROKER = 4


def brokers_told(fleet, address):
    """By the new broker, reached at this address of the Service or of a pod."""
    name, port = fleet.addresses([BROKER])[0].rsplit(":", 1)
    with fleet.cluster.hub.connect(address, int(port)) as sock:
        sock.settimeout(10)
        if fleet.login.tls:
            sock = kafka_wire.tls(sock, fleet.certs.ca, name)
        else:
            kafka_sasl.login(sock, fleet.login.mechanism, fleet.login.user, fleet.login.password)
        return set(kafka_wire.metadata(sock, []).brokers)


def told_of(fleet):
    """Where users are told that brokers are."""
    return {entry["address"] for entry in fleet.get()["status"]["brokers"]}


def test_a_new_broker_is_reached_through_the_service_without_an_edit(fleets, kafka, capsys):
    kafka.add(BROKER)
    began = time.monotonic()
    for mode, fleet in fleets.items():
        until("the Service leads to it", lambda fleet=fleet: BROKER in brokers_told(fleet, fleet.address()), SECONDS)
        with capsys.disabled():
            print(f"\n{mode}: a new broker was reached after {time.monotonic() - began:.1f} s ", end="")
    for fleet in fleets.values():
        for pod in fleet.pods().values():
            address = pod["status"]["podIP"]
            until("every pod does", lambda f=fleet, a=address: BROKER in brokers_told(f, a), SECONDS)
        until("its address is told", lambda fleet=fleet: fleet.addresses([BROKER])[0] in told_of(fleet), SECONDS)
