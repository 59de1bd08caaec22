"""What must hold whichever edge stands before the gateway."""

from tests.edges import EdgeSite


def test_an_honest_caller_gets_in(edge: EdgeSite) -> None:
    answer = edge.caller("preparer").call("GET", "/v1/requests")
    assert answer.status_code == 200
    assert "server" not in answer.headers


def test_44_nobody_says_where_they_come_from(edge: EdgeSite) -> None:
    edge.echo.calls.clear()
    claimed = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "evil.example",
        "X-Real-Ip": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
        "Client-Cert": ":MAA=:",
    }
    answer = edge.caller("preparer").call("GET", "/v1/requests", headers=claimed)
    assert answer.status_code == 200
    (seen,) = edge.echo.calls
    assert not {name.lower() for name in claimed} & set(seen["headers"])
