"""What must never stand in the repository: secrets, registries' addresses, unpinned packages."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ("deploy/requirements.lock", "deploy/requirements-dev.lock")
SECRETS = (
    re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(rb'"d" ?: ?"[A-Za-z0-9_-]{40,}"'),  # the private member of a JWK
    re.compile(rb"(?i)\b(password|passphrase|secret)\b ?[=:] ?[\"'][A-Za-z0-9+/_-]{12,}[\"']"),
)
REGISTRY = re.compile(rb"(?i)(index-url|find-links|trusted-host)[ =]")


def tracked() -> list[Path]:
    listing = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607 - whichever git the checkout was made with
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    found = [ROOT / name for name in listing.stdout.split("\0") if name]
    return [path for path in found if path.is_file()]


def test_no_secret_is_tracked() -> None:
    vectors = ROOT / "tests/vectors"  # keys there are published to be checked against
    here = Path(__file__).resolve()
    for path in tracked():
        if path == here or vectors in path.parents:
            continue
        content = path.read_bytes()
        for pattern in SECRETS:
            assert not pattern.search(content), f"{path}: {pattern.pattern!r}"


def test_no_file_names_a_package_index() -> None:
    here = Path(__file__).resolve()
    for path in tracked():
        if path != here:
            assert not REGISTRY.search(path.read_bytes().replace(b"--no-emit-index-url", b"")), path


@pytest.mark.parametrize("lock", LOCKS)
def test_lock_pins_by_hash_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    assert "://" not in text
    requirements = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert len(requirements) > 20
    for requirement in requirements:
        assert re.match(r"[a-z0-9._\[\],-]+==\S+", requirement), requirement[:80]
        assert "--hash=sha256:" in requirement, requirement[:80]


def test_both_locks_agree() -> None:
    runtime, tests = (pins(lock) for lock in LOCKS)
    assert len(runtime) > 20
    assert {name: tests[name] for name in runtime.keys() & tests.keys()} == {
        name: runtime[name] for name in runtime.keys() & tests.keys()
    }


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / lock).read_text()
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==(\S+)", text, re.MULTILINE))
