"""The operator while its API server, its rivals or its users make trouble."""

import http.client
import json
import os
import signal
import ssl
import threading
import time

import pytest
from custom_resource import KafkaProxy, pod_page
from kafka_proxy import KIND, SECONDS
from kubernetes import ADDRESS, PORT, Api, ApiError
from operators import Account, wait_still
from relay import Relay
from waiting import until

NOWHERE = ["broker-1.kafka.internal:9092"]
SILENCE = 60  # seconds after which a watch that says nothing is given up


def idle_timeout(api, namespace, name="orders"):
    text = api.get("ConfigMap", f"{name}-config", namespace)["data"]["config.yaml"]
    return next((line.split()[1] for line in text.splitlines() if "idle_timeout" in line), None)


def podless(api, namespace, name="orders"):
    """A KafkaProxy without pods: all that it needs is the API server."""
    made = KafkaProxy(api, None, namespace, NOWHERE, name)
    made.spec["replicas"] = 0
    return made


@pytest.fixture(scope="module")
def deaf(control_plane, api, launch):
    """(operator, proxy, when): all its connections have fallen silent then, and the proxy was changed after. It takes
    a minute to notice, so it is begun with the first of these tests and looked at in the last."""
    namespace = control_plane.make_namespace(f"deaf-{os.urandom(3).hex()}")
    with Relay(control_plane.hub, (ADDRESS, PORT)) as relay:
        account = Account(control_plane, "operator", namespace, f"https://127.0.0.1:{relay.port}")
        operator = launch(namespace, "--namespace", namespace, kubeconfig=account.kubeconfig, port=8090)
        operator.wait_ready()
        proxy = podless(api, namespace)
        proxy.apply()
        proxy.wait("Programmed")
        wait_still(operator, seconds=1)
        assert relay.silence() > 0
        silent_since = time.monotonic()
        change(proxy)
        yield operator, proxy, silent_since
        operator.end()
    api.delete("Namespace", namespace)


def test_silent_watches_are_no_trouble_by_themselves(deaf):
    operator, _, _ = deaf
    assert operator.ready
    assert operator.metrics().idle


class Throttle:
    """The API server works on a few of one user's requests at a time, and answers 429 to the others. `with` it."""

    def __init__(self, control_plane, account, namespace):
        self._control_plane = control_plane
        self._account = account
        self._name = self._namespace = namespace
        self._held = []

    def __enter__(self):
        limited = {"nominalConcurrencyShares": 0, "lendablePercent": 0, "borrowingLimitPercent": 0}
        limited["limitResponse"] = {"type": "Reject"}
        self._apply("PriorityLevelConfiguration", {"type": "Limited", "limited": limited})
        account = {"name": self._account.name, "namespace": self._namespace}
        everything = {key: ["*"] for key in ("verbs", "apiGroups", "resources", "namespaces")} | {"clusterScope": True}
        rule = {"subjects": [{"kind": "ServiceAccount", "serviceAccount": account}], "resourceRules": [everything]}
        level = {"name": self._name}
        self._apply("FlowSchema", {"matchingPrecedence": 2, "priorityLevelConfiguration": level, "rules": [rule]})
        return self

    def __exit__(self, *_):
        self.release()
        self._control_plane.kubectl("delete", "flowschema,prioritylevelconfiguration", self._name)

    def _apply(self, kind, spec):
        item = {"apiVersion": "flowcontrol.apiserver.k8s.io/v1", "kind": kind, "metadata": {"name": self._name}}
        self._control_plane.kubectl("apply", "--server-side", "-f", "-", given=json.dumps({**item, "spec": spec}))

    def fill(self, number=4):
        """Requests of this user that never end: their bodies don't come."""
        context = ssl.create_default_context(cafile=self._control_plane.directory / "pki" / "ca.crt")
        for _ in range(number):
            connection = http.client.HTTPSConnection(ADDRESS, PORT, context=context)
            with self._control_plane.hub.entered():
                connection.connect()
            connection.putrequest("POST", Api.path("ConfigMap", namespace=self._namespace))
            connection.putheader("Authorization", f"Bearer {self._account.token}")
            connection.putheader("Content-Type", "application/json")
            connection.putheader("Content-Length", "100")
            connection.endheaders()
            self._held.append(connection)

    def release(self):
        while self._held:
            self._held.pop().close()


