"""SC-07: a State that may punish with death asks: whose word binds, and what may cross the border."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha1

from client.sdk import custody
from deploy.evidence import Stream
from deploy.stories import later_requests as requests
from deploy.stories.desk import APPROVER, ASSESSOR, PREPARER
from deploy.stories.flow import OWN_VIEW, SAME_CONDUCT, delivered
from deploy.stories.packing import Exhibit
from deploy.stories.papers import DAY, instant
from deploy.stories.profiles import only
from deploy.stories.stage import Stage
from deploy.stories.story import Story
from shared.protocol.canonical import Json

PROSECUTOR = "Prosecutor General of XA"
RETENTIONIST = {
    "requesting_retains = false": "requesting_retains = true",
    "assurance_required = true": f'assurance_required = true\nbinding_signatories = ["{PROSECUTOR}"]',
}
COVERS = (
    "The assurance binds the prosecution, names seeking, imposing and carrying out, and covers direct and "
    "indirect use of what is sent."
)
STRICT = (
    "Strictly necessary: the two recordings alone can show who was in the house that night. Weighed against "
    "the rights of the suspect and of the family, with the assurance in hand, they do not override it."
)
STRICT_TOO = (
    "The authority finds the same on its own reading: no adequacy, no standing safeguards; one murder, two "
    "sources, one night, and nothing milder would do."
)
FILES = ("onhub-report.bin", "assistant.zip", "network.zip")


def play(stage: Stage) -> None:
    """No assurance, no acceptance; no assessment, no release; a wrong digest, no file."""
    xa, qt = stage["XA"], stage["QT"]
    now = stage.world.clock()
    stage.scene("XA", "Murder. XA may punish with death, and sends its minister's word along.")
    request = delivered(stage, "XA", "QT", requests.capital(now))
    stage.after(2 * DAY, "QT", "QT looks at whose word it is.")
    qt.takes_up(request, "QT-2030-9")
    _looked_at(stage, request)
    stage.refused(
        "a minister cannot bind the prosecutors of XA (G07)",
        "no_assurance",
        lambda: qt.decides(request, "accept"),
    )
    _assured(stage, request)
    _conditions(stage, request)
    qt.decides(request, "accept")
    qt.executes(request, "2 Rs 1/30")
    stage.crosses("QT", "XA", "decision: accepted, executing")
    package = _collected(stage, request, now)
    _weighed(stage, package)
    qt.releases(package)
    stage.crosses("QT", "XA", "package, under COND-03")
    stage.lies(package, XA="VERIFIED", QT="VERIFIED")
    bag = xa.fetches(package, stage.world.folder / "bag")
    found = sorted(path.name for path in (bag / "data").iterdir())
    stage.hold("it goes without the disputed file", found=found, wanted=sorted(FILES[:2]))
    stage.custody(package, "XA")


def _looked_at(stage: Stage, request: str) -> None:
    stage["QT"].finds(APPROVER, request, "G04", "RD-CA", OWN_VIEW)
    stage["QT"].finds(APPROVER, request, "G05", "RD-CA", SAME_CONDUCT)


def _assured(stage: Stage, request: str) -> None:
    xa, qt = stage["XA"], stage["QT"]
    qt.asks(
        request,
        ["J04"],
        "An assurance is needed from somebody who binds those who prosecute.",
        due=stage.world.clock() + 20 * DAY,
    )
    stage.crosses("QT", "XA", "query: J04")
    stage.after(9 * DAY, "XA", "The Prosecutor General gives the assurance.")
    word = requests.assurance("The Prosecutor General", PROSECUTOR, stage.world.clock())
    xa.answers(request, "See the assurance of today.", death_penalty_assurance=word)
    stage.crosses("XA", "QT", "answer: the assurance")
    stage.say("What was found before the answer counts no more; QT looks at the whole again.")
    _looked_at(stage, request)
    stage.refused(
        "whether it covers indirect use as well a person must find",
        "finding_missing",
        lambda: qt.decides(request, "accept"),
    )
    qt.finds(APPROVER, request, "G07", "RD-CA", COVERS)


def _conditions(stage: Stage, request: str) -> None:
    terms: list[Json] = [
        {"code": "COND-03", "text": "Not used, directly or indirectly, in a capital charge."}
    ]
    stage["QT"].consults(request, "Granted on this condition only.", terms=terms)
    stage.crosses("QT", "XA", "COND-03 proposed")
    stage["XA"].settles(request, "accepted", "Agreed.")
    stage.crosses("XA", "QT", "COND-03 accepted, signed")


def _collected(stage: Stage, request: str, now: datetime) -> str:
    """Three files; one is not what its provider listed."""
    qt = stage["QT"]
    stage.after(20 * DAY, "QT", "Three files with the providers' own list of digests.")
    covers = (now - 38 * DAY, now - 22 * DAY)
    files = [
        Exhibit(
            name=name, content=Stream(name).read(40_000), measure=measure, category=category,
            about=about, covers=covers, custody=_listed(stage, name, right=name != FILES[2]),
        )
        for name, measure, category, about in (
            (FILES[0], "M01", "DC-TRF", "ONHUB-0441"),
            (FILES[1], "M02", "DC-CNT", "voice.example/family"),
            (FILES[2], "M01", "DC-TRF", "ONHUB-0441"),
        )
    ]  # fmt: skip
    package = qt.collects(request, files).package_id
    stage.world.settle()
    found = qt.package(package)
    stage.hold(
        "it cannot be closed: one file is not what was listed",
        found=found.state,
        wanted="COLLECTING",
    )
    stage.fact(found.problem or "")
    wrong = next(item for item in qt.items(package) if item.original_name == FILES[2])
    custody.remove_item(qt.session(PREPARER), package, wrong.item_id, "DISPUTED")
    qt.closes(package)
    stage.world.settle()
    qt.prepares(package)
    qt.filters(package)
    qt.clears(package)
    return package


def _weighed(stage: Stage, package: str) -> None:
    qt = stage["QT"]
    stage.refused(
        "no adequacy, no safeguards: nothing leaves before it was weighed in writing (G09)",
        "finding_missing",
        lambda: qt.releases(package),
    )
    qt.judges(ASSESSOR, package, "G09", "RD-DPO", verdict="pass", text=STRICT)
    qt.judges(APPROVER, package, "G09", "RD-CA", verdict="pass", text=STRICT_TOO)
    stage.say(
        "Date, receiver, justification and data are on record before the release (LED 38(2))."
    )


def _listed(stage: Stage, name: str, *, right: bool) -> Json:
    """What the provider says of a file: its digest (SHA-1, as it publishes them), right or not."""
    content = Stream(name).read(40_000) if right else b"another file"
    at = instant(stage.world.clock())
    return {
        "acts": [
            {
                "act": "RECEIVED_FROM_PROVIDER",
                "performer": {
                    "person": "M. Aebi",
                    "role": "custodian",
                    "authority": "the provider",
                },
                "started_at": at,
                "ended_at": at,
                "outputs": {"sha1": sha1(content, usedforsecurity=False).hexdigest()},
            }
        ]
    }


STORY = Story(
    number=7,
    title="Death-penalty assurance and data-protection gateway",
    text="XA asks QT in a capital case; QT helps on conditions, with every safeguard in writing.",
    zones={"XA": "America/New_York", "QT": "Europe/Zurich"},
    begins=datetime(2030, 8, 5, 14, 0, tzinfo=UTC),
    play=play,
    changes={
        ("XA", "QT"): {
            **only("BUD"),
            **RETENTIONIST,
            'default_gateway = "APPROPRIATE_SAFEGUARDS"': 'default_gateway = "SPECIAL_CIRCUMSTANCES"',
        }
    },
)
