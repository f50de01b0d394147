"""Certificates for the tests, made by the openssl command: one CA, and a certificate with key for every role."""

import fcntl
import shutil
import subprocess
from pathlib import Path

BROKER_NAMES = [f"broker-{n}.kafka.internal" for n in range(10)] + ["localhost"]
PROXY_NAMES = ["*.kafka.example.com", "kafka.example.com", "localhost"]

# A folder made by an earlier list of certificates is made anew.
EDITION = "4"


def _openssl(*argv, given=None):
    done = subprocess.run(["openssl", *map(str, argv)], input=given, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {argv[0]}: {done.stderr.strip()}")


def _ca_subject(name):
    return f"/CN=kafkaproxy tests {name}"


class Certs:
    """Paths of PEM files. Keys are PKCS #8 without password, as Kafka's PEM key stores want them.

    `NAME.pem` holds the certificate, `NAME_key.pem` the key and `NAME_store.pem` both (Kafka's ssl.keystore.location).
    Clients: client1, client2 and person (a subject of several parts) are good; expired, revoked (in crl.pem),
    stranger (of other_ca) and impostor (of a CA that bears our CA's name) are not. `upstream` is for the proxy as the
    brokers' client.
    """

    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            complete = self.directory / ".complete"
            if not complete.exists() or complete.read_text() != EDITION:
                self._make_all()
                complete.write_text(EDITION)

    def __getattr__(self, name):
        """certs.ca, certs.proxy, certs.proxy_key, certs.client_store..."""
        path = self.directory / f"{name}.pem"
        if name.startswith("_") or not path.exists():
            raise AttributeError(name)
        return path

    def _make_all(self):
        self._make_ca("ca")
        self._make_ca("other_ca")
        # A client keeps a certificate to itself when the server names another issuer; so one that is to be refused for
        # its issuer has to look like ours.
        self._make_ca("impostor_ca", subject=_ca_subject("ca"))
        self.make("broker", BROKER_NAMES, ["127.0.0.1"])
        self.make("proxy", PROXY_NAMES, ["127.0.0.1"])
        for ours, as_generated in (("proxy", "server"), ("proxy_key", "server_key")):  # the examples' names
            link = Path(self._path(as_generated))
            link.unlink(missing_ok=True)
            link.symlink_to(f"{ours}.pem")
        for client in ("client", "client1", "client2", "upstream", "revoked"):
            self.make(client, [])
        self.make("person", [], subject="/O=Example/OU=Research/CN=Ada Lovelace")
        self.make("expired", [], days=-1)
        self.make("stranger", [], issuer="other_ca")
        self.make("impostor", [], issuer="impostor_ca")
        self.make_crl("crl", ["revoked"])

    def make_crl(self, name, revoked):
        """A list of our CA's. `openssl ca` wants a folder with its books; nobody needs them after the list is made."""
        books = self.directory / "books"
        shutil.rmtree(books, ignore_errors=True)
        books.mkdir()
        (books / "index.txt").touch()
        config = books / "ca.cnf"
        config.write_text(f"[ca]\ndefault_ca = own\n[own]\ndatabase = {books}/index.txt\ndefault_md = sha256\n")
        signer = ["ca", "-config", config, "-cert", self._path("ca"), "-keyfile", self._path("ca_key")]
        for certificate in revoked:
            _openssl(*signer, "-revoke", self._path(certificate))
        _openssl(*signer, "-gencrl", "-crldays", 3650, "-out", self._path(name))
        shutil.rmtree(books)

    def _make_ca(self, name, subject=None):
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
            subject or _ca_subject(name),
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
            "-keyout",
            self._path(f"{name}_key"),
            "-out",
            self._path(name),
        )

    def make(self, name, dns_names, addresses=(), issuer="ca", days=3650, subject=None):
        """A certificate for servers and clients, signed by `issuer`; an existing one of this name is replaced. Negative
        days: it has expired."""
        request = self.directory / f"{name}.csr"
        _openssl(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            subject or f"/CN={name}",
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

    def lock(self, name, password):
        """`NAME_locked_key.pem`: its key, encrypted with a password."""
        locked = self._path(f"{name}_locked_key")
        key = self._path(f"{name}_key")
        _openssl("pkcs8", "-topk8", "-in", key, "-out", locked, "-passout", "stdin", given=password + "\n")
        return locked

    def _path(self, name):
        return self.directory / f"{name}.pem"
