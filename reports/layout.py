"""Building blocks of every printed document: page, styles, table, PDF file.

A report makes a *story*, a list of ReportLab flowables from :func:`paragraph`,
:func:`table` and the like, and hands it to :func:`build_document`. Nothing here knows
Odoo, and no word reaches the paper that the caller did not pass in his language.
"""

import copy
import re
from bisect import bisect_right
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, partial
from io import BytesIO
from itertools import accumulate
from xml.sax.saxutils import escape as escape_xml

from reportlab.graphics import renderPDF
from reportlab.graphics.barcode.qr import QrCodeWidget
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor, black
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY, TA_LEFT, TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate

from .cjk import ChineseParagraph, break_lines
from .fonts import BOLD, NORMAL, register_fonts

GREY = HexColor(0x595959)
LINE = HexColor(0x808080)
SHADE = HexColor(0xEEF1F5)
ZEBRA = HexColor(0xF7F9FB)

CELL_SIZE = 9
SMALL_SIZE = 8
_LEADING = 1.35  # line height as a multiple of the type size
_ASCENT = 0.88  # top of a Chinese sign above the base line, likewise
_MAX_ADVANCE = 1.02  # no sign of the typeface is wider, likewise
_PADDING_X = 3
_PADDING_Y = 2.5
_QR_SIZE = 20 * mm
_MARK_SIZE = 14 * mm
# A higher row may continue on the next page; any other row moves there as a whole.
_MAX_UNCUT_ROW = 200

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
# An amount, a date or a code of up to 32 digits and capitals.
_FIGURE = re.compile(r"[-+(￥¥]{0,3}[0-9][0-9A-Z,.:/-]{,31}[%‰)]{0,2}")


# ---------------------------------------------------------------------------
# page
# ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """A sheet of paper and its margins, in points."""

    width: float
    height: float
    top: float
    bottom: float
    left: float
    right: float

    @property
    def body_width(self):
        """Return the width that a story can fill."""
        return self.width - self.left - self.right

    @property
    def body_height(self):
        """Return the height that a story can fill."""
        return self.height - self.top - self.bottom


#: GB/T 9704-2012 《党政机关公文格式》 5.2: 天头 37 mm, 订口 28 mm, 版心 156 × 225 mm.
PORTRAIT = Page(*A4, top=37 * mm, bottom=35 * mm, left=28 * mm, right=26 * mm)
#: The same sheet turned: the bound edge is on top (GB/T 9704-2012, A4 横排的表格).
LANDSCAPE = Page(A4[1], A4[0], top=28 * mm, bottom=26 * mm, left=35 * mm, right=37 * mm)


# ---------------------------------------------------------------------------
# text
# ---------------------------------------------------------------------------


@cache
def styles():
    """Return the paragraph styles by name, the fonts registered.

    Names: title, subtitle, heading, normal, small, note, cell, cell-center,
    cell-right. They are shared: clone one before changing it.

    :rtype: dict[str, reportlab.lib.styles.ParagraphStyle]
    """
    register_fonts()

    def style(name, size, alignment=TA_LEFT, leading=_LEADING, **options):
        options = {
            "fontName": NORMAL,
            "bulletFontName": NORMAL,
            "wordWrap": "CJK",
            **options,
        }
        return ParagraphStyle(
            name, fontSize=size, leading=size * leading, alignment=alignment, **options
        )

    every = (
        style("title", 18, TA_CENTER, fontName=BOLD, spaceAfter=6),
        style("subtitle", 11, TA_CENTER, textColor=GREY, spaceAfter=10),
        style(
            "heading", 12, fontName=BOLD, spaceBefore=8, spaceAfter=4, keepWithNext=1
        ),
        style("normal", 10.5, TA_JUSTIFY, leading=1.6, spaceAfter=4),
        style("small", SMALL_SIZE),
        style("note", SMALL_SIZE, textColor=GREY, spaceBefore=4),
        style("cell", CELL_SIZE),
        style("cell-center", CELL_SIZE, TA_CENTER),
        style("cell-right", CELL_SIZE, TA_RIGHT),
    )
    return {style.name: style for style in every}


