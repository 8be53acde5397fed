"""A certificate authority of a test: PEM files for servers, and one for those who trust them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


class Authority:
    """Its certificate stands in `ca_file`. What it signs is good for a day."""

    def __init__(self, folder: Path, name: str = "Test authority") -> None:
        self._folder, self._name = folder, _named(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.ca_file = folder / f"{name.replace(' ', '-')}.pem"
        may_sign = x509.BasicConstraints(ca=True, path_length=0)
        self.ca_file.write_bytes(
            _pem(
                self._certificate(self._name, self._key)
                .add_extension(may_sign, critical=True)
                .sign(self._key, hashes.SHA256())
            )
        )

    def certificate(self, names: Sequence[str]) -> tuple[Path, Path]:
        """A new certificate for these host names and addresses, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        of_names = x509.SubjectAlternativeName([_general(name) for name in names])
        made = self._certificate(_named(names[0]), key).add_extension(of_names, critical=False)
        certificate, private = (self._folder / f"{names[0]}.{what}.pem" for what in ("certificate", "key"))
        certificate.write_bytes(_pem(made.sign(self._key, hashes.SHA256())))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        private.chmod(0o600)
        return certificate, private

    def _certificate(self, subject: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - _DAY).not_valid_after(now + _DAY)
        )  # fmt: skip


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
