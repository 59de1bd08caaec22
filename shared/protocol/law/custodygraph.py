"""The custody of a package as a graph of CASE/UCO 1.4 (spec/custody.md, 5).

Every record is an `InvestigativeAction` that was informed by the one before it; every item has its
`ProvenanceRecord` with exhibit numbers; a derived item `wasDerivedFrom` its original. The ids of nodes follow
from what they stand for, so the same account gives the same graph. Digests outside the vocabulary of UCO
(BLAKE2b) stand in the records alone.
"""

import uuid
from collections.abc import Iterator, Sequence
from typing import Final

from shared.protocol.canonical import Json, encode
from shared.protocol.law.custody import Record, title
from shared.protocol.law.custodytrace import Exhibit, Trace
from shared.protocol.law.texts import moment

_UCO: Final = "https://ontology.unifiedcyberontology.org/uco/"
_CONTEXT: Final[dict[str, Json]] = {
    "kb": "urn:rogatory:kb:",
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    **{f"uco-{name}": f"{_UCO}{name}/" for name in ("action", "core", "identity", "location")},
    **{f"uco-{name}": f"{_UCO}{name}/" for name in ("observable", "tool", "types")},
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_HASHES: Final = {
    "md5": "MD5", "sha1": "SHA1", "sha256": "SHA256", "sha384": "SHA384", "sha512": "SHA512",
    "sha3-256": "SHA3-256", "sha3-512": "SHA3-512",
}  # fmt: skip


def graph(trace: Trace) -> bytes:
    """Write the graph (JSON-LD, canonical JSON)."""
    nodes: dict[str, Json] = {}
    for exhibit in trace.exhibits:
        records = trace.of(exhibit.item_id)
        for node in (*_item(exhibit, records), *_acts(records)):
            nodes[str(node["@id"])] = node
    nodes |= {str(node["@id"]): node for node in _investigation(trace)}
    return encode({"@context": _CONTEXT, "@graph": list(nodes.values())})


def _investigation(trace: Trace) -> Iterator[dict[str, Json]]:
    orders = {
        str(node["@id"]): node
        for exhibit in trace.exhibits
        for record in trace.of(exhibit.item_id)
        for node in _authorisation(record)
    }
    yield from orders.values()
    yield {
        "@id": _node("investigation", trace.request_id),
        "@type": "case-investigation:Investigation",
        "uco-core:name": trace.asked.reference or trace.request_id,
        "case-investigation:investigationForm": "case",
        "case-investigation:relevantAuthorization": [{"@id": each} for each in orders],
        "uco-core:object": [
            {"@id": _node("provenance-record", each.item_id)} for each in trace.exhibits
        ],
    }


def _item(exhibit: Exhibit, records: Sequence[Record]) -> Iterator[dict[str, Json]]:
    """An item: the file, the record of its provenance, and what it was derived from."""
    file = _node("file", exhibit.item_id)
    sources = records[0].derived_from if records else ()
    for source in sources:
        yield {
            "@id": _node("file", source.item_id),
            "@type": "uco-observable:File",
            "uco-core:name": source.item_id,
        }
    yield {
        "@id": file,
        "@type": "uco-observable:File",
        "uco-core:name": exhibit.original_name or exhibit.item_id,
        "uco-core:hasFacet": list(_facets(exhibit, records)),
        "case-investigation:wasDerivedFrom": [
            {"@id": _node("file", source.item_id)} for source in sources
        ],
    }
    yield {
        "@id": _node("provenance-record", exhibit.item_id),
        "@type": "case-investigation:ProvenanceRecord",
        "case-investigation:exhibitNumber": exhibit.item_id,
        "case-investigation:rootExhibitNumber": (
            records[0].root_item_id if records else exhibit.item_id
        ),
        "uco-core:object": [{"@id": each} for each in (file, *map(_action, records))],
    }


def _facets(exhibit: Exhibit, records: Sequence[Record]) -> Iterator[Json]:
    if exhibit.path:
        yield {
            "@id": _node("file-facet", exhibit.item_id),
            "@type": "uco-observable:FileFacet",
            "uco-observable:fileName": exhibit.original_name or exhibit.path,
            "uco-observable:filePath": exhibit.path,
        }
    if not records:
        return
    digests: dict[str, str] = {}
    for record in records:
        told = record.inputs | record.outputs
        digests = told if record.change else digests | told
    yield {
        "@id": _node("content-data-facet", exhibit.item_id),
        "@type": "uco-observable:ContentDataFacet",
        "uco-observable:sizeInBytes": records[0].size,
        "uco-observable:mimeType": records[0].media_type,
        "uco-observable:hash": [
            _hash(exhibit.item_id, name, digest)
            for name, digest in digests.items()
            if name in _HASHES
        ],
    }


def _hash(item_id: str, name: str, digest: str) -> Json:
    return {
        "@id": _node("hash", f"{item_id} {name}"),
        "@type": "uco-types:Hash",
        "uco-types:hashMethod": _HASHES[name],
        "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": digest},
    }


