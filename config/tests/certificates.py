"""Certificates for servers that speak TLS: good ones, and what is wrong with others."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = timedelta(days=1)


class Authority:
    """Somebody who signs certificates; `pem` is what trusts them."""

    def __init__(self, name="Somebody's authority"):
        self.name = _name(name)
        self.key = ec.generate_private_key(ec.SECP256R1())
        is_authority = x509.BasicConstraints(ca=True, path_length=None)
        builder = _builder(self.name, self.name, self.key, until=datetime.now(UTC) + DAY)
        certificate = builder.add_extension(is_authority, critical=True)
        self.pem = _pem(certificate.sign(self.key, hashes.SHA256()))

    def certificate(self, name, *, expired=False):
        """A certificate for the host with this name."""
        key = ec.generate_private_key(ec.SECP256R1())
        until = datetime.now(UTC) + (-DAY if expired else DAY)
        builder = _builder(_name(name), self.name, key, until=until)
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        signed = builder.add_extension(names, critical=False).sign(self.key, hashes.SHA256())
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return Certificate(_pem(signed), private)


class Certificate(NamedTuple):
    pem: bytes
    key: bytes

    def write(self, folder):
        """Write the files, and return PgBouncer's settings that name them."""
        (folder / "server.crt").write_bytes(self.pem)
        (folder / "server.key").write_bytes(self.key)
        return {
            "client_tls_cert_file": folder / "server.crt",
            "client_tls_key_file": folder / "server.key",
        }


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject, issuer, key, *, until):
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(until - 3 * DAY)
        .not_valid_after(until)
    )


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)
