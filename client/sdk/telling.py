"""What is told beside the case itself: to the person concerned, and of costs."""

from __future__ import annotations

from client.sdk.acts import Said
from client.sdk.records import as_object
from client.sdk.session import Session


def notify(session: Session, request_id: str, said: Said) -> Said:
    """Record that the person was told (`state` sent, `remedies`), or is told later (`ground`, `review`).

    Raises:
        StateError: the request is confidential, or nothing was obtained yet.
    """
    return as_object(session.post(f"/v1/requests/{request_id}/subject-notice", said))


def costs(session: Session, request_id: str, said: Said) -> None:
    """Tell the other country of costs: `state`, `amount`, `currency`, `text`."""
    session.post(f"/v1/requests/{request_id}/costs", said)
