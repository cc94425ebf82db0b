"""Line breaking for Chinese text (避头尾) in ReportLab paragraphs and table cells.

Sources: GB/T 15834-2011 《标点符号用法》 5 for the signs that may not begin or end a
line; figures, codes and Latin words stay whole so that an amount is never misread.
"""

import re

from reportlab.pdfgen.textobject import PDFTextObject
from reportlab.platypus.paragraph import (
    Paragraph,
    ParaLines,
    _handleBulletWidth,
    cjkU,
    makeCJKParaLine,
)

#: Signs that may not begin a line (避头).
CLOSING = frozenset("，。、；：？！．）〕】》〉」』〗］｝”’·～／％‰℃°㎡,.;:?!)]}%/")
#: Signs that may not end a line (避尾).
OPENING = frozenset("（〔【《〈「『〖［｛“‘￥¥＄№([{$")

_SIGN = r"0-9A-Za-z\u00a0\u00b2\u00b3\u00c0-\u024f\u0370-\u052f０-９Ａ-Ｚａ-ｚ"
_WORD = re.compile(
    # 1,234.5  -3  ≥30  2026-11-21  A4  a@b.cn  https://a.cn/b?c=1
    rf"[-+±<>≤≥≈]?[{_SIGN}]+(?:[-.,:/'’_@&?=#+~*．]{{1,3}}[{_SIGN}]+)*"
    r"|—+|…+"  # 破折号 and 省略号 are two signs long and not divided
)
# What belongs to the figure before it, if the line has room for both.
_UNIT = re.compile(r"(?<=[0-9０-９])[万亿]?(?:元|平方米|[年月日号人张家户个万亿])")

# How bad it is to break the line at a place; the least bad one is taken.
_FREE, _BEFORE_UNIT, _IN_WORD, _FORBIDDEN = range(4)
_FUZZ = 1e-6

# Justification widens the gap after these: Chinese signs and spaces.
_WIDE = r" \u00a0‘’“”—…·\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_STRETCHABLE = re.compile(rf"[{_WIDE}]")
_STRETCHABLE_RUNS = re.compile(rf"[{_WIDE}]+|[^{_WIDE}]+")
# A wider gap than this share of the type size looks worse than a ragged line.
_MAX_STRETCH = 0.3


def break_lines(text, width, measure):
    """Break plain text into lines.

    No line begins with a sign of :data:`CLOSING` or ends with one of :data:`OPENING`,
    and no figure, code or Latin word is cut, unless the line is too narrow for what
    must stay together. Where a word fills the line, one closing sign after it hangs
    over the edge (标点悬挂). Spaces at the end of a line are dropped; a newline in the
    text always ends a line.

    :param str text: plain text.
    :param float width: width of a line, in the unit of ``measure``.
    :param measure: function that gives the width of one sign.
    :return: the lines, at least one.
    :rtype: list[str]
    """
    lines = []
    for piece in text.split("\n"):
        start = 0
        for end in line_ends(piece, [measure(sign) for sign in piece], [width]) or [0]:
            lines.append(piece[start:end].rstrip(" "))
            start = end
    return lines


def line_ends(text, sign_widths, line_widths):
    """Choose where the lines of a text end.

    :param str text: one piece of text without newlines.
    :param list[float] sign_widths: width of each sign.
    :param list[float] line_widths: width of each line; the last one goes on.
    :return: for each line the index after its last sign, spaces included.
    :rtype: list[int]
    """
    badness = _break_badness(text)
    ends = []
    start = 0
    while start < len(text):
        room = line_widths[min(len(ends), len(line_widths) - 1)] + _FUZZ
        best = start + 1  # one sign at least, however narrow the line
        used = 0
        for end in range(start + 1, len(text) + 1):
            used += sign_widths[end - 1]
            sign = text[end - 1]
            # Spaces at the end of a line may hang over its edge.
            fits = used <= room or sign == " "
            # So does one closing sign, if a word would have to be cut for it.
            hangs = (
                badness[best] >= _IN_WORD > badness[end]
                and sign in CLOSING
                and used - sign_widths[end - 1] <= room
            )
            if (fits or hangs) and badness[end] <= badness[best]:
                best = end
            if not fits:
                break
        ends.append(best)
        start = best
    return ends


def _break_badness(text):
    """Return for each index how bad a line break before that sign is."""
    badness = [_FREE] * (len(text) + 1)
    for word in _WORD.finditer(text):
        for index in range(word.start() + 1, word.end()):
            badness[index] = _IN_WORD
    for unit in _UNIT.finditer(text):
        badness[unit.start()] = _BEFORE_UNIT
        for index in range(unit.start() + 1, unit.end()):
            badness[index] = _IN_WORD
    before = ""  # the last sign that is no space
    for index, sign in enumerate(text):
        if sign in CLOSING or sign == " " or before in OPENING:
            badness[index] = _FORBIDDEN
        if sign != " ":
            before = sign
    return badness


