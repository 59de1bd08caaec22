"""Evidence for the demo and for tests: believable, made up, and the same on every run.

Five exhibits of one invented case of invoice fraud, each in its real format, so that forensic
tools open them: a messenger's SQLite database, a packet capture, a provider's call records, an
examiner's report in PDF and the raw image of a memory card. Everything is drawn from a keyed
stream (AES-256 in counter mode over zeros), so two runs give equal digests; only the SQLite file
carries the version of the library that wrote it.
"""

import csv
import sqlite3
import struct
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

from deploy.memory_card import write_image

IMAGE_SIZE = 64 * 2**20  # bytes
SEIZED = datetime(2026, 3, 9, 6, 40, tzinfo=UTC)
PEOPLE = ("marit", "olek", "the accountant", "harbour office")
NUMBERS = ("+999 555 0101", "+999 555 0102", "+999 555 0117", "+999 555 0148")
LINES = (
    "the invoice went out twice, same number, other account",
    "send the second one after the audit, not before",
    "he asked for the delivery note. there is no delivery note",
    "use the card reader at the harbour, not the office",
    "transfer came in. split it as last time",
    "delete this when you have read it",
    "container is booked for thursday, ref 44-1180",
    "who else has the ledger?",
)


class Stream:
    """Reproducible bytes and choices under a label: the same label, the same evidence."""

    def __init__(self, label: str) -> None:
        key = label.encode().ljust(32, b"\0")[:32]
        self._keystream = Cipher(AES256(key), CTR(bytes(16))).encryptor()

    def read(self, size: int) -> bytes:
        """The next `size` bytes."""
        return self._keystream.update(bytes(size))

    def below(self, limit: int) -> int:
        """A number in [0, limit)."""
        return int.from_bytes(self.read(8)) % limit

    def choice(self, options: Sequence[str]) -> str:
        """One of the options."""
        return options[self.below(len(options))]


def chat_database(path: Path, *, messages: int = 1200) -> None:
    """Write a messenger's database: contacts and messages, some with a picture attached."""
    stream = Stream("chat")
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("CREATE TABLE contact (id INTEGER PRIMARY KEY, name TEXT, number TEXT)")
        db.execute(
            "CREATE TABLE message (id INTEGER PRIMARY KEY, contact_id INTEGER NOT NULL,"
            " from_me INTEGER NOT NULL, sent_at TEXT NOT NULL, body TEXT, attachment BLOB)"
        )
        db.executemany(
            "INSERT INTO contact VALUES (?, ?, ?)",
            [(n, *pair) for n, pair in enumerate(zip(PEOPLE, NUMBERS, strict=True), 1)],
        )
        db.executemany("INSERT INTO message VALUES (?, ?, ?, ?, ?, ?)", _messages(stream, messages))


def _messages(stream: Stream, count: int) -> Iterator[tuple[int, int, int, str, str, bytes | None]]:
    sent = SEIZED - timedelta(days=60)
    for number in range(1, count + 1):
        sent += timedelta(seconds=60 + stream.below(7200))
        picture = b"\xff\xd8\xff\xe0" + stream.read(2048) if stream.below(40) == 0 else None
        person = 1 + stream.below(len(PEOPLE))
        yield number, person, stream.below(2), sent.isoformat(), stream.choice(LINES), picture


def packet_capture(path: Path, *, packets: int = 3000) -> None:
    """Write a capture (libpcap 2.4, Ethernet) of one UDP conversation over IPv4."""
    stream = Stream("capture")
    at = SEIZED - timedelta(days=2)
    with path.open("wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1))
        for number in range(packets):
            at += timedelta(milliseconds=1 + stream.below(900))
            frame = _frame(number, stream.read(64 + stream.below(1200)))
            whole = int(at.timestamp())
            out.write(struct.pack("<IIII", whole, at.microsecond, len(frame), len(frame)) + frame)


def _frame(number: int, payload: bytes) -> bytes:
    """Ethernet, IPv4 (RFC 791) and UDP without checksum (RFC 768) around a payload."""
    ends = (bytes((192, 0, 2, 17)), bytes((198, 51, 100, 80)))  # RFC 5737: documentation
    source, target = ends if number % 2 == 0 else ends[::-1]
    udp = struct.pack(">HHHH", 51820, 51820, 8 + len(payload), 0) + payload
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), number & 0xFFFF, 0x4000, 64, 17, 0)
    total = sum(struct.unpack(">10H", header + source + target))
    checksum = 0xFFFF - ((total & 0xFFFF) + (total >> 16))
    ip = header[:10] + struct.pack(">H", checksum) + source + target
    return bytes.fromhex("0200000000020200000000010800") + ip + udp


def call_records(path: Path, *, calls: int = 4000) -> None:
    """Write a provider's call records as CSV (RFC 4180)."""
    stream = Stream("calls")
    text = StringIO()
    table = csv.writer(text)
    table.writerow(
        ["record", "calling", "called", "start_utc", "seconds", "imei", "cell", "direction"]
    )
    at = SEIZED - timedelta(days=90)
    for number in range(1, calls + 1):
        at += timedelta(seconds=30 + stream.below(3600))
        ends = [stream.choice(NUMBERS), stream.choice(NUMBERS)]
        imei = f"35{stream.below(10**12):012d}0"
        cell = f"999-01-{stream.below(400):04d}"
        way = stream.choice(["MO", "MT"])
        table.writerow(
            [number, *ends, f"{at:%Y-%m-%dT%H:%M:%SZ}", stream.below(1800), imei, cell, way]
        )
    path.write_text(text.getvalue(), encoding="utf-8", newline="")


def examiner_report(path: Path) -> None:
    """Write a one-page report as PDF 1.4 (ISO 32000-1), hand-made: five objects and an xref."""
    lines = [
        "Report on the examination of exhibit QN-2026-0311",
        "Subject: memory card and telephone seized on 9 March 2026",
        "",
        "1. The memory card was imaged behind a write blocker; image attached.",
        "2. The messenger database was extracted from the telephone unchanged.",
        "3. Call records were handed over by the provider on a court's order.",
        "4. The capture was made at the exchange under the same order.",
        "",
        "Everything in this report is invented.",
    ]
    text = " T* ".join(f"({line}) Tj" for line in lines)
    page = f"BT /F1 11 Tf 16 TL 72 760 Td {text} ET".encode("ascii")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        (
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
            b" /Resources << /Font << /F1 5 0 R >> >> >>"
        ),
        b"<< /Length %d >>\nstream\n%b\nendstream" % (len(page), page),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    path.write_bytes(_pdf(objects))


def _pdf(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    rows = [b"0000000000 65535 f \n"]
    for number, body in enumerate(objects, 1):
        rows.append(b"%010d 00000 n \n" % len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    end = len(out)
    out += b"xref\n0 %d\n%b" % (len(rows), b"".join(rows))
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(rows), end)
    return bytes(out)


def exhibits(folder: Path, *, image_size: int = IMAGE_SIZE) -> list[Path]:
    """Make the five exhibits in an existing folder.

    Args:
        folder: where; equal names are overwritten.
        image_size: bytes of the disk image, a multiple of 1 MiB, at least 16 MiB.

    Returns:
        Their paths, smallest first.
    """
    names = ["report.pdf", "chat.sqlite", "call-records.csv", "capture.pcap", "memory-card.dd"]
    report, chat, calls, capture, card = paths = [folder / name for name in names]
    chat.unlink(missing_ok=True)
    examiner_report(report)
    chat_database(chat)
    call_records(calls)
    packet_capture(capture)
    write_image(card, size=image_size, content=Stream("memory card").read)
    return paths