def plain(value):
    """Return a value as text that can be drawn.

    :param value: anything; ``None`` and ``False`` (an empty field of Odoo) give "".
    :return: text without control signs; newlines stay.
    :rtype: str
    """
    if value is None or value is False:
        return ""
    text = str(value)
    if text.isprintable():
        return text
    return _CONTROL.sub(" ", text.replace("\r\n", "\n"))


def escape(value):
    """Return a value as paragraph markup that prints as the value itself.

    :param value: as in :func:`plain`; newlines become ``<br/>``.
    :rtype: str
    """
    return escape_xml(plain(value)).replace("\n", "<br/>")


def paragraph(value, style="normal"):
    """Return a paragraph of plain text.

    For text with markup build a :class:`~.cjk.ChineseParagraph` and :func:`escape`
    what goes into it.

    :param value: as in :func:`plain`; it is not read as markup.
    :param str style: a name of :func:`styles`.
    :rtype: ChineseParagraph
    :raise KeyError: if there is no such style.
    """
    return ChineseParagraph(escape(value), styles()[style])


# ---------------------------------------------------------------------------
# table
# ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A column of a table.

    :param float width: share of the width of the table; think of millimetres.
    :param str align: ``left``, ``center`` or ``right`` (figures).
    :param bool shaded: whether its cells are labels, with the ground of a heading; a
        cell merged with other columns is none.
    """

    width: float
    align: str = "left"
    shaded: bool = False


def table(
    rows,
    columns,
    header_rows=1,
    *,
    spans=(),
    zebra=False,
    total_rows=0,
    empty="",
    font_size=CELL_SIZE,
):
    """Return a table as wide as the page.

    Time and memory grow with the number of rows only, whatever the number of pages.
    The heading is repeated on each page. Cells take plain text or anything that
    :func:`plain` takes, broken into lines as Chinese demands, or a flowable. An amount,
    date or code too wide for its cell is printed smaller, never cut.

    :param rows: sequence of sequences of cells, the heading first.
    :param columns: one :class:`Column` per column.
    :param int header_rows: number of rows that make the heading; may be 0.
    :param spans: merged cells as ``(row, column, rows, columns)``, counted from 0 in
        ``rows``; the cell at the top left gives the text. No page break falls inside.
    :param bool zebra: whether every other row is tinted.
    :param int total_rows: number of rows at the end that are printed bold.
    :param empty: text that stands for missing rows, across all columns.
    :param float font_size: size of the type in points.
    :rtype: reportlab.platypus.Flowable
    :raise ValueError: if a row does not have one cell per column, or a merged cell
        leaves the table, crosses the end of the heading, or overlaps another.
    """
    register_fonts()
    rows = list(rows)
    spans = list(spans)
    if empty and len(rows) == header_rows:
        spans.append((len(rows), 0, 1, len(columns)))
        rows.append([paragraph(empty, "cell-center")] + [""] * (len(columns) - 1))
    for index, row in enumerate(rows):
        if len(row) != len(columns):
            raise ValueError(
                f"Row {index} has {len(row)} cells for {len(columns)} columns"
            )
    laid = [_Row(cells) for cells in rows]
    for index, row in enumerate(laid):
        row.heading = index < header_rows
        if row.heading or index >= len(laid) - total_rows:
            row.face = BOLD
        row.tinted = zebra and not row.heading and (index - header_rows) % 2 == 1
    for span in spans:
        _merge(laid, span, len(columns), header_rows)
    heading, body = laid[:header_rows], laid[header_rows:]
    return _Table(_Grid(heading, body, columns, font_size), 0, len(body))


class _Row:
    """One row of a table: its cells, and after layout the lines of each cell."""

    __slots__ = (
        "cells",
        "content",
        "face",
        "heading",
        "height",
        "joined",
        "merged",
        "tinted",
    )

    def __init__(self, cells):
        self.cells = self.content = cells
        self.face = NORMAL
        self.heading = self.tinted = False
        self.height = 0
        self.joined = False  # a merged cell reaches into it from above
        # Index of a cell → (rows, columns) it covers, None if another covers it.
        self.merged = {}

    def visible_cells(self):
        """Yield index, rows and columns of the cells that are drawn."""
        for index in range(len(self.cells)):
            covered = self.merged.get(index, (1, 1))
            if covered:
                yield index, *covered


def _merge(rows, span, width, header_rows):
    """Enter a merged cell into the rows that it covers."""
    top, left, height, breadth = span
    bottom, right = top + height, left + breadth
    inside = 0 <= top < bottom <= len(rows) and 0 <= left < right <= width
    if not inside or top < header_rows < bottom:
        raise ValueError(f"The merged cell {span} does not lie in the table")
    for row in range(top, bottom):
        rows[row].joined = rows[row].joined or row > top
        for column in range(left, right):
            if column in rows[row].merged:
                raise ValueError(f"The merged cell {span} overlaps another")
            rows[row].merged[column] = None
    rows[top].merged[left] = (height, breadth)


class _WideFigure(str):
    """A figure wider than its cell, printed smaller: cut, it could be misread."""


class _Grid:
    """The rows of a table and their places; the parts on the pages share it."""

    def __init__(self, heading, rows, columns, font_size):
        self.heading = heading
        self.rows = rows
        self.columns = columns
        self.size = font_size
        self.leading = font_size * _LEADING
        self.width = None

    def lay_out(self, width, canvas):
        """Compute the columns, the lines of each cell and the height of each row."""
        scale = width / sum(column.width for column in self.columns)
        widths = (column.width * scale for column in self.columns)
        self.edges = list(accumulate(widths, initial=0))
        for rows in (self.heading, self.rows):
            for row in rows:
                self._lay_out_row(row, canvas)
            self._fit_joined_rows(rows, canvas)
        self.heading_height = sum(row.height for row in self.heading)
        self._set_rows(self.rows)
        self.width = width

    def cut_row(self, index, room):
        """Divide a row of long text between two pages.

        :param int index: the row.
        :param float room: height for the first of the two pieces.
        :return: a grid with the two pieces in the place of the row, or ``None`` if the
            row has to stay whole.
        """
        row = self.rows[index]
        count = int((room - 2 * _PADDING_Y) / self.leading)
        if (
            count < 1
            or row.height <= _MAX_UNCUT_ROW
            or any(each.joined for each in self.rows[index : index + 2])
            or any(isinstance(content, Flowable) for content in row.content)
        ):
            return None
        pieces = [copy.copy(row), copy.copy(row)]
        for piece, part in zip(pieces, (slice(count), slice(count, None)), strict=True):
            piece.content = [
                ([content] if isinstance(content, str) else content)[part]
                for content in row.content
            ]
            piece.cells = ["\n".join(lines) for lines in piece.content]
            most = max(map(len, piece.content))
            piece.height = self.leading * most + 2 * _PADDING_Y
        grid = copy.copy(self)
        grid._set_rows(self.rows[:index] + pieces + self.rows[index + 1 :])
        return grid

    def _set_rows(self, rows):
        """Take laid out rows and note how far below the heading each one begins."""
        self.rows = rows
        self.tops = list(accumulate((row.height for row in rows), initial=0))

    def _lay_out_row(self, row, canvas):
        """Break the cells of a row and give it the height of its highest cell."""
        row.content = [""] * len(row.cells)
        row.height = self.leading + 2 * _PADDING_Y
        for index, height, breadth in row.visible_cells():
            content = self._lay_out_cell(row, index, breadth)
            row.content[index] = content
            if height == 1 and not isinstance(content, str):
                needed = self._get_height(content, index, breadth, canvas)
                row.height = max(row.height, needed)

    def _lay_out_cell(self, row, index, breadth):
        """Return a cell as it is drawn: a flowable, one line, or a list of lines."""
        cell = row.cells[index]
        if isinstance(cell, Flowable):
            return cell
        text = plain(cell)
        room = self._get_room(index, breadth)
        if "\n" not in text:
            # Measuring takes most of the time: only where the text may be too long.
            if len(text) * self.size * _MAX_ADVANCE <= room:
                return text
            if stringWidth(text, row.face, self.size) <= room:
                return text
            if _FIGURE.fullmatch(text):
                return _WideFigure(text)
        measure = partial(stringWidth, fontName=row.face, fontSize=self.size)
        return break_lines(text, room, measure)

    def _fit_joined_rows(self, rows, canvas):
        """Make the last row of a merged cell high enough for its content."""
        for top, row in enumerate(rows):
            if not row.merged:
                continue
            for index, height, breadth in row.visible_cells():
                if height > 1:
                    content = row.content[index]
                    needed = self._get_height(content, index, breadth, canvas)
                    joined = rows[top : top + height]
                    missing = needed - sum(each.height for each in joined)
                    joined[-1].height += max(0, missing)

    def _get_room(self, index, breadth):
        """Return the width inside a cell."""
        return self.edges[index + breadth] - self.edges[index] - 2 * _PADDING_X

    def _get_height(self, content, index, breadth, canvas):
        """Return the height of a cell for its content."""
        if isinstance(content, Flowable):
            room = self._get_room(index, breadth)
            height = content.wrapOn(canvas, room, _MAX_UNCUT_ROW)[1]
        else:
            height = self.leading * (1 if isinstance(content, str) else len(content))
        return height + 2 * _PADDING_Y


class _Table(Flowable):
    """The part of a table that stands on one page: heading and a range of rows."""

    spaceBefore = spaceAfter = 4

    def __init__(self, grid, first, last):
        super().__init__()
        self._grid = grid
        self._first = first
        self._last = last

    def wrap(self, available_width, _available_height):
        """Return the size of this part; the first call lays out the whole table."""
        grid = self._grid
        if grid.width != available_width:
            grid.lay_out(available_width, getattr(self, "canv", None))
        body_height = grid.tops[self._last] - grid.tops[self._first]
        self.width = available_width
        self.height = grid.heading_height + body_height
        return self.width, self.height

    def split(self, available_width, available_height):
        """Return what fits and the rest, or nothing if no row fits."""
        self.wrap(available_width, available_height)
        grid, first, last = self._grid, self._first, self._last
        room = available_height - grid.heading_height
        limit = grid.tops[first] + room + 1e-6
        end = min(bisect_right(grid.tops, limit) - 1, last)
        if end == last:
            return [self]
        while end > first and grid.rows[end].joined:
            end -= 1
        if end <= first:
            grid = grid.cut_row(first, room)
            if grid is None:
                return []
            end, last = first + 1, last + 1
        return [_Table(grid, first, end), _Table(grid, end, last)]

    def draw(self):
        """Draw grounds, then rules, then the cells."""
        rows = self._grid.heading + self._grid.rows[self._first : self._last]
        self._draw_grounds(rows)
        self._draw_rules(rows)
        self._draw_cells(rows)

    def _draw_grounds(self, rows):
        """Tint headings, labels and every other row."""
        canvas = self.canv
        top = self.height
        for position, row in enumerate(rows):
            bottom = top - row.height
            if row.heading or row.tinted:
                canvas.setFillColor(SHADE if row.heading else ZEBRA)
                canvas.rect(0, bottom, self.width, row.height, stroke=0, fill=1)
            for index, column in enumerate(self._grid.columns):
                covered = row.merged.get(index, (1, 1))
                # A cell merged with other columns is no label.
                if column.shaded and covered and covered[1] == 1:
                    canvas.setFillColor(SHADE)
                    box = self._get_box(rows, position, top, index)
                    canvas.rect(*box, stroke=0, fill=1)
            top = bottom

    def _draw_rules(self, rows):
        """Draw the grid; rows with merged cells are drawn cell by cell."""
        canvas = self.canv
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.5)
        top = grid_top = self.height
        rules = [(0, top, self.width, top)]
        for position, row in enumerate(rows):
            bottom = top - row.height
            if row.merged:
                rules += self._get_uprights(grid_top, top)
                for index, _height, _breadth in row.visible_cells():
                    canvas.rect(*self._get_box(rows, position, top, index))
                grid_top = bottom
            else:
                rules.append((0, bottom, self.width, bottom))
            top = bottom
        canvas.lines(rules + self._get_uprights(grid_top, top))

    def _draw_cells(self, rows):
        """Draw all text in one text object, flowables by themselves."""
        text = self.canv.beginText()
        self.canv.setFillColor(black)
        face = None
        top = self.height
        for position, row in enumerate(rows):
            if row.face != face:
                face = row.face
                text.setFont(face, self._grid.size, self._grid.leading)
            for index, _height, _breadth in row.visible_cells():
                content = row.content[index]
                if content:
                    box = self._get_box(rows, position, top, index)
                    align = "center" if row.heading else self._grid.columns[index].align
                    self._draw_content(text, face, content, box, align)
            top -= row.height
        self.canv.drawText(text)

    def _draw_content(self, text, face, content, box, align):
        """Draw the content of a cell, upright in the middle."""
        left, bottom, width, height = box
        left += _PADDING_X
        room = width - 2 * _PADDING_X
        if isinstance(content, Flowable):
            used = content.wrapOn(self.canv, room, height)[1]
            content.drawOn(self.canv, left, bottom + (height - used) / 2)
            return
        lines = [content] if isinstance(content, str) else content
        size = self._grid.size
        base = bottom + (height + len(lines) * self._grid.leading) / 2
        base -= (self._grid.leading - size) / 2 + _ASCENT * size
        if isinstance(content, _WideFigure):
            size *= room / stringWidth(content, face, size)
            text.setFont(face, size, self._grid.leading)
        for line in lines:
            shift = 0
            if align != "left":
                spare = max(0, room - stringWidth(line, face, size))
                shift = spare if align == "right" else spare / 2
            text.setTextOrigin(left + shift, base)
            text._textOut(line)
            base -= self._grid.leading
        if size != self._grid.size:
            text.setFont(face, self._grid.size, self._grid.leading)

    def _get_box(self, rows, position, top, index):
        """Return left, bottom, width and height of a cell and what it covers."""
        rows_covered, columns_covered = rows[position].merged.get(index, (1, 1))
        covered = rows[position : position + rows_covered]
        height = sum(row.height for row in covered)
        left, right = self._grid.edges[index], self._grid.edges[index + columns_covered]
        return left, top - height, right - left, height

    def _get_uprights(self, top, bottom):
        """Return the rules between the columns of a block of plain rows."""
        if top == bottom:
            return []
        return [(edge, top, edge, bottom) for edge in self._grid.edges]


# ---------------------------------------------------------------------------
# photos
# ---------------------------------------------------------------------------


def photos(files, height, per_row=3):
    """Return pictures in rows, each as high as asked for or as there is room.

    :param files: the pictures, as bytes.
    :param float height: in millimetres.
    :param int per_row: how many stand side by side.
    :rtype: list[reportlab.platypus.Flowable]
    """
    files = list(files)
    return [
        _Photos(files[first : first + per_row], height * mm)
        for first in range(0, len(files), per_row)
    ]


class _Photos(Flowable):
    """Pictures side by side, of one height."""

    spaceAfter = _GAP = 1.5 * mm

    def __init__(self, files, height):
        super().__init__()
        self._pictures = [ImageReader(BytesIO(file)) for file in files]
        sizes = [picture.getSize() for picture in self._pictures]
        self._ratios = [across / down for across, down in sizes]
        self._most = height

    def wrap(self, available_width, available_height):
        gaps = self._GAP * (len(self._pictures) - 1)
        self.width = available_width
        self.height = min(self._most, (available_width - gaps) / sum(self._ratios))
        return self.width, self.height

    def draw(self):
        """Draw the pictures from the left."""
        left = 0
        for picture, ratio in zip(self._pictures, self._ratios, strict=True):
            across = ratio * self.height
            self.canv.drawImage(picture, left, 0, across, self.height)
            left += across + self._GAP


# ---------------------------------------------------------------------------
# signatures
# ---------------------------------------------------------------------------


def signatures(labels):
    """Return a line of places to sign, evenly across the page.

    :param labels: what stands before each place, such as 填表人.
    :rtype: reportlab.platypus.Flowable
    """
    register_fonts()
    return _Signatures([plain(label) for label in labels])


class _Signatures(Flowable):
    """Labels, each with a rule to sign on, in one line that is never divided."""

    _HEIGHT = 14 * mm
    _BASE = 2.5 * mm

    def __init__(self, labels):
        super().__init__()
        self._labels = labels

    def wrap(self, available_width, available_height):
        self.width, self.height = available_width, self._HEIGHT
        return self.width, self.height

    def draw(self):
        """Draw the labels and the rules."""
        canvas = self.canv
        canvas.setFont(NORMAL, CELL_SIZE)
        canvas.setFillColor(black)
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.5)
        share = self.width / len(self._labels)
        for index, label in enumerate(self._labels):
            left = index * share
            canvas.drawString(left, self._BASE + 1 * mm, label)
            begin = left + stringWidth(label, NORMAL, CELL_SIZE) + 2 * mm
            end = max(begin, left + share - 10 * mm)
            canvas.line(begin, self._BASE, end, self._BASE)


# ---------------------------------------------------------------------------
# document
# ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Labels:
    """The words that a document adds by itself, in the reader's language."""

    page: str = "Page %(page)s of %(pages)s"
    printed: str = "Printed at %(time)s"


