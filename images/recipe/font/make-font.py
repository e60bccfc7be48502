#!/usr/bin/env python3
"""A font from the VGA BIOS's own 8x16 glyphs, so that the firmware's screen looks as the ROM would draw it.

usage: make-font.py VGABIOS OUT

Each glyph is the outline of its set pixels in a cell of 512 x 1024 units (64 a pixel), ascent 12 pixels, descent 4, no gap:
lines of height 1 tile without seams, and box drawing joins.
"""

import os
import sys

from fontTools.fontBuilder import FontBuilder
from fontTools.misc.timeTools import epoch_diff
from fontTools.ttLib.tables.O_S_2f_2 import Panose
from fontTools.pens.ttGlyphPen import TTGlyphPen

ROWS, COLUMNS, UNIT, ASCENT = 16, 8, 64, 12
# Code page 437 below 0x20 and at 0x7f, as the screen shows it.
LOW = "\0☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
# Characters that programs of today draw, and the code page's nearest.
ALSO = {
    "\u00a0": " ",
    "\u2010": "-",
    "\u2011": "-",
    "\u2013": "-",
    "\u2014": "─",
    "\u2018": "'",
    "\u2019": "'",
    "\u201c": '"',
    "\u201d": '"',
    "\u03bc": "µ",
    "\u03b2": "ß",
    "\u2126": "Ω",
    "\u2206": "∩",
    "\u25cf": "•",
    "\u25b6": "►",
    "\u25c0": "◄",
    "\u2713": "√",
}
ALSO.update(zip("━┃┏┓┗┛┣┫┳┻╋╭╮╯╰╴╵╶╷", "─│┌┐└┘├┤┬┴┼┌┐┘└─│─│"))


def find_glyphs(rom):
    """The table starts with an empty glyph and the smiling face, the same in every VGA BIOS."""
    face = bytes.fromhex("00007e81a58181bd9981817e00000000")
    at = rom.find(bytes(16) + face)
    if at < 0 or rom.find(bytes(16) + face, at + 1) >= 0 or at + 4096 > len(rom):
        sys.exit("make-font: the VGA BIOS holds no 8x16 glyph table, or several")
    return [rom[at + 16 * code : at + 16 * code + 16] for code in range(256)]


def outline(glyph):
    """Closed loops around the set pixels, clockwise, holes the other way; corners only."""
    edges = {}

    def toggle(a, b):
        if (b, a) in edges:
            del edges[b, a]
        else:
            edges[a, b] = None

    for row, bits in enumerate(glyph):
        for column in range(COLUMNS):
            if bits >> (7 - column) & 1:
                x, y = column, ASCENT - row
                toggle((x, y), (x + 1, y))
                toggle((x + 1, y), (x + 1, y - 1))
                toggle((x + 1, y - 1), (x, y - 1))
                toggle((x, y - 1), (x, y))
    following = {}
    for a, b in sorted(edges):
        following.setdefault(a, []).append(b)
    loops = []
    while following:
        start = at = min(following)
        loop, heading = [], None
        while True:
            choices = following[at]
            # Where two pixels touch by a corner, turn so that each keeps its own loop.
            to = choices[0]
            if heading is not None and len(choices) == 2:
                right = (at[0] + heading[1], at[1] - heading[0])
                to = right if right in choices else choices[0]
            choices.remove(to)
            if not choices:
                del following[at]
            step = (to[0] - at[0], to[1] - at[1])
            if step != heading:
                loop.append(at)
            heading, at = step, to
            if at == start:
                break
        first = (loop[1][0] - loop[0][0], loop[1][1] - loop[0][1])
        if heading[0] * first[1] == heading[1] * first[0]:
            loop.pop(0)
        loops.append(loop)
    return loops


def draw(loops):
    pen = TTGlyphPen(None)
    for loop in loops:
        pen.moveTo((loop[0][0] * UNIT, loop[0][1] * UNIT))
        for x, y in loop[1:]:
            pen.lineTo((x * UNIT, y * UNIT))
        pen.closePath()
    return pen.glyph()


def main():
    with open(sys.argv[1], "rb") as file:
        glyphs = find_glyphs(file.read())
    names = [".notdef"] + [f"cp{code:02x}" for code in range(256)]
    box = bytes([0xFF] + [0x81] * 14 + [0xFF])
    shapes = {".notdef": draw(outline(box))}
    unicode_map = {}
    for code, glyph in enumerate(glyphs):
        name = f"cp{code:02x}"
        shapes[name] = draw(outline(glyph))
        character = LOW[code] if code < 0x20 else "⌂" if code == 0x7F else bytes([code]).decode("cp437")
        if code > 0:
            unicode_map[ord(character)] = name
    for character, nearest in ALSO.items():
        unicode_map.setdefault(ord(character), unicode_map[ord(nearest)])

    top, bottom = ASCENT * UNIT, (ROWS - ASCENT) * UNIT
    now = int(os.environ["SOURCE_DATE_EPOCH"]) - epoch_diff
    font = FontBuilder(ROWS * UNIT, isTTF=True)
    font.setupGlyphOrder(names)
    font.setupCharacterMap(unicode_map)
    font.setupGlyf(shapes)
    left = {name: getattr(shapes[name], "xMin", 0) for name in names}
    font.setupHorizontalMetrics({name: (COLUMNS * UNIT, left[name]) for name in names})
    font.setupHorizontalHeader(ascent=top, descent=-bottom, lineGap=0)
    font.setupNameTable(
        {
            "copyright": "Glyphs of the VGA BIOS of SeaBIOS",
            "familyName": "HyperSpace VGA",
            "styleName": "Regular",
            "uniqueFontIdentifier": "HyperSpace VGA 8x16",
            "fullName": "HyperSpace VGA",
            "version": "Version 1.0",
            "psName": "HyperSpaceVGA",
            "licenseDescription": "GNU Lesser General Public License, version 3",
        }
    )
    monospaced = Panose()
    for field in "SerifStyle Weight Contrast StrokeVariation ArmStyle LetterForm Midline XHeight".split():
        setattr(monospaced, f"b{field}", 0)
    monospaced.bFamilyType, monospaced.bProportion = 2, 9
    font.setupOS2(
        version=4,
        sTypoAscender=top,
        sTypoDescender=-bottom,
        sTypoLineGap=0,
        usWinAscent=top,
        usWinDescent=bottom,
        xAvgCharWidth=COLUMNS * UNIT,
        sxHeight=7 * UNIT,
        sCapHeight=10 * UNIT,
        fsSelection=0x40 | 0x80,
        panose=monospaced,
    )
    font.setupPost(isFixedPitch=1, underlinePosition=-2 * UNIT, underlineThickness=UNIT, keepGlyphNames=False)
    font.updateHead(created=now, modified=now, macStyle=0, lowestRecPPEM=16)
    font.font.recalcTimestamp = False
    font.font.flavor = "woff"
    font.save(sys.argv[2])


main()
