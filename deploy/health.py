"""A container's health check: exit 0 if the URL answers 200. Standard library only, to be cheap."""

import ssl
import sys
import urllib.request

TIMEOUT = 5  # seconds


def main() -> None:
    """Ask `URL [CA]` of the command line; the CA is for https."""
    url, *anchors = sys.argv[1:]
    context = ssl.create_default_context(cafile=anchors[0]) if anchors else None
    with urllib.request.urlopen(url, timeout=TIMEOUT, context=context) as answer:  # noqa: S310 - ours
        sys.exit(answer.status != 200)  # noqa: PLR2004 - OK


if __name__ == "__main__":
    main()
