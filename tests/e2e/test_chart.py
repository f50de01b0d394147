"""helm test and helm upgrade, as a user runs them after an install."""

from conftest import CHART, OPERATOR_NAMESPACE, RELEASE
from waiting import until


def test_helm_test_reads_from_a_kafka_proxy_and_leaves_nothing(chart, kafka):
    said = chart.helm("test", RELEASE, "--namespace", OPERATOR_NAMESPACE, "--timeout", "2m")
    assert said.count("Phase:          Succeeded") == 2, said

    def gone():
        names = chart.kubectl("get", "kp,deploy,pod,secret,configmap", "-n", OPERATOR_NAMESPACE, "-o", "name").split()
        return not [name for name in names if f"/{RELEASE}-test" in name]

    until("what it made is gone", gone, 60)


def test_an_upgrade_hands_the_lease_over(chart):
    def operators():
        pods = chart.api.list("Pod", OPERATOR_NAMESPACE, f"app.kubernetes.io/instance={RELEASE}")
        return {pod["metadata"]["name"] for pod in pods}

    def holder():
        spec = chart.api.get("Lease", "kafkaproxy-operator", OPERATOR_NAMESPACE)["spec"]
        return spec.get("holderIdentity", "").partition("_")[0]

    before = until("one leads", lambda: holder() in operators() and operators(), 60)
    upgraded = ["--reuse-values", "--set-string", "podAnnotations.edition=2", "--wait", "--timeout", "2m"]
    chart.helm("upgrade", RELEASE, CHART, "--namespace", OPERATOR_NAMESPACE, *upgraded)
    until("one of the new leads", lambda: holder() in operators() - before, 60)
