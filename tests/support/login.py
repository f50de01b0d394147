"""How a client introduces itself, to the proxy or to a broker, and how each client family is told so."""

import base64
import secrets
from dataclasses import dataclass

# All that were ever given out in this run.
SECRETS = set()


def secret(name):
    """A password that can be found again wherever it should not be."""
    return remembered(f"{name}-{secrets.token_hex(12)}")


def remembered(text):
    SECRETS.add(text)
    return text


def traces(text):
    """What gives a secret away: itself, in hex, and in base64 wherever it may stand in what was encoded."""
    data = text.encode()
    found = {text, data.hex(), data.hex().upper()}
    for before in range(3):
        # Three bytes make four digits; those at the edges hold bits of the neighbours too.
        shifted = base64.b64encode(b"\0" * before + data)
        digits = (before + len(data)) * 4 // 3
        found.add(shifted[-(-before * 4 // 3) : digits].decode())
    return found


@dataclass(frozen=True)
class Login:
    protocol: str = "PLAINTEXT"  # PLAINTEXT | SASL_PLAINTEXT | SSL | SASL_SSL
    mechanism: str | None = None
    user: str | None = None
    password: str | None = None
    cert: str | None = None  # a client certificate's name in Certs

    def __str__(self):
        parts = [self.protocol.lower()]
        if self.mechanism:
            parts.append(self.mechanism.removeprefix("SCRAM-").replace("-", "").lower())
        return "-".join([*parts, "mtls"] if self.cert else parts)

    @property
    def tls(self):
        return self.protocol.endswith("SSL")

    @property
    def sasl(self):
        return self.protocol.startswith("SASL")

    def java(self, certs):
        """For a .properties file."""
        settings = {"security.protocol": self.protocol}
        if self.tls:
            settings |= {"ssl.truststore.type": "PEM", "ssl.truststore.location": str(certs.ca)}
        if self.cert:
            store = getattr(certs, f"{self.cert}_store")
            settings |= {"ssl.keystore.type": "PEM", "ssl.keystore.location": str(store)}
        if self.sasl:
            module = "scram.ScramLoginModule" if self.mechanism.startswith("SCRAM") else "plain.PlainLoginModule"
            jaas = f'org.apache.kafka.common.security.{module} required username="{self.user}" '
            settings |= {"sasl.mechanism": self.mechanism, "sasl.jaas.config": f'{jaas}password="{self.password}";'}
        return settings

    def librdkafka(self, certs):
        settings = {"security.protocol": self.protocol.lower()}
        if self.tls:
            settings["ssl.ca.location"] = str(certs.ca)
        if self.cert:
            settings["ssl.certificate.location"] = str(getattr(certs, self.cert))
            settings["ssl.key.location"] = str(getattr(certs, f"{self.cert}_key"))
        if self.sasl:
            settings |= {"sasl.mechanism": self.mechanism, "sasl.username": self.user, "sasl.password": self.password}
        return settings


def write_properties(path, settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return path
