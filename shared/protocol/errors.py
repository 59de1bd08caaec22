"""Everything that can be wrong with what another party sent.

ProtocolError
├── FormatError                 malformed: it does not have the shape its specification gives
│   └── NotCanonicalError       not_canonical: right content, but not the one way to write it
├── ProofError                  it has the shape, but it does not prove what it claims
│   ├── SignatureError          bad_signature
│   │   ├── UnknownKeyError     unknown_key: no key of the directory or registry has this key id
│   │   └── MissingSignatureError  missing_signature: fewer signatures than the suite demands
│   │       └── UnwitnessedError    unwitnessed: the quorum of the policy has not cosigned it
│   ├── DigestMismatchError     digest_mismatch
│   ├── SealError               seal_broken: sealed bytes do not open under this key and context
│   ├── ChainError              broken_chain
│   │   ├── GapError            gap: entries before this one are missing; `expected` is the next seq
│   │   └── ForkError           fork: the place in the chain is taken by another entry
│   ├── LogProofError           bad_log_proof
│   │   └── InconsistentLogError  inconsistent_log: two checkpoints contradict each other
│   └── TrustError              untrusted: the directory does not vouch for it
├── BagError                    bad_bag
└── ApprovalError               bad_approval

`code` is stable and crosses the border; `detail` says in a sentence what was refused and why;
`facts` are what is needed to act. None of them ever holds a secret or evidence.
"""

from __future__ import annotations

from typing import ClassVar

Fact = str | int | None


class ProtocolError(Exception):
    """What was presented is refused."""

    code: ClassVar[str] = "protocol_error"

    def __init__(self, detail: str, **facts: Fact) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts: dict[str, Fact] = facts


class FormatError(ProtocolError):
    """The bytes do not have the shape that their specification gives."""

    code = "malformed"


class NotCanonicalError(FormatError):
    """The content can be read, but it is not written in the one permitted way."""

    code = "not_canonical"


class ProofError(ProtocolError):
    """The bytes are well formed and do not prove what they claim."""

    code = "bad_proof"


class SignatureError(ProofError):
    """A signature does not hold."""

    code = "bad_signature"


class UnknownKeyError(SignatureError):
    """No key that may sign this has the key id that the signature names."""

    code = "unknown_key"


class MissingSignatureError(SignatureError):
    """A signature that the suite demands is not there."""

    code = "missing_signature"


class UnwitnessedError(MissingSignatureError):
    """Fewer witnesses have cosigned a checkpoint than its log's policy demands."""

    code = "unwitnessed"


class DigestMismatchError(ProofError):
    """The bytes are not those that were announced."""

    code = "digest_mismatch"


class SealError(ProofError):
    """Sealed bytes do not open: another key, another context, changed or cut short."""

    code = "seal_broken"


class ChainError(ProofError):
    """An entry does not follow from the one before."""

    code = "broken_chain"


class GapError(ChainError):
    """Entries before this one have not arrived; `expected` is the sequence number wanted next."""

    code = "gap"

    def __init__(self, detail: str, *, expected: int, **facts: Fact) -> None:
        super().__init__(detail, expected=expected, **facts)
        self.expected = expected


class ForkError(ChainError):
    """The writer has put two different entries in one place."""

    code = "fork"


class LogProofError(ProofError):
    """A proof from a transparency log does not hold."""

    code = "bad_log_proof"


class InconsistentLogError(LogProofError):
    """Two signed states of one log contradict each other."""

    code = "inconsistent_log"


class TrustError(ProofError):
    """The directory does not vouch for this."""

    code = "untrusted"


class BagError(ProtocolError):
    """A bag, or a name in it, is outside the profile."""

    code = "bad_bag"


class ApprovalError(ProtocolError):
    """An officer's approval does not cover what is to be done."""

    code = "bad_approval"
