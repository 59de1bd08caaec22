"""Someone holds a gateway, with its key: they cannot write for another service, nor read unseen."""

from services.audit.catalogue import CATALOGUE
from tests.service.audit.caller import OVERSEER, Node, checkpoint, told

OTHERS = sorted(name for name, kind in CATALOGUE.items() if "gateway" not in kind.writers)


def test_it_records_nothing_that_another_service_does(node: Node) -> None:
    before = checkpoint(node)
    for number, name in enumerate(OTHERS, 1):
        answer = node.post(told(number, type=name), service="gateway")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_the_writer"), name
    assert checkpoint(node) == before


def test_it_has_no_business_where_only_another_service_has(node: Node) -> None:
    answer = node.get("/proofs/published?index=0", service="gateway")
    assert (answer.status_code, answer.json()["code"]) == (403, "wrong_service")


def test_whatever_it_reads_as_an_overseer_is_on_record(node: Node) -> None:
    """It may say that an overseer asks: the log it reads then says that, and to whom it was told."""
    for path in ("entries?from=0", "key"):
        size, _ = checkpoint(node)
        assert node.get(f"/oversight/{path}", OVERSEER).status_code == 200
        deadline = 200
        while checkpoint(node)[0] == size and deadline:
            deadline -= 1
        assert checkpoint(node)[0] > size
