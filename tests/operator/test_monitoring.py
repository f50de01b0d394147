"""Alerts and dashboard speak of metrics that exist, and the documentation knows them."""

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "deploy" / "monitoring"
METRIC = re.compile(r"\b((?:kafka_proxy|process)_[a-z_]+)\b")
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def documented():
    return set(METRIC.findall((ROOT / "docs" / "metrics.md").read_text()))


def alerts():
    groups = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels():
    return [panel for panel in json.loads((MONITORING / "dashboard.json").read_text())["panels"] if "targets" in panel]


def expressions():
    for rule in alerts():
        yield pytest.param(rule["expr"], id=rule["alert"])
    for panel in panels():
        for target in panel["targets"]:
            yield pytest.param(target["expr"], id=f"{panel['title']}-{target['refId']}")


@pytest.mark.parametrize("expression", list(expressions()))
def test_every_metric_is_documented(expression):
    named = set(METRIC.findall(expression))
    assert named, "asks for no metric of ours"
    assert not {name for name in named if SUFFIX.sub("", name) not in documented()}


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_every_alert_says_how_bad_it_is_and_what_to_do(rule):
    assert rule["labels"]["severity"] in ("warning", "critical")
    assert rule["annotations"]["summary"] and rule["annotations"]["description"]


def test_panels_have_different_ids():
    ids = [panel["id"] for panel in json.loads((MONITORING / "dashboard.json").read_text())["panels"]]
    assert len(ids) == len(set(ids))


def test_what_matters_has_an_alert():
    asked = " ".join(rule["expr"] for rule in alerts())
    for metric in (
        "kafka_proxy_config_last_reload_successful",
        "kafka_proxy_certificate_expiry_seconds",
        "kafka_proxy_broker_reachable",
        "kafka_proxy_auth_total",
        "kafka_proxy_responses_leaked_total",
        "kafka_proxy_operator_reconciles_total",
    ):
        assert metric in asked
