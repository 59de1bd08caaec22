"""How what others wrote is shown: so that it cannot pass for anything else."""


def plain(text: str) -> str:
    """Show what cannot be seen: no draft may paint over what its signer reads."""
    return "".join(each if each.isprintable() else f"\\u{ord(each):04x}" for each in text)
