"""The witness of the worked example, and a second one."""

from shared.protocol.cosignatures import WitnessKey, cosign
from tests.unit.shared.protocol.worked_log import NOTE, TIME

WITNESS = WitnessKey(
    name="witness.yy.example/w1",
    ed25519=bytes(range(0x20, 0x40)),
    mldsa44=bytes(range(0x60, 0x80)),
)
OTHER_WITNESS = WitnessKey(
    name="witness.zz.example/w1",
    ed25519=bytes(range(0x80, 0xA0)),
    mldsa44=bytes(range(0xA0, 0xC0)),
)
VKEY = "witness.yy.example/w1+f8b91c64+BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"
LINE = (
    "— witness.yy.example/w1 +LkcZAAAAABqsTuA2OnvGnOU+5wqfs6H2eKcFLrXBqvAWHBdptCtOdpTVd2LQE6PUpjEKboW"
    "+0oIGad8W6N0ItgkY0IEK0hAUC1yAg==\n"
)
COSIGNED = NOTE + cosign(NOTE, WITNESS, TIME)
