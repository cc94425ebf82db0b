import io

import openpyxl

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from ..models.ledger_sheets import make_error_list, make_template
from .common import make_ledger
from .test_welfare_facility_import import LedgerCase

BAD = ("华山街道", "翠湖西路社区", "530102001001", "大概", "2018-10-09", 40.5, 10)
ODD = ("华山街道", "水晶宫社区", "530102001002", "不设立", "", "", "")


def read_back(content):
    return openpyxl.load_workbook(io.BytesIO(content))


class TestErrorList(LedgerCase):
    def test_error_list(self):
        """Each row has its place, what is wrong, and the row itself."""
        formula = [*BAD[:3], "=1+1", *BAD[4:]]
        rows = [BAD, ODD, ("华山街道", "无此社区", "", *formula[3:])]
        ledger = self._check(make_ledger(rows), "台账.xlsx")
        self.assertEqual(ledger.error_count, 2)
        book = read_back(make_error_list(ledger))
        sheet = book.worksheets[0]
        lines = list(sheet.iter_rows(values_only=True))
        self.assertEqual(len(lines), 4, "the heading, two errors and a warning")
        self.assertEqual(lines[1][:3], ("台账", 2, "D2"))
        self.assertIn("大概", lines[1][5])
        self.assertEqual(lines[1][6:9], BAD[:3])
        self.assertEqual(lines[1][11], 40.5, "a number stays one")
        self.assertEqual(lines[3][:3], ("台账", 3, "B3"))
        kinds = {cell.data_type for row in sheet.iter_rows() for cell in row}
        self.assertNotIn("f", kinds)

    def test_text_stays_text(self):
        """What looks like a formula is none in the list either."""
        row = ["华山街道", '=HYPERLINK("http://a")', "", *BAD[3:]]
        stream = io.BytesIO()
        book = openpyxl.Workbook()
        book.active.append(
            ["街道", "社区名称", "统计用区划代码", "状态", "建成时间", "室内面积"]
        )
        book.active.append(row[:6])
        book.active["B2"].data_type = "s"
        book.save(stream)
        ledger = self._check(stream.getvalue(), "台账.xlsx")
        self.assertTrue(ledger.error_count)
        sheet = read_back(make_error_list(ledger)).worksheets[0]
        kinds = {cell.data_type for line in sheet.iter_rows() for cell in line}
        self.assertNotIn("f", kinds)


class TestTemplate(LedgerCase):
    def test_read_back(self):
        """What is filled into the form is read without a question."""
        book = read_back(make_template(self.env))
        homes, funds = book.worksheets[:2]
        columns = self.env["welfare.import.column"]
        for sheet, table_type in ((homes, "facility"), (funds, "funding")):
            examples = [
                column.example for column in columns._get_columns(table_type).values()
            ]
            for place, example in enumerate(examples, start=1):
                self.assertTrue(example)
                sheet.cell(5, place).value = example
        stream = io.BytesIO()
        book.save(stream)
        ledger = self._check(stream.getvalue(), "台账.xlsx")
        self.assertEqual(
            (ledger.create_count, ledger.error_count, ledger.warning_count),
            (1, 0, 0),
            ledger.line_ids.mapped("message"),
        )
        self.assertFalse(ledger.heading_ids)
        self.assertEqual(ledger.fund_ids.amount, 150000)
        ledger.action_apply()
        home = self._home("530102001001")
        self.assertEqual(
            (home.amount_district_stated, home.area_indoor, home.hours_weekly),
            (41000, 40.5, 40),
        )

    def test_empty_form(self):
        """An empty form is read, too, and has nothing to apply."""
        ledger = self._check(make_template(self.env), "台账.xlsx")
        self.assertEqual((ledger.create_count, ledger.error_count), (0, 0))

    def test_words_to_choose_from(self):
        sheet = read_back(make_template(self.env)).worksheets[0]
        (validation,) = [
            rule
            for rule in sheet.data_validations.dataValidation
            if "已建成" in (rule.formula1 or "")
        ]
        self.assertIn("在建", validation.formula1)
        self.assertNotIn("{", validation.formula1)


@tagged("post_install", "-at_install")
class TestDownloads(LedgerCase, HttpCase):
    def _get(self, login, url):
        self.authenticate(login, login)
        return self.url_open(url)

    def test_error_list(self):
        ledger = self._check(make_ledger([BAD]), "台账.xlsx")
        url = ledger.action_download_errors()["url"]
        response = self._get(self.officer.login, url)
        self.assertEqual(response.status_code, 200)
        self.assertIn("attachment", response.headers["Content-Disposition"])
        self.assertEqual(len(list(read_back(response.content).active)), 2)
        stranger = self._create_user("manager", self.county_a, login="stranger")
        self.assertEqual(self._get(stranger.login, url).status_code, 404)

    def test_template(self):
        url = self.env["welfare.facility.import"].action_download_template()["url"]
        response = self._get(self.officer.login, url)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(len(read_back(response.content).worksheets), 4)

    def test_without_role_or_login(self):
        url = "/welfare_facility/import/template"
        self._create_user(None, login="no_role")
        with mute_logger("odoo.http"):
            self.assertEqual(self._get("no_role", url).status_code, 403)
        self.logout()
        self.assertIn("/web/login", self.url_open(url).url)
