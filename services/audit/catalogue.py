"""Which events exist, who may record them, and what each of them may tell. Nothing else enters the log.

`spec/events.md` is written from this table. Not every type is recorded yet: names are given once, so that
a log reads the same in twenty years.
"""

from collections.abc import Mapping
from dataclasses import replace

from services.audit.casevents import CASE_EVENTS
from services.audit.eventtypes import COMMON, EventType, Reason
from shared.protocol.messages import ReceiptKind

LOG_OPENED = "log.opened"
LOG_CLOSED = "log.closed"
LOG_HEARTBEAT = "log.heartbeat"
POLICY_CHANGED = "log.policy_changed"
KEY_CHANGED = "log.key_changed"
INDEX_ROOT = "index.root"
ERASED = "erasure.executed"
PEER_CONTRADICTED = "peer.log_contradicted"
AUDIT_QUERIED = "audit.queried"
TRANSFER_INTENT = "transfer.intent"

_ENTRY = frozenset(["direction", "peer", "channel", "epoch", "seq", "entry_type", "entry_hash"])
_RECEIPTS = frozenset(each.value for each in ReceiptKind)
_VIEWS = frozenset({"bundle", "counterparts", "entries", "evidence", "find"})
_VIEWS |= frozenset({"key", "openings", "proof", "timestamps"})


_EXCHANGE = EventType(says="", writers=frozenset({"exchange"}))
_EITHER = replace(_EXCHANGE, writers=frozenset({"exchange", "gateway"}))
_OWN = replace(_EXCHANGE, writers=frozenset({"audit"}), allows=frozenset())
_CASE = replace(
    _EXCHANGE,
    needs=frozenset({"case_id"}),
    allows=COMMON | {"reason"},
    reasons=(Reason.CODE, Reason.LAW),
)
_PACKAGE = replace(_CASE, needs=_CASE.needs | {"transfer_id"})
_ITEM = replace(_PACKAGE, reasons=(Reason.ITEM,))
_GATE = replace(_CASE, reasons=(Reason.CODE, Reason.GATE))
_PEER = replace(
    _EXCHANGE, needs=frozenset({"peer"}), allows=COMMON | {"reason"}, reasons=(Reason.CODE,)
)
_TRANSFER = replace(
    _EXCHANGE,
    needs=_ENTRY,
    allows=COMMON | _ENTRY | {"about", "outcome", "size"},
    outcomes=_RECEIPTS,
)
# `reason`: why what an entry says was not taken, though the entry itself was.
_ARRIVAL = replace(
    _TRANSFER, allows=_TRANSFER.allows | {"counterpart", "reason"}, reasons=(Reason.CODE,)
)
_CLIENT = replace(
    _EXCHANGE,
    writers=frozenset({"gateway"}),
    needs=frozenset({"personal", "reason"}),
    allows=frozenset({"personal", "reason"}),
    reasons=(Reason.CODE,),
)
_RULE = replace(_EITHER, allows=COMMON | {"reason"}, reasons=(Reason.CODE,))


def _each(kind: EventType, said: Mapping[str, str]) -> dict[str, EventType]:
    """Types that are alike but for their names and what they say."""
    return {name: replace(kind, says=says) for name, says in said.items()}


