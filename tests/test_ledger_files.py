import io
import zipfile
from datetime import datetime
from unittest.mock import patch

import xlsxwriter
import xlwt

from odoo.exceptions import UserError

from ..tools import workbook
from .common import LEDGER_HEADING, make_ledger
from .test_welfare_facility_import import LEDGER, LedgerCase, read_sample

ROW = ("华山街道", "翠湖西路社区", "530102001001", "已建成", "2018-10-09", 40.5, 10)


class TestBadFiles(LedgerCase):
    """A file that is no ledger gets one clear sentence, and nothing of it is kept."""

    def assertRefused(self, content, filename="台账.xls", word=""):
        Import = self.env["welfare.facility.import"]
        Attachment = self.env["ir.attachment"]
        before = Import.search_count([]), Attachment.search_count([])
        with self.assertRaises(UserError) as caught, self.cr.savepoint():
            self._check(content, filename)
        message = str(caught.exception)
        self.assertIn(filename, message)
        self.assertTrue(message.endswith((".", "。")), message)
        self.assertNotIn("\n", message)
        self.assertNotRegex(message, "Traceback|Error|Exception|None")
        self.assertIn(word, message)
        self.env.invalidate_all()
        after = Import.search_count([]), Attachment.search_count([])
        self.assertEqual(after, before, "nothing is kept")
        self.assertFalse(self.Facility.search([]))

    def test_other_things_by_that_name(self):
        html = "<html><body><table><tr><td>街道</td></tr></table></body></html>"
        for content in (
            html.encode(),
            html.encode("gb18030"),
            "街道,社区名称,状态\n华山街道,翠湖西路社区,已建成\n".encode(),
            "街道\t社区名称\t状态\n".encode("gb18030"),
            b"%PDF-1.7\n",
            b"\x89PNG\r\n",
            b"\x00\x01\x02\x03",
        ):
            with self.subTest(content[:12]):
                self.assertRefused(content)

    def test_empty(self):
        self.assertRefused(b"")
        self.assertRefused(b" \r\n ")
        empty = io.BytesIO()
        with xlsxwriter.Workbook(empty) as book:
            book.add_worksheet()
        self.assertRefused(empty.getvalue(), "空.xlsx")

    def test_truncated(self):
        xls, xlsx = read_sample(LEDGER), make_ledger([ROW])
        for content in (xls[: len(xls) // 2], xls[:600], xlsx[: len(xlsx) // 2]):
            with self.subTest(len(content)):
                self.assertRefused(content)

    def test_encrypted(self):
        content = read_sample(LEDGER)
        name = "Workbook".encode("utf-16-le")
        content = content.replace(name, "Encrypte".encode("utf-16-le"))
        # As Office does it: an encrypted .xlsx in a container of the old kind.
        content += "EncryptedPackage".encode("utf-16-le")
        self.assertRefused(content)

    def test_too_large(self):
        read = workbook.read_workbook
        with patch(
            "odoo.addons.welfare_facility.models.welfare_import_column.read_workbook",
            lambda content, name: read(content, name, max_bytes=1000),
        ):
            self.assertRefused(make_ledger([ROW]))

    def test_zip_bomb(self):
        """A small file that unpacks to gigabytes is found before it is unpacked."""
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", "<Types/>")
            with archive.open(
                "xl/worksheets/sheet1.xml", "w", force_zip64=True
            ) as part:
                for _index in range(200):
                    part.write(b" " * workbook.MEBIBYTE)
        self.assertLess(len(stream.getvalue()), workbook.MEBIBYTE)
        self.assertRefused(stream.getvalue(), "台账.xlsx", word="128")

    def test_wrong_sheet(self):
        self.assertRefused(make_ledger([(1, 2)], heading=("甲", "乙")), "台账.xlsx")

    def test_new_file_in_the_place_of_a_good_one(self):
        """The good one stays, with what was checked."""
        ledger = self._check(make_ledger([ROW]), "台账.xlsx")
        sha256 = ledger.sha256
        with self.assertRaises(UserError), self.cr.savepoint():
            ledger.write({"file": self._encode(b"<html>"), "filename": "坏.xls"})
        self.env.invalidate_all()
        self.assertEqual((ledger.sha256, ledger.filename), (sha256, "台账.xlsx"))
        self.assertEqual((ledger.state, ledger.create_count), ("checked", 1))


class TestBadCells(LedgerCase):
    """What cannot be read in a cell is an error of its row."""

    def assertErrorIn(self, content, cell, filename="台账.xlsx"):
        ledger = self._check(content, filename)
        self.assertEqual(ledger.error_count, 1, ledger.line_ids.mapped("message"))
        error = ledger.line_ids[0]
        self.assertEqual((error.status, error.cell), ("error", cell))
        self.assertTrue(error.message)
        with self.assertRaises(UserError):
            ledger.action_apply()
        self.assertFalse(self.Facility.search([]))

    def _make_with_error(self, code):
        stream = io.BytesIO()
        with xlsxwriter.Workbook(stream) as book:
            sheet = book.add_worksheet("台账")
            sheet.write_row(0, 0, LEDGER_HEADING)
            sheet.write_row(1, 0, ROW)
            sheet.write_formula("F2", "=1", None, code)
        return stream.getvalue()

    def test_formula_errors(self):
        for code in ("#REF!", "#DIV/0!", "#N/A", "#NAME?"):
            with self.subTest(code):
                self.assertErrorIn(self._make_with_error(code), "F2")

    def _make_xls(self, row, serial, dates_1904=False):
        """Return an .xls whose date is kept as a number."""
        book = xlwt.Workbook(encoding="utf-8")
        book.dates_1904 = dates_1904
        sheet = book.add_sheet("台账")
        style = xlwt.easyxf(num_format_str="yyyy-mm-dd")
        for column, heading in enumerate((*LEDGER_HEADING, "备注")):
            sheet.write(0, column, heading)
        for column, value in enumerate(row):
            if column == LEDGER_HEADING.index("建成时间"):
                sheet.write(1, column, serial, style)
            else:
                sheet.write(1, column, value)
        stream = io.BytesIO()
        book.save(stream)
        return stream.getvalue()

    def test_duplicate_code(self):
        self.assertErrorIn(make_ledger([ROW, ROW]), "C3")

    def test_duplicate_name(self):
        row = (*ROW[:2], "", *ROW[3:])
        self.assertErrorIn(make_ledger([row, row]), "B3")

    def test_code_that_lost_digits(self):
        self.assertErrorIn(make_ledger([(*ROW[:2], 5.30102e17, *ROW[3:])]), "C2")

    def test_two_errors_in_a_row(self):
        """Both are said; the row is one."""
        row = (*ROW[:3], "大概", "2018-02-30", -1, "很久")
        ledger = self._check(make_ledger([row]), "台账.xlsx")
        self.assertEqual(ledger.error_count, 1)
        self.assertEqual(len(ledger.line_ids.message.splitlines()), 3)

    def test_amount_less_than_a_fen(self):
        """It is rounded, and said so; the row is shown among the first."""
        heading = [*LEDGER_HEADING, "区级财政（元）"]
        other = ("华山街道", "水晶宫社区", "530102001002", *ROW[3:], 1)
        ledger = self._check(
            make_ledger([other, (*ROW, 1.005)], heading=heading), "台账.xlsx"
        )
        self.assertEqual(
            (ledger.create_count, ledger.warning_count, ledger.error_count), (2, 1, 0)
        )
        self.assertEqual(ledger.line_ids[0].row, 3)
        self.assertTrue(ledger.line_ids[0].is_warned)

    def test_sub_totals_that_differ(self):
        heading = [*LEDGER_HEADING, "区级财政（元）"]
        rows = [
            (*ROW, 41000),
            ("小计", "", "", "", "", "", "", 40000),
            ("合计", "", "", "", "", "", "", 41000),
        ]
        ledger = self._check(make_ledger(rows, heading=heading), "台账.xlsx")
        self.assertEqual((ledger.create_count, ledger.warning_count), (1, 1))
        self.assertEqual(ledger.line_ids[0].cell, "H3")
        self.assertIn("41,000", ledger.line_ids[0].message)

    def test_dates_of_1904(self):
        stream = io.BytesIO()
        with xlsxwriter.Workbook(stream, {"date_1904": True}) as book:
            day = book.add_format({"num_format": "yyyy-mm-dd"})
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, LEDGER_HEADING)
            sheet.write_row(1, 0, ROW)
            sheet.write_datetime(1, 4, datetime(2018, 10, 9), day)
        serial = 43382 - 1462
        for content in (
            stream.getvalue(),
            self._make_xls(ROW, serial, dates_1904=True),
        ):
            with self.cr.savepoint() as savepoint:
                self._check(content).action_apply()
                home = self._home("530102001001")
                self.assertEqual(home.date_state.isoformat(), "2018-10-09")
                savepoint.rollback()
                self.env.invalidate_all()

    def test_signs_that_no_database_takes(self):
        """A stray NUL in a cell is no reason to fail."""
        row = (ROW[0], "翠湖西路\x00社区", *ROW[2:], "备\x00注")
        ledger = self._check(self._make_xls(row, 43382))
        self.assertTrue(ledger.line_ids)
