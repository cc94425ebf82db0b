import gc
import io
import random
import tempfile
import weakref
import zipfile
from datetime import date, datetime, time
from pathlib import Path
from unittest.mock import patch

import openpyxl
import xlsxwriter
import xlwt

from odoo.tests import BaseCase

from ..tools import workbook
from ..tools.workbook import (
    UNCALCULATED,
    CellError,
    MappedFile,
    MergedRange,
    WorkbookError,
    cell_name,
    read_workbook,
)
from .test_textvalue import english

DATA = Path(__file__).parent / "data"
LEDGER = DATA / "五华区儿童之家台账.xls"
REGIONS = DATA / "五华区行政区划.xlsx"

MAIN_NAMESPACE = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def make_xlsx(fill, **options):
    """Return an ``.xlsx`` that a function has filled.

    :param fill: called with the workbook of XlsxWriter and its first sheet.
    """
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, options) as book:
        fill(book, book.add_worksheet("台账"))
    return stream.getvalue()


def make_xls(fill):
    """Return an ``.xls`` that a function has filled.

    :param fill: called with the workbook of xlwt and its first sheet.
    """
    stream = io.BytesIO()
    book = xlwt.Workbook(encoding="utf-8")
    fill(book, book.add_sheet("台账"))
    book.save(stream)
    return stream.getvalue()