CATALOGUE: Mapping[str, EventType] = {
    TRANSFER_INTENT: replace(_TRANSFER, says="an entry is about to leave; without it none does"),
    "transfer.received": replace(_ARRIVAL, says="an entry of a peer was taken"),
    **_each(_CASE, CASE_EVENTS),
    **_each(
        _GATE,
        {
            "gate.passed": "all gates of an act were open",
            "gate.failed": "a gate was shut",
            "gate.found": "a person in a role answered for a gate, in their own words",
            "gate.overridden": "a person answered for a gate that may be overridden",
        },
    ),
    **_each(
        _PACKAGE,
        {
            "package.opened": "a package was begun",
            "package.changed": "it was changed",
            "package.case_added": "its CASE graph was put in",
            "package.closing": "its closing began: all is read back",
            "package.collected": "it is closed; what it holds is fixed",
            "package.prepared": "the preparer signed it",
            "package.filtered": "the preparer signed that only what was asked for is in it",
            "package.cleared": "the approver signed it",
            "package.sealed": "its key was wrapped for the receiver",
            "package.released": "it may be fetched",
            "package.offered": "the peer was told of it",
            "package.received": "the peer has its entry",
            "package.fetched": "all of its segments are here",
            "package.verified": "every digest was recomputed by the receiver",
            "package.disputed": "the receiver found something wrong",
            "package.read": "it was read",
            "package.opened_by": "an authority opened it",
            "package.handed_over": "the receiving authority confirmed what it holds",
            "package.in_use": "it is in use",
            "package.held": "its use was stopped",
            "package.restricted": "its use was restricted",
            "package.returned": "it was given back",
            "package.destroyed": "it was destroyed",
            "package.failed": "it could not be closed or released",
            "package.category": "it holds `count` items of one category of data",
            "package.retention_reviewed": "it was found to be needed for longer",
            "package.destruction_countersigned": "its sender signed for its destruction, too",
            "package.legal_hold": "it may not be destroyed, or may be again",
            "custody.recorded": "an act on an item was put on record",
            "evidence.onward_refused": "leave to pass it on was refused",
            "package.expired": "it was not fetched in time",
            "evidence.accessed": "evidence was handed out",
            "evidence.exported": "evidence left the node as a bag",
            "evidence.onward_requested": "leave was asked to pass it on",
            "evidence.onward_consented": "leave was given",
        },
    ),
    **_each(
        _ITEM,
        {
            "package.item_declared": "an item was declared",
            "package.item_removed": "an item was taken out",
        },
    ),
    **_each(
        _PEER,
        {
            "transfer.sent": "the peer confirmed an entry",
            "transfer.refused": "an entry of a peer was refused",
            "evidence.refused": "what a peer sent was not handed out: no officer's leave to read it held",
            "transfer.failed": "an entry could not be brought to the peer in time",
            "channel.opened": "a channel was opened",
            "channel.frozen": "a channel was frozen",
            "channel.resynced": "two officers settled a frozen channel",
            "peer.unreachable": "a peer did not answer for long",
            "audit.exported": "an overseer read the links of a channel, or what convicts its peer",
        },
    ),
    **_each(
        replace(_PEER, writers=frozenset({"gateway"})),
        {
            "peer.key_changed": "the directory names another key of a peer",
            "peer.suspended": "the directory suspended a peer, or it is gone",
            "peer.resumed": "the directory took a peer up again",
        },
    ),
    **_each(
        replace(
            _PEER,
            writers=frozenset({"gateway"}),
            needs=frozenset({"peer", "reason"}),
            reasons=(Reason.LAW,),
        ),
        {
            "pair.agreed": "both countries name this profile: which treaties count, with which values",
            "pair.ended": "one of the two does not name this profile any more",
        },
    ),
    **_each(
        _RULE,
        {
            "directory.refused": "what the directory, a mirror or a member of it said does not hold",
            "access.granted": "a client was registered",
            "access.denied": "a call was refused",
            "access.revoked": "a client was shut out",
            "user.role_changed": "the role of a person or client changed",
            "incident.opened": "something went wrong that a person must look at",
            "incident.notified": "those who must know were told",
            "incident.closed": "it was settled",
        },
    ),
    **_each(
        replace(_RULE, writers=frozenset({"gateway"})),
        {
            "token_key.announced": "a key that will sign access tokens was drawn and shown",
            "token_key.rotated": "an operator let the next one sign at once",
            "token_key.dropped": "an operator dropped all of them, and with them every token",
        },
    ),
    **_each(
        _CLIENT,
        {
            "client.imported": "a client came from the file that a node begins with",
            "client.proposed": "something about a client was proposed: what, is the reason",
            "client.approved": "a second officer approved it, and it was done",
            "client.rejected": "it was rejected",
            "client.suspended": "a client was shut out at once",
            "client.resumed": "a second officer approved that it is let in again",
            "client.key_expiring": "the last key of a client ends within 30 days",
        },
    ),
    AUDIT_QUERIED: replace(
        _OWN,
        says="an overseer read this log",
        needs=frozenset({"outcome", "count", "personal"}),
        allows=frozenset({"outcome", "count", "personal"}),
        outcomes=_VIEWS,
    ),
    "audit.checkpoint": replace(
        _OWN, says="a checkpoint was handed to an overseer", allows=frozenset({"count"})
    ),
    LOG_OPENED: replace(
        _OWN,
        says="the log begins; it may follow another one",
        allows=frozenset({"reason"}),
        reasons=(Reason.CODE,),
        commits=frozenset({"log_case_key"}),
    ),
    LOG_CLOSED: replace(
        _OWN,
        says="the log ends here: nothing follows this entry",
        allows=frozenset({"reason", "count"}),
        reasons=(Reason.CODE,),
    ),
    LOG_HEARTBEAT: replace(
        _OWN, says="nothing else happened for a while", allows=frozenset({"count"})
    ),
    POLICY_CHANGED: replace(
        _OWN,
        says="another policy of witnesses is in force: digest of its text, limit in seconds",
        needs=frozenset({"commit"}),
        allows=frozenset({"commit", "count"}),
        commits=frozenset({"policy"}),
    ),
    KEY_CHANGED: replace(
        _OWN,
        says="other keys sign this log: digest of its verifier keys",
        needs=frozenset({"commit"}),
        allows=frozenset({"commit", "count", "reason"}),
        reasons=(Reason.CODE,),
        commits=frozenset({"vkeys"}),
    ),
    INDEX_ROOT: replace(
        _OWN,
        says="the root of the index of the first `count` entries",
        needs=frozenset({"commit", "count"}),
        allows=frozenset({"commit", "count"}),
        commits=frozenset({"index_root"}),
    ),
    ERASED: replace(
        _OWN,
        says="`count` openings of a case, and the key of all of them, were destroyed",
        needs=frozenset({"case_id", "reason"}),
        allows=frozenset({"case_id", "reason", "count", "personal"}),
        reasons=(Reason.GROUND,),
    ),
    PEER_CONTRADICTED: replace(
        _OWN,
        says="two signed checkpoints of a peer's log contradict each other; the evidence is kept",
        needs=frozenset({"peer"}),
        allows=frozenset({"peer", "count", "reason", "commit"}),
        reasons=(Reason.CODE,),
        commits=frozenset({"evidence"}),
    ),
}
