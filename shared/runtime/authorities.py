"""The time-stamping authorities that a node is told of: a file that its gateway and its log both read.

    {"authorities": [{"name": "tsa.example", "url": "https://tsa.example/tsr",
                      "anchors": "tsa-roots.pem", "policy": null, "tls": null}]}

`anchors` are the roots of the authority's certificates, `tls` those of its web server, without which
it is not asked by https (plain http will do: a stamp proves itself); both are files beside this one.
`policy` is the object identifier that its stamps must state, if one must.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from shared.protocol import canonical
from shared.protocol.errors import ProtocolError
from shared.protocol.notes import is_name
from shared.protocol.timetokens import Anchors

MAX_AUTHORITIES = 16


class AuthoritiesError(Exception):
    """The file of time-stamping authorities cannot be used; says what is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """A time-stamping authority: its name, where it is asked, and how its stamps are judged."""

    name: str
    url: str
    anchors: Anchors
    tls: str | None  # PEM; None: it is asked by http


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    name: str
    url: str
    anchors: str
    policy: str | None = None
    tls: str | None = None


class _File(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    authorities: tuple[_Entry, ...]


def read_authorities(path: Path | None) -> Mapping[str, Authority]:
    """Read the file, if there is one; by name, in its order.

    Raises:
        AuthoritiesError: it cannot be used.
    """
    if path is None:
        return {}
    try:
        content = path.read_bytes()
        canonical.read(content)
        read = [
            _authority(path.parent, each) for each in _File.model_validate_json(content).authorities
        ]
    except (OSError, ValidationError, ProtocolError) as error:
        detail = error.detail if isinstance(error, ProtocolError) else str(error)
        raise AuthoritiesError(f"{path}: {detail}") from error
    by_name = {each.name: each for each in read}
    if len(by_name) < len(read) or len(read) > MAX_AUTHORITIES:
        raise AuthoritiesError(f"{path}: two have one name, or there are over {MAX_AUTHORITIES}")
    return by_name


def _authority(folder: Path, entry: _Entry) -> Authority:
    if not is_name(entry.name) or "/" in entry.name:
        raise AuthoritiesError(f"{entry.name!r} is no name of an authority")
    if not entry.url.startswith(("https://", "http://")):
        raise AuthoritiesError(f"{entry.name}: {entry.url} is no address")
    if entry.url.startswith("https://") and entry.tls is None:
        raise AuthoritiesError(f"{entry.name}: https takes `tls`, the roots of its web server")
    return Authority(
        name=entry.name,
        url=entry.url,
        anchors=Anchors.read((folder / entry.anchors).read_bytes(), entry.policy),
        tls=None if entry.tls is None else (folder / entry.tls).read_text(encoding="ascii"),
    )