def repack(content, replace):
    """Return an ``.xlsx`` with some of its parts replaced or added."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name not in replace:
                new.writestr(name, old.read(name))
        for name, part in replace.items():
            new.writestr(name, part)
    return stream.getvalue()


def make_sheet_xml(data, head=""):
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}'
        f'<worksheet xmlns="{MAIN_NAMESPACE}">{data}</worksheet>'
    )


class WorkbookCase(BaseCase):
    def assert_refused(self, content, *words, **options):
        """The file is refused in one sentence that names it and contains the words."""
        with self.assertRaises(WorkbookError) as caught:
            read_workbook(content, "台账.xls", **options)
        text = english(caught.exception)
        self.assertEqual(text, english(caught.exception.message))
        self.assertIn("“台账.xls”", text)
        self.assertTrue(text.endswith("."))
        self.assertNotIn(". ", text)
        for word in words:
            self.assertIn(word, text)


class TestFixtures(WorkbookCase):
    def test_xls(self):
        book = read_workbook(LEDGER.read_bytes(), LEDGER.name)
        self.assertEqual(
            [sheet.name for sheet in book.sheets], ["儿童之家台账", "资金台账"]
        )
        homes, funds = book.sheets
        self.assertEqual((len(homes.rows), len(funds.rows)), (98, 12))
        self.assertFalse(homes.hidden or homes.date1904)
        self.assertIn(MergedRange(4, 14, 1, 2), homes.merged)
        row = homes.rows[4]
        self.assertEqual(row[:4], [1, "华山街道办事处", "翠湖西路社区", "530102001001"])
        self.assertEqual(row[6:9], [date(2018, 10, 9), 4.1, None])
        self.assertEqual(homes.rows[8][3], 530102001007.0)
        self.assertEqual(homes.rows[74][6], "2016年5月")
        self.assertEqual(len(row), 13, "without its empty end")

    def test_xlsx(self):
        book = read_workbook(REGIONS.read_bytes(), REGIONS.name)
        (sheet,) = book.sheets
        self.assertEqual(len(sheet.rows), 104)
        self.assertEqual(
            sheet.rows[1], ["530102000000", "五华区", "530100000000", "否"]
        )

    def test_content_decides_and_not_the_name(self):
        book = read_workbook(LEDGER.read_bytes(), "台账.xlsx")
        self.assertEqual(len(book.sheets), 2)
        book = read_workbook(REGIONS.read_bytes(), "regions.txt")
        self.assertEqual(len(book.sheets), 1)

    def test_cell_name(self):
        self.assertEqual(cell_name(14, 4), "E15")
        self.assertEqual(cell_name(0, 26), "AA1")


class TestMappedFile(WorkbookCase):
    """A file that is read where it lies."""

    def test_as_bytes(self):
        for path in (LEDGER, REGIONS):
            self.assertEqual(
                read_workbook(MappedFile(path), path.name),
                read_workbook(path.read_bytes(), path.name),
            )

    def test_refusals(self):
        for content in (
            b"<html><table></table></html>",
            b"a,b",
            LEDGER.read_bytes()[:9000],
            LEDGER.read_bytes()[:9000] + "EncryptedPackage".encode("utf-16-le"),
        ):
            with tempfile.NamedTemporaryFile() as file:
                file.write(content)
                file.flush()
                with self.assertRaises(WorkbookError) as caught:
                    read_workbook(content, "台账.xls")
                self.assert_refused(
                    MappedFile(file.name), english(caught.exception.message)
                )

    def test_is_given_back(self):
        """Nothing holds the file when its cells are read."""
        for path in (LEDGER, REGIONS):
            file = MappedFile(path)
            gone = weakref.ref(file)
            gc.disable()
            try:
                book = read_workbook(file, path.name)
                del file
                self.assertIsNone(gone())
            finally:
                gc.enable()
            self.assertTrue(book.sheets)


class TestTypes(WorkbookCase):
    """Both kinds of file give the same values."""

    EXPECTED = [
        ["文字", 4.1, date(2018, 10, 9), datetime(2018, 10, 9, 8, 30), time(8, 30)],
        [True, False, None, CellError("#REF!")],
        [],
        [None, "末"],
    ]

    def test_xlsx(self):
        def fill(book, sheet):
            day = book.add_format({"num_format": "yyyy-mm-dd"})
            moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
            clock = book.add_format({"num_format": "hh:mm"})
            sheet.write_row(0, 0, ["文字", 4.1])
            sheet.write_number(0, 2, 43382, day)
            sheet.write_number(0, 3, 43382 + 8.5 / 24, moment)
            sheet.write_number(0, 4, 8.5 / 24, clock)
            sheet.write_row(1, 0, [True, False])
            sheet.write_formula(1, 3, "=Z9", None, "#REF!")
            sheet.write(3, 1, "末")
            sheet.write_blank(3, 5, None, day)
            sheet.write_blank(9, 5, None, day)
            sheet.merge_range(5, 1, 7, 3, "")

        (sheet,) = read_workbook(make_xlsx(fill), "台账.xlsx").sheets
        self.assertEqual(sheet.rows, self.EXPECTED)
        self.assertEqual(sheet.merged, [MergedRange(5, 8, 1, 4)])

    def test_xls(self):
        def fill(_book, sheet):
            def style(text):
                return xlwt.easyxf(num_format_str=text)

            sheet.write(0, 0, "文字")
            sheet.write(0, 1, 4.1)
            sheet.write(0, 2, 43382, style("yyyy-mm-dd"))
            sheet.write(0, 3, 43382 + 8.5 / 24, style("yyyy-mm-dd hh:mm"))
            sheet.write(0, 4, 8.5 / 24, style("hh:mm"))
            sheet.write(1, 0, True)
            sheet.write(1, 1, False)
            sheet.row(1).set_cell_error(3, "#REF!")
            sheet.write(3, 1, "末")
            sheet.write(3, 5, None, style("yyyy-mm-dd"))
            sheet.write(9, 5, "", style("yyyy-mm-dd"))
            sheet.merge(5, 7, 1, 3)

        (sheet,) = read_workbook(make_xls(fill), "台账.xls").sheets
        self.assertEqual(sheet.rows, self.EXPECTED)
        self.assertEqual(sheet.merged, [MergedRange(5, 8, 1, 4)])

    def test_dates_of_1904(self):
        """The same serial number is another day in a workbook of the 1904 system."""

        def fill_xlsx(book, sheet):
            day = book.add_format({"num_format": "yyyy-mm-dd"})
            sheet.write_datetime(0, 0, datetime(2018, 10, 9), day)

        def fill_xls(book, sheet):
            book.dates_1904 = True
            style = xlwt.easyxf(num_format_str="yyyy-mm-dd")
            sheet.write(0, 0, 43382 - 1462, style)

        for content in (
            make_xlsx(fill_xlsx, date_1904=True),
            make_xls(fill_xls),
        ):
            (sheet,) = read_workbook(content, "台账").sheets
            self.assertTrue(sheet.date1904)
            self.assertEqual(sheet.rows, [[date(2018, 10, 9)]])

    def test_dates_beyond_the_calendar(self):
        def fill_xlsx(book, sheet):
            sheet.write_number(0, 0, 1e9, book.add_format({"num_format": "yyyy-m-d"}))

        def fill_xls(_book, sheet):
            sheet.write(0, 0, 1e9, xlwt.easyxf(num_format_str="yyyy-mm-dd"))

        for content in (make_xlsx(fill_xlsx), make_xls(fill_xls)):
            (sheet,) = read_workbook(content, "台账").sheets
            self.assertEqual(sheet.rows, [[CellError("#VALUE!")]])

    def test_formula_without_result(self):
        """A program that does not calculate leaves formulas without a value."""
        book = openpyxl.Workbook()
        book.active.append([1, 2, "=A1+B1"])
        book.active.append(['=A1&""', None, "末"])
        stream = io.BytesIO()
        book.save(stream)
        (sheet,) = read_workbook(stream.getvalue(), "台账.xlsx").sheets
        self.assertEqual(sheet.rows, [[1, 2, UNCALCULATED], [UNCALCULATED, None, "末"]])

    def test_sheet_that_is_read_in_pieces(self):
        """Where a piece ends, nothing is lost and nothing comes twice."""

        def fill(book, sheet):
            sheet.write("A1", "标题")
            sheet.merge_range("A2:B3", "合并")
            sheet.merge_range("C2:D3", "又合并")
            for row in range(9, 40):
                sheet.write_formula(row, 0, "=" + "+".join(["B1"] * 20), None, "")

        content = make_xlsx(fill)
        # XlsxWriter writes <v></v> for a result that is empty.
        (whole,) = read_workbook(content, "台账.xlsx").sheets
        self.assertEqual([row[0] for row in whole.rows[9:]], [UNCALCULATED] * 31)
        for size in (1, 7, 100, 1000):
            with patch.object(workbook, "MEBIBYTE", size):
                (sheet,) = read_workbook(content, "台账.xlsx").sheets
            self.assertEqual((sheet.rows, sheet.merged), (whole.rows, whole.merged))

    def test_equal_figures_are_one_in_memory(self):
        """Of texts and of numbers with a decimal point; 1, 1.0 and True stay apart."""

        def fill(book, sheet):
            for row in range(2):
                for column, value in enumerate((40.5, "已建成", True, 1)):
                    sheet.write(row, column, value)

        for content in (make_xls(fill), make_xlsx(fill)):
            (sheet,) = read_workbook(content, "台账").sheets
            first, second = sheet.rows
            self.assertEqual(first, second)
            self.assertIs(first[0], second[0])
            self.assertIs(first[1], second[1])
            self.assertIs(first[2], True)
            self.assertIsNot(first[3], True)

    def test_formula_with_empty_text(self):
        """An empty text is a result, too."""
        content = repack(
            make_xlsx(lambda _book, sheet: sheet.write(0, 0, "文字")),
            {
                "xl/worksheets/sheet1.xml": make_sheet_xml(
                    '<sheetData><row r="1"><c r="A1" t="str"><f>""</f><v></v></c>'
                    '<c r="B1"><f>1+1</f><v>2</v></c></row></sheetData>'
                )
            },
        )
        (sheet,) = read_workbook(content, "台账.xlsx").sheets
        self.assertEqual(sheet.rows, [[None, 2]])

    def test_wrong_extent(self):
        """Some programs state that their sheet ends at A1."""
        content = repack(
            make_xlsx(lambda _book, sheet: sheet.write(0, 0, "文字")),
            {
                "xl/worksheets/sheet1.xml": make_sheet_xml(
                    '<dimension ref="A1"/><sheetData><row r="1"><c r="A1"><v>1</v></c>'
                    '<c r="C1"><v>3</v></c></row><row r="3"><c r="B3"><v>2</v></c>'
                    "</row></sheetData>"
                )
            },
        )
        (sheet,) = read_workbook(content, "台账.xlsx").sheets
        self.assertEqual(sheet.rows, [[1, None, 3], [], [None, 2]])

    def test_hidden_sheet(self):
        def fill_xlsx(book, sheet):
            sheet.write(0, 0, 1)
            book.add_worksheet("旧").hide()

        def fill_xls(book, sheet):
            sheet.write(0, 0, 1)
            book.add_sheet("旧").visibility = 1

        for content in (make_xlsx(fill_xlsx), make_xls(fill_xls)):
            sheets = read_workbook(content, "台账").sheets
            self.assertEqual([sheet.hidden for sheet in sheets], [False, True])

    def test_chart_sheet_is_no_worksheet(self):
        def fill(book, sheet):
            sheet.write_column(0, 0, [1, 2])
            chart = book.add_chart({"type": "column"})
            chart.add_series({"values": "=台账!$A$1:$A$2"})
            book.add_chartsheet("图").set_chart(chart)

        sheets = read_workbook(make_xlsx(fill), "台账.xlsx").sheets
        self.assertEqual([sheet.name for sheet in sheets], ["台账"])


class TestRefusals(WorkbookCase):
    """Each bad file gets one clear sentence, and never another exception."""

    def test_empty(self):
        for content in (b"", b"\n\n", b"\x00" * 512):
            self.assert_refused(content, "is empty")

    def test_web_page(self):
        page = "<html><body><table><tr><td>街道</td></tr></table></body></html>"
        for content in (
            page.encode(),
            page.encode("gb18030"),
            page.encode("utf-16"),
            b"\xef\xbb\xbf\r\n<!DOCTYPE html><meta charset='gbk'>" + page.encode("gbk"),
            b"<table border=1><tr><td>1</td></tr></table>",
        ):
            self.assert_refused(content, "a web page", ".xlsx")

    def test_plain_text(self):
        for content in (
            "街道,社区\n华山,翠湖西路\n".encode(),
            "街道\t社区\n".encode("gb18030"),
            "街道,社区\n".encode("utf-16"),
        ):
            self.assert_refused(content, "plain text, such as CSV")

    def test_other_documents(self):
        for content, kind in (
            (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "a PDF document"),
            (b"\x89PNG\r\n\x1a\n\x00\x00", "a picture"),
            (b"\xff\xd8\xff\xe0\x00\x10JFIF", "a picture"),
            (b"Rar!\x1a\x07\x00", "a compressed archive"),
            (b"{\\rtf1\\ansi", "a text document"),
            (b"MIME-Version: 1.0\nX-Document-Type: Workbook", "a web archive"),
            (
                b'<?xml version="1.0"?><Workbook '
                b'xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
                "an XML spreadsheet of 2003",
            ),
            (bytes(range(256)), "a file of an unknown kind"),
        ):
            with self.subTest(kind=kind):
                self.assert_refused(content, kind)

    def test_other_archives(self):
        for name, kind in (
            ("word/document.xml", "a Word document"),
            ("ppt/presentation.xml", "a presentation"),
            ("xl/workbook.bin", "a binary workbook"),
            ("content.xml", "an OpenDocument file"),
            ("台账.txt", "a compressed archive"),
        ):
            stream = io.BytesIO()
            with zipfile.ZipFile(stream, "w") as archive:
                archive.writestr(name, "<x/>")
            with self.subTest(kind=kind):
                self.assert_refused(stream.getvalue(), kind)

    def test_word_document_of_old(self):
        content = make_xls(lambda _book, sheet: sheet.write(0, 0, 1))
        self.assert_refused(self._rename_stream(content, "WordDocument"), "a Word doc")

    def test_password_of_xls(self):
        """Excel puts a FILEPASS record behind the first one."""
        content = bytearray(make_xls(lambda _book, sheet: sheet.write(0, 0, 1)))
        start = content.index(b"\x09\x08\x10\x00")
        second = start + 4 + 16
        content[second : second + 2] = b"\x2f\x00"
        self.assert_refused(bytes(content), "protected by a password")

    def test_password_of_xlsx(self):
        """Office puts an encrypted .xlsx into a container of the old kind."""
        content = make_xls(lambda _book, sheet: sheet.write(0, 0, 1))
        self.assert_refused(
            self._rename_stream(content, "EncryptedPackage"), "protected by a password"
        )

    def _rename_stream(self, content, name):
        old = "Workbook".encode("utf-16-le").ljust(64, b"\x00") + b"\x12\x00"
        self.assertEqual(content.count(old), 1)
        length = (2 * len(name) + 2).to_bytes(2, "little")
        new = name.encode("utf-16-le").ljust(64, b"\x00") + length
        return content.replace(old, new)

    def test_password_of_archive(self):
        content = bytearray(REGIONS.read_bytes())
        # Flag bit 0 in the central directory: the member is encrypted.
        content[content.index(b"PK\x01\x02") + 8] |= 1
        self.assert_refused(bytes(content), "protected by a password")

    def test_truncated(self):
        for path in (LEDGER, REGIONS):
            content = path.read_bytes()
            for length in (8, 100, 512, 1000, len(content) // 2, len(content) - 600):
                with self.subTest(path=path.name, length=length):
                    self.assert_refused(content[:length], "is damaged or incomplete")

    def test_no_data(self):
        def hide_nothing(_book, _sheet):
            pass

        self.assert_refused(make_xlsx(hide_nothing), "no worksheet with a filled cell")
        self.assert_refused(make_xls(hide_nothing), "no worksheet with a filled cell")
        no_sheets = repack(
            make_xlsx(hide_nothing),
            {
                "xl/workbook.xml": f'<workbook xmlns="{MAIN_NAMESPACE}"><sheets/>'
                "</workbook>"
            },
        )
        self.assert_refused(no_sheets, "“台账.xls”")

    def test_too_large(self):
        self.assert_refused(
            LEDGER.read_bytes(), "0.0 MB", "split the file", max_bytes=20_000
        )

    def test_too_many_cells(self):
        def fill_xlsx(_book, sheet):
            for row in range(100):
                sheet.write_row(row, 0, range(30))

        def fill_xls(_book, sheet):
            for row in range(100):
                for column in range(30):
                    sheet.write(row, column, 1)

        for content in (make_xlsx(fill_xlsx), make_xls(fill_xls)):
            self.assert_refused(content, "more than 2,000 cells", max_cells=2000)
            self.assertTrue(read_workbook(content, "台账", max_cells=3100).sheets)

    def test_far_cell(self):
        """One cell in the last corner must not create the cells before it."""
        content = repack(
            make_xlsx(lambda _book, sheet: sheet.write(0, 0, "文字")),
            {
                "xl/worksheets/sheet1.xml": make_sheet_xml(
                    '<sheetData><row r="999999999"><c r="XFD999999999"><v>1</v></c>'
                    "</row></sheetData>"
                )
            },
        )
        self.assert_refused(content, "cells", max_cells=100_000)


class TestBombs(WorkbookCase):
    """Small files that unpack to a great deal."""

    def _make(self, sheet_xml, **parts):
        content = make_xlsx(lambda _book, sheet: sheet.write(0, 0, "文字"))
        return repack(content, {"xl/worksheets/sheet1.xml": sheet_xml, **parts})

    def test_declared_size(self):
        content = self._make(make_sheet_xml(" " * 3_000_000))
        self.assertLess(len(content), 20_000)
        self.assert_refused(content, "unpacks to more than 2 MB", max_unpacked=2**21)

    def test_false_declared_size(self):
        """The directory says that the part is small."""
        content = bytearray(self._make(make_sheet_xml(" " * 3_000_000)))
        name = b"xl/worksheets/sheet1.xml"
        entry = content.rindex(name) - 46
        self.assertEqual(content[entry : entry + 4], b"PK\x01\x02")
        content[entry + 24 : entry + 28] = (500).to_bytes(4, "little")
        self.assert_refused(bytes(content), "damaged", max_unpacked=2**21)

    def test_elements(self):
        """Many empty elements fill the memory of a parser, not the disk."""
        content = self._make(make_sheet_xml("<a/>" * 50_000))
        self.assert_refused(content, "more than 10,000 cells", max_cells=10_000)

    def test_entities(self):
        head = (
            '<!DOCTYPE worksheet [<!ENTITY a "lol">'
            '<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        )
        data = (
            '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>&b;</t></is></c>'
            "</row></sheetData>"
        )
        xml = make_sheet_xml(data, head)
        for encoding in ("utf-8", "utf-16"):
            part = xml.replace("UTF-8", encoding).encode(encoding)
            self.assert_refused(self._make(part), "damaged")
        # The mark lies across the border of two pieces of a mebibyte.
        late = xml.replace("?><!", "?>" + " " * (2**20 - 45) + "<!")
        self.assert_refused(self._make(late), "damaged")


class TestFuzz(WorkbookCase):
    """Whatever happens to a file, it is read or refused, and nothing else."""

    def _try(self, content):
        try:
            read_workbook(content, "台账.xls")
        except WorkbookError as error:
            self.assertTrue(english(error))

    def test_truncations_and_flips(self):
        chance = random.Random(20181231)
        for path in (LEDGER, REGIONS):
            content = path.read_bytes()
            for _turn in range(60):
                self._try(content[: chance.randrange(len(content))])
                flipped = bytearray(content)
                for _flip in range(chance.choice((1, 3, 30))):
                    flipped[chance.randrange(len(flipped))] = chance.randrange(256)
                self._try(bytes(flipped))

    def test_flips_inside_the_archive(self):
        """With check sums that are right, the damage reaches the XML parsers."""
        chance = random.Random(20190614)
        content = REGIONS.read_bytes()
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        for _turn in range(60):
            name = chance.choice(list(parts))
            part = bytearray(parts[name])
            for _flip in range(chance.choice((1, 3))):
                part[chance.randrange(len(part))] = chance.randrange(256)
            self._try(repack(content, {name: bytes(part)}))
            self._try(repack(content, {name: b""}))
