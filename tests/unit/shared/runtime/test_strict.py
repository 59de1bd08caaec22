"""Bodies that two readers could understand in two ways are refused, and nothing of them is echoed."""

import pytest
from fastapi import APIRouter
from fastapi.testclient import TestClient
from pydantic import BaseModel

from shared.runtime.app import create_app
from shared.runtime.strict import StrictRoute

router = APIRouter(route_class=StrictRoute)


class Body(BaseModel):
    name: str | int


@router.post("/echo")
def echo(body: Body) -> Body:
    return body


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": NaN}',
        b'{"name": Infinity}',
        b'{"name": 1.5}',
        b'{"name": 1e400}',
        b'{"name": "a", "name": "b"}',
        b'{"name": "\\ud800"}',
        b'{"name": 9007199254740993}',
        b'{"name": "a"',
        b"\xef\xbb\xbf{}",
        b"[" * 40 + b"]" * 40,
        b"\xff",
    ],
    ids=["nan", "inf", "float", "big", "twice", "half", "2^53", "cut", "bom", "deep", "bytes"],
)
def test_json_of_two_meanings_is_refused(body: bytes) -> None:
    app = create_app("test", routers=[router], readiness=dict)
    client = TestClient(app, raise_server_exceptions=False)
    answer = client.post("/echo", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "malformed"


def test_plain_json_is_read() -> None:
    client = TestClient(create_app("test", routers=[router], readiness=dict))
    assert client.post("/echo", json={"name": "å"}).json() == {"name": "å"}
