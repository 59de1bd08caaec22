"""Safeguards as gates: what the law asks before something is sent, accepted, released or read."""
