"""How a request ends: closed, withdrawn; or goes on in another one (T23, T24, T30)."""

from services.exchange import keeping
from services.exchange.acts import grounding
from services.exchange.acts.contents import Closing, Supplementing, Withdrawing
from services.exchange.acts.deciding import decided
from services.exchange.acts.deeds import Deed, Event, Outcome
from services.exchange.states import PackageState
from services.exchange.store import emergencies, packages, uses
from shared.protocol.legalacts import NoticeBody, WithdrawalBody
from shared.runtime.refusals import Conflict, Unprocessable


def close(deed: Deed) -> Outcome:
    """T23: all packages are verified; none is in dispute or still on its way."""
    assert isinstance(deed.content, Closing)
    unsettled = [
        package.id
        for package in packages.of_request(deed.db, deed.request.id)
        if package.state in {PackageState.RECEIVED, PackageState.DISPUTED}
    ]
    if unsettled:
        raise Conflict(
            "package_unsettled",
            f"{len(unsettled)} packages are in dispute, or not yet verified.",
            rule="T23",
            next_step="Settle them with the other authority first.",
            packages=unsettled,
        )
    _check_returned(deed)
    _check_validated(deed)
    body = NoticeBody(
        kind="closing", request_id=deed.request.id, states=deed.told, text=deed.content.note
    )
    return Outcome(body=body, events=[Event("request.closed")])


def _check_validated(deed: Deed) -> None:
    known = emergencies.look_for(deed.db, deed.request.id)
    if known is not None and known.unvalidated and known.validated_at is None:
        raise Conflict(
            "not_validated",
            "The request was sent without validation, and nobody has validated it yet.",
            rule="T28; EER 4(5)",
            next_step="Have a judge or prosecutor validate it, or withdraw it and have the data deleted.",
        )


def withdraw(deed: Deed) -> Outcome:
    """T24: the requesting country gives it up, and says what becomes of data already sent."""
    said = deed.content
    assert isinstance(said, Withdrawing)
    grounding.check_codes("withdrawal", said.codes)
    _check_data(deed, said.data)
    body = WithdrawalBody(
        request_id=deed.request.id,
        states=deed.told,
        codes=said.codes,
        reasons=said.reasons,
        data=said.data,
    )
    assert deed.approval is not None
    keeping.end(
        deed.db,
        deed.request,
        said.data,
        "withdrawn",
        actor=deed.actor,
        approval=deed.approval.reference(),
    )
    why = [Event("request.withdrawn", code) for code in said.codes]
    return Outcome(body=body, events=[*why, *decided(deed)])


def _check_data(deed: Deed, data: str) -> None:
    here = [p for p in packages.of_request(deed.db, deed.request.id) if p.state in keeping.LIVE]
    if here and data == "none":
        raise Unprocessable(
            "data_unsaid",
            f"{len(here)} packages were received: what is to become of them?",
            rule="T24; EER 10(4)",
            next_step="Say delete, restrict or keep.",
        )


def _check_returned(deed: Deed) -> None:
    """COND-06: originals went back, or are destroyed."""
    ends = {PackageState.RETURNED, PackageState.DESTROYED}
    kept = [
        package.id
        for package in packages.of_request(deed.db, deed.request.id)
        if package.state not in ends
        and any(term.code == "COND-06" for term in uses.of(deed.db, package.id).terms)
    ]
    if kept:
        raise Conflict(
            "not_returned",
            f"{len(kept)} packages are to be returned or destroyed first (COND-06).",
            rule="T23; MT 7; EIO 13(3)-(4)",
            next_step="Give them back, or have them destroyed.",
            packages=kept,
        )


def supplement(deed: Deed) -> Outcome:
    """T30: another request supplements this one."""
    said = deed.content
    assert isinstance(said, Supplementing)
    body = NoticeBody(
        kind="supplement",
        request_id=deed.request.id,
        states=deed.told,
        details={"supplement": said.supplement_id},
        text=said.text,
    )
    return Outcome(body=body, events=[Event("request.supplemented")])
