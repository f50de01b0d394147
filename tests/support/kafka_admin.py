"""What the harness has to make in a cluster, without a client library in between: topics, rights to them, users."""

import os
import struct

import kafka_sasl
import kafka_wire

_TOPIC_RESOURCE, _LITERAL, _ALL_OPERATIONS, _ALLOW = 2, 3, 2, 3
_ITERATIONS = 4096  # the least that Kafka takes


def _string(text):
    return struct.pack(">h", len(text)) + text.encode()


def _compact(data):
    """Shorter than 127 bytes, so that its length is one byte."""
    return bytes([len(data) + 1]) + data


def create_topic(sock, name, partitions, replicas=-1, configs=None, seconds=30):
    """CreateTopics version 4, with the broker's defaults for all else, and for -1."""
    topic = _string(name) + struct.pack(">ihii", partitions, replicas, 0, len(configs or {}))
    topic += b"".join(_string(key) + _string(str(value)) for key, value in (configs or {}).items())
    sock.sendall(
        kafka_wire.request(19, 4, 11, struct.pack(">i", 1) + topic + struct.pack(">i?", seconds * 1000, False))
    )
    sock.settimeout(seconds + 5)
    answer = kafka_wire.Reader(kafka_wire.read_frame(sock)[1])
    answer.number("i")  # throttle time
    for _ in range(answer.number("i")):
        answer.string()
        code, message = answer.number("h"), answer.string()
        if code != 0:
            raise RuntimeError(f"topic {name}: error {code}: {message}")


def delete_records(sock, name, partition, offset, seconds=30):
    """DeleteRecords version 1, at the leader; -1: all that there is. As retention does it: the log begins at `offset`."""
    body = struct.pack(">i", 1) + _string(name) + struct.pack(">iiq", 1, partition, offset)
    sock.sendall(kafka_wire.request(21, 1, 14, body + struct.pack(">i", seconds * 1000)))
    sock.settimeout(seconds + 5)
    answer = kafka_wire.Reader(kafka_wire.read_frame(sock)[1])
    answer.number("i")  # throttle time
    for _ in range(answer.number("i")):
        answer.string()
        for _ in range(answer.number("i")):
            answer.number("i"), answer.number("q")  # partition, where the log begins now
            if (code := answer.number("h")) != 0:
                raise RuntimeError(f"records of {name}-{partition}: error {code}")


def allow_topic_only(sock, topic, principal):
    """CreateAcls version 1: from the first right on, whoever has none may not use the topic."""
    right = struct.pack(">b", _TOPIC_RESOURCE) + _string(topic) + struct.pack(">b", _LITERAL)
    right += _string(principal) + _string("*") + struct.pack(">bb", _ALL_OPERATIONS, _ALLOW)
    sock.sendall(kafka_wire.request(30, 1, 12, struct.pack(">i", 1) + right))
    answer = kafka_wire.Reader(kafka_wire.read_frame(sock)[1])
    answer.number("i")  # throttle time
    for _ in range(answer.number("i")):
        code, message = answer.number("h"), answer.string()
        if code != 0:
            raise RuntimeError(f"right of {principal} to {topic}: error {code}: {message}")


def make_scram_user(sock, user, password):
    """AlterUserScramCredentials version 0, which has compact lengths and tagged fields; once for each SCRAM mechanism,
    since a request may name a user only once."""
    for number, mechanism in enumerate(kafka_sasl.SCRAM, start=1):
        salt = os.urandom(16)
        salted = kafka_sasl.salted_password(mechanism, password, salt, _ITERATIONS)
        wanted = _compact(user.encode()) + struct.pack(">bi", number, _ITERATIONS) + _compact(salt) + _compact(salted)
        # The first byte ends the header of version 2; then nobody to delete, and one to make.
        sock.sendall(kafka_wire.request(51, 0, 13, b"\0" + b"\1" + b"\2" + wanted + b"\0" + b"\0"))
        _, answer = kafka_wire.read_frame(sock)
        at = 1 + 4 + 1  # the header's tagged fields, throttle time, number of results
        (code,) = struct.unpack_from(">h", answer, at + answer[at])  # behind the user: length plus one, then the text
        if code != 0:
            raise RuntimeError(f"SCRAM user {user}: error {code}")
