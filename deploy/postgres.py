"""Database roles for a node on PostgreSQL: one a service, each with a database of its own.

Gateway and exchange own theirs. The log's belongs to a role that the log's service does not have: only
`services.audit.schema` uses it, for a moment, before the service starts.

The server is told SCRAM verifiers (RFC 5803), never passwords; who connects reads the password from a
`pgpass` file of its own. So the server's folder holds no secret, and no URL contains one.
"""

import hashlib
import hmac
import secrets
from base64 import b64encode
from pathlib import Path

from deploy.credentials import write_new
from deploy.layout import SCHEMA, SERVICES

ITERATIONS = 4096  # PostgreSQL's own default for scram_iterations; the passwords are 256 bits
READABLE = 0o644
LOG, LOG_OWNER = "audit", "audit_owner"


def write_roles(node: Path, host: str) -> None:
    """Draw a password a role; write `postgres/roles.sql` and each one's `etc/pgpass`."""
    statements = [
        _role(node / service, role=service, database=service, host=host) for service in SERVICES
    ]
    statements.append(_role(node / SCHEMA, role=LOG_OWNER, database=LOG, host=host))
    for service in SERVICES:
        owner = LOG_OWNER if service == LOG else service
        statements += [
            f"CREATE DATABASE {service} OWNER {owner};",
            f"REVOKE ALL ON DATABASE {service} FROM PUBLIC;",
            f"GRANT CONNECT ON DATABASE {service} TO {service};",
        ]
    write_new(node / "postgres/roles.sql", "\n".join(statements).encode() + b"\n", mode=READABLE)


def _role(home: Path, *, role: str, database: str, host: str) -> str:
    """Draw a role's password into its folder; return the statement that makes the role."""
    password = secrets.token_urlsafe(32)
    write_new(home / "etc/pgpass", f"{host}:5432:{database}:{role}:{password}\n".encode())
    return f"CREATE ROLE {role} LOGIN PASSWORD '{scram_verifier(password)}';"


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
