"""What a request or a package waits for, in words, by its side and state."""

from collections.abc import Mapping

from services.exchange.states import Direction, PackageState
from shared.protocol.law.lifecycle import State

REQUEST_WAITS: Mapping[tuple[Direction, State], str] = {
    (Direction.OUT, State.DRAFT): "the preparer, to submit it with an approval",
    (Direction.OUT, State.RETURNED_TO_DRAFTER): "the preparer, to amend it",
    (Direction.OUT, State.INTERNAL_REVIEW): "a second officer, to approve it",
    (Direction.OUT, State.APPROVED): "the approver, to send it",
    (Direction.OUT, State.TRANSMITTED): "the other country's node, to take it",
    (Direction.OUT, State.DELIVERED): "the other authority, to acknowledge it",
    (Direction.OUT, State.ACKNOWLEDGED): "the other authority, to review it",
    (Direction.OUT, State.UNDER_REVIEW): "the other authority, to decide",
    (Direction.OUT, State.INFO_REQUESTED): "our authority, to answer what was asked",
    (Direction.OUT, State.CONDITIONS_PROPOSED): "our authority, to accept the conditions or decline",
    (Direction.OUT, State.ACCEPTED): "the other authority, to begin execution",
    (Direction.OUT, State.PARTIALLY_ACCEPTED): "the other authority, to begin execution",
    (Direction.OUT, State.POSTPONED): "the other authority, to go on when the ground has ceased",
    (Direction.OUT, State.EXECUTING): "the other authority's evidence",
    (Direction.OUT, State.PARTIALLY_FULFILLED): "more of the other authority's evidence",
    (Direction.OUT, State.FULFILLED): "our authority, to verify everything and close it",
    (Direction.OUT, State.SUSPENDED): "a court of the other country",
    (Direction.IN, State.DELIVERED): "our authority, to acknowledge it",
    (Direction.IN, State.ACKNOWLEDGED): "our authority, to review it",
    (Direction.IN, State.UNDER_REVIEW): "our authority, to decide",
    (Direction.IN, State.INFO_REQUESTED): "the other authority, to answer what was asked",
    (Direction.IN, State.CONDITIONS_PROPOSED): "the other authority, to accept the conditions or decline",
    (Direction.IN, State.ACCEPTED): "our executing authority, to obtain the order and begin",
    (Direction.IN, State.PARTIALLY_ACCEPTED): "our executing authority, to obtain the order and begin",
    (Direction.IN, State.POSTPONED): "our authority, to go on when the ground has ceased",
    (Direction.IN, State.EXECUTING): "our authority, to collect and release the evidence",
    (Direction.IN, State.PARTIALLY_FULFILLED): "our authority, to release the rest, or say it was all",
    (Direction.IN, State.FULFILLED): "the other authority, to close it",
    (Direction.IN, State.SUSPENDED): "our court",
}  # fmt: skip
PACKAGE_WAITS: Mapping[tuple[Direction, PackageState], str] = {
    (Direction.OUT, PackageState.COLLECTING): "the preparer, to add files and close it",
    (Direction.OUT, PackageState.CLOSING): "the node, to read everything back",
    (Direction.OUT, PackageState.COLLECTED): "the preparer, to approve what was closed",
    (Direction.OUT, PackageState.FILTERED): "a second officer, to clear it",
    (Direction.OUT, PackageState.CLEARED): "the approver, to release it",
    (Direction.OUT, PackageState.SEALED): "the log, to record it before it leaves",
    (Direction.OUT, PackageState.RELEASED): "the other country's node, to take it",
    (Direction.OUT, PackageState.RECEIVED): "the other country's node, to fetch and verify it",
    (Direction.OUT, PackageState.VERIFIED): "the other authority, to confirm the hand-over",
    (Direction.IN, PackageState.RECEIVED): "the node, to fetch and verify the content",
    (Direction.IN, PackageState.VERIFIED): "our authority, to fetch it and confirm the hand-over",
}
