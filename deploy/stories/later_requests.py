"""The requests of the stories SC-06 to SC-10, as `requests` has those before them."""

from __future__ import annotations

from datetime import datetime

from deploy.stories.papers import DAY, POLICE, day, instant, measure, offence, paper
from deploy.stories.requests import DUTY_CONTACT, OTHER_CONTACT, Paper, emergency
from shared.protocol.canonical import Json


def suspect(now: datetime) -> Paper:
    """SC-06: two kinds of data about one suspect."""
    covers = (now - 60 * DAY, now - 5 * DAY)
    mail = ("E_MAIL", "k.dorn@mail.example")
    wanted = (
        measure(
            1, "MEA-03", description="Who holds the mailbox.", data=["DC-SUB"],
            identifier=mail, covers=covers,
        ),
        measure(
            2, "MEA-06", description="With whom it wrote.", data=["DC-TRF"],
            identifier=mail, covers=covers,
        ),
    )  # fmt: skip
    return paper(now=now, to="XC", reference="XB-2030-0150", measures=wanted)


def capital(now: datetime) -> Paper:
    """SC-07: murder, in a State that may punish it with death."""
    covers = (now - 40 * DAY, now - 20 * DAY)
    wanted = (
        measure(
            1, "MEA-06", description="What the router of the house noted.", data=["DC-TRF"],
            identifier=("DEVICE_SERIAL", "ONHUB-0441"), covers=covers,
        ),
        measure(
            2, "MEA-07", description="What the voice assistant stored.", data=["DC-CNT"],
            identifier=("ACCOUNT", "voice.example/family"), covers=covers,
        ),
    )  # fmt: skip
    return paper(
        now=now,
        to="QT",
        reference="XA-2030-0912",
        measures=wanted,
        legal_basis=[{"instrument": "BUD", "article": "31"}],
        offences=[offence("Murder", "XA Penal Code 1111", 600, "OFF-E14")],
        penalties={"death_penalty": True, "life_without_parole": True, "corporal": False},
        facts="A woman was killed in her house. A router and a voice assistant were running; both store with "
        "providers in QT who was near them, and what was said.",
        death_penalty_assurance=assurance("Minister of Justice", "Ministry of Justice of XA", now),
        privilege_plan="A filter team of QT looks at what was said before anything is cleared.",
        transfer_basis=None,
    )


def assurance(signatory: str, authority: str, now: datetime) -> Json:
    """Give a State's word on the death penalty."""
    return {
        "text": "The death penalty will be neither sought nor imposed nor carried out; what is sent is used "
        "neither directly nor indirectly to that end.",
        "signatory": signatory,
        "authority": authority,
        "date": day(now),
    }


VAGUE = (
    "Who usurps an office is punished as section 132 of the code of QR says in its third paragraph."
)


def lawless() -> dict[str, Json]:
    """An offence with the number of a section, and not a word of what it says."""
    return offence("Usurpation of an office", "QR Criminal Code 132", 48, law="See section 132.")


def incomplete(now: datetime) -> Paper:
    """SC-08: a section in the place of the law's text, and twenty years in the place of a time."""
    wanted = (
        measure(
            1, "MEA-06", description="Connections of this line.", data=["DC-TRF"],
            identifier=("MSISDN", "+999 555 0123"), covers=(now - 20 * 365 * DAY, now),
        ),
    )  # fmt: skip
    return paper(
        now=now,
        to="XC",
        reference="QR-2030-0061",
        measures=wanted,
        legal_basis=[{"instrument": "BUD", "article": "31"}],
        offences=[offence("Usurpation of an office", "QR Criminal Code 132", 48, law=VAGUE)],
        listed_category=False,
        dual_criminality="The person called himself an officer of the tax office, and had people pay him.",
    )


def thirty_identifiers(now: datetime) -> Paper:
    """SC-09: what is asked for with a stolen key, at night, of thirty people at once."""
    accounts = [("ACCOUNT", f"pay.qm.example/{number:06}") for number in range(1, 31)]
    asked = measure(
        1, "MEA-03", description="Holders of these accounts.", data=["DC-SUB"],
        identifier=accounts[0], covers=(now - 30 * DAY, now),
    )  # fmt: skip
    asked["identifiers"] = [
        {"kind": kind, "value": value, "document": "Letter of tonight", "page": "1"}
        for kind, value in accounts
    ]
    urgent = emergency(now)
    kept = ("request_kind", "legal_basis", "channel", "urgency", "urgency_reasons", "needed_by")
    return paper(
        now=now,
        to="QM",
        reference="QP-2030-0815",
        measures=[asked],
        **{name: urgent[name] for name in kept},
        emergency_facts="Lives are at stake tonight and every minute counts; the accounts of all of these "
        "people must be told to us before the morning.",
        confirmation_contact=OTHER_CONTACT,
        contact_24_7=DUTY_CONTACT,
        issuing_authority=POLICE,
        validation_due=instant(now + 2 * DAY),
    )


def invoice(now: datetime) -> Paper:
    """SC-09: an honest request of the same country, a week before."""
    asked = measure(
        1, "MEA-03", description="Who holds this account.", data=["DC-SUB"],
        identifier=("ACCOUNT", "pay.qm.example/000100"), covers=(now - 30 * DAY, now),
    )  # fmt: skip
    return paper(now=now, to="QM", reference="QP-2030-0790", measures=[asked])


def completed() -> dict[str, Json]:
    """SC-08: what the answer supplies: the text of the law, and eight days."""
    law = "Whoever without authority poses as the holder of a public office is punished with four years."
    may: Json = {"from": "2030-05-03T00:00:00Z", "to": "2030-05-11T00:00:00Z"}
    return {
        "offences": [offence("Usurpation of an office", "QR Criminal Code 132", 48, law=law)],
        "measures": {"M01": {"range": may}},
    }


def officers_case(now: datetime) -> Paper:
    """SC-10: QN asks QS in case 77."""
    wanted = (
        measure(
            1, "MEA-03", description="Who holds these accounts.", data=["DC-SUB"],
            identifier=("E_MAIL", "v.stern@mail.example"), covers=(now - 60 * DAY, now),
        ),
    )  # fmt: skip
    return paper(now=now, to="QS", reference="QN-2030-0077", measures=wanted)
