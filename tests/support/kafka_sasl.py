"""The client's side of a SASL login by hand: for the harness, and for tests of what a client library would never do."""

import base64
import hashlib
import hmac
import os
import struct

import kafka_wire
from login import remembered

MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")
SCRAM = MECHANISMS[1:]


class Refused(ConnectionError):
    """The other side answered the login with an error of Kafka's."""

    def __init__(self, code, message=None):
        super().__init__(f"error {code}: {message}")
        self.code = code
        self.message = message


def hash_name(mechanism):
    return mechanism.removeprefix("SCRAM-").replace("-", "").lower()


def salted_password(mechanism, password, salt, iterations):
    return hashlib.pbkdf2_hmac(hash_name(mechanism), password.encode(), salt, iterations)


def _exchange(sock, api, version, body, correlation):
    sock.sendall(kafka_wire.request(api, version, correlation, body))
    answered, rest = kafka_wire.read_frame(sock)
    if answered != correlation:
        raise ConnectionError(f"correlation id {answered} for {correlation}")
    return kafka_wire.Reader(rest)


def handshake(sock, mechanism, version=1):
    """The mechanisms that the other side has."""
    name = mechanism.encode()
    answer = _exchange(sock, 17, version, struct.pack(">h", len(name)) + name, 101)
    code = answer.number("h")
    mechanisms = answer.array(answer.string)
    if code != 0:
        raise Refused(code, f"enabled are {mechanisms}")
    return mechanisms


def authenticate(sock, token):
    """One token: (the other side's token, session lifetime in ms)."""
    answer = _exchange(sock, 36, 1, struct.pack(">i", len(token)) + token, 102)
    code, message = answer.number("h"), answer.string()
    if code != 0:
        raise Refused(code, message)
    size = answer.number("i")
    token = answer.data[answer.at : answer.at + size]
    answer.at += size
    return token, answer.number("q")


def login(sock, mechanism, user, password):
    """A whole login; the session's lifetime in ms. Raises Refused."""
    handshake(sock, mechanism)
    if mechanism == "PLAIN":
        return authenticate(sock, f"\0{user}\0{password}".encode())[1]
    nonce = base64.b64encode(os.urandom(18)).decode()
    first = f"n={user},r={nonce}"
    server_first, _ = authenticate(sock, f"n,,{first}".encode())
    fields = dict(part.split("=", 1) for part in server_first.decode().split(","))
    salted = salted_password(mechanism, password, base64.b64decode(fields["s"]), int(fields["i"]))

    def sign(key, text):
        return hmac.digest(key, text, hash_name(mechanism))

    final = f"c=biws,r={fields['r']}"
    signed = f"{first},{server_first.decode()},{final}".encode()
    client_key = sign(salted, b"Client Key")
    stored_key = hashlib.new(hash_name(mechanism), client_key).digest()
    proof = bytes(a ^ b for a, b in zip(client_key, sign(stored_key, signed)))
    answer, lifetime = authenticate(sock, f"{final},p={base64.b64encode(proof).decode()}".encode())
    signature = base64.b64encode(sign(sign(salted, b"Server Key"), signed))
    if answer != b"v=" + signature:
        raise ConnectionError("the server's signature is wrong")
    return lifetime


def verifier(mechanism, password, iterations=4096):
    """What the proxy's configuration may hold instead of a password."""
    salt = os.urandom(16)
    salted = salted_password(mechanism, password, salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", hash_name(mechanism))
    stored_key = hashlib.new(hash_name(mechanism), client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", hash_name(mechanism))
    salt, stored_key, server_key = (base64.b64encode(part).decode() for part in (salt, stored_key, server_key))
    return f"{mechanism}${iterations}:{salt}${remembered(stored_key)}:{remembered(server_key)}"
