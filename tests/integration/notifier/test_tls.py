"""The way to the mail server may be encrypted, and then only to the right one."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.notifier.answers import Trouble, Verdict
from services.notifier.compose import Letter
from services.notifier.smtp_pool import NoConnectionError, SmtpPool

LETTER = Letter(sender="r@example.org", recipient="ada@example.edu", message=b"Subject: x\r\n\r\nx\r\n")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate of 127.0.0.1: (file, file of its key)."""
    folder = tmp_path_factory.mktemp("certificate")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "post.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return files


@pytest.fixture
def tls(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


@pytest.fixture
def options(tls):
    """How the mail server is opened for each way."""
    return {"starttls": {"tls_context": tls, "require_starttls": True}, "tls": {"tls": tls}}


async def hand_over(settings):
    pool = SmtpPool(settings)
    async with pool.connection() as connection:
        answer = await connection.hand_over(LETTER)
    await pool.close()
    return answer


@pytest.mark.parametrize("way", ["starttls", "tls"])
async def test_mails_go_encrypted(open_post_office, settings, options, certificate, way):
    office = await open_post_office(**options[way])
    answer = await hand_over(settings(smtp_port=office.port, smtp_tls=way, smtp_ca_file=str(certificate[0])))
    assert answer.verdict is Verdict.SENT
    assert office.recipients == ["ada@example.edu"]


async def test_signing_in_works_over_an_encrypted_way(open_post_office, settings, options, certificate):
    def let_in(server, session, envelope, mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"rollcall", b"right"))

    office = await open_post_office(**options["starttls"], auth_required=True, authenticator=let_in)
    account = {"smtp_username": "rollcall", "smtp_password": "right", "smtp_ca_file": str(certificate[0])}
    answer = await hand_over(settings(smtp_port=office.port, smtp_tls="starttls", **account))
    assert answer.verdict is Verdict.SENT


@pytest.mark.parametrize("way", ["starttls", "tls"])
async def test_a_server_that_cannot_prove_who_it_is_gets_no_mail(open_post_office, settings, options, way):
    office = await open_post_office(**options[way])
    with pytest.raises(NoConnectionError) as refused:
        await hand_over(settings(smtp_port=office.port, smtp_tls=way))
    assert refused.value.trouble is Trouble.SETTINGS
    assert office.recipients == []


async def test_a_server_without_starttls_gets_no_mail_in_the_clear(open_post_office, settings):
    office = await open_post_office()
    with pytest.raises(NoConnectionError) as refused:
        await hand_over(settings(smtp_port=office.port, smtp_tls="starttls"))
    assert refused.value.trouble is Trouble.SETTINGS