ENGLISH = Labels()


@dataclass(frozen=True)
class Mark:
    """The state of a register outside the document, at the foot of every page.

    :param str text: in a few words.
    :param str qr_text: the same for a machine.
    """

    text: str
    qr_text: str


_mark = ContextVar("mark", default=None)


@contextmanager
def marked(mark):
    """Put a mark on every document that is built inside, however deep.

    :param mark: a :class:`Mark`, or None.
    """
    token = _mark.set(mark)
    try:
        yield
    finally:
        _mark.reset(token)


def build_document(
    story,
    *,
    title,
    subtitle=None,
    author=None,
    landscape=False,
    footer="",
    generated_at=None,
    qr_text=None,
    labels=ENGLISH,
):
    """Return a PDF file of A4 pages with a title, headers and footers.

    The same arguments always give the same bytes: the file holds no clock time and no
    random identifier, so its digest can be kept and compared. A mark of :func:`marked`
    counts as an argument.

    :param story: flowables; they can be drawn once only. Give a ``Drawing`` its
        ``initialFontName``, or it names a typeface that is not embedded.
    :param str title: stands above the story, in each header and in the properties.
    :param str subtitle: stands under the title, for example the 文号 or the period.
    :param str author: the issuing unit, for the properties of the file.
    :param bool landscape: whether the pages lie.
    :param str footer: text at the foot of each page, two lines at most.
    :param datetime.datetime generated_at: time of printing in the reader's time zone;
        without it no time is printed.
    :param str qr_text: content of a QR code in the corner of each page. Some readers
        guess the encoding of Chinese wrongly, so an ASCII address is best; more than
        about 200 bytes are hard to read from paper.
    :param Labels labels: the words added, English by default.
    :rtype: bytes
    :raise reportlab.platypus.doctemplate.LayoutError: if a flowable is larger than a
        page and cannot be divided.
    """
    page = LANDSCAPE if landscape else PORTRAIT
    heading = [paragraph(title, "title")]
    if subtitle:
        heading.append(paragraph(subtitle, "subtitle"))
    margin = _Margin(
        page=page,
        title=plain(title),
        footer=plain(footer),
        printed=labels.printed % {"time": f"{generated_at:%Y-%m-%d %H:%M}"}
        if generated_at
        else "",
        numbering=labels.page,
        qr_text=qr_text,
        mark=_mark.get(),
    )
    buffer = BytesIO()
    document = BaseDocTemplate(
        buffer,
        pagesize=(page.width, page.height),
        title=plain(title),
        subject=plain(subtitle),
        author=plain(author),
        lang="zh-CN",
        displayDocTitle=True,
        # The default, Helvetica, would stay in the file without being embedded.
        initialFontName=NORMAL,
        invariant=1,
    )
    frame = Frame(
        page.left,
        page.bottom,
        page.body_width,
        page.body_height,
        leftPadding=0,
        rightPadding=0,
        topPadding=0,
        bottomPadding=0,
    )
    document.addPageTemplates(PageTemplate(frames=[frame]))
    document.build(heading + list(story), canvasmaker=partial(_Canvas, margin=margin))
    return buffer.getvalue()


