"""`python -m tests.fuzz.fuzz PARSER SECONDS SEED FOLDER`: one parser under atheris, guided by coverage.

Ends with another status than 0 when the parser crashed, hung or took what it would not write; the input
that did it then lies in FOLDER.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["shared.protocol"]):
    from tests.fuzz.parsers import PARSERS, check, seeds


def main(name: str, seconds: str, seed: str, folder: str) -> None:
    corpus = Path(folder) / "corpus"
    corpus.mkdir()
    for number, example in enumerate(seeds(PARSERS[name])):
        (corpus / str(number)).write_bytes(example)
    limits = [f"-max_total_time={seconds}", f"-seed={seed}", "-timeout=10", "-rss_limit_mb=1024"]
    where = [f"-artifact_prefix={folder}/", str(corpus)]
    atheris.Setup([sys.argv[0], *limits, *where], lambda data: check(PARSERS[name], data))
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
