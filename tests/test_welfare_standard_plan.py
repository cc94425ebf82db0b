import base64
import io
from datetime import date

import xlwt
from psycopg2.errors import ExclusionViolation

from odoo.exceptions import AccessError, UserError
from odoo.tests import HttpCase, tagged
from odoo.tools import html2plaintext, mute_logger

from ..tools.workbook import read_workbook
from .common import WelfareCase, make_ledger
from .test_welfare_compliance import ComplianceCase

HEADING = (
    "标准代号",
    "标准名称",
    "文号",
    "版次",
    "适用地区区划代码",
    "施行日期",
    "失效日期",
    "适用依据",
    "来源",
    "设施类型",
    "指标",
    "下限",
    "上限",
    "单位",
    "规模类别",
    "床位自",
    "床位至",
    "约束程度",
    "条款",
    "原文",
    "已核实",
)
FIRST = ("test_text", "试验标准", "试1号", "2024", None, "2024-01-01", None)
FIRST += ("批准日期", "试验", "儿童福利院")
REST = (None,) * len(FIRST)


class TestPlan(ComplianceCase):
    """What so many beds need, before anything is built."""

    def _plan(self, **vals):
        vals = {"region_id": self.county_a.id, "date": "2025-01-01", **vals}
        plan = self.env["welfare.standard.plan"].with_user(self.auditor).create(vals)
        return html2plaintext(plan.result).replace("\n", " ")

    def test_700_beds(self):
        text = self._plan(beds=700, site_amount=16.8, site_unit="mu")
        for words in (
            "23,100 ~ 24,500 m²",
            "1,400 ~ 2,100 m²",
            "2,800 ~ 3,500 m²",
            "339 beds",
            "too small for 700 beds",
            "Contradicts",
            "not verified",
        ):
            self.assertIn(words, text)

    def test_year_by_year(self):
        facility = self._create_institution()
        self._measure(facility, beds_built=400)
        plan = self.env["welfare.standard.plan"].create(
            {
                "facility_id": facility.id,
                "date": "2025-01-01",
                "beds": 700,
                "base_year": 2022,
                "target_year": 2025,
            }
        )
        self.assertEqual(plan.base_beds, 400)
        self.assertEqual(plan.region_id, self.county_a)
        text = html2plaintext(plan.result)
        for words in ("500", "600", "16,500 ~ 17,500", "+100", "2025"):
            self.assertIn(words, text)

    def test_a_text_that_is_not_in_force(self):
        self.assertIn("No figure", self._plan(date="2008-01-01"))
        self.assertIn("No standard", self._plan(date="2000-01-01"))


class TestStandardImport(WelfareCase):
    """The administrator takes standards from a workbook."""

    def _load(self, rows, user=None, content=None, filename="标准.xlsx"):
        content = content or make_ledger(rows, heading=HEADING)
        wizard = (
            self.env["welfare.standard.import"]
            .with_user(user or self.administrator)
            .create({"filename": filename, "file": base64.b64encode(content)})
        )
        action = wizard.action_load()
        return self.env["welfare.standard"].search(action["domain"])

    def _row(self, metric, low, high, unit, obligation="应", head=REST, **more):
        tail = (more.get("name"), more.get("bed_from"), more.get("bed_to"))
        return (
            *head,
            metric,
            low,
            high,
            unit,
            *tail,
            obligation,
            "第一条",
            "原文",
            "是",
        )

    def test_a_text_with_classes(self):
        standard = self._load(
            [
                self._row(
                    "building_per_bed",
                    33,
                    None,
                    "m²/床",
                    head=FIRST,
                    name="一类",
                    bed_from=350,
                    bed_to=450,
                ),
                self._row("floor_area_ratio", 0.6, 1, None, "宜"),
                self._row("building_density", None, 30, "%"),
            ]
        )
        self.assertEqual(standard.name, "试验标准")
        lines = standard.line_ids
        self.assertEqual(lines.mapped("operator"), ["ge", "range", "le"])
        self.assertEqual(
            lines.mapped("obligation"), ["mandatory", "advisory", "mandatory"]
        )
        self.assertEqual(lines[0].class_id.bed_to, 450)
        self.assertTrue(all(lines.mapped("is_verified")))

    def test_a_workbook_of_excel_97(self):
        """An .xls as old offices keep it: real days, whole numbers as floats."""
        first = [*FIRST]
        first[5], first[6] = date(2024, 1, 1), date(2029, 12, 31)
        rows = [
            self._row("床均建筑面积", 33, 35, "m²/床", head=first),
            self._row("building_density", None, 30, "%", "宜"),
        ]
        book = xlwt.Workbook(encoding="utf-8")
        sheet = book.add_sheet("标准")
        days = xlwt.easyxf(num_format_str="yyyy-mm-dd")
        for number, row in enumerate([HEADING, *rows]):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write(number, column, value, days)
                elif value is not None:
                    sheet.write(number, column, value)
        stream = io.BytesIO()
        book.save(stream)
        content = stream.getvalue()
        self.assertTrue(content.startswith(b"\xd0\xcf\x11\xe0"), "no .xls")
        self.env["res.lang"]._activate_lang("zh_CN")
        self.env.ref("welfare_facility.metric_building_per_bed").with_context(
            lang="zh_CN"
        ).name = "床均建筑面积"
        standard = self._load((), content=content, filename="标准.xls")
        self.assertEqual(
            (standard.date_from, standard.date_to),
            (date(2024, 1, 1), date(2029, 12, 31)),
        )
        self.assertEqual(
            [
                (line.metric_id.code, line.requirement, line.obligation, line.article)
                for line in standard.line_ids
            ],
            [
                ("building_per_bed", "33 ~ 35 m² a bed", "mandatory", "第一条"),
                ("building_density", "≤ 30 %", "advisory", "第一条"),
            ],
        )

    def test_what_is_wrong_is_said_and_nothing_is_added(self):
        count = self.env["welfare.standard"].search_count([])
        for row, words in (
            (self._row("nothing", 1, None, None, head=FIRST), "no metric"),
            (self._row("building_per_bed", 1, None, None, head=FIRST), "unit"),
            (self._row("building_per_bed", None, None, "m²/床", head=FIRST), "neither"),
        ):
            with self.subTest(words), self.assertRaisesRegex(UserError, words):
                self._load([row])
        self.assertEqual(self.env["welfare.standard"].search_count([]), count)

    def test_the_same_text_twice_overlaps(self):
        rows = [self._row("building_per_bed", 33, None, "m²/床", head=FIRST)]
        self._load(rows)
        with mute_logger("odoo.sql_db"), self.assertRaises(ExclusionViolation):
            self._load(rows)

    def test_only_the_administrator(self):
        with self.assertRaises(AccessError):
            self._load([], user=self.manager)


@tagged("post_install", "-at_install")
class TestStandardTemplate(WelfareCase, HttpCase):
    def test_the_blank_form(self):
        self.authenticate(self.administrator.login, self.administrator.login)
        response = self.url_open("/welfare_facility/standard/template")
        book = read_workbook(response.content, "x.xlsx")
        self.assertIn("标准代号", str(book.sheets[0].rows))
