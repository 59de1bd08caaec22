"""The requests of the ten stories: who asks whom for what, dated from the moment that they are written."""

from __future__ import annotations

from datetime import datetime

from deploy.stories.papers import DAY, POLICE, PROSECUTOR, day, instant, measure, offence, paper
from shared.protocol.canonical import Json

Paper = dict[str, Json]
ACCOUNT = ("ACCOUNT", "chat.qn.example/nightowl")
DUTY_CONTACT: dict[str, Json] = {
    "name": "C. Ito",
    "post": "Point of contact, at all hours",
    "telephone": "+998 200 4999",
    "email": "duty@police.qm.example",
    "time_zone": "Asia/Tokyo",
    "languages": ["en"],
}
OTHER_CONTACT: Json = {**DUTY_CONTACT, "name": "D. Mori", "telephone": "+998 200 4111"}


def _account(fresh: tuple[datetime, datetime]) -> tuple[dict[str, Json], ...]:
    """Who holds an account, from where it was used, what was written in it."""
    return (
        measure(
            1, "MEA-03", description="Who holds this account.", data=["DC-SUB"],
            identifier=ACCOUNT, covers=fresh,
        ),
        measure(
            2, "MEA-04", description="From where it was used.", data=["DC-IDN"],
            identifier=ACCOUNT, covers=fresh,
        ),
        measure(
            3, "MEA-07", description="What was written tonight.", data=["DC-CNT"],
            identifier=ACCOUNT, covers=fresh,
        ),
    )  # fmt: skip


def emergency(now: datetime) -> Paper:
    """SC-01: a child is threatened live; no judge can be reached."""
    return paper(
        now=now,
        to="QN",
        reference="QM-2030-0091",
        measures=_account((now - DAY, now)),
        request_kind="EMERGENCY_DISCLOSURE",
        legal_basis=[{"instrument": "2AP", "article": "9"}],
        channel="POINT_24_7",
        issuing_authority=POLICE,
        validation_due=instant(now + 2 * DAY),
        offences=[offence("Coercion of a child", "QM Criminal Code 217", 120, "OFF-E04")],
        facts="A girl of 14 is being threatened on a chat service whose seat is in QN. The person writes "
        "that he stands before her house, and names the hour at which he will come in.",
        urgency="EMERGENCY",
        urgency_reasons=["THREAT_TO_LIFE", "CRIME_IN_PROGRESS"],
        needed_by={"date": day(now), "fixed": True},
        emergency_facts="He names her street and the hour. Only holder and address of the account show "
        "where he is; she does not know him, and the service deletes addresses after a day.",
        confirmation_contact=OTHER_CONTACT,
        contact_24_7=DUTY_CONTACT,
        sensitive_persons={"minor": True, "vulnerable": True, "privileged": []},
        custodian={
            "name": "Nightowl Chat",
            "address": "9 Mill Lane, Capital of QN",
            "why": "The service names its seat in QN, and stores what is written there.",
        },
        privilege_plan="A filter team looks at what was written before anybody of the case does.",
    )


def preservation(now: datetime) -> Paper:
    """SC-02: ransomware; the data are to be kept until a request can be made."""
    wanted = (
        measure(
            1, "MEA-01", description="Keep what this server holds of these addresses.",
            data=["DC-TRF", "DC-CNT"], identifier=("DOMAIN", "panel.lockit.example"),
            covers=(now - 30 * DAY, now),
        ),
    )  # fmt: skip
    return paper(
        now=now,
        to="XB",
        reference="XA-2030-0440",
        measures=wanted,
        request_kind="PRESERVATION",
        legal_basis=[{"instrument": "BUD", "article": "29"}],
        issuing_authority=PROSECUTOR,
        follow_up=day(now + 40 * DAY),
        necessity_of_preservation="The provider writes over its records after 30 days, and moves customers "
        "on a day's notice; what is not kept now is gone when the request comes.",
        custodian=_hoster(),
        **RANSOM,
    )


def production(now: datetime, preserved: str, until: datetime) -> Paper:
    """SC-02: the request for what was preserved."""
    covers = (now - 120 * DAY, now - 75 * DAY)
    panel = ("DOMAIN", "panel.lockit.example")
    wanted = (
        measure(
            1, "MEA-06", description="Who reached the panel, and from where.", data=["DC-TRF"],
            identifier=panel, covers=covers,
        ),
        measure(
            2, "MEA-07", description="What the panel holds.", data=["DC-CNT"],
            identifier=panel, covers=covers,
        ),
    )  # fmt: skip
    return paper(
        now=now,
        to="XB",
        reference="XA-2030-0440",
        measures=wanted,
        legal_basis=[{"instrument": "BUD", "article": "31"}],
        previous={"request_id": preserved, "relation": "PRESERVATION"},
        preserved={"by": "Central Authority of XB", "reference": "XB-2030-17", "until": day(until)},
        custodian=_hoster(),
        **RANSOM,
    )