def test_a_server_that_throttles_is_asked_seldom_and_served_in_the_end(
    control_plane, api, namespace, make_account, start_operator
):
    account = make_account("throttled")
    operator = start_operator(kubeconfig=account.kubeconfig).wait_ready()
    proxies = [podless(api, namespace, f"orders-{n}") for n in range(20)]
    with Throttle(control_plane, account, namespace) as throttle:
        # Given that nothing of what the operator asks for is worked on
        throttle.fill()

        def throttled():
            change(proxies[0])
            before = served(operator)
            return operator.metrics().sum("api_requests_total", code="429") > 0 and served(operator) == before

        until("it is throttled", throttled, every=0.5)
        # When there is much to do
        for proxy in proxies[1:]:
            proxy.apply()
        before, began = operator.metrics(), time.monotonic()
        until("it tries again and again", lambda: asked(operator) >= asked(operator, before) + 20)
        took = time.monotonic() - began
        # Then it heeds Retry-After, which is a second: four workers and the Events' thread have one request each
        assert (asked(operator) - asked(operator, before)) / took < 15
        assert served(operator) == served(operator, before)
        assert operator.ready
        # And all is made, with few requests at a time, too
        throttle.release()
        for proxy in proxies:
            proxy.wait("Programmed")
        assert operator.ready


def change(proxy):
    """Something, so that the operator has to write."""
    seconds = int(proxy.spec["limits"].get("idleTimeout", "100s")[:-1])
    proxy.spec["limits"]["idleTimeout"] = f"{seconds + 1}s"
    proxy.apply()


def asked(operator, metrics=None):
    return (metrics or operator.metrics()).sum("api_requests_total")


def served(operator, metrics=None):
    return (metrics or operator.metrics()).sum("api_requests_total", verb="patch", code="200")


class Rival(threading.Thread):
    """Does something again and again, until stopped or done; what goes wrong there fails the test."""

    def __init__(self, act, times=10**9, every=0.1):
        super().__init__(daemon=True)
        self._act, self._times, self._every = act, times, every
        self._stopped = threading.Event()
        self._trouble = None
        self.acted = 0

    def run(self):
        try:
            while self.acted < self._times and not self._stopped.is_set():
                self._act(self.acted)
                self.acted += 1
                self._stopped.wait(self._every)
        except Exception as error:
            self._trouble = error

    def stop(self):
        self._stopped.set()
        self.finish()

    def finish(self, seconds=SECONDS):
        self.join(seconds)
        assert self._trouble is None and not self.is_alive(), self._trouble


def settle(operator):
    """Until it has nothing to do; the number of its writes so far."""
    wait_still(operator, seconds=2, patience=SECONDS)
    return operator.metrics().writes


def test_a_writer_of_the_same_fields_is_answered_once_each_time(api, namespace, audit, make_account, start_operator):
    account = make_account("operator")
    operator = start_operator(kubeconfig=account.kubeconfig).wait_ready()
    proxy = podless(api, namespace)
    proxy.apply()
    proxy.wait("Programmed")
    settle(operator)
    since = time.time()

    def deployment():
        spec = api.get("Deployment", "orders", namespace)["spec"]
        return spec["template"]["spec"]["terminationGracePeriodSeconds"], spec.get("minReadySeconds", 0)

    grace = deployment()[0]

    def overwrite(n):
        api.patch("ConfigMap", "orders-config", namespace, {"data": {"config.yaml": f"# {n}"}})
        template = {"spec": {"terminationGracePeriodSeconds": 1000 + n}}
        api.patch("Deployment", "orders", namespace, {"spec": {"template": template, "minReadySeconds": n}})
        foreign = {"type": "Audited", "status": "True", "reason": "Ours", "message": f"{n}"}
        foreign["lastTransitionTime"] = "2026-01-01T00:00:00Z"
        status = {"conditions": [foreign]}
        item = {"apiVersion": "kafkaproxy.dev/v1alpha1", "kind": KIND, "status": status}
        api.apply({**item, "metadata": {"name": "orders", "namespace": namespace}}, "auditor", subresource="status")
        proxy.spec["limits"]["idleTimeout"] = f"{100 + n}s"
        proxy.apply()

    rival = Rival(overwrite, times=30)
    rival.start()
    rival.finish()
    until("what is wanted is there", lambda: idle_timeout(api, namespace) == "129s", SECONDS)
    proxy.wait("Programmed")
    # Who is undone again and again puts it right more and more seldom
    until("what is wanted, and a field that nobody else wants", lambda: deployment() == (grace, 29), SECONDS)
    settle(operator)
    assert idle_timeout(api, namespace) == "129s"
    conditions = {c["type"]: c["message"] for c in proxy.get()["status"]["conditions"]}
    assert conditions["Audited"] == "29"
    writes = audit.writes(account.user, since)
    # Two changes of the ConfigMap in each round: ours to follow, theirs to undo
    assert 0 < sum(w.kind == "configmaps" for w in writes) <= 2 * 30 + 2, writes
    assert 0 < sum(w.kind == "deployments" for w in writes) <= 30 + 2, writes
    assert len(writes) <= 6 * 30, writes


