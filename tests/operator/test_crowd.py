"""Many KafkaProxies at once. What it costs is measured by `make bench-operator`."""

from crowd import Crowd
from operators import wait_still

COUNT = 100


def test_all_of_many_are_reconciled_and_a_restart_writes_nothing(api, namespace, audit, make_account, start_operator):
    account = make_account("operator")
    crowd = Crowd(api, [namespace], COUNT)
    crowd.apply()
    # When it starts with all to do
    first = start_operator(kubeconfig=account.kubeconfig).wait_ready()
    wait_still(first, COUNT)
    # Then all is done
    assert crowd.behind() == []
    assert first.metrics().writes > COUNT
    assert first.metrics().sum("reconciles_total", controller="kafkaproxy", result="error") == 0
    made = audit.writes(account.user)
    first.end()
    # And when another starts with nothing to do, it does nothing
    second = start_operator(kubeconfig=account.kubeconfig, port=8081).wait_ready()
    wait_still(second, COUNT)
    assert second.metrics().writes == 0
    assert audit.writes(account.user) == made
    assert crowd.behind() == []
