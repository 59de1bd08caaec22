"""Where the demo's exhibits come from, told in CASE/UCO: who seized what, and how it became files.

An authority's own graph says more than the one a node writes by itself: here the search in which a
telephone and a memory card were seized, the extraction, and every file with its digest.
"""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from shared.protocol import canonical
from shared.protocol.canonical import Json

UCO = "https://ontology.unifiedcyberontology.org/uco/"
CASE = "https://ontology.caseontology.org/case/investigation/"
NAMESPACE = uuid.UUID("6d1a5f0e-5f0c-5c7e-9d33-0b1f6a2f4c11")
CHUNK = 2**20  # bytes


def case_graph(exhibits: Sequence[Path], *, seized: datetime) -> bytes:
    """Write the graph of a search and an extraction that led to these files.

    Args:
        exhibits: files as they will be handed over; they are read for their digests.
        seized: when the search took place, aware.

    Returns:
        JSON-LD in canonical JSON.
    """
    files = [_reference("file", path.name) for path in exhibits]
    devices = [_reference("device", name) for name in ("telephone", "memory card")]
    examiner, unit = _reference("person", "examiner"), _reference("organization", "unit")
    found, extracted = _reference("record", "search"), _reference("record", "extraction")
    graph: list[Json] = [
        {**unit, "@type": "uco-identity:Organization", "uco-core:name": "Forensic unit of QN"},
        {**examiner, "@type": "uco-identity:Person", "uco-core:name": "Examiner 7"},
        *(_device(device, name) for device, name in zip(devices, ("T-1", "M-1"), strict=True)),
        *(_file(path) for path in exhibits),
        _record(found, "QN-2026-0311", devices),
        _record(extracted, "QN-2026-0311/E", files),
        _action("search", seized, performer=unit, objects=devices, result=found),
        _action(
            "extraction",
            seized + timedelta(days=1),
            performer=examiner,
            objects=devices,
            result=extracted,
        ),
    ]
    return canonical.encode({"@context": _context(), "@graph": graph})


def _context() -> Json:
    parts = ("action", "core", "identity", "observable", "types")
    own: dict[str, Json] = {f"uco-{part}": f"{UCO}{part}/" for part in parts}
    xsd = "http://www.w3.org/2001/XMLSchema#"
    return {**own, "kb": "urn:rogatory:demo:", "case-investigation": CASE, "xsd": xsd}


def _reference(kind: str, name: str) -> dict[str, Json]:
    return {"@id": f"kb:{kind}-{uuid.uuid5(NAMESPACE, f'{kind}/{name}')}"}


def _device(reference: dict[str, Json], label: str) -> Json:
    return {**reference, "@type": "uco-observable:Device", "uco-core:name": f"Exhibit {label}"}


def _record(reference: dict[str, Json], number: str, objects: Sequence[dict[str, Json]]) -> Json:
    return {
        **reference,
        "@type": "case-investigation:ProvenanceRecord",
        "case-investigation:exhibitNumber": number,
        "uco-core:object": list[Json](objects),
    }


def _action(
    name: str,
    began: datetime,
    *,
    performer: Json,
    objects: Sequence[dict[str, Json]],
    result: Json,
) -> Json:
    return {
        **_reference("investigative-action", name),
        "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": name,
        "uco-action:startTime": {
            "@type": "xsd:dateTime",
            "@value": f"{began:%Y-%m-%dT%H:%M:%S}Z",
        },
        "uco-action:performer": performer,
        "uco-action:object": list[Json](objects),
        "uco-action:result": result,
    }


def _file(path: Path) -> Json:
    digest: Json = {
        **_reference("hash", path.name),
        "@type": "uco-types:Hash",
        "uco-types:hashMethod": "SHA256",
        "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": _sha256(path)},
    }
    facets: list[Json] = [
        {
            **_reference("file-facet", path.name),
            "@type": "uco-observable:FileFacet",
            "uco-observable:fileName": path.name,
            "uco-observable:sizeInBytes": path.stat().st_size,
        },
        {
            **_reference("content-data-facet", path.name),
            "@type": "uco-observable:ContentDataFacet",
            "uco-observable:hash": [digest],
        },
    ]
    return {
        **_reference("file", path.name),
        "@type": "uco-observable:File",
        "uco-core:hasFacet": facets,
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
