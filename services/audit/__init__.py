"""The append-only transparency log and those who oversee it."""
