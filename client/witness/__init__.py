"""A witness for an oversight body: it cosigns what extends what it cosigned before, and forgets nothing."""