def _acts(records: Sequence[Record]) -> Iterator[dict[str, Json]]:
    by_digest = {record.digest: record for record in records}
    for record in records:
        performer = _performer(record)
        yield performer
        node: dict[str, Json] = {
            "@id": _action(record),
            "@type": "case-investigation:InvestigativeAction",
            "uco-core:name": title("act", record.act),
            "uco-core:description": _description(record),
            "uco-action:startTime": _instant(record.started_at),
            "uco-action:endTime": _instant(record.ended_at),
            "uco-action:performer": {"@id": performer["@id"]},
            "uco-action:object": {"@id": _node("file", record.item_id)},
            "uco-action:result": {"@id": _node("file", record.item_id)},
        }
        if record.tool:
            tool = f"{record.tool.name} {record.tool.version or ''}".strip()
            node["uco-action:instrument"] = {"@id": _node("tool", tool)}
            yield _tool(tool, record)
        if record.place:
            node["uco-action:location"] = {"@id": _node("location", record.place)}
            yield {
                "@id": _node("location", record.place),
                "@type": "uco-location:Location",
                "uco-core:name": record.place,
            }
        if record.prev in by_digest:
            before = _action(by_digest[record.prev])
            node["case-investigation:wasInformedBy"] = {"@id": before}
        yield node


def _description(record: Record) -> str:
    """What has no place of its own in CASE."""
    change = record.change
    parts = (
        f"record {record.n} of {record.country}, SHA-256 {record.digest}",
        f"as {record.performer.role}",
        record.reason,
        f"changed: {change.what} ({change.why})" if change else None,
        f"sealed by {record.seal}" if record.seal else None,
        f"countersigned by {record.countersigned}" if record.countersigned else None,
    )
    return "; ".join(part for part in parts if part)


def _performer(record: Record) -> dict[str, Json]:
    who = record.performer
    kind = "Person" if who.person else "Organization"
    return {
        "@id": _node(kind.lower(), f"{who.authority} {who.person or ''}"),
        "@type": f"uco-identity:{kind}",
        "uco-core:name": f"{who.person}, {who.authority}" if who.person else who.authority,
    }


def _tool(name: str, record: Record) -> dict[str, Json]:
    assert record.tool is not None
    node: dict[str, Json] = {
        "@id": _node("tool", name),
        "@type": "uco-tool:Tool",
        "uco-core:name": record.tool.name,
    }
    version: dict[str, Json] = {"uco-tool:version": str(record.tool.version)}
    return node | (version if record.tool.version else {})


def _authorisation(record: Record) -> Iterator[dict[str, Json]]:
    order = record.authorisation
    if order is None:
        return
    node: dict[str, Json] = {
        "@id": _node("authorization", f"{order.court} {order.number}"),
        "@type": "case-investigation:Authorization",
        "uco-core:name": order.court,
        "case-investigation:authorizationType": order.type,
        "case-investigation:authorizationIdentifier": order.number,
    }
    for name, day in (
        ("uco-core:startTime", order.valid_from),
        ("uco-core:endTime", order.valid_to),
    ):
        if day:
            node[name] = _instant(f"{day}T00:00:00Z")
    yield node


def _action(record: Record) -> str:
    return _node("investigative-action", record.digest)


def _node(kind: str, of: str) -> str:
    """Name a node by a UUID that follows from what it stands for: UCO knows versions up to 5."""
    return f"kb:{kind}-{uuid.uuid5(uuid.NAMESPACE_URL, f'urn:rogatory:{kind}:{of}')}"


def _instant(at: str) -> Json:
    return {"@type": "xsd:dateTime", "@value": moment(at).isoformat()}