@dataclass(frozen=True)
class _Margin:
    """What stands outside the story on each page."""

    page: Page
    title: str
    footer: str
    printed: str
    numbering: str
    qr_text: str | None
    mark: Mark | None

    def define_forms(self, canvas):
        """Draw once what each page then only refers to."""
        if self.qr_text:
            self._define_code(canvas, "qr", self.qr_text, _QR_SIZE)
        if self.mark:
            self._define_code(canvas, "mark", self.mark.qr_text, _MARK_SIZE)

    def _define_code(self, canvas, name, text, size):
        picture = Drawing(size, size, initialFontName=NORMAL)
        picture.add(QrCodeWidget(text, barWidth=size, barHeight=size))
        canvas.beginForm(name, 0, 0, size, size)
        renderPDF.draw(picture, canvas, 0, 0)
        canvas.endForm()

    def _draw_code(self, canvas, name, left, bottom):
        canvas.saveState()
        canvas.translate(left, bottom)
        canvas.doForm(name)
        canvas.restoreState()

    def draw(self, canvas, number, total):
        """Draw header and footer of one page.

        :param int number: the page, from 1.
        :param int total: number of pages.
        """
        page = self.page
        right = page.width - page.right
        top = page.height - page.top + 3 * mm
        canvas.setFont(NORMAL, SMALL_SIZE)
        canvas.setFillColor(GREY)
        canvas.setStrokeColor(LINE)
        canvas.setLineWidth(0.5)
        canvas.line(page.left, top, right, top)
        room = page.body_width
        if self.qr_text:
            room -= _QR_SIZE
            self._draw_code(canvas, "qr", right - _QR_SIZE, top + 0.5 * mm)
        canvas.drawString(page.left, top + 1.5 * mm, self._break(self.title, room)[0])
        base = page.bottom - 7 * mm
        canvas.drawString(page.left, base, self.printed)
        canvas.drawRightString(
            right, base, self.numbering % {"page": number, "pages": total}
        )
        room = page.body_width
        if self.mark:
            room -= _MARK_SIZE
            edge = base - 1 * mm - _MARK_SIZE
            self._draw_code(canvas, "mark", right - _MARK_SIZE, edge)
        lines = self._break(self.footer, room)[:2]
        for line in lines + ([self.mark.text] if self.mark else []):
            base -= SMALL_SIZE * _LEADING
            canvas.drawString(page.left, base, line)

    def _break(self, text, width):
        """Return the lines of a text of the margin."""
        measure = partial(stringWidth, fontName=NORMAL, fontSize=SMALL_SIZE)
        return break_lines(text, width, measure)


class _Canvas(Canvas):
    """A canvas that draws the margins when the number of pages is known."""

    def __init__(self, *args, margin, **kwargs):
        super().__init__(*args, **kwargs)
        self._margin = margin
        self._pages = []

    def showPage(self):
        """Keep the page, as one text: a page of a list is thousands of operators."""
        self._code = ["\n".join(self._code)]
        self._pages.append(dict(self.__dict__))
        self._startPage()

    def save(self):
        """Draw the margins, write the pages, then the file."""
        self._margin.define_forms(self)
        pages = self._pages
        for number, page in enumerate(pages, start=1):
            self.__dict__.update(page)
            self._margin.draw(self, number, len(pages))
            Canvas.showPage(self)
        return super().save()
