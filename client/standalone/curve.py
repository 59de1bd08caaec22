"""Ed25519 signatures in plain Python (RFC 8032, 5.1.7), for a machine that has nothing else.

It takes a few milliseconds a signature. Nothing secret passes through it, so its time may tell of the input.
"""

from __future__ import annotations

import hashlib

from client.standalone.forms import Flaw, demand

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
CURVE_D = -121665 * pow(121666, -1, PRIME) % PRIME
ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)

Point = tuple[int, int, int, int]
"""Extended coordinates (RFC 8032, 5.1.4): X, Y, Z, T with x = X/Z, y = Y/Z, x y = T/Z."""

NEUTRAL: Point = (0, 1, 1, 0)


def check_ed25519(public: bytes, message: bytes, signature: bytes) -> None:
    """Check a signature; a Flaw if it does not hold."""
    demand(len(public) == 32 and len(signature) == 64, "a key or a signature has another length")
    scalar = int.from_bytes(signature[32:], "little")
    demand(scalar < ORDER, "the signature does not hold")
    key = decode_point(public)
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    hashed = int.from_bytes(digest, "little") % ORDER
    x, y, z, t = key
    minus_key = (PRIME - x, y, z, PRIME - t)
    made = _encode(_two_products(scalar, BASE, hashed, minus_key))
    demand(made == signature[:32], "the signature does not hold")


def decode_point(data: bytes) -> Point:
    """Read a point (RFC 8032, 5.1.3)."""
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & (2**255 - 1)
    demand(y < PRIME, "this is not a point of the curve")
    square = (y * y - 1) * pow(CURVE_D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * ROOT_OF_MINUS_ONE % PRIME
    if (x * x - square) % PRIME or (not x and sign):
        raise Flaw("this is not a point of the curve")
    if x & 1 != sign:
        x = PRIME - x
    return x, y, 1, x * y % PRIME


def _add(p: Point, q: Point) -> Point:
    """Add two points, equal ones too (RFC 8032, 5.1.4)."""
    a = (p[1] - p[0]) * (q[1] - q[0]) % PRIME
    b = (p[1] + p[0]) * (q[1] + q[0]) % PRIME
    c = 2 * CURVE_D * p[3] * q[3] % PRIME
    d = 2 * p[2] * q[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def _double(p: Point) -> Point:
    a, b, c = p[0] * p[0], p[1] * p[1], 2 * p[2] * p[2]
    e = (p[0] + p[1]) * (p[0] + p[1]) - a - b
    g = b - a
    f, h = (g - c) % PRIME, (-a - b) % PRIME
    e, g = e % PRIME, g % PRIME
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def _two_products(first: int, p: Point, second: int, q: Point) -> Point:
    """First * p + second * q, both bit by bit together."""
    steps = {1: p, 2: q, 3: _add(p, q)}
    made = NEUTRAL
    for at in range(max(first.bit_length(), second.bit_length()) - 1, -1, -1):
        made = _double(made)
        bits = (first >> at & 1) | (second >> at & 1) << 1
        if bits:
            made = _add(made, steps[bits])
    return made


def _encode(p: Point) -> bytes:
    inverse = pow(p[2], -1, PRIME)
    x, y = p[0] * inverse % PRIME, p[1] * inverse % PRIME
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = decode_point((4 * pow(5, -1, PRIME) % PRIME).to_bytes(32, "little"))
