"""Gates on what was received: confidentiality, notice, retention, onward transfer, who reads it and why."""

from services.exchange.gating.matter import Condition, Matter, Use
from services.exchange.gating.results import Pass, Result, fail


def confidentiality(matter: Matter) -> Result:
    """G12: the request says what is confidential; whoever else is to hear of it is held against that."""
    kept = matter.document.confidentiality
    if kept is None:
        return fail(
            "G12",
            "confidentiality_unsaid",
            "The request does not say what is to be kept confidential.",
            "State I01, NONE if nothing is.",
        )
    found = matter.found("G12")
    if found and found[-1].verdict == "fail":
        return fail(
            "G12",
            "confidentiality_cannot_be_kept",
            "This authority found that it cannot keep the confidentiality asked for.",
            "Tell the requesting authority before anything is executed, and wait for what it decides.",
        )
    over = kept.until is not None and kept.until < matter.at.date().isoformat()
    if matter.audience == "authority":
        return Pass("G12")
    told = matter.document.subject_notice
    allowed = told is not None and told.rule == "ALLOWED"
    if kept.scope == "NONE" or over or allowed or _reviewed(matter):
        return Pass("G12", "may be told")
    return fail(
        "G12",
        "confidential",
        f"The request is confidential ({kept.scope}), and this would tell it to the {matter.audience}.",
        "Wait for the day of review (I02), or record a nearer one; or wait until I01 ends.",
    )


def _reviewed(matter: Matter) -> bool:
    """Say whether the day has come on which telling the person was to be looked at again (I02)."""
    review = matter.notice.review if matter.notice is not None else None
    return review is not None and review <= matter.at.date()


def notice(matter: Matter) -> Result:
    """G15: the person was told in time, and how to object; or a deferral stands on a ground."""
    due = matter.notice
    if due is None or (due.sent is None and matter.at < due.due):
        return Pass("G15", "none due" if due is None else "not yet due")
    if due.sent is not None:
        if due.remedies:
            return Pass("G15", "sent")
        return fail(
            "G15",
            "no_remedies",
            "The person was told, and not how to object.",
            "Send the text on remedies after it.",
        )
    today = matter.at.date()
    if due.deferred_on is not None and due.review is not None and today <= due.review:
        return Pass("G15", "deferred")
    return fail(
        "G15",
        "notice_overdue",
        f"The notice to the person was due on {due.due:%Y-%m-%d}, and no deferral stands.",
        "Send it with the text on remedies, or record a deferral with ground (I02) and review date.",
    )


def retention(matter: Matter) -> Result:
    """G16: what is over its time is not read any more, unless a hold keeps it."""
    until = matter.retention_until
    if until is None or matter.at.date() <= until:
        return Pass("G16")
    if matter.legal_hold:
        return Pass("G16", "legal hold")
    return fail(
        "G16",
        "retention_over",
        f"The evidence was to be kept until {until.isoformat()}.",
        "Review it with reasons, or destroy it and send the certificate to the country that sent it.",
    )


def onward_transfer(matter: Matter) -> Result:
    """G17: whoever sent the evidence has consented to this recipient, purpose and these items.

    In a threat an override lets it go, to the one recipient for the one purpose that it names.
    """
    wanted = matter.export
    if wanted is None:
        return fail("G17", "export_unsaid", "No recipient and purpose were named.", "Name them.")
    for each in matter.consents:
        same = (each.recipient, each.purpose) == (wanted.recipient, wanted.purpose)
        if same and wanted.items <= each.items and (each.until is None or matter.at <= each.until):
            return Pass("G17", "consent")
    return fail(
        "G17",
        "no_consent",
        f"No consent of the sending State covers a transfer to {wanted.recipient} for this purpose.",
        "Ask the sending State for its consent; it names recipient, purpose and items.",
        sorted(wanted.items),
        use=Use(recipient=wanted.recipient, purpose=wanted.purpose),
    )


def purpose(matter: Matter) -> Result:
    """G18: whoever reads states the case that the evidence was asked for.

    A judge may open it for another case, for that one alone: an override that names it.
    """
    reading = matter.reading
    if reading is None or not reading.case_reference.strip():
        return fail("G18", "case_unsaid", "No case number was stated.", "State it.")
    if reading.case_reference in set(matter.document.own_references or ()):
        return Pass("G18")
    if reading.exculpatory and any(map(_frees, matter.conditions)):
        return Pass("G18", "exculpatory")
    return fail(
        "G18",
        "other_case",
        f"The evidence was not given for case {reading.case_reference}.",
        "State the case that it was asked for; for another one a judge has to open it (G18).",
        use=Use(case=reading.case_reference),
    )


def _frees(condition: Condition) -> bool:
    """Say whether a condition lets exculpatory material be used: it binds once it was accepted."""
    return condition.code == "COND-13" and condition.accepted_hash == condition.hash


def named_readers(matter: Matter) -> Result:
    """G13, when evidence is read: where readers are named (COND-14), nobody else reads.

    The condition is the sender's: no officer of the country that reads opens it.
    """
    reading = matter.reading
    officer = (reading.officer if reading is not None else "").casefold()
    lists = [each.readers for each in matter.conditions if each.readers]
    lists += [each.readers for each in matter.items if each.readers]
    if all(officer in {name.casefold() for name in names} for names in lists):
        return Pass("G13")
    return fail(
        "G13",
        "not_a_named_reader",
        "This evidence may be read by named persons only.",
        "Have one of them read it.",
    )
