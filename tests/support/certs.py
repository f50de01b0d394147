"""Certificates for the tests, made by the openssl command: one CA, and a certificate with key for every role."""

import fcntl
import subprocess
from pathlib import Path

BROKER_NAMES = [f"broker-{n}.kafka.internal" for n in range(10)] + ["localhost"]
PROXY_NAMES = ["*.kafka.example.com", "kafka.example.com", "localhost"]


def _openssl(*argv, given=None):
    done = subprocess.run(["openssl", *map(str, argv)], input=given, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {argv[0]}: {done.stderr.strip()}")


class Certs:
    """Paths of PEM files. Keys are PKCS #8 without password, as Kafka's PEM key stores want them.

    `NAME.pem` holds the certificate, `NAME_key.pem` the key and `NAME_store.pem` both (Kafka's ssl.keystore.location).
    """

    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (self.directory / ".complete").exists():
                self._make_all()
                (self.directory / ".complete").touch()

    def __getattr__(self, name):
        """certs.ca, certs.proxy, certs.proxy_key, certs.client_store..."""
        path = self.directory / f"{name}.pem"
        if name.startswith("_") or not path.exists():
            raise AttributeError(name)
        return path

    def _make_all(self):
        self._make_ca("ca")
        self._make_ca("other_ca")
        self.make("broker", BROKER_NAMES, ["127.0.0.1"])
        self.make("proxy", PROXY_NAMES, ["127.0.0.1"])
        self.make("client", [])
        self.make("stranger", [], issuer="other_ca")

    def _make_ca(self, name):
        _openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            3650,
            "-subj",
            f"/CN=kafkaproxy tests {name}",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout",
            self._path(f"{name}_key"),
            "-out",
            self._path(name),
        )

    def make(self, name, dns_names, addresses=(), issuer="ca", days=3650):
        """A certificate for servers and clients, signed by `issuer`; an existing one of this name is replaced."""
        request = self.directory / f"{name}.csr"
        _openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            f"/CN={name}",
            "-keyout",
            self._path(f"{name}_key"),
            "-out",
            request,
        )
        names = [f"DNS:{dns}" for dns in dns_names] + [f"IP:{address}" for address in addresses]
        extensions = "extendedKeyUsage=serverAuth,clientAuth\n" + (
            f"subjectAltName={','.join(names)}\n" if names else ""
        )
        _openssl(
            "x509",
            "-req",
            "-in",
            request,
            "-CA",
            self._path(issuer),
            "-CAkey",
            self._path(f"{issuer}_key"),
            "-CAcreateserial",
            "-days",
            days,
            "-extfile",
            "/dev/stdin",
            "-out",
            self._path(name),
            given=extensions,
        )
        store = self._path(f"{name}_key").read_text() + self._path(name).read_text()
        self._path(f"{name}_store").write_text(store)
        request.unlink()

    def _path(self, name):
        return self.directory / f"{name}.pem"
