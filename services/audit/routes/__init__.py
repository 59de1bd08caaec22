"""Routes: authenticate, parse, call one use case, shape the answer."""
