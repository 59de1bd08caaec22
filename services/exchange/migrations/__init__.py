"""The exchange's schema, step by step, forward only."""
