"""The suite's own instrument: a client that goes around the proxy would be noticed."""

import subprocess

import pytest

import netns


@pytest.fixture
def nobody_goes_around():
    """Replaces the check of the other tests: here somebody does."""


def test_client_has_no_route_to_a_broker_and_the_try_is_counted(cluster, network):
    before = network.client.unroutable()
    with pytest.raises(OSError, match="unreachable"):
        network.client.connect(netns.broker_address(1), 9092)
    assert network.client.unroutable() > before


def test_client_that_looks_up_a_brokers_name_is_counted(network):
    before = network.client.unroutable()
    found = subprocess.run(network.client.command(["getent", "hosts", "broker-1.kafka.internal"]), check=False)
    assert found.returncode != 0
    assert network.client.unroutable() > before


def test_brokers_see_who_is_connected(cluster, network):
    with network.proxy.connect(netns.broker_address(1), 9092):
        assert cluster.peers() == {netns.PROXY_BROKER_SIDE}
