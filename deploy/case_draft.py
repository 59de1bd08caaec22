"""The request of the case that demo, tests and measurements play: a telephone's content, by court order."""

from shared.protocol.canonical import Json

# of the court's order
ORDER_SHA256 = "5f1d7a84db00d2fce00b31a7fc73224e9b7c8a5b0f6f1c1a1d3f5d3a9f0c2e71"
_NUMBER: Json = {
    "kind": "MSISDN",
    "value": "+999 555 0117",
    "document": "Invoice of the shipping company, 14 January 2026",
    "page": "2",
}
_AUTHORITY: Json = {
    "name": "Regional Court of QM, Investigating Judge",
    "function": "Investigating judge",
    "person": "E. Sorel",
    "level": "J",
}
_CONTACT: Json = {
    "name": "F. Brandt",
    "post": "Case officer, Regional Prosecutor of QM",
    "telephone": "+998 200 4000",
    "email": "case-office@prosecution.qm.example",
    "time_zone": "Europe/Berlin",
    "languages": ["en", "fr"],
    "office_hours": "Monday to Friday, 08:00 to 16:00",
}
_OFFENCE: Json = {
    "name": "Computer-related fraud",
    "provision": "QM Criminal Code 263a",
    "law": "Whoever, with intent to gain, causes loss of property to another by input, alteration or "
    "deletion of computer data is punished with imprisonment of up to five years.",
    "max_penalty_months": 60,
    "categories": ["OFF-B08", "OFF-E08"],
}
_MEASURE: Json = {
    "measure_id": "M01",
    "code": "MEA-07",
    "description": "Stored content of the account of this telephone, and of its memory card, seized in QN.",
    "data": ["DC-CNT"],
    "identifiers": [_NUMBER],
    "range": {"from": "2026-01-01T00:00:00Z", "to": "2026-04-01T00:00:00Z"},
    "nexus": "The messages that arranged the false accounts were sent from this number.",
    "necessity": "The accounts are under false names, and witnesses know only the number. What was written "
    "in three months is the least that shows who arranged the payments; other content is not asked for.",
}

DRAFT: dict[str, Json] = {
    "to": "QN",
    "own_references": ["QM-2026-1184"],
    "request_kind": "MLA",
    "legal_basis": [{"instrument": "BUD", "article": "31"}],
    "issued_at": "2026-11-20T10:00:00Z",
    "channel": "CA_TO_CA",
    "language": {"language": "en"},
    "certification": True,
    "requesting_authority": "Ministry of Justice of QM, Central Authority",
    "issuing_authority": _AUTHORITY,
    "person_in_charge": _CONTACT,
    "courts": ["Regional Court of QM, 4 Js 1184/26"],
    "requested_authority": "Ministry of Justice of QN, Central Authority",
    "proceedings": "CRIMINAL",
    "stage": "INVESTIGATION",
    "purpose": "Evidence in criminal proceedings QM-2026-1184.",
    "orders": [
        {
            "type": "Order to obtain stored content",
            "number": "4 Js 1184/26",
            "date": "2026-11-18",
            "court": "Regional Court of QM",
            "valid_until": "2027-05-18",
            "sha256": ORDER_SHA256,
        }
    ],
    "offences": [_OFFENCE],
    "places": ["QM, January to March 2026; messages were sent from the territory of QN"],
    "listed_category": True,
    "dual_criminality": "Invoices were altered by computer, so that a company paid to accounts under false "
    "names.",
    "nature": "NONE",
    "penalties": {"death_penalty": False, "life_without_parole": False, "corporal": False},
    "facts": "Between January and March 2026 invoices of a shipping company were paid to accounts under "
    "false names. The messages that arranged it were sent from the territory of QN.",
    "persons": [{"role": "SUSPECT", "name": "G. Varga", "residence": "QN"}],
    "sensitive_persons": {"minor": False, "vulnerable": False, "privileged": []},
    "measures": [_MEASURE],
    "custodian": {
        "name": "Harbour Police of QN, property office",
        "address": "5 Quay Road, Capital of QN",
        "why": "The telephone and its memory card were seized there on 2 April 2026.",
    },
    "formalities": [
        "A digest (SHA-256) of every file, so that the court can see that nothing was changed."
    ],
    "urgency": "ROUTINE",
    "confidentiality": {
        "scope": "BOTH",
        "reason": "Other members of the group are not known yet.",
        "until": "2027-11-20",
    },
    "subject_notice": {
        "rule": "DELAYED_UNTIL",
        "ground": "Notice would warn other members of the group.",
        "review": "2027-05-20",
    },
    "use_limitation": True,
    "no_onward_transfer": True,
    "retention": {"until": "2031-11-20", "review": "2027-11-20"},
    "transfer_basis": {
        "gateway": "APPROPRIATE_SAFEGUARDS",
        "assessment": "Both countries are bound by the safeguards that the profile between them names.",
    },
    "remedies": "The person may complain to the Regional Court of QM within one month of notice.",
    "attachments": [
        {
            "title": "Order 4 Js 1184/26 of 18 November 2026",
            "type": "court order",
            "language": "en",
            "size": 48211,
            "sha256": ORDER_SHA256,
        }
    ],
}