RANSOM: dict[str, Json] = {
    "offences": [offence("System interference", "XA Penal Code 303b", 60, "OFF-B05", "OFF-E11")],
    "facts": "The files of eleven hospitals were encrypted within one night. The programme reports to a "
    "panel under panel.lockit.example, which stands on a rented server in XB.",
}


def editor(
    now: datetime,
    *,
    instrument: tuple[str, str] = ("REC", "the law of QR"),
    crime: str = "Extremism",
    kind: str = "MLA",
) -> Paper:
    """SC-03: the mailbox of an editor of the opposition."""
    wanted = (
        measure(
            1, "MEA-07", description="All mails of this mailbox.", data=["DC-CNT"],
            identifier=("E_MAIL", "desk@free-word.example"), covers=(now - 365 * DAY, now),
        ),
    )  # fmt: skip
    code, article = instrument
    return paper(
        now=now,
        to="QR",
        reference="QP-2030-0007",
        measures=wanted,
        request_kind=kind,
        legal_basis=[{"instrument": code, "article": article}],
        offences=[offence(crime, "QP Criminal Code 280", 72)],
        listed_category=False,
        facts="The person publishes texts that call officials corrupt, and has met foreigners. Much harm to "
        "the State may come of it, as is generally known.",
        dual_criminality="The person wrote and published texts about officials, under her own name.",
        reciprocity_undertaking="QP will do the same for QR in a like case.",
        persons=[{"role": "SUSPECT", "name": "I. Halden", "residence": "QR"}],
        sensitive_persons={"minor": False, "vulnerable": False, "privileged": ["JOURNALIST"]},
        privilege_plan="None is thought to be needed; a filter team of QR may look at it.",
        domestic_availability="It could be ordered at home.",
        custodian=None,
    )


def fraud(now: datetime) -> Paper:
    """SC-04: an account, a device, and an account watched while it is used."""
    covers = (now - 200 * DAY, now - 10 * DAY)
    account = ("IBAN", "QT68 5390 0754 7034")
    wanted = (
        measure(
            1, "MEA-13", description="Transactions of this account.", data=["DC-FIN"],
            covers=covers, bank=f"Account {account[1]}, all transactions of the time named.",
        ),
        measure(
            2, "MEA-11", description="An image of the seized computer.", data=["DC-IMG"],
            identifier=("DEVICE_SERIAL", "PF-2X91-77"), covers=covers,
        ),
        measure(
            3, "MEA-14", description="Transactions of this account as they are made.",
            data=["DC-FIN"], bank=f"Account {account[1]}, for three weeks from the order.",
        ),
    )  # fmt: skip
    return paper(
        now=now,
        to="QT",
        reference="QS-2030-0218",
        measures=wanted,
        request_kind="EIO",
        legal_basis=[{"instrument": "EIO", "article": "1"}],
        domestic_availability="All of it could be ordered at home in a similar case (EIO 6(1)(b)).",
        offences=[offence("Investment fraud", "QS Criminal Code 146", 120, "OFF-E08", "OFF-E20")],
        sensitive_data=SENSITIVE,
        privilege_plan="A filter team takes mails of counsel out by a list of words, and sends them back.",
    )


SENSITIVE = (
    "An image holds whatever was on the computer; what is of health or faith cannot be told apart before it "
    "is read, so named readers alone open it, and what is not of the case is not extracted."
)


def lawyers_mail(now: datetime, instrument: str) -> Paper:
    """SC-05: two accounts; the holder of one is the client of a lawyer."""
    order = instrument == "EIO"
    covers = (now - 90 * DAY, now - 5 * DAY)
    wanted = tuple(
        measure(
            number, "MEA-07", description=f"Mails of {who}.", data=["DC-CNT"],
            identifier=("E_MAIL", mail), covers=covers,
        )
        for number, (who, mail) in enumerate(HOLDERS, 1)
    )  # fmt: skip
    return paper(
        now=now,
        to="QN",
        reference="QV-2030-0033",
        measures=wanted,
        request_kind="EIO" if order else "MLA",
        legal_basis=[{"instrument": instrument, "article": "1" if order else "31"}],
        domestic_availability="It could be ordered at home in a similar case.",
        privilege_plan="A filter team of QN looks at both mailboxes before anything is cleared.",
    )


HOLDERS = (
    ("the first holder", "p.rask@mail.example"),
    ("the second holder", "o.lund@mail.example"),
)


def _hoster() -> Json:
    return {
        "name": "Northern Racks",
        "address": "2 Harbour Street, Capital of XB",
        "why": "The address of the panel belongs to its network.",
    }
