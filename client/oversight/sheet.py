"""Join the modules of `client.standalone` into the one file that travels with an export."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import Final

MODULES: Final = (
    "forms", "curve", "trees", "signing", "trusting", "entries", "reporting", "common", "proofs",
    "wholelog", "onecase", "commanding",
)  # fmt: skip
"""In an order in which each comes after all that it imports."""

_OWN: Final = "client.standalone"
_HEAD: Final = '''\
"""Verify this export: python3 verify.py [--root FILE | --root-sha256 HEX] [FOLDER]

Needs Python 3.10 or newer and nothing else: no network, no other package, no clock. It ends with 0 if all
that it can check holds, and with 3 if anything does not. What it cannot check it names: ML-DSA-44 signatures
and RFC 3161 time stamps; `rogatory audit verify FOLDER --root FILE` checks those of a whole log, too.
Written from the modules of {own}; each begins with a line of its own.
"""
'''


CUSTODY_MODULES: Final = ("forms", "reporting", "custody")
_CUSTODY_HEAD: Final = '''\
"""Verify an account of custody: python3 verify_custody.py custody.json [BAG]

Needs Python 3.10 or newer and nothing else: no network, no other package, no clock. It ends with 0 if all
that it can check holds, and with 3 if anything does not. Who signed is for `openssl cms -verify`.
Written from the modules of {own}; each begins with a line of its own.
"""
'''


def verifier() -> bytes:
    """Write the file that verifies an export."""
    return _joined(MODULES, _HEAD)


def custody_verifier() -> bytes:
    """Write the file that verifies an account of custody."""
    return _joined(CUSTODY_MODULES, _CUSTODY_HEAD)


def _joined(modules: Sequence[str], heading: str) -> bytes:
    imports, bodies = set[str](), list[str]()
    for name in modules:
        source = (files(_OWN) / f"{name}.py").read_text(encoding="utf-8")
        body, needed = _split(source)
        imports |= needed
        bodies.append(f"# --- {name} ---\n\n{body}")
    first = "from __future__ import annotations"
    rest = "\n".join(sorted(imports - {first}))
    head = heading.format(own=_OWN)
    return "\n\n".join([head + "\n" + first + "\n\n" + rest + "\n", *bodies]).encode()


def _split(source: str) -> tuple[str, set[str]]:
    """Take the docstring and the imports out of a module; give those of the standard library."""
    lines = source.split("\n")
    gone = set[int]()
    needed = set[str]()
    for node in _heads(ast.parse(source)):
        gone.update(range(node.lineno - 1, node.end_lineno or node.lineno))
        if isinstance(node, ast.Import) or (
            isinstance(node, ast.ImportFrom) and not (node.module or "").startswith(_OWN)
        ):
            needed.add(ast.unparse(node))
    return "\n".join(line for n, line in enumerate(lines) if n not in gone).strip() + "\n", needed


def _heads(module: ast.Module) -> Iterator[ast.stmt]:
    for at, node in enumerate(module.body):
        docstring = at == 0 and isinstance(node, ast.Expr)
        if docstring or isinstance(node, ast.Import | ast.ImportFrom):
            yield node