class ChineseParagraph(Paragraph):
    """A ReportLab paragraph with Chinese line breaking and justification.

    Takes the same arguments and markup as its parent, several fragments included. The
    lines are broken as in :func:`break_lines` whatever the ``wordWrap`` of the style.
    Justified lines are widened after Chinese signs and spaces, never inside a figure
    or a word.
    """

    def breakLines(self, width):
        """Break a paragraph whose style does not ask for CJK in the same way."""
        return self.breakLinesCJK(width)

    def breakLinesCJK(self, maxWidths):
        """Break the fragments into lines.

        :param maxWidths: width of the lines in points, a number or a list of which
            the last one goes on.
        :return: ReportLab's structure of broken lines, always of the kind with
            fragments.
        :rtype: reportlab.platypus.paragraph.ParaLines
        """
        if getattr(self, "_splitpara", False):
            return self.blPara  # this part was broken together with the whole
        if not isinstance(maxWidths, (list, tuple)):
            maxWidths = [maxWidths]
        _handleBulletWidth(self.bulletText, self.style, maxWidths)
        lines = []
        for glyphs in self._get_pieces():
            # An image or an anchor counts as one sign.
            text = "".join(glyph or "\ufffc" for glyph in glyphs)
            widths = [glyph.width for glyph in glyphs]
            start = 0
            for end in line_ends(
                text, widths, maxWidths[len(lines) :] or maxWidths[-1:]
            ):
                room = maxWidths[min(len(lines), len(maxWidths) - 1)]
                lines.append(self._make_line(glyphs[start:end], room))
                start = end
        return ParaLines(kind=1, lines=lines)

    def beginText(self, x, y):
        """Start a text object that justifies Chinese."""
        return _JustifiedText(self.canv, x, y)

    def _get_pieces(self):
        """Yield the glyphs up to and including each ``<br/>``, then the rest."""
        piece = []
        for fragment in self.frags:
            for sign in fragment.text or [""]:
                piece.append(cjkU(sign, fragment, self.encoding))
            if hasattr(fragment, "lineBreak"):
                yield piece
                piece = []
        if piece:
            yield piece

    def _make_line(self, glyphs, room):
        """Return ReportLab's form of one line.

        Trailing spaces stay in it but have no width, so a right-aligned line ends at
        the edge, and a paragraph that continues on the next page loses no space.
        """
        visible = len(glyphs)
        while visible and (glyphs[visible - 1] == " " or not glyphs[visible - 1].width):
            visible -= 1
        used = sum(glyph.width for glyph in glyphs[:visible])
        extra = max(0, room - used)
        style_leading = getattr(self.style, "autoLeading", "")
        auto_leading = getattr(self, "autoLeading", style_leading)
        line = makeCJKParaLine(
            glyphs,
            room,
            used,
            extra,
            hasattr(glyphs[-1].frag, "lineBreak"),
            auto_leading not in ("", "off"),
        )
        line.glyphs = glyphs
        # The parent shares the extra space among wordCount - 1 gaps and the no-break
        # spaces, and draws rules and links without regard to the gaps.
        inner = glyphs[: max(visible - 1, 0)]
        gaps = sum(glyph != "\u00a0" and _is_stretchable(glyph) for glyph in inner)
        plain = not any(glyph.frag.us_lines or glyph.frag.link for glyph in inner)
        if plain and 0 < extra <= gaps * _MAX_STRETCH * line.fontSize:
            line.wordCount = gaps + 1
        return line

    def _get_split_blParaFunc(self):
        """Return the function that makes the fragments of a part of the lines."""
        return _join_lines


class _JustifiedText(PDFTextObject):
    """A text object whose word space goes after Chinese signs as well."""

    _gap = 0

    def setWordSpace(self, wordSpace):
        self._gap = wordSpace

    def _textOut(self, text, TStar=0):
        if self._gap:
            for run in _STRETCHABLE_RUNS.findall(text):
                self.setCharSpace(self._gap if _is_stretchable(run) else 0)
                super()._textOut(run)
            self.setCharSpace(0)
            text = ""
        return super()._textOut(text, TStar)


def _is_stretchable(text):
    """Tell whether the first sign of a text may be followed by a wider gap."""
    return bool(_STRETCHABLE.match(text))


def _join_lines(broken, start, stop):
    """Make fragments of some lines, as they were before the lines were broken.

    The parent's own function puts a space between any two lines.
    """
    glyphs = (glyph for line in broken.lines[start:stop] for glyph in line.glyphs)
    fragments = []
    last = None
    for glyph in glyphs:
        if glyph.frag is not last:
            last = glyph.frag
            fragments.append(last.clone(text=""))
        fragments[-1].text += glyph
    return fragments
