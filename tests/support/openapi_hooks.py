"""What schemathesis is told: topics that it makes up become one that exists, so that no request waits in vain."""

import re

import schemathesis

TOPIC = "orders"
NAME = re.compile("[A-Za-z0-9._-]{1,249}")


def is_name(text):
    return isinstance(text, str) and NAME.fullmatch(text) and text not in (".", "..")


def rename(record):
    if isinstance(record, dict) and is_name(record.get("topic")):
        record["topic"] = TOPIC


@schemathesis.hook
def filter_case(context, case):
    """HTTP lets anybody send headers that nobody knows: these are no wrong requests."""
    return not any(name.lower().startswith("x-schemathesis") for name in case.headers or {})


@schemathesis.hook
def before_call(context, case, **_):
    if is_name((case.path_parameters or {}).get("topic")):
        case.path_parameters["topic"] = TOPIC
    if not isinstance(case.body, dict):
        return
    records = case.body.get("records")
    for record in records if isinstance(records, list) else [case.body]:
        rename(record)
