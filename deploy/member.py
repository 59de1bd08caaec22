"""`python -m deploy.member`: change what a country's member document says of its logs, sign it, publish it.

Run where the country's directory role key is (offline, in production), on a copy of the repository; the
directory's own process publishes what was signed. Root and targets keys are not needed.

    closed.json   an element of `closed_logs`, as `python -m services.audit.shards close` writes it
    log.json      {"origin", "vkeys"} of the log that is written from now on, as `shards draw` writes it;
                  of the same origin: its keys, while they are changed the old and the new ones
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tuf.api.metadata import Metadata, Targets

from services.directory.repository import publish_member, read_signer
from shared.protocol import canonical, trust
from shared.protocol.errors import FormatError
from shared.protocol.identities import ClosedLog
from shared.protocol.policies import PolicyLog, format_policy, parse_policy
from shared.protocol.trust import Member
from shared.runtime.clock import utc_now


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says."""
    told = _parser().parse_args(arguments)
    member = current(told.repository, told.country)
    if told.closed is not None:
        member = with_closed(member, told.closed.read_bytes())
    if told.log is not None:
        member = with_log(member, told.log.read_bytes())
    publish(told.repository, member, told.key, utc_now())
    sys.stdout.write(f"{told.country} writes to {member.log.origin}\n")


def current(repository: Path, country: str) -> Member:
    """Give the document that the country signed last."""
    name = trust.role_name(country)
    versions = (repository / "metadata").glob(f"*.{name}.json")
    newest = max(versions, key=lambda path: int(path.name.partition(".")[0]))
    target = Metadata[Targets].from_file(str(newest)).signed.targets[trust.target_path(country)]
    place = f"{target.hashes['sha256']}.{country}.json"
    return Member.from_bytes((repository / "targets" / "members" / place).read_bytes())


def with_closed(member: Member, entry: bytes) -> Member:
    """Name a log that has ended, where it ended."""
    closed = ClosedLog.model_validate_json(entry)
    others = [each for each in member.closed_logs if each.origin != closed.origin]
    return member.model_copy(update={"closed_logs": (*others, closed)})


def with_log(member: Member, told: bytes) -> Member:
    """Name the log that is written from now on, or other keys of it; its policy names them, too.

    Raises:
        FormatError: these are no origin and keys.
    """
    match canonical.parse(told.strip()):
        case {"origin": str(origin), "vkeys": [*vkeys]} if all(isinstance(k, str) for k in vkeys):
            keys = tuple(map(str, vkeys))
        case _:
            raise FormatError("this is no origin of a log with its keys")
    policy = parse_policy(member.log.policy.encode())
    urls = {each.url for each in policy.logs} or {None}
    logs = tuple(PolicyLog(vkey=key, url=url) for key in keys for url in urls)
    text = format_policy(replace(policy, logs=logs if policy.logs else ())).decode()
    log = member.log.model_copy(update={"origin": origin, "vkeys": keys, "policy": text})
    return member.model_copy(update={"log": log})


def publish(repository: Path, member: Member, key: Path, now: datetime) -> None:
    """Sign the document with the country's role key."""
    # Read again as everybody will: a change that makes no document is not signed.
    document = Member.from_bytes(member.to_bytes()).to_bytes()
    publish_member(repository, document, signer=read_signer(key.read_bytes()), now=now)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.member",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("repository", type=Path, help="the directory's folder")
    parser.add_argument("country")
    parser.add_argument("--key", type=Path, required=True, help="the country's role key, PEM")
    parser.add_argument("--closed", type=Path, help="a log that has ended")
    parser.add_argument("--log", type=Path, help="the log that is written from now on")
    return parser


if __name__ == "__main__":
    main()
