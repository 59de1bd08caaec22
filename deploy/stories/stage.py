"""What a story is played on: the world, whoever tells it, and the overseers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from itertools import groupby
from time import monotonic, sleep

from client.sdk.custody import custody
from client.sdk.records import as_list, as_object
from deploy.stories.checking import Overseers, counted
from deploy.stories.desk import refusal
from deploy.stories.office import Office
from deploy.stories.papers import day
from deploy.stories.telling import Teller
from deploy.stories.world import GLANCE, PATIENCE, UnsettledError, World
from shared.protocol.canonical import Json


class Stage:
    """Shorthand of the stories: who, when, what crosses, and what must hold."""

    def __init__(self, world: World, teller: Teller) -> None:
        self.world, self.teller = world, teller
        self.overseers = Overseers(world)
        self.spoilt = False  # a log was tampered with: it cannot agree any more
        self.say, self.fact, self.hold = teller.say, teller.fact, teller.hold

    def __getitem__(self, country: str) -> Office:
        """Return the people of a country."""
        return self.world[country]

    def scene(self, country: str, sentence: str) -> None:
        """Say what happens now in a country."""
        self.teller.scene(country, self.world.clock(), sentence)

    def at(self, moment: datetime, country: str, sentence: str) -> None:
        """Go on at a moment."""
        self.world.travel(moment)
        self.scene(country, sentence)

    def after(self, time: timedelta, country: str, sentence: str) -> None:
        """Go on some time later."""
        self.at(self.world.clock() + time, country, sentence)

    def crosses(self, sender: str, receiver: str, what: str) -> None:
        """Let everything settle, and draw what crossed."""
        self.world.settle()
        self.teller.crosses(sender, receiver, what)

    def stands(self, request_id: str, **states: str) -> None:
        """Check in which state each country holds a request."""
        found = {name: self[name].request(request_id).state for name in states}
        self.teller.stand("request", found)
        self.teller.hold(f"the request is {_said(states)}", found=found, wanted=states)

    def awaits(self, country: str, request_id: str, state: str) -> None:
        """Wait until a country holds a request in a state, while something else cannot settle."""
        deadline = monotonic() + PATIENCE
        while (found := self[country].request(request_id).state) != state:
            if monotonic() > deadline:
                message = f"{country} holds the request in {found}, and not in {state}"
                raise UnsettledError(message)
            sleep(GLANCE)

    def measures(self, request_id: str, **states: tuple[str, ...]) -> None:
        """Check in which state each country holds each measure of a request."""
        found = {
            name: tuple(each.state for each in self[name].request(request_id).measures)
            for name in states
        }
        self.teller.stand("measures", {name: " ".join(each) for name, each in found.items()})
        self.teller.hold("each measure is where it must be", found=found, wanted=states)

    def lies(self, package_id: str, **states: str) -> None:
        """Check in which state each country holds a package."""
        found = {name: self[name].package(package_id).state for name in states}
        self.teller.stand("package", found)
        self.teller.hold(f"the package is {_said(states)}", found=found, wanted=states)

    def refused(self, sentence: str, code: str, act: Callable[[], object]) -> None:
        """Check that a call is refused, by its code."""
        self.teller.hold(f"{sentence} ({code})", found=refusal(act), wanted=code)

    def counts(self, country: str, case: str, wanted: Mapping[tuple[str, str], int]) -> None:
        """Check how often a country's log tells something of a case: by type and reason."""
        leaves = self.overseers.of_case(country, case)
        found = {each: leaves[each] for each in wanted}
        said = ", ".join(f"{kind} {reason} {n}x" for (kind, reason), n in wanted.items())
        self.teller.hold(f"the log of {country} has: {said}", found=found, wanted=wanted)

    def tells(self, country: str, wanted: Mapping[tuple[str, str], int]) -> None:
        """Check how often a country's log tells something at all: by type and reason."""
        leaves = counted(self.overseers.leaves(country))
        found = {each: leaves[each] for each in wanted}
        said = ", ".join(f"{kind} {reason} {n}x" for (kind, reason), n in wanted.items())
        self.teller.hold(f"the log of {country} has: {said}", found=found, wanted=wanted)

    def clock(self, request_id: str, country: str, act: str, *, state: str) -> None:
        """Check how a deadline stands, as a country shows it."""
        found = self._clock(request_id, country, act)
        due = f", due {found['last_day']}" if found["due_at"] else ""
        sentence = f"clock in {country}: {act} ({found['source']}) is {state}{due}"
        self.teller.hold(sentence, found=found["state"], wanted=state)

    def extends(
        self,
        request_id: str,
        country: str,
        act: str,
        *,
        reasons: str,
        estimate: datetime,
        length: int,
    ) -> None:
        """Give a deadline more time, with reasons."""
        name = self._clock(request_id, country, act)["clock_id"]
        path = f"/v1/requests/{request_id}/clocks/{name}/extend"
        said: dict[str, Json] = {"length": length, "reasons": reasons, "estimate": day(estimate)}
        self[country].tells("approver", path, said)

    def explains(self, request_id: str, country: str, act: str) -> None:
        """Print why each day of a deadline counts or does not."""
        found = self._clock(request_id, country, act)
        steps = [as_object(each) for each in as_list(found["steps"])]
        for _, same in groupby(steps, key=lambda step: step["number"] or step["why"]):
            stretch = list(same)
            days = " to ".join(dict.fromkeys(str(stretch[end]["day"]) for end in (0, -1)))
            self.teller.fact(f"{days:24}  {stretch[0]['why']}")
        self.teller.hold(f"every day of `{act}` is explained", found=bool(steps))

    def _clock(self, request_id: str, country: str, act: str) -> dict[str, Json]:
        answer = self[country].session("approver").get(f"/v1/requests/{request_id}/clocks")
        clocks = [as_object(each) for each in as_list(answer["clocks"])]
        return [each for each in clocks if each["act"] == act][-1]

    def custody(self, package_id: str, country: str) -> dict[str, list[str]]:
        """Print what was done with each file, by both countries, after checking that each chain holds.

        Returns:
            The acts by file.
        """
        trace = custody(self[country].session("approver"), package_id).trace
        found: dict[str, list[str]] = {}
        for exhibit in trace.exhibits:
            acts = [f"{each.country} {each.act}" for each in trace.of(exhibit.item_id)]
            name = exhibit.original_name or exhibit.item_id
            self.teller.fact(f"{name}: {', '.join(acts)}")
            found[name] = acts
        self.teller.hold(f"custody in {country}: every chain is unbroken", found=bool(found))
        return found

    def derives(self, package_id: str, country: str, original: str) -> None:
        """Check that every file of a package is said to be made from one of an older package."""
        trace = custody(self[country].session("approver"), package_id).trace
        sources = {
            source.package_id
            for exhibit in trace.exhibits
            for source in trace.of(exhibit.item_id)[0].derived_from
        }
        self.teller.hold("each is derived from its original", found=sources, wanted={original})

    def suspects(self, country: str, pattern: str, sentence: str) -> None:
        """Check that a pattern of misuse is found in a country's log."""
        found = self.overseers.suspicions(country, "UTC")
        for each, times in Counter(found).items():
            self.teller.fact(each if times == 1 else f"{each}, {times} times")
        matched = [each for each in found if each.startswith(f"{pattern} ")]
        self.teller.hold(f"{sentence} ({pattern})", found=bool(matched))

    def counts_the_year(self, country: str, wanted: Mapping[str, int | str]) -> None:
        """Check all of O01 to O24 but the overseers' own readings: these numbers, and no other."""
        found = self.overseers.statistics(country)
        sentence = f"O01 to O24 of {country}: {len(wanted)} numbers, and each as it must be"
        differ = {
            name: (found.get(name, 0), wanted.get(name, 0))
            for name in {**found, **wanted}
            if found.get(name, 0) != wanted.get(name, 0)
        }
        self.teller.hold(sentence, found=differ, wanted={})

    def logs_agree(self) -> None:
        """Check every log offline, and each two against each other."""
        found = self.overseers.disagreements()
        countries = " and ".join(self.world.nodes)
        self.teller.hold(f"the logs of {countries} verify and agree", found=found, wanted=[])


def _said(states: dict[str, str]) -> str:
    values = set(states.values())
    if len(values) == 1:
        return f"{values.pop()} in {' and '.join(states)}"
    return ", ".join(f"{state} in {country}" for country, state in states.items())
