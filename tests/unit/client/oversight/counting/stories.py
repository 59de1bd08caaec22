"""Cases as they are told in tests: each a request with one measure, unless it says otherwise."""

from __future__ import annotations

from tests.year_log import Story, package_id

WHAT = ("KIND-MLA", "URG-ROUTINE", "INS-BUD", "OFF-B05", "MEA-06")


def made(
    number: int = 1, *codes: str, peer: str = "QN", day: str = "02-03", year: int = 2026
) -> Story:
    """A request that we sent."""
    story = Story(number=number, peer=peer, year=year)
    story.on(f"{day}T08:00", "request.drafted").on(f"{day}T09:00", "request.approved")
    story.on(f"{day}T10:00", "request.sent").described(f"{day}T10:00", *(codes or WHAT))
    return story.on(f"{day}T10:01", "transfer.intent/request")


def received(
    number: int = 1, *codes: str, peer: str = "QN", day: str = "02-03", year: int = 2026
) -> Story:
    """A request that came."""
    story = Story(number=number, peer=peer, year=year)
    story.on(f"{day}T10:01", "transfer.received/request").described(
        f"{day}T10:01", *(codes or WHAT)
    )
    return story.on(f"{day}T10:01", "request.delivered")


def granted(story: Story, code: str = "MEA-06") -> Story:
    """Accepted, executed, released, fulfilled."""
    story.on("02-05", "request.acknowledged").on("02-05", "request.reviewed")
    for day, state in (("03-01", "S10"), ("03-05", "S14"), ("04-01", "S16")):
        story.on(day, "request.decision", f"{code}/{state}", count=1)
    package = package_id(story.number)
    story.on("03-19", "gate.passed", "release", package=package)
    return story.on("03-20", "transfer.intent/package", package=package)


def refused(story: Story, *grounds: str, code: str = "MEA-06", day: str = "03-01") -> Story:
    story.on("02-05", "request.acknowledged")
    story.on(day, "request.decision", f"{code}/S12", count=1)
    for ground in grounds or ("REF-05",):
        story.on(day, "request.refused", ground)
    return story
