"""The verifier that travels with an export: standard library alone, joined into one file (`sheet`).

It shares no code with the rest, so that a mistake there is not repeated here. What it cannot check (ML-DSA,
RFC 3161) it names as not checked, never as valid.
"""
