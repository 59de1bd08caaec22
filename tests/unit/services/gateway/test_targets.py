"""What the gateway binds is what arrives inside, however a caller escapes its query."""

import httpx
import pytest
import urllib3
from typing_extensions import override

from services.gateway.upstream import as_sent

QUERIES = {
    "plain": ("a=b&c=d", "a=b&c=d"),
    "escaped in lower case": ("peer=%c3%a9", "peer=%C3%A9"),
    "escaped for nothing": ("direction=%6f%75t", "direction=%6F%75t"),
    "not escaped": ('a=<>"[]{}|^`', "a=%3C%3E%22%5B%5D%7B%7D%7C%5E%60"),
    "half an escape": ("a=%zz", "a=%25zz"),
    "nothing in it": ("&=&", "&=&"),
    "a question": ("a=?/:@", "a=?/:@"),
}


class Seen(Exception):  # noqa: N818 - it carries what was seen
    """What a connection was asked to send."""


class Connection(urllib3.connection.HTTPConnection):
    @override
    def request(self, method: str, url: str, *_args: object, **_more: object) -> None:
        raise Seen(f"{method} {url}")


@pytest.mark.parametrize("name", QUERIES)
def test_both_libraries_send_what_is_bound(name: str) -> None:
    query, expected = QUERIES[name]
    target = as_sent("/v1/requests", query)
    assert target == f"/v1/requests?{expected}"
    pool = urllib3.HTTPConnectionPool("127.0.0.1", 9)
    pool.ConnectionCls = Connection
    with pytest.raises(Seen) as seen:
        pool.urlopen("GET", target, retries=False)
    assert str(seen.value) == f"GET {target}"
    assert httpx.URL(f"http://inside{target}").raw_path.decode() == target


def test_no_query_is_none() -> None:
    assert as_sent("/v1/requests", "") == "/v1/requests"
