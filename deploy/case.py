"""One case, played through the command line as its clerks would: demo, tests and measurements.

Every step is a `rogatory` command at one country's desk. A node that is away is asked again for as long
as `patience` allows: after each failure the desk looks whether the step was done all the same (the
answer may have been lost), so a retry never does anything twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

from deploy.desk import CommandError, Desk
from shared.protocol.canonical import Json

POLL = 0.2  # seconds between two looks at a state
WAIT = 300.0  # seconds a state may take to come
STATE_CONFLICT, UNAVAILABLE = 6, 7  # exit codes of the command line
ORDER: Mapping[str, Sequence[str]] = {
    "request": ("S00", "S01", "S03", "S04", "S05", "S06", "S07", "S10", "S14"),
    "package": (
        "COLLECTING", "CLOSING", "COLLECTED", "FILTERED", "CLEARED",
        "SEALED", "RELEASED", "RECEIVED", "VERIFIED", "IN_USE",
    ),
}  # fmt: skip
LOOK = {"request": "show", "package": "status"}
# What every exhibit answers: the content of the one telephone, of the time that was asked.
ANSWERS = """measure_id = "M01"
category = "DC-CNT"
identifier = "+999 555 0117"
from = 2026-01-01T00:00:00Z
to = 2026-03-31T00:00:00Z
"""
ASSESSED = (
    "Three months of messages from one number are the least that shows who arranged the payments; "
    "the offence carries five years, and other content is neither asked for nor looked at."
)
REVIEWED = (
    "The accounts are under false names and no milder measure would name whoever arranged them; the "
    "filter team takes out what is privileged, so that the measure stays in proportion."
)
PUNISHABLE = (
    "Whoever alters invoices by computer so that another pays to a false account is punished here, "
    "too, whatever the name of the offence: section 147 of the Criminal Code of QN."
)
COURT = ("--order", "11 Gs 204/26", "--kind", "order to seize", "--court", "Regional Court of QN")


@dataclass(slots=True, kw_only=True)
class Case:
    """Request and package of one case. `patience` is how long a node may be away, in seconds."""

    desks: Mapping[str, Desk]
    patience: float = 0.0
    request_id: str = ""
    package_id: str = ""

    def draft(self, draft: str) -> None:
        """QM drafts a request from a file as the CLI sees it; the drafter signs it."""
        desk = self.desks["QM-preparer"]
        self.request_id = str(self.persist(desk, "request", "new", draft)["request_id"])

    def send_request(self) -> None:
        """A second person in QM approves the request; it is sent and reaches QN."""
        desk = self.desks["QM-approver"]
        approve = ("request", "approve", self.request_id)
        self.reach(desk, "S03", *approve, "--assessment", ASSESSED)
        self.reach(desk, "S05", "request", "send", self.request_id)

    def accept(self) -> None:
        """QN acknowledges, reviews, accepts and begins to execute; QM sees it."""
        desk = self.desks["QN-approver"]
        acknowledge = ("request", "acknowledge", self.request_id)
        self.reach(desk, "S06", *acknowledge, "--reference", "QN-2026-0311")
        review = ("request", "review", self.request_id)
        self.reach(desk, "S07", *review, "--reviewer", "Section 3")
        found = ("--assessment", REVIEWED, "--dual-criminality", PUNISHABLE)
        self.reach(desk, "S10", "request", "accept", self.request_id, *found)
        execute = ("request", "execute", self.request_id, *COURT, "--date", "2026-11-19")
        self.reach(self.desks["QN-preparer"], "S14", *execute)
        self.wait(self.desks["QM-preparer"], "request", self.request_id, "S14")

    def collect(self, files: Sequence[str], graph: str, answers: str | None = None) -> None:
        """QN opens a package, adds files and provenance; what they answer is written beside the graph."""
        desk = self.desks["QN-preparer"]
        title = ("--title", "Seized devices, QN-2026-0311")
        self.package_id = str(
            self.persist(desk, "package", "new", self.request_id, *title)["package_id"]
        )
        if answers is None:
            written = Path(graph).with_name("answers.toml")
            written.write_text(ANSWERS, encoding="utf-8")
            answers = str(written)
        self.add(files, "--case", graph, "--answers", answers)

    def add(self, files: Sequence[str], *options: str) -> None:
        """Add files to the package; what is there already is not sent twice."""
        desk = self.desks["QN-preparer"]
        self.persist(desk, "package", "add", self.package_id, *files, *options)

    def close(self) -> None:
        """QN closes the package: read back, every digest recomputed, signed by the preparer."""
        self.reach(self.desks["QN-preparer"], "FILTERED", "package", "close", self.package_id)

    def release(self) -> None:
        """QN's filter team looks for privilege; a second person clears exactly that, and releases it."""
        self.persist(self.desks["QN-privilege"], "package", "filter", self.package_id)
        desk = self.desks["QN-approver"]
        self.reach(desk, "CLEARED", "package", "clear", self.package_id)
        self.reach(desk, "RELEASED", "package", "release", self.package_id)

    def arrive(self) -> None:
        """Wait until QM's node has verified everything and QN holds its receipt."""
        self.wait(self.desks["QN-approver"], "package", self.package_id, "VERIFIED")

    def fetch(self, bag: str) -> None:
        """QM's authority collects the bag and confirms the hand-over; QN learns of it."""
        self.persist(self.desks["QM-receiver"], "fetch", self.package_id, "-o", bag)
        self.wait(self.desks["QN-approver"], "package", self.package_id, "IN_USE")

    def reach(self, desk: Desk, goal: str, *words: str) -> None:
        """Run a command on an object until it has reached a state.

        Raises:
            CommandError: it was refused, or the node was away for too long.
        """
        kind, _, name = words[:3]
        deadline = monotonic() + self.patience
        while True:
            try:
                desk.run(*words)
                break
            except CommandError as error:
                if self._has_reached(desk, kind, name, goal):
                    break
                if monotonic() > deadline or error.exit_code not in {STATE_CONFLICT, UNAVAILABLE}:
                    raise
                sleep(POLL)
        self.wait(desk, kind, name, goal)

    def persist(self, desk: Desk, *words: str) -> dict[str, Json]:
        """Run a command that may safely be run again, until it succeeds."""
        deadline = monotonic() + self.patience
        while True:
            try:
                return desk.run(*words)
            except CommandError as error:
                if monotonic() > deadline or error.exit_code != UNAVAILABLE:
                    raise
                sleep(POLL)

    def wait(self, desk: Desk, kind: str, name: str, goal: str) -> None:
        """Wait until an object has reached a state.

        Raises:
            TimeoutError: it did not within `WAIT`.
        """
        deadline = monotonic() + WAIT
        while not self._has_reached(desk, kind, name, goal):
            if monotonic() > deadline:
                raise TimeoutError(f"{kind} {name} did not reach {goal} in {WAIT:.0f} s")
            sleep(POLL)

    def _has_reached(self, desk: Desk, kind: str, name: str, goal: str) -> bool:
        try:
            state = desk.ask(kind, LOOK[kind], name)["state"]
        except CommandError as error:
            if self.patience and error.exit_code == UNAVAILABLE:
                return False
            raise
        order = ORDER[kind]
        return state in order and order.index(str(state)) >= order.index(goal)
