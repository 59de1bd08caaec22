"""The custody report of a package: the checklist in ten points, then every record (HTML; spec/custody.md, 5).

The page is made of the account alone, and stands alone: no script, nothing is fetched. What is not known is
said to be not known. Titles and sources of the points are data.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape
from typing import Final

from shared.protocol.law import custodywords as say
from shared.protocol.law import library
from shared.protocol.law.custody import Act, Record, title, words
from shared.protocol.law.custodytrace import Exhibit, Trace

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = """
@page { size: A4; margin: 18mm 14mm 20mm;
  @bottom-left { content: string(which); font: 8pt sans-serif }
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt sans-serif } }
body { font: 10pt/1.4 sans-serif; max-width: 60rem; margin: 1rem auto; padding: 0 1rem; color: #111 }
h1 { font-size: 15pt; margin: 0 0 .3rem }
.which { string-set: which content(); font-size: 8pt; color: #444 }
section { border: 1px solid #555; margin: 0 0 .6rem; padding: 0 .5rem .4rem }
h2 { background: #e4e9f0; border-bottom: 1px solid #555; font-size: 10pt; margin: 0 -.5rem .3rem;
  padding: .2rem .5rem; break-after: avoid } h2 b { display: inline-block; min-width: 2rem }
h2 small { font-weight: normal; color: #444; float: right } h3 { font-size: 10pt; margin: .5rem 0 .2rem }
table { border-collapse: collapse; width: 100%; margin: .2rem 0 }
td, th { border: 1px solid #bbc; padding: .15rem .3rem; text-align: left; vertical-align: top;
  font-size: 8.5pt }
code { font: 7.5pt monospace; overflow-wrap: anywhere } bdi { overflow-wrap: break-word }
p { margin: .2rem 0 } th.sign { width: 30% }
.none { color: #a00 } .line { border-bottom: 1px solid #555; height: 1.6rem }
pre { font: 8pt monospace; white-space: pre-wrap; overflow-wrap: anywhere }
"""
_VERIFY: Final = """\
In the folder of the bag, with tools that every system has:
  sha256sum -c manifest-sha256.txt            every file of evidence
  sha256sum -c tagmanifest-sha256.txt         metadata/custody.json among them
  openssl cms -verify -no_check_time -binary -inform DER \\
    -in signatures/tagmanifest-sha256.txt.p7s -content tagmanifest-sha256.txt \\
    -CAfile chain/bag-seal-ca.pem -out /dev/null
  b2sum FILE                                  the digest of another family, where a record has it
Of this account, in the folder it came in (`rogatory package custody -o`):
  python3 verify_custody.py custody.json [BAG]      Python alone: chains, digests, files
  openssl cms -verify -no_check_time -binary -inform DER -in custody.json.p7s -content custody.json \\
    -CAfile bag-seal-ca.pem -out /dev/null          who signed; that CA stands in the directory
The hash of a record is SHA-256 of its canonical JSON (RFC 8785); each names the one before it as `prev`."""
_BEFORE: Final = frozenset(Act) - {
    Act.SEALED, Act.TRANSFERRED, Act.RECEIVED, Act.OPENED, Act.EXPORTED, Act.RETURNED, Act.DESTROYED,
}  # fmt: skip


def report(trace: Trace) -> str:
    """Return the report on a package (HTML)."""
    head = f"Custody of package {trace.package_id}"
    which = (
        f"package {trace.package_id} · {trace.sender} to {trace.receiver} "
        f"· request {trace.request_id} · shown by {trace.shown_by}, {trace.made_at}"
    )
    return "".join(
        [
            '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{escape(head)}</title><style>{_STYLE}</style></head>\n<body>",
            f'<h1>{escape(head)}</h1>\n<p class="which">{escape(which)}</p>\n',
            *(_point(number, make(trace)) for number, make in _POINTS.items()),
            "<h1>Every record</h1>\n",
            *(_records(exhibit, trace.of(exhibit.item_id)) for exhibit in trace.exhibits),
            "</body></html>\n",
        ]
    )


def _point(number: str, content: str) -> str:
    said = words()["point"][number]
    source = f"<small>{escape(said['source'])}</small>"
    return f"<section><h2>{source}<b>{number}</b> {escape(said['title'])}</h2>{content}</section>\n"


def _what(trace: Trace) -> str:
    basis = ", ".join(trace.asked.legal_basis)
    rows = [
        (say.exhibit(each), str(one.size), say.text(one.media_type), say.digest(one.content))
        for each in trace.exhibits
        for one in trace.of(each.item_id)
        if one.act is Act.SEALED
    ]
    sealed = say.digest(trace.tagmanifest_sha256)
    return (
        say.line(f"Sent by {trace.sender_name} ({trace.sender}) to {trace.receiver_name}")
        + say.line(f"for request {trace.asked.reference} of {trace.asked.authority}, on {basis}")
        + say.line(f"State here: {trace.state}")
        + f"<p>Tag manifest, sealed (SHA-256): {sealed}</p>"
        + say.table(("Exhibit", "Octets", "Type", "SHA-256"), rows)
    )


def _who(trace: Trace) -> str:
    rows = [
        (
            say.exhibit(each),
            say.text(title("act", one.act)),
            say.text(say.by(one)),
            say.text(say.order(one)),
        )
        for each, one in _before(trace)
        if one.act is not Act.HASHED
    ]
    return say.table(("Exhibit", "Act", "By", "Allowed by"), rows) + _silent(trace)


def _silent(trace: Trace) -> str:
    """Name the exhibits of which nobody said how they were come by."""
    told = {each.item_id for each, one in _before(trace) if one.act is not Act.HASHED}
    silent = [each for each in trace.exhibits if each.item_id not in told]
    if not silent:
        return ""
    return f'<p class="none">Not told of: {", ".join(map(say.exhibit, silent))}</p>'


def _how(trace: Trace) -> str:
    rows = [
        (
            say.exhibit(each),
            say.text(one.act),
            say.text(say.tool(one)),
            say.text(one.place or ""),
            say.text(say.when(one)),
        )
        for each, one in _before(trace)
    ]
    return say.table(("Exhibit", "Act", "With", "Where", "When, and by whose clock"), rows)


def _hand_overs(trace: Trace) -> str:
    rows = [
        (
            say.text(each.what),
            say.text(each.country),
            say.text(each.at),
            say.text(f"{each.channel} {each.epoch}/{each.seq}"),
            say.text("" if each.log_index is None else str(each.log_index)),
            say.digest(each.hash),
        )
        for each in trace.handovers
    ]
    return say.table(("What", "Signed by", "At", "Entry", "Our log", "SHA-384"), rows)


def _digests(trace: Trace) -> str:
    rows = []
    for each in trace.exhibits:
        at = {one.act: one.content for one in trace.of(each.item_id)}
        source = next((one.content for one in trace.of(each.item_id) if one.content), None)
        found = [source, at.get(Act.SEALED), at.get(Act.RECEIVED), at.get(Act.EXPORTED)]
        known = {digest for digest in found[1:] if digest}
        changed = any(one.change for one in trace.of(each.item_id))
        same = len(known) == 1 and (source in known or changed)
        verdict = ("equal" if source in known else "equal since the change in 6") if same else "NO"
        rows.append((say.exhibit(each), *map(say.digest, found), say.text(verdict)))
    heads = ("Exhibit", "At the source", "Sealed", "Received", "In use", "The same?")
    return say.table(heads, rows)


def _changes(trace: Trace) -> str:
    rows = [
        (
            say.exhibit(each),
            say.text(one.act),
            say.text(one.change.what),
            say.text(one.change.why),
            say.text(say.by(one)),
        )
        for each in trace.exhibits
        for one in trace.of(each.item_id)
        if one.change
    ]
    table = say.table(("Exhibit", "Act", "What changed", "Why", "By"), rows)
    return table if rows else "<p>No record tells of a change; a digest that changes needs one.</p>"


def _left_out(trace: Trace) -> str:
    rows = [
        (say.text(one.item_id), say.text(title("left_out", one.why)), say.text(one.reason or ""))
        for one in trace.left_out
    ]
    derived = [
        (say.exhibit(each), say.text(title("relation", source.relation)), say.text(source.item_id))
        for each in trace.exhibits
        for one in list(trace.of(each.item_id))[:1]
        for source in one.derived_from
    ]
    return (
        (say.table(("Left out", "Why", "In words"), rows) if rows else "<p>Nothing was left out.</p>")
        + (say.table(("Exhibit", "Is", "Of item"), derived) if derived else "")
    )  # fmt: skip


def _conditions(trace: Trace) -> str:
    rows = [
        (
            say.text(each.code),
            say.text(_condition(each.code)),
            say.text(each.text),
            say.text(", ".join(f"{name}: {value}" for name, value in each.parameters.items())),
        )
        for each in trace.conditions
    ]
    table = say.table(("Condition", "Means", "In words", "With"), rows)
    purpose = say.line(f"Stated purpose: {trace.asked.purpose}") if trace.asked.purpose else ""
    return purpose + (table if rows else "<p>No condition beyond the instrument's own.</p>")


def _certificate(trace: Trace) -> str:
    forms = trace.asked.formalities
    asked = (
        f"<p>Asked for: {say.text('; '.join(forms))}</p>"
        if forms
        else "<p>No form was asked for.</p>"
    )
    sworn = (
        "I have custody of the exhibits above. They are what the records below say, and were kept so that"
        " nobody could change them unseen."
    )
    lines = "".join(
        f'<tr><th class="sign">{name}</th><td class="line"></td></tr>'
        for name in ("Name and post", "Place and date", "Signature or seal")
    )
    return f"{asked}<p>{sworn}</p><table>{lines}</table>"


def _verify(_trace: Trace) -> str:
    return f"<pre>{escape(_VERIFY)}</pre>"


_POINTS: Final[Mapping[str, Callable[[Trace], str]]] = {
    "1": _what,
    "2": _who,
    "3": _how,
    "4": _hand_overs,
    "5": _digests,
    "6": _changes,
    "7": _left_out,
    "8": _conditions,
    "9": _certificate,
    "10": _verify,
}


def _records(exhibit: Exhibit, records: Sequence[Record]) -> str:
    rows = [
        (
            say.text(f"{one.country} {one.n}"),
            say.text(one.act),
            say.text(say.by(one)),
            say.text(one.recorded_at),
            say.text(one.reason or ""),
            say.digest(one.seal),
            say.digest(one.digest),
        )
        for one in records
    ]
    heads = ("Record", "Act", "By", "Written at", "Why", "Seal", "Hash of the record")
    return f"<section><h2>{say.exhibit(exhibit)}</h2>{say.table(heads, rows)}</section>\n"


def _before(trace: Trace) -> Iterator[tuple[Exhibit, Record]]:
    for each in trace.exhibits:
        for one in trace.of(each.item_id):
            if one.country == trace.sender and one.act in _BEFORE:
                yield each, one


def _condition(code: str) -> str:
    known = library.codes()["condition"]
    return library.title("condition", code) if code in known else ""
