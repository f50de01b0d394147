"""From an edit to all pods that run it: of the KafkaProxy by kubectl, and of a Secret that it refers to."""

import json
import time

from fleet import HELD, Fleet
from statistic import spread


def measure_apply(world, changes):
    """Since when kubectl was started, and since it ended: when the API server has the change."""
    with world.operator() as operator:
        operator.wait_ready()
        fleet = Fleet(world, world.namespace("edited"))

        def change(number):
            value = f"{100_001 + number * 1000}ms"  # which no larger unit can say: the pods' page has it as it is here
            fleet.proxy.spec["limits"]["idleTimeout"] = value
            item = {
                "apiVersion": "kafkaproxy.dev/v1alpha1",
                "kind": "KafkaProxy",
                "metadata": {"name": fleet.proxy.name, "namespace": fleet.proxy.namespace},
                "spec": fleet.proxy.spec,
            }
            arguments = ("apply", "--server-side", "--force-conflicts", "-f", "-")
            began = time.monotonic()
            world.control_plane.kubectl(*arguments, given=json.dumps(item))
            return began, time.monotonic(), lambda page: f"idle_timeout: {value}" in page["config"]

        return _measure(fleet, changes, change)


def measure_secret(world, changes):
    with world.operator() as operator:
        operator.wait_ready()
        fleet = Fleet(world, world.namespace("rotated"), swap=True)

        def change(number):
            before = fleet.config(fleet.addresses[0])["generation"]
            began = time.monotonic()
            fleet.rotate("alice", f"secret-{number}")
            return began, time.monotonic(), lambda page: page["generation"] != before

        def check():
            for address in fleet.addresses:
                fleet.connect(address, "alice").close()

        return _measure(fleet, changes, change, check)


def _measure(fleet, changes, change, check=lambda: None):
    fleet.hold()
    pods, restarts = fleet.names(), fleet.restarts()
    whole, accepted, told = [], [], []
    for number in range(changes):
        began, taken, runs = change(number)
        done = fleet.wait(runs)
        whole.append(done - began)
        accepted.append(max(done - taken, 0.0))
        check()
        fleet.proxy.wait("Programmed")
        told.append(time.monotonic() - taken)
    assert fleet.names() == pods, "pods were replaced"
    out = {
        "changes": changes,
        "from_start_seconds": spread(whole),
        "from_accepted_seconds": spread(accepted),
        "until_status_seconds": spread(told),
        "restarts": fleet.restarts() - restarts,
        "connections_held": len(fleet.addresses) * HELD,
        "connections_dropped": fleet.dropped(),
    }
    fleet.let_go()
    return out
