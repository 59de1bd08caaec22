"""Database roles for a node on PostgreSQL: one a service, each owning one database.

The server is told SCRAM verifiers (RFC 5803), never passwords; a service reads its password from a
`pgpass` file of its own. So the server's folder holds no secret, and no URL contains one.
"""

import hashlib
import hmac
import secrets
from base64 import b64encode
from pathlib import Path

from deploy.credentials import write_new
from deploy.layout import SERVICES

ITERATIONS = 4096  # PostgreSQL's own default for scram_iterations; the passwords are 256 bits
READABLE = 0o644


def write_roles(node: Path, host: str) -> None:
    """Draw a password a service; write `postgres/roles.sql` and each service's `etc/pgpass`."""
    statements = []
    for service in SERVICES:
        password = secrets.token_urlsafe(32)
        line = f"{host}:5432:{service}:{service}:{password}\n"
        write_new(node / service / "etc/pgpass", line.encode())
        statements += [
            f"CREATE ROLE {service} LOGIN PASSWORD '{scram_verifier(password)}';",
            f"CREATE DATABASE {service} OWNER {service};",
            f"REVOKE ALL ON DATABASE {service} FROM PUBLIC;",
        ]
    write_new(node / "postgres/roles.sql", "\n".join(statements).encode() + b"\n", mode=READABLE)


def scram_verifier(password: str) -> str:
    """Return what PostgreSQL stores for a password: SCRAM-SHA-256$<n>:<salt>$<stored>:<server>.

    See RFC 5802, section 3, and RFC 5803.
    """
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    words = [b64encode(part).decode() for part in (salt, stored, server)]
    return f"SCRAM-SHA-256${ITERATIONS}:{words[0]}${words[1]}:{words[2]}"