def test_what_somebody_deletes_is_made_again(api, namespace, operator):
    proxy = podless(api, namespace)
    proxy.apply()
    proxy.wait("Programmed")
    wait_still(operator, seconds=1)
    for kind, name in (("ConfigMap", "orders-config"), ("Service", "orders"), ("Deployment", "orders")):
        before = api.get(kind, name, namespace)["metadata"]["uid"]
        api.delete(kind, name, namespace, propagationPolicy="Background")

        def another(kind=kind, name=name, before=before):
            there = api.find(kind, name, namespace)
            return there and there["metadata"]["uid"] != before

        until(f"another {kind}", another, SECONDS)


def test_a_lease_that_others_write_too_is_kept(api, namespace, make_account, start_operator):
    operator = start_operator("--leader-elect").wait_ready().wait_leading()
    lease = api.get("Lease", "kafkaproxy-operator", namespace)["spec"]

    def annotate(n):
        changes = {"metadata": {"annotations": {"by": f"{n}"}}}
        api.patch("Lease", "kafkaproxy-operator", namespace, changes)

    rival = Rival(annotate, every=0.2)
    rival.start()

    def renewed_in_spite():
        return operator.metrics().sum("api_requests_total", verb="update", code="409") >= 6

    # Each renewal meets a conflict, for longer than a leader may go without one
    until("six conflicts", renewed_in_spite, SECONDS)
    rival.stop()
    assert operator.leading
    now = api.get("Lease", "kafkaproxy-operator", namespace)["spec"]
    assert (now["holderIdentity"], now["leaseTransitions"]) == (lease["holderIdentity"], lease["leaseTransitions"])
    podless(api, namespace).apply()
    podless(api, namespace).wait("Programmed")


@pytest.fixture
def relay(control_plane):
    with Relay(control_plane.hub, (ADDRESS, PORT)) as running:
        yield running


def test_what_changes_while_its_connections_are_cut_is_in_force(api, namespace, relay, make_account, start_operator):
    account = make_account("operator", server=f"https://127.0.0.1:{relay.port}")
    operator = start_operator(kubeconfig=account.kubeconfig).wait_ready()
    proxy = podless(api, namespace)
    for n in range(10):
        proxy.spec["limits"]["idleTimeout"] = f"{100 + n}s"
        if n % 2:
            proxy.apply()
        until("there is something to cut", relay.cut)
        if not n % 2:
            proxy.apply()
    until("the last is in force", lambda: idle_timeout(api, namespace) == "109s", SECONDS)
    proxy.wait("Programmed")
    until("it is ready", lambda: operator.ready)
    assert operator.metrics().sum("watch_restarts_total", resource="kafkaproxies") > 0
    settle(operator)


