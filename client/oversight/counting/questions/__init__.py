"""The questions of overseers, each a named query over what the logs tell (process 6.2)."""
