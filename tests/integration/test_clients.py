"""Real clients through the proxy, in every routing mode and with TLS or without on either side.

What is covered where: each of the ten modes carries records of both client families (small, large, with and without
acknowledgement) and the admin calls that prove each address leads to its own broker. The long scenarios (groups,
transactions, share groups) don't depend on the pair of transports, so they run once per routing mode, on pairs that
together have TLS and plaintext on either side.
"""

import json
import sys

import pytest

import jvm
from proxy import Mode, all_modes

THOROUGH = [Mode("port_offset", False, False), Mode("sni", True, True), Mode("dynamic", False, True)]
QUICK = [mode for mode in all_modes() if mode not in THOROUGH]


def rdkafka(clients, *scenarios):
    program = jvm.ROOT / "tests" / "support" / "rdkafka_scenarios.py"
    addresses = ",".join(clients.mode.addresses((1, 2, 3)))
    return clients.run([sys.executable, program, json.dumps(clients.librdkafka()), addresses, *scenarios])


@pytest.mark.parametrize("mode", THOROUGH, ids=str)
def test_java_client_does_everything(stage, mode):
    proxy = stage.proxy(mode)
    stage.clients(mode).java("all")
    assert proxy.metric("kafka_proxy_responses_leaked_total") == 0


@pytest.mark.parametrize("mode", QUICK, ids=str)
def test_java_client_writes_reads_and_administers(stage, mode):
    stage.proxy(mode)
    stage.clients(mode).java("admin", "produce", "consume", "large", "acks")


@pytest.mark.parametrize("mode", THOROUGH, ids=str)
def test_librdkafka_does_everything(stage, mode):
    stage.proxy(mode)
    rdkafka(stage.clients(mode), "records", "group-classic", "group-consumer", "transaction")


@pytest.mark.parametrize("mode", QUICK, ids=str)
def test_librdkafka_writes_and_reads(stage, mode):
    stage.proxy(mode)
    rdkafka(stage.clients(mode), "records")


@pytest.mark.parametrize("mode", all_modes(), ids=str)
def test_kcat_sees_the_proxys_addresses_only(stage, mode):
    stage.proxy(mode)
    listed = json.loads(stage.clients(mode).kcat("-L", "-J"))
    assert sorted(broker["name"] for broker in listed["brokers"]) == sorted(mode.addresses((1, 2, 3)))


@pytest.mark.parametrize(
    "mode", [Mode("port_offset", True, False), Mode("sni", True, False), Mode("dynamic", False, False)], ids=str
)
def test_kcat_writes_and_reads(stage, mode):
    # Given
    stage.proxy(mode)
    clients = stage.clients(mode)
    topic = stage.topic(f"kcat-{mode.routing}")
    lines = [f"line {n}" for n in range(500)]
    # When
    clients.kcat("-P", "-t", topic, "-X", "acks=all", given="\n".join(lines) + "\n")
    read = clients.kcat("-C", "-t", topic, "-o", "beginning", "-e", "-q")
    # Then
    assert sorted(read.splitlines()) == sorted(lines)
