"""The request that every example of the exchange speaks of: a draft that lacks nothing (spec/request.md)."""

from typing import Any

from shared.protocol.canonical import Json

_NUMBER: Json = {
    "kind": "MSISDN",
    "value": "+99 1",
    "document": "Statement of the bank, 9 January 2026",
    "page": "3",
}

DRAFT: dict[str, Any] = {
    "to": "QN",
    # A, B: on what it stands, and who asks whom
    "own_references": ["QM-2026-0042"],
    "request_kind": "MLA",
    "legal_basis": [{"instrument": "BUD", "article": "31"}],
    "issued_at": "2026-11-20T09:30:00Z",
    "channel": "CA_TO_CA",
    "language": {"language": "en"},
    "certification": True,
    "requesting_authority": "Ministry of Justice of QM, Office for International Assistance",
    "issuing_authority": {
        "name": "Public Prosecutor's Office of QM, Cybercrime Unit",
        "function": "Public prosecutor",
        "person": "A. Ilves",
        "level": "P",
    },
    "person_in_charge": {
        "name": "B. Marsh",
        "post": "Desk officer",
        "telephone": "+99 100 2000",
        "email": "assistance@justice.qm.example",
        "time_zone": "Europe/Berlin",
        "languages": ["en", "fr"],
        "office_hours": "Monday to Friday, 08:00 to 16:00",
    },
    "requested_authority": "Ministry of Justice of QN, Central Authority",
    # C, D: proceedings and offence
    "proceedings": "CRIMINAL",
    "stage": "INVESTIGATION",
    "purpose": "Evidence for the criminal investigation QM-2026-0042 into computer-related fraud.",
    "offences": [
        {
            "name": "Computer-related fraud",
            "provision": "Criminal Code of QM, section 263a",
            "law": "Whoever, with intent to gain, causes loss of property to another by input, alteration or "
            "deletion of computer data is punished with imprisonment of up to five years.",
            "max_penalty_months": 60,
            "categories": ["OFF-B08", "OFF-E08"],
        }
    ],
    "places": ["Capital of QM, 3 to 5 January 2026; the transfers were ordered from the territory of QN"],
    "dual_criminality": "Somebody used another person's access codes to order transfers from that person's "
    "bank account, and kept the money.",
    "nature": "NONE",
    "penalties": {"death_penalty": False, "life_without_parole": False, "corporal": False},
    # E, F: facts and persons
    "facts": "Between 3 and 5 January 2026 an unknown person used access codes taken by a false web page to "
    "empty a bank account in QM in four transfers. Each order was confirmed from one telephone number, which "
    "belongs to a provider in QN.",
    "persons": [{"role": "VICTIM", "name": "C. Dahl", "nationality": "QM", "residence": "QM"}],
    "sensitive_persons": {"minor": False, "vulnerable": False, "privileged": []},
    # G: what is asked for
    "measures": [
        {
            "measure_id": "M01",
            "code": "MEA-03",
            "description": "Name, address and payment data of the subscriber of the number.",
            "data": ["DC-SUB"],
            "identifiers": [_NUMBER],
            "nexus": "Whoever held this number confirmed the four transfers.",
            "necessity": "The number is the only trace of whoever confirmed the transfers. Subscriber data "
            "are the least intrusive way to learn who that is, and the offence carries up to five years.",
        },
        {
            "measure_id": "M02",
            "code": "MEA-04",
            "description": "Addresses and ports from which the account of the number was used.",
            "data": ["DC-IDN"],
            "identifiers": [_NUMBER],
            "range": {"from": "2026-01-03T00:00:00Z", "to": "2026-01-06T00:00:00Z"},
            "nexus": "The addresses show whether one person confirmed all four transfers, and from where.",
            "necessity": "Subscriber data may be false. Three days of connection data around the transfers "
            "are the least that can confirm or rule out the subscriber; no content is asked for.",
        },
    ],
    "custodian": {
        "name": "Northern Telephone Ltd",
        "address": "1 Harbour Street, Capital of QN",
        "why": "The number is of a range that QN's regulator assigned to this provider.",
    },
    # H, I, J: urgency, confidentiality, safeguards
    "urgency": "ROUTINE",
    "confidentiality": {
        "scope": "BOTH",
        "reason": "The suspect is not known and not warned.",
        "until": "2027-11-20",
    },
    "subject_notice": {
        "rule": "DELAYED_UNTIL",
        "ground": "Notice would warn the suspect before the person is identified.",
        "review": "2027-05-20",
    },
    "use_limitation": True,
    "no_onward_transfer": True,
    "retention": {"until": "2031-11-20", "review": "2027-11-20"},
    "transfer_basis": {
        "gateway": "APPROPRIATE_SAFEGUARDS",
        "assessment": "Both countries are bound by the safeguards that the profile between them names.",
    },
    "remedies": "The person may complain to the District Court of QM within one month of notice.",
}  # fmt: skip
