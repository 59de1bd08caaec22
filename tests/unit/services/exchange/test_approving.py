"""The registry of officers: read strictly, and the only source of who may approve."""

from pathlib import Path
from typing import Any

import pytest

from services.exchange.approving import Officers
from shared.protocol.approvals import sign_approval
from shared.protocol.canonical import encode
from shared.protocol.errors import ApprovalError, FormatError, UnknownKeyError
from shared.protocol.keys import OfficerKey

ANNA, BORIS = OfficerKey.generate(), OfficerKey.generate()
OBJECT = "019aaaaa-0000-7000-8000-000000000001"
SUBJECT: Any = {"object_id": OBJECT, "version": 1, "digest": "ab" * 48}


def entry(key: OfficerKey, name: str, *acts: str, **changed: Any) -> dict[str, Any]:  # noqa: ANN401
    public = key.public()
    return {"kid": public.kid, "officer": name, "jwk": public.to_json(), "acts": acts} | changed


def load(tmp_path: Path, content: object) -> Officers:
    path = tmp_path / "officers.json"
    path.write_bytes(encode(content))
    return Officers.load(path)


def test_keys_are_given_out_by_act(tmp_path: Path) -> None:
    officers = load(
        tmp_path,
        [entry(ANNA, "Anna", "request.prepare", "package.prepare"), entry(BORIS, "Boris")],
    )
    assert set(officers.keys_for("package.prepare")) == {ANNA.kid}
    assert officers.keys_for("package.clear") == {}


@pytest.mark.parametrize(
    "content",
    [
        {},
        [{}],
        [entry(ANNA, "Anna", "request.invent")],
        [entry(ANNA, "Anna", kid=BORIS.kid)],
        [entry(ANNA, "Anna"), entry(ANNA, "Anne")],
        [entry(ANNA, "Anna", jwk={"kty": "EC"})],
        [entry(ANNA, "Anna", more="x")],
    ],
)
def test_a_registry_that_is_wrong_is_not_used(tmp_path: Path, content: object) -> None:
    with pytest.raises(FormatError):
        load(tmp_path, content)


def test_an_approval_counts_for_its_act_and_in_its_own_name(tmp_path: Path) -> None:
    officers = load(tmp_path, [entry(ANNA, "Anna", "package.clear")])

    def signed(officer: str) -> str:
        return sign_approval(ANNA, act="package.clear", iat=1, officer=officer, **SUBJECT)

    assert officers.verify(signed("Anna"), act="package.clear", **SUBJECT).kid == ANNA.kid
    with pytest.raises(ApprovalError, match="another officer's"):
        officers.verify(signed("Boris"), act="package.clear", **SUBJECT)
    with pytest.raises(UnknownKeyError):
        officers.verify(signed("Anna"), act="package.prepare", **SUBJECT)
