"""A CASE/UCO graph of a package, when the authority brings none (spec/package.md, 5).

One `InvestigativeAction`, the transfer, by one organisation with one tool, on every file; one
`ProvenanceRecord` that joins them under the request. The graph alone tells the original names.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from shared.protocol.canonical import Json, encode
from shared.protocol.manifest import Item

_UCO: Final = "https://ontology.unifiedcyberontology.org/uco/"
_CONTEXT: Final[dict[str, Json]] = {
    "kb": "urn:rogatory:kb:",
    "case-investigation": "https://ontology.caseontology.org/case/investigation/",
    "uco-action": _UCO + "action/",
    "uco-core": _UCO + "core/",
    "uco-identity": _UCO + "identity/",
    "uco-observable": _UCO + "observable/",
    "uco-tool": _UCO + "tool/",
    "uco-types": _UCO + "types/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def minimal_graph(
    items: Sequence[Item],
    *,
    names: Mapping[str, str],
    package_id: str,
    request_id: str,
    authority: str,
    at: datetime,
) -> bytes:
    """Write a graph that conforms to CASE 1.4 and says who transferred which files, and why.

    The request stands as the exhibit number, `authority` is the sender's name, `at` the aware time
    of transfer. `names` holds original file names by item id; an item without one keeps the end of
    its path. The ids of all nodes follow from the package and the items.
    """
    whole = uuid.UUID(package_id)
    evidence: list[Json] = [{"@id": _node("file", uuid.UUID(item.item_id))} for item in items]
    graph: list[Json] = [
        {
            "@id": _node("organization", whole),
            "@type": "uco-identity:Organization",
            "uco-core:name": authority,
        },
        {
            "@id": _node("tool", whole),
            "@type": "uco-tool:Tool",
            "uco-core:name": "Rogatory",
        },
        *(_file(item, names.get(item.item_id, item.path.rpartition("/")[2])) for item in items),
        _transfer(whole, evidence, at),
        {
            "@id": _node("provenance-record", whole),
            "@type": "case-investigation:ProvenanceRecord",
            "case-investigation:exhibitNumber": request_id,
            "uco-core:object": evidence,
        },
    ]
    return encode({"@context": _CONTEXT, "@graph": graph})


def _transfer(whole: uuid.UUID, evidence: list[Json], at: datetime) -> Json:
    return {
        "@id": _node("investigative-action", whole),
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": "transferred",
        "uco-action:startTime": _typed("xsd:dateTime", _instant(at)),
        "uco-action:performer": {"@id": _node("organization", whole)},
        "uco-action:instrument": {"@id": _node("tool", whole)},
        "uco-action:object": evidence,
        "uco-action:result": {"@id": _node("provenance-record", whole)},
    }


def _file(item: Item, name: str) -> Json:
    own = uuid.UUID(item.item_id)
    digest: Json = {
        "@id": _node("hash", own),
        "@type": "uco-types:Hash",
        "uco-types:hashMethod": "SHA256",
        "uco-types:hashValue": _typed("xsd:hexBinary", item.sha256.hex()),
    }
    return {
        "@id": _node("file", own),
        "@type": "uco-observable:File",
        "uco-core:hasFacet": [
            {
                "@id": _node("file-facet", own),
                "@type": "uco-observable:FileFacet",
                "uco-observable:fileName": name,
                "uco-observable:filePath": item.path,
                "uco-observable:sizeInBytes": item.size,
            },
            {
                "@id": _node("content-data-facet", own),
                "@type": "uco-observable:ContentDataFacet",
                "uco-observable:hash": [digest],
                "uco-observable:mimeType": item.media_type,
            },
        ],
    }


def _node(kind: str, of: uuid.UUID) -> str:
    """Name a node by a UUID that follows from its package or item: UCO knows versions up to 5."""
    return f"kb:{kind}-{uuid.uuid5(of, kind)}"


def _typed(kind: str, value: str) -> Json:
    return {"@type": kind, "@value": value}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
