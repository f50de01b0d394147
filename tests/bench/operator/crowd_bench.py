"""Many KafkaProxies: from a cold start to all reconciled; what it costs; what is written when nothing changes."""

import time

from crowd import Crowd
from operators import wait_still
from waiting import until
from world import cpu_seconds, memory


def measure(world, count, quiet_seconds, replicas=0):
    namespaces = [world.namespace(f"crowd-{n}") for n in range(10)]
    crowd = Crowd(world.api, namespaces, count, replicas)
    crowd.apply()
    out = {"kafkaproxies": count, "replicas": replicas}
    began, control_plane = time.monotonic(), world.control_plane_cpu_seconds()
    with world.operator() as operator:
        pid = operator.child.pid
        operator.wait_ready()
        out["cold"] = _to_reconciled(operator, crowd, count, began)
        out["cold"]["control_plane_cpu_seconds"] = round(world.control_plane_cpu_seconds() - control_plane, 1)
        out["cold"]["rss_mib"], out["cold"]["rss_peak_mib"] = memory(pid)
        before, cpu = operator.metrics(), cpu_seconds(pid)
        time.sleep(quiet_seconds)
        after = operator.metrics()
        out["quiet"] = {
            "seconds": quiet_seconds,
            "writes": after.writes - before.writes,
            "reads": after.sum("api_requests_total", verb=("get", "list"))
            - before.sum("api_requests_total", verb=("get", "list")),
            "cpu_seconds": round(cpu_seconds(pid) - cpu, 2),
            "rss_mib": memory(pid)[0],
        }
    began = time.monotonic()
    with world.operator() as operator:
        operator.wait_ready()
        out["restart"] = _to_reconciled(operator, crowd, count, began)
        out["restart"]["rss_mib"], out["restart"]["rss_peak_mib"] = memory(operator.child.pid)
    for namespace in namespaces:
        world.api.delete("Namespace", namespace)
    return out


def _to_reconciled(operator, crowd, count, began):
    ended = wait_still(operator, count)
    until("all are reconciled", lambda: not crowd.behind(), 60)
    now = operator.metrics()
    return {
        "seconds": round(ended - began, 1),
        "cpu_seconds": round(cpu_seconds(operator.child.pid), 1),
        "writes": now.writes,
        "reconciles": now.sum("reconciles_total", controller="kafkaproxy"),
    }
