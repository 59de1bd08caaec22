"""The gateway's schema, step by step, forward only."""
