"""A leader is killed: how long until the other acts."""

import contextlib
import time

from custom_resource import KafkaProxy
from statistic import spread
from waiting import until

LEASE_SECONDS = 15
NOWHERE = ["broker-1.kafka.internal:9092"]


def measure(world, kills):
    space = world.namespace("led")
    proxy = KafkaProxy(world.api, None, space, NOWHERE)
    proxy.spec["replicas"] = 0

    def in_force(text):
        return text in world.api.get("ConfigMap", "orders-config", space)["data"]["config.yaml"]

    beyond = []
    with contextlib.ExitStack() as stack:

        def start(number):
            made = world.operator("--leader-elect", port=8080 + number % 2, space=space)
            return stack.enter_context(made).wait_ready()

        leader = start(0).wait_leading()
        proxy.apply()
        proxy.wait("Programmed")
        for number in range(1, kills + 1):
            follower = start(number)
            # At another moment of the lease's two seconds each time
            time.sleep(1 + 2 * number / kills)
            killed = time.monotonic()
            leader.child.kill()
            proxy.spec["limits"]["idleTimeout"] = f"{100 + number}s"
            proxy.apply()
            text = f"idle_timeout: {100 + number}s"
            until("the other acts", lambda wanted=text: in_force(wanted), 60, every=0.02)
            beyond.append(time.monotonic() - killed - LEASE_SECONDS)
            leader = follower
    return {"kills": kills, "lease_seconds": LEASE_SECONDS, "beyond_lease_seconds": spread(beyond)}
