"""The certificates a node begins with: TLS for its gateway, and the seal on its bags.

Two small authorities a country, since they live differently: the TLS one is pinned in the trust
directory and renews a server certificate every 90 days; the bag-seal one vouches for the
signature that a court checks in twenty years. All fields that RFC 5280 demands are there, since
Python 3.13 and later refuse certificates without them.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

TLS_CA_LIFE = timedelta(days=5 * 365)
TLS_LIFE = timedelta(days=90)
SEAL_CA_LIFE = timedelta(days=20 * 365 + 5)
SEAL_LIFE = timedelta(days=10 * 365 + 2)
BACKDATED = timedelta(minutes=5)  # for clocks that are a little behind
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        """The private key in PEM (PKCS #8, not encrypted)."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def tls_authority(name: str, now: datetime) -> Certificate:
    """Make the authority whose server certificates peers and clients of a node accept."""
    return _authority(name, ec.SECP256R1(), now=now, life=TLS_CA_LIFE)


def server_certificate(issuer: Certificate, hosts: tuple[str, ...], now: datetime) -> Certificate:
    """Make a server certificate for loopback and the given host names or addresses."""
    names = [_general_name(host) for host in dict.fromkeys((*hosts, *LOOPBACK))]
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _leaf(issuer, hosts[0], key=key, now=now, life=TLS_LIFE)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    builder = builder.add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False
    )
    return Certificate(builder.sign(issuer.key, hashes.SHA256()), key)


def seal_authority(name: str, now: datetime) -> Certificate:
    """Make the authority that stands in the member document for the country's bag seals."""
    return _authority(name, ec.SECP384R1(), now=now, life=SEAL_CA_LIFE)


def seal_certificate(issuer: Certificate, name: str, now: datetime) -> Certificate:
    """Make the certificate that signs tag manifests; `openssl cms` wants e-mail protection."""
    key = ec.generate_private_key(ec.SECP384R1())
    builder = _leaf(issuer, name, key=key, now=now, life=SEAL_LIFE)
    builder = builder.add_extension(
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False
    )
    return Certificate(builder.sign(issuer.key, hashes.SHA384()), key)


def _authority(
    name: str, curve: ec.EllipticCurve, *, now: datetime, life: timedelta
) -> Certificate:
    key = ec.generate_private_key(curve)
    subject = _name(name)
    builder = _begin(subject, subject, key=key, now=now, life=life)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs=False), critical=True)
    return Certificate(builder.sign(key, hashes.SHA384()), key)


def _leaf(
    issuer: Certificate,
    name: str,
    *,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    return (
        _begin(_name(name), issuer.certificate.subject, key=key, now=now, life=life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(authority, critical=False)
    )


def _begin(
    subject: x509.Name,
    issuer: x509.Name,
    *,
    key: ec.EllipticCurvePrivateKey,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + life)
        .add_extension(identifier, critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    """What a key may do: an end entity signs, an authority signs certificates."""
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=signs,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=not signs,
        crl_sign=not signs,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
