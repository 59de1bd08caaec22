"""`python -m tests.fuzz.fuzz_edge SECONDS SEED FOLDER`: the edge under atheris."""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["shared.runtime", "services.gateway.admission"]):
    from tests.fuzz.edge_rules import EXAMPLES, Edge, check


def main(seconds: str, seed: str, folder: str) -> None:
    corpus = Path(folder) / "corpus"
    corpus.mkdir()
    for number, example in enumerate(EXAMPLES):
        (corpus / str(number)).write_bytes(bytes([0]) + example)
    edge = Edge()
    limits = [f"-max_total_time={seconds}", f"-seed={seed}", "-timeout=10", "-rss_limit_mb=1024"]
    where = [f"-artifact_prefix={folder}/", str(corpus)]
    # The first octet says where the rest is cut in two.
    run = lambda data: check(edge, data[1:], data[0] if data else 0)  # noqa: E731
    atheris.Setup([sys.argv[0], *limits, *where], run)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