def test_a_leader_that_stood_still_writes_nothing_more(api, namespace, audit, make_account, start_operator):
    first_user, second_user = make_account("first"), make_account("second")
    first = start_operator("--leader-elect", kubeconfig=first_user.kubeconfig, port=8080)
    first.wait_ready().wait_leading()
    second = start_operator("--leader-elect", kubeconfig=second_user.kubeconfig, port=8081).wait_ready()
    proxies = [podless(api, namespace, f"orders-{n}") for n in range(20)]
    for proxy in proxies:
        proxy.apply()
    for proxy in proxies:
        proxy.wait("Programmed")
    # Given a leader that stands still for longer than its lease
    first.child.signal(signal.SIGSTOP)
    try:
        second.wait_leading(15 + 5 + 5)
        for proxy in proxies:
            proxy.spec["limits"]["idleTimeout"] = "77s"
            proxy.apply()
        for proxy in proxies:
            proxy.wait("Programmed")
            assert idle_timeout(api, namespace, proxy.name) == "77s"
        # Changes that it will hear of first when it goes on, with much to put right as it sees it
        for proxy in proxies:
            api.delete("ConfigMap", f"{proxy.name}-config", namespace)
            until("the other put it right", lambda name=proxy.name: idle_timeout(api, namespace, name) == "77s")
    finally:
        since = time.time()
        first.child.signal(signal.SIGCONT)
    # Then it ends, for its pod to be started again as a follower
    until("it ended", lambda: not first.child.running())
    assert first.child.process.returncode == 3, first.child.tail()
    assert "is lost" in first.child.output()
    first.check()
    assert audit.writes(first_user.user, since) == []
    assert audit.writes(second_user.user), "the witness knows users"
    assert second.leading


def test_wrong_input_stops_nobody_else(api, kubelet, namespace, kafka, operator):
    bootstrap = kafka.bootstrap("PLAINTEXT")[:1]
    older = podless(api, namespace, "older")
    older.spec["routing"] = {"portOffset": {"base": 19092, "maxBrokerId": 9, "hostname": "kafka.example.com"}}
    older.apply()
    older.wait("Accepted")
    missing = KafkaProxy(api, kubelet, namespace, bootstrap, "missing")
    missing.spec["downstream"] = {"securityProtocol": "SASL_PLAINTEXT", "saslMechanisms": ["PLAIN"]}
    missing.spec["authSwap"] = {"downstreamCredentialsSecretRef": {"name": "nowhere"}}
    collides = KafkaProxy(api, kubelet, namespace, bootstrap, "younger")
    collides.spec["routing"] = older.spec["routing"]
    missing.apply()
    until("a second later: who is older is told by the second", lambda: int(time.time()) > created(older))
    collides.apply()
    missing.wait("ResolvedRefs", "False", "SecretNotFound")
    assert "older" in collides.wait("Accepted", "False", "Conflict")["message"]
    good = KafkaProxy(api, kubelet, namespace, bootstrap, "good")
    good.spec["replicas"] = 1
    good.apply()
    good.wait("Ready")
    assert [pod_page(pod)["generation"] for pod in good.pods()] == [good.get()["status"]["generation"]]
    # And a mistake costs no more than looking once
    assert operator.metrics().sum("reconciles_total", controller="kafkaproxy", result="error") == 0
    # What is put right is served
    missing.secret("nowhere", credentials="alice=first\n")
    missing.wait("ResolvedRefs")
    api.delete(KIND, "older", namespace)
    collides.wait("Accepted")


def created(proxy):
    stamp = proxy.get()["metadata"]["creationTimestamp"]
    return time.mktime(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone


def test_the_api_server_refuses_an_apply_that_would_overrule_the_operator(api, namespace, operator):
    """Who applies without force is told, and nothing is fought over."""
    proxy = podless(api, namespace)
    proxy.apply()
    proxy.wait("Programmed")
    before = settle(operator)
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "orders-config", "namespace": namespace}}
    with pytest.raises(ApiError) as refused:
        api.apply({**item, "data": {"config.yaml": "mine"}}, "somebody", force=False)
    assert (refused.value.status, refused.value.reason) == (409, "Conflict")
    assert settle(operator) == before


def test_what_changes_while_its_watches_are_silent_is_in_force(api, deaf):
    operator, proxy, silent_since = deaf
    left = silent_since + SILENCE + SECONDS - time.monotonic()
    wanted = proxy.spec["limits"]["idleTimeout"]
    until("the change is in force", lambda: idle_timeout(api, proxy.namespace) == wanted, left, every=0.5)
    proxy.wait("Programmed")
    assert operator.metrics().sum("api_requests_total", verb="watch", code="timeout") > 0
    assert operator.metrics().sum("watch_restarts_total", resource="kafkaproxies") > 0
    assert operator.ready
