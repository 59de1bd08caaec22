"""What a node says of clients is read strictly."""

import pytest

from client.errors import ClientError
from client.sdk import clients
from client.sdk.session import Session
from shared.protocol.canonical import Json
from tests.scripted_gateway import Gateway, answer


@pytest.mark.parametrize(
    "told",
    [{}, {"proposals": {}}, {"proposals": [{"act": "add"}]}],
    ids=["nothing", "no list", "no proposal"],
)
def test_an_answer_that_is_no_list_of_proposals(
    session: Session, gateway: Gateway, told: dict[str, Json]
) -> None:
    gateway.routes["GET /v1/clients/proposals"] = answer(told)
    with pytest.raises(ClientError) as refused:
        clients.find_proposals(session)
    assert refused.value.code == "bad_answer"


def test_an_answer_that_is_no_client(session: Session, gateway: Gateway) -> None:
    gateway.routes["GET /v1/clients"] = answer({"clients": [{"client_id": 7}]})
    with pytest.raises(ClientError) as refused:
        clients.find_clients(session)
    assert refused.value.code == "bad_answer"
