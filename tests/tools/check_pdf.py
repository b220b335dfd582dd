"""Holds PDF files to PDF/UA-1 and PDF/A-2a; prints what they break, and fails if they do.

    check_pdf.py FILE...

The checker misreads two things, so these are read a second time and count only if they are found again: widths of
glyphs in CFF programs with hint masks, and lengths of streams whose last byte is an end of line.
"""

import io
import re
import sys

import page
import pypdf
from fontTools.cffLib import CFFFontSet
from fontTools.pens.basePen import NullPen

WIDTHS = {"PDFUA1-FONT-GLYPH-WIDTH-001", "PDFA2A-TRUETYPE-GLYPH-WIDTH-001"}
LENGTHS = {"PDFA2A-STREAM-LENGTH-001"}


def widths_declared(entries):
    """Width by glyph of a /W array: first, last, width; or first, [widths]."""
    entries, widths = list(entries), {}
    while entries:
        first, second = int(entries.pop(0)), entries.pop(0)
        if isinstance(second, list):
            widths.update({first + n: float(width) for n, width in enumerate(second)})
        else:
            width = float(entries.pop(0))
            widths.update({glyph: width for glyph in range(first, int(second) + 1)})
    return widths


def wrong_widths(reader):
    """Glyphs whose declared width is not that of the font's program."""
    wrong = []
    for number in range(1, int(reader.trailer["/Size"])):
        font = reader.get_object(number)
        if not isinstance(font, dict) or font.get("/Subtype") != "/CIDFontType0":
            continue
        program = CFFFontSet()
        program.decompile(io.BytesIO(font["/FontDescriptor"]["/FontFile3"].get_data()), None)
        glyphs = program[0].CharStrings
        for glyph, width in widths_declared(font["/W"]).items():
            name = ".notdef" if glyph == 0 else f"cid{glyph:05d}"
            shape, _ = glyphs.getItemAndSelector(name)
            shape.draw(NullPen())
            if abs(shape.width - width) > 1:
                wrong.append(f"{font['/BaseFont']} {name}: {width} declared, {shape.width} in the program")
    return wrong


def wrong_lengths(content):
    """Streams that do not end where their /Length says."""
    wrong = []
    for found in re.finditer(rb"(\d+) 0 obj\s*(<<(?:(?!endobj).)*?>>)\s*stream\r?\n", content, re.S):
        length = re.search(rb"/Length (\d+)(?! \d+ R)", found[2])
        end = found.end() + int(length[1]) if length else None
        if end is None or not re.match(rb"\r?\n?endstream", content[end : end + 12]):
            wrong.append(f"stream {found[1].decode()}")
    return wrong


def breaches(path):
    with open(path, "rb") as file:
        content = file.read()
    found = []
    for profile in ("pdfua1", "pdfa2a"):
        report = page.validate_pdf(path, profile=profile)
        assert report.rules.total > 100, "the checker knows its rules"
        for failure in report.failures:
            if failure.rule_id in WIDTHS:
                found += wrong_widths(pypdf.PdfReader(io.BytesIO(content)))
            elif failure.rule_id in LENGTHS:
                found += wrong_lengths(content)
            else:
                found.append(f"{failure.rule_id}: {failure.message}")
    return found


if __name__ == "__main__":
    broken = {path: breaches(path) for path in sys.argv[1:]}
    for path, found in broken.items():
        for breach in found:
            print(f"{path}: {breach}")
    sys.exit(any(broken.values()))
