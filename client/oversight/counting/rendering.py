"""The yearly report for people: text, one page of HTML without scripts, and CSV for spreadsheets."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from html import escape
from io import StringIO
from typing import Final

from client.oversight.counting.yearly import UNTOLD, Report, Shown
from shared.protocol.canonical import encode

_STYLE: Final = (
    "body{font:16px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;margin:.5rem 0 .25rem}"
    "th,td{border:1px solid #b5b5b5;padding:.25rem .6rem}"
    "td{text-align:right}th{text-align:left;background:#f2f2f2}tr.all>*{font-weight:600}"
    ".from{color:#555;font-size:.85rem;margin:0 0 1.25rem}code{overflow-wrap:anywhere}"
    "@media print{section{break-inside:avoid}}"
)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_CSV_COLUMNS: Final = ("year", "country", "metric", "table", "row", "column", "value")


def files(report: Report) -> dict[str, bytes]:
    """Write the report in every form, by the name of the file."""
    return {
        "report.json": encode(report.to_json()) + b"\n",
        "report.txt": as_text(report).encode(),
        "report.html": as_html(report).encode(),
        "report.csv": as_csv(report).encode(),
    }


def as_text(report: Report) -> str:
    """Write it as text."""
    lines = [_title(report), "=" * len(_title(report)), "", *_about(report), ""]
    for metric, tables in report.metrics:
        lines += [f"{metric.id}  {metric.title}", f"     After: {metric.source}"]
        lines += [f"     {metric.note}"] if metric.note else []
        for each in tables:
            lines += ["", *_text_table(each, report.below), f"     Counted: {each.told.counts}."]
        lines.append("")
    lines += ["Notes", *(f"  {n}. {note}" for n, note in enumerate(report.notes, 1))]
    return "\n".join([*lines, ""])


def as_csv(report: Report) -> str:
    """Write it as CSV (RFC 4180), one number a line; a table that is not told has no line."""
    out = StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow
    write(_CSV_COLUMNS)
    for metric, tables in report.metrics:
        for each in tables:
            for row, column, value in _values(each, report.below):
                write([report.year, report.country, metric.id, each.told.id, row, column, value])
    return out.getvalue()


def as_html(report: Report) -> str:
    """Write it as one page; everything in it is escaped."""
    title = escape(_title(report))
    parts = [
        "<!doctype html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<style>{_STYLE}</style></head><body><h1>{title}</h1>",
        *(f"<p>{escape(line)}</p>" for line in _about(report)),
    ]
    for metric, tables in report.metrics:
        note = f"<p>{escape(metric.note)}</p>" if metric.note else ""
        head = f'<h2 id="{metric.id}">{metric.id} {escape(metric.title)}</h2>'
        parts.append(f"<section>{head}{note}")
        for each in tables:
            parts += _html_table(each, report.below)
        parts.append(f'<p class="from">After: {escape(metric.source)}.</p></section>')
    notes = "".join(f"<li>{escape(note)}</li>" for note in report.notes)
    return "\n".join([*parts, f"<h2>Notes</h2><ol>{notes}</ol></body></html>", ""])


def _title(report: Report) -> str:
    return f"Mutual legal assistance of {report.country} in {report.year}"


def _about(report: Report) -> Iterator[str]:
    """Say from what the numbers are, so that anyone with the logs can count again."""
    yield "Counted from the audit log alone, by calendar year in UTC, as the log dated each entry."
    for each in report.ranges:
        yield (
            f"Log {each.origin}: its first {each.counted} entries, of {each.size} under the signed root"
            f" {each.root} (SHA-256)."
        )
    if report.below:
        yield (
            f"Numbers below {report.below} are not shown, nor what they could be computed from."
            " There are no details of cases."
        )
    else:
        yield "NOT FOR PUBLICATION: small numbers are shown."
    yield f"Definitions: revision {report.lists.revision}, SHA-256 {report.lists.sha256}."
    yield "To count again: rogatory audit report verify FILE -d MIRROR"


def _text_table(each: Shown, below: int) -> Iterator[str]:
    yield f"     {each.told.id}  {each.told.title}"
    if each.untold:
        yield f"     {UNTOLD}"
        return
    if not each.table.rows:
        yield "     none"
        return
    width = max(len(row) for row in (*each.table.rows, each.told.rows))
    yield f"     {each.told.rows:{width}}  " + "  ".join(each.table.columns)
    for row in each.table.rows:
        cells = [each.table.cells[row, column].shown(below) for column in each.table.columns]
        padded = zip(cells, each.table.columns, strict=True)
        yield f"     {row:{width}}  " + "  ".join(f"{text:>{len(name)}}" for text, name in padded)


def _html_table(each: Shown, below: int) -> Iterator[str]:
    yield f"<h3>{escape(each.told.title)}</h3>"
    if each.untold or not each.table.rows:
        yield f"<p>{UNTOLD if each.untold else 'None.'}</p>"
    else:
        heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in each.table.columns)
        yield f'<table><tr><th scope="col">{escape(each.told.rows)}</th>{heads}</tr>'
        for row in each.table.rows:
            cells = (each.table.cells[row, name].shown(below) for name in each.table.columns)
            line = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
            mark = ' class="all"' if row == "all" else ""
            yield f'<tr{mark}><th scope="row">{escape(row)}</th>{line}</tr>'
        yield "</table>"
    yield f'<p class="from">{each.told.id}. Counted: {escape(each.told.counts)}.</p>'


def _values(each: Shown, below: int) -> Iterator[tuple[str, str, str]]:
    if not each.untold:
        for row in each.table.rows:
            for column in each.table.columns:
                yield row, column, each.table.cells[row, column].shown(below)
