"""helm uninstall takes the operator and leaves what serves clients; what belongs to a KafkaProxy goes with it."""

import pytest
from conftest import OPERATOR_NAMESPACE, RELEASE, install, uninstall
from fleet import SECONDS
from kafka_proxy import KIND
from waiting import until

OF_THE_CHART = (
    "clusterroles,clusterrolebindings,roles,rolebindings,serviceaccounts,deployments,replicasets,pods,services,"
    "poddisruptionbudgets,leases,secrets,configmaps,endpointslices"
)
OF_A_PROXY = (
    "deployments,replicasets,pods,services,endpointslices,configmaps,secrets,poddisruptionbudgets,networkpolicies"
)


def names(cluster, kinds, namespace):
    return set(cluster.kubectl("get", kinds, "-n", namespace, "-o", "name").split())


@pytest.fixture(scope="module")
def before(cluster, chart):
    """What every namespace has, and every cluster."""
    empty = cluster.make_namespace("empty")
    return names(cluster, OF_THE_CHART, empty)


def cluster_wide(name):
    return name.startswith(("clusterrole", "clusterrolebinding"))


def test_uninstall_leaves_the_proxies_and_nothing_of_its_own(cluster, fleets, before):
    pods = {mode: set(fleet.pods()) for mode, fleet in fleets.items()}
    uninstall(cluster)

    def left():
        found = names(cluster, OF_THE_CHART, OPERATOR_NAMESPACE)
        return [n for n in found if RELEASE in n or (n not in before and not cluster_wide(n))]

    until("nothing of it is left", lambda: not left(), SECONDS)
    for mode, fleet in fleets.items():
        assert set(fleet.pods()) == pods[mode]
        fleet.rdkafka("records")


def test_an_operator_that_is_installed_again_goes_on_with_them(cluster, fleets):
    pods = {mode: set(fleet.pods()) for mode, fleet in fleets.items()}
    install(cluster)
    for fleet in fleets.values():
        fleet.change(limits={"drainTimeout": "5s", "maxConnections": 3000})
    assert {mode: set(fleet.pods()) for mode, fleet in fleets.items()} == pods


def test_a_deleted_kafka_proxy_leaves_nothing(cluster, fleets):
    kept = {"configmap/kube-root-ca.crt", "secret/users", "secret/brokers", "secret/sni-tls"}
    space = fleets["sni"].namespace
    assert names(cluster, OF_A_PROXY, space) - kept
    for fleet in fleets.values():
        cluster.api.delete(KIND, fleet.name, space)

    def left():
        found = names(cluster, OF_A_PROXY, space) - kept
        return {n for n in found if not n.startswith(("pod/client-", "secret/client-"))}

    until("nothing is left", lambda: not left(), SECONDS)
