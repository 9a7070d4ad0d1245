"""Certificates of OPC UA applications: made, kept, compared (OPC 10000-6, 6.2.2)."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from lineshaft.core.errors import EnvironmentFailed, UsageError
from lineshaft.core.private import require_private

FINGERPRINT = "sha256:"
_VALID = timedelta(days=5 * 365)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an application is: its certificate and private key (PEM files), and the URI in the certificate."""

    certificate: Path
    private_key: Path
    application_uri: str


def own_identity(pki: Path, name: str = "lineshaft") -> Identity:
    """The identity in ``pki/own``; a self-signed one is made on first use (key readable by its owner)."""
    certificate, key = pki / "own" / "cert.pem", pki / "own" / "key.pem"
    if not certificate.is_file() or not key.is_file():
        make_identity(certificate, key, f"urn:{socket.gethostname()}:{name}", name)
    return load_identity(certificate, key)


def load_identity(certificate: Path, private_key: Path) -> Identity:
    """Check that both files are there and read the application URI; ``UsageError`` names the bad file, ``Refused`` a
    key that others can read.
    """
    if not private_key.is_file():
        raise UsageError("no such private key", where=str(private_key), do="give the path of a PEM file")
    require_private(private_key, "the private key")
    found = read_certificate(certificate)
    try:
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        uri = names.get_values_for_type(x509.UniformResourceIdentifier)[0]
    except (x509.ExtensionNotFound, IndexError):
        raise UsageError("the certificate names no application URI", where=str(certificate),
                         do="use an OPC UA application certificate, or let Lineshaft make one") from None
    return Identity(certificate, private_key, uri)


def make_identity(certificate: Path, private_key: Path, application_uri: str, name: str) -> None:
    """Write a self-signed RSA-2048 application certificate and its key."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                            serialization.NoEncryption())
    signed = _self_signed(key, application_uri, name).public_bytes(serialization.Encoding.PEM)
    try:
        for path, content, mode in ((private_key, pem, 0o600), (certificate, signed, 0o644)):
            path.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
                file.write(content)
    except OSError as error:
        raise EnvironmentFailed(f"cannot write a certificate: {error.strerror}", where=str(error.filename),
                                do="make the folder writable or name another one") from None


def _self_signed(key: rsa.RSAPrivateKey, application_uri: str, name: str) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name),
                         x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lineshaft")])
    names = [x509.UniformResourceIdentifier(application_uri), x509.DNSName(socket.gethostname()),
             x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    usage = x509.KeyUsage(digital_signature=True, content_commitment=True, key_encipherment=True,
                          data_encipherment=True, key_agreement=False, key_cert_sign=True, crl_sign=False,
                          encipher_only=False, decipher_only=False)
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH])
    public = key.public_key()
    return (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + _VALID)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=True).add_extension(purposes, critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
            .sign(key, hashes.SHA256()))


def read_certificate(path: Path) -> x509.Certificate:
    """A certificate from a PEM or DER file."""
    try:
        content = path.read_bytes()
        if content.startswith(b"-----"):
            return x509.load_pem_x509_certificate(content)
        return x509.load_der_x509_certificate(content)
    except OSError as error:
        raise UsageError(f"cannot read the certificate: {error.strerror}", where=str(path)) from None
    except ValueError:
        raise UsageError("not a certificate in PEM or DER", where=str(path)) from None


def fingerprint(certificate: x509.Certificate | bytes) -> str:
    """``sha256:`` and the hexadecimal digest of the DER form: how a certificate is pinned."""
    if isinstance(certificate, x509.Certificate):
        certificate = certificate.public_bytes(serialization.Encoding.DER)
    return FINGERPRINT + hashlib.sha256(certificate).hexdigest()


def first_of(chain: bytes) -> bytes:
    """The application's own certificate out of a chain of them, in DER."""
    return chain[:int.from_bytes(chain[2:4], "big") + 4]


def trusted_fingerprints(pki: Path | None, pinned: tuple[str, ...]) -> frozenset[str]:
    """Pinned fingerprints, and those of every certificate in ``pki/trusted``."""
    for pin in pinned:
        if not pin.startswith(FINGERPRINT) or len(pin) != len(FINGERPRINT) + 64:
            raise UsageError(f"{pin!r} is not a certificate fingerprint",
                             do=f"write {FINGERPRINT} and 64 hexadecimal digits")
    folder = pki / "trusted" if pki else None
    files = sorted(folder.iterdir()) if folder and folder.is_dir() else []
    certificates = [file for file in files if file.suffix.lower() in (".pem", ".der", ".crt", ".cer")]
    kept = {fingerprint(read_certificate(file)) for file in certificates}
    return frozenset({pin.lower() for pin in pinned} | kept)


def keep_rejected(pki: Path | None, der: bytes) -> Path | None:
    """Put an untrusted certificate into ``pki/rejected``; a person may move it to ``pki/trusted``."""
    if pki is None:
        return None
    path = pki / "rejected" / f"{fingerprint(der).removeprefix(FINGERPRINT)[:16]}.der"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(der)
    except OSError:
        return None  # the refusal itself is what counts; the fingerprint in it is enough to pin
    return path


def require_valid(certificate: x509.Certificate, where: str) -> None:
    """``EnvironmentFailed`` for a server's certificate that is not valid now."""
    now = datetime.now(UTC)
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if now > end:
        raise EnvironmentFailed(f"the server's certificate expired on {end:%Y-%m-%d}", where=where,
                                do="have it renewed")
    if now < start:
        raise EnvironmentFailed(f"the server's certificate is valid from {start:%Y-%m-%d} only", where=where,
                                do="check the clocks of both machines")
