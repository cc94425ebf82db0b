import io
import json
import re
from urllib.parse import quote as url_quote

import openpyxl

from odoo.exceptions import AccessError, UserError
from odoo.http import Request
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfReader

from .test_welfare_coverage_target import CoverageCase

REPORT = "welfare_facility.welfare_coverage_report"
REGION_REPORT = "welfare_facility.welfare_coverage_region_report"
FACILITY_REPORT = "welfare_facility.welfare_facility_report"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _extract_text(content):
    return [page.extract_text() for page in PdfReader(io.BytesIO(content)).pages]


class ReportCase(CoverageCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = "截止2018年，全区85个社区共有52个社区建成了“儿童之家”"
        cls.target = cls._create_target(
            stated_value=62.2,
            stated_gap=33,
            target_value=90,
            target_year=2020,
            source=cls.source,
        )
        cls.foreign = cls._create_target(cls.county_b)
        for user in cls.user_by_role.values():
            user.welfare_region_ids = cls.wuhua

    def _render(self, targets, user=None, **context):
        Report = self.env["ir.actions.report"].with_user(user or self.auditor)
        content, extension = Report.with_context(**context)._render_reportlab_pdf(
            REPORT, targets.ids
        )
        self.assertEqual(extension, "pdf")
        return _extract_text(content)

    def assertHas(self, text, *parts):
        plain = "".join(text.split())
        for part in parts:
            self.assertIn("".join(part.split()), plain)


class TestReport(ReportCase):
    """The printed table, as text."""

    def test_the_table_has_the_figures(self):
        self.built.write({"area_indoor": 40.5})
        (page,) = self._render(self.target)
        self.assertHas(page, "92", "85", "52", "61.18", "62.2", "77", "25", "33", "90")
        self.assertHas(page, "2,106.00")

    def test_the_table_has_the_names_and_the_words_of_the_document(self):
        (page,) = self._render(self.target)
        self.assertHas(page, "五华区", self.source)
        self.assertHas(page, *(street.name for street in self.streets))

    def test_the_table_in_chinese(self):
        """The same figures, whatever is translated."""
        self.env["res.lang"]._activate_lang("zh_CN")
        self.auditor.lang = "zh_CN"
        (page,) = self._render(self.target, lang="zh_CN")
        self.assertHas(
            page, "五华区", "92", "85", "52", "61.18", "62.2", "77", self.source
        )

    def test_each_street_has_its_row(self):
        (page,) = self._render(self.target)
        # 16 of 16, 23 of 23, 13 of 23, 0 of 23
        self.assertHas(page, "16 0 0 100.00", "13 10 10 56.52", "0 3 23 0.00")

    def test_a_page_for_each_target(self):
        other = self._create_target(date="2017-12-31")
        pages = self._render(self.target + other)
        self.assertGreaterEqual(len(pages), 2)
        self.assertHas(pages[0], "61.18")
        self.assertHas("".join(pages[1:]), "2017")

    def test_nothing_to_count_is_printed_too(self):
        empty = self._create_target(self._create_region(self.wuhua))
        (page,) = self._render(empty)
        self.assertTrue(page)

    def test_words_of_the_document_are_no_markup(self):
        self.target.source = "<b>甲</b> & 乙 <font size=99> ]]> {{ 7 * 7 }} %(x)s"
        (page,) = self._render(self.target)
        self.assertHas(page, "<b>甲</b> & 乙 <font size=99> ]]> {{ 7 * 7 }} %(x)s")

    def test_many_streets_go_on_to_a_second_page(self):
        for _index in range(60):
            self._create_region(self._create_region(self.wuhua))
        pages = self._render(self.target)
        self.assertGreater(len(pages), 1)

    def test_every_role_prints(self):
        for role, user in self.user_by_role.items():
            with self.subTest(role=role):
                self.assertHas(self._render(self.target, user=user)[0], "61.18")

    def test_a_foreign_county_is_not_printed(self):
        for role, user in self.user_by_role.items():
            for targets in (self.foreign, self.target + self.foreign):
                with self.subTest(role=role), self.assertRaises(AccessError):
                    self._render(targets, user=user)

    def test_nothing_is_no_report(self):
        with self.assertRaises(UserError):
            self._render(self.target.browse())

    def test_the_file_is_named_after_place_and_day(self):
        name = self.target._get_report_filename()
        self.assertIn("五华区", name)
        self.assertIn("2018-12-31", name)


@freeze_time("2020-01-10")
class TestReportAsOf(ReportCase):
    def test_a_table_of_the_past(self):
        self._build_funded()
        later = self._create_target(date="2019-12-31")
        first, *_others = self._render(self.target)
        self.assertHas(first, "61.18")
        first, *_others = self._render(later)
        self.assertHas(first, "76.47", "12")


@freeze_time("2020-01-10")
class TestReportContent(ReportCase):
    """What an office looks for on the paper."""

    def test_a_place_to_sign(self):
        (page,) = self._render(self.target)
        self.assertHas(page, "Filled in by:", "Checked by:", "Date:")

    def test_what_is_left_out_and_what_lacks_is_named(self):
        (page,) = self._render(self.target)
        self.assertHas(page, "(7)", "单位型社区", self.unit_communities[0].name)
        self.assertHas(page, "(33)", self.without[-1].name)

    def test_long_lists_of_names_are_cut(self):
        self._create_communities(self.streets[3], 60)
        page = "".join(self._render(self.target))
        self.assertHas(page, "(93)", "33 more")

    def test_hours_have_a_column(self):
        self.built[0].hours_weekly = 22.5
        page = self._render(self.target)[0]
        self.assertHas(page, "22.5")

    def test_what_is_planned_stands_beside(self):
        self.funded.plan_year = 2019
        page = self._render(self.target)[0]
        self.assertHas(page, "13", "65", "76.47", "12")

    def test_the_digest_is_that_of_the_figures(self):
        def read_digest():
            text = "".join("".join(self._render(self.target)).split())
            return re.search(r"SHA-256\):([0-9a-f]{32})", text).group(1)

        first = read_digest()
        self.assertEqual(read_digest(), first)
        self.built[0].area_indoor = 1
        self.assertNotEqual(read_digest(), first)

    def test_the_seal_is_ascii_and_names_its_document(self):
        document = self.env["report.welfare_facility.welfare_coverage_report"]
        seal = document._get_seal(document._get_sheets(self.target, {}))
        self.assertTrue(seal.isascii())
        self.assertLess(len(seal), 120)
        kind, place, day, digest = seal.split(";")
        self.assertEqual(
            (kind, place, day), ("COVERAGE-TABLE", self.wuhua.code, "2018-12-31")
        )
        self.assertRegex(digest, "^SHA256=[0-9a-f]{32}$")

    def test_every_typeface_is_in_the_file(self):
        """A reader without Chinese typefaces shows the same."""
        for report in (REPORT, FACILITY_REPORT):
            records = self.built if report == FACILITY_REPORT else self.target
            content, _extension = self.env["ir.actions.report"]._render_reportlab_pdf(
                report, records.ids
            )
            fonts = [
                font
                for page in PdfReader(io.BytesIO(content)).pages
                for font in page["/Resources"]["/Font"].values()
            ]
            self.assertTrue(fonts)
            for font in fonts:
                descriptor = font.get_object()["/FontDescriptor"].get_object()
                self.assertIn("/FontFile2", descriptor)


@freeze_time("2020-01-10")
class TestRegionReport(ReportCase):
    """The table of a region, as of today or of a chosen day."""

    def _print(self, region, user=None, **data):
        Report = self.env["ir.actions.report"].with_user(user or self.auditor)
        content, _extension = Report._render_reportlab_pdf(
            REGION_REPORT, region.ids, data=data
        )
        return "".join(_extract_text(content))

    def test_today_unless_told(self):
        self._build_funded()
        self.assertHas(self._print(self.wuhua), "1/10/2020", "65", "76.47")
        self.assertHas(
            self._print(self.wuhua, date="2018-12-31"), "12/31/2018", "61.18"
        )

    def test_the_target_of_the_region_is_compared(self):
        text = self._print(self.wuhua, date="2018-12-31")
        self.assertHas(text, "90", "77", "25")
        self.assertNotIn("62.2", text)

    def test_a_street_lists_its_communities(self):
        text = self._print(self.streets[2], date="2018-12-31")
        self.assertHas(text, self.built[-1].region_id.name, self.funded[0].name)
        self.assertHas(text, "五华区")

    def test_figures_of_a_column_have_the_same_places(self):
        self.built[-1].write({"area_indoor": 1040, "hours_weekly": 20})
        text = self._print(self.streets[2], date="2018-12-31")
        self.assertHas(text, "1,040.00 20.0")

    def test_a_community(self):
        self.assertHas(self._print(self.without[0]), self.without[0].name)

    def test_several_regions_are_one_file(self):
        text = self._print(self.streets[0] + self.streets[1], date="2018-12-31")
        self.assertHas(text, self.streets[0].name, self.streets[1].name)

    def test_a_foreign_region_is_refused(self):
        for role, user in self.user_by_role.items():
            for region in (self.county_b, self.prefecture):
                with self.subTest(role=role), self.assertRaises(AccessError):
                    self._print(region, user=user)

    def test_what_is_no_day_is_said(self):
        for data in ({"date": "x"}, {"measure_id": "x"}, {"measure_id": 10**9}):
            with self.subTest(**data), self.assertRaises(UserError):
                self._print(self.wuhua, **data)


@freeze_time("2020-01-10")
class TestWorkbooks(ReportCase):
    """The same as .xlsx, read again by another program."""

    def _open(self, report, records, user=None, **data):
        Report = self.env["ir.actions.report"].with_user(user or self.auditor)
        content, extension = Report._render_xlsxwriter_xlsx(
            report, records.ids, data=data
        )
        self.assertEqual(extension, "xlsx")
        return openpyxl.load_workbook(io.BytesIO(content))

    def test_the_table(self):
        self.built.write({"area_indoor": 40.5})
        book = self._open("welfare_facility.welfare_coverage_workbook", self.target)
        sheet, communities = book.worksheets
        self.assertEqual(sheet.title, "五华区")
        self.assertIn("五华区", sheet["A1"].value)
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(5, 9)]
        self.assertEqual(
            rows[2][2:9], [23, 0, 23, 13, 10, 10, 56.52], "numbers, not texts"
        )
        self.assertEqual(rows[4][2:10], [92, 7, 85, 52, 13, 33, 61.18, 2106])
        self.assertEqual(sheet.freeze_panes, "C5")
        merged = {str(cells) for cells in sheet.merged_cells.ranges}
        self.assertTrue({"A1:L1", "C3:E3", "F3:H3", "I3:I4"} <= merged)
        words = " ".join(
            str(row[0].value) for row in sheet.iter_rows(10) if row[0].value
        )
        for figure in ("92", "85", "61.18", "62.2", "77", "25"):
            self.assertIn(figure, words)
        self.assertEqual(communities.max_row, 3 + 92)

    def test_the_communities(self):
        self.funded.plan_year = 2019
        book = self._open(
            "welfare_facility.welfare_coverage_region_workbook",
            self.wuhua,
            date="2018-12-31",
        )
        rows = [[cell.value for cell in row] for row in book.worksheets[1].iter_rows(4)]
        states = [row[3] for row in rows]
        self.assertEqual(states.count("Built"), 52)
        self.assertEqual(states.count("Missing"), 20)
        self.assertEqual(states.count("None is set up"), 7)
        self.assertEqual(rows[0][10], "单位型社区")
        self.assertEqual(rows[7][5].date().isoformat(), "2018-06-01")

    def test_the_list_of_facilities(self):
        self.built[0].write({"area_indoor": 40.5, "name": "=1+1"})
        self.built[1].write({"area_indoor": 20})
        book = self._open("welfare_facility.welfare_facility_workbook", self.built)
        (sheet,) = book.worksheets
        self.assertEqual(sheet["D4"].value, "=1+1")
        self.assertEqual(sheet["D4"].data_type, "s", "a name is no formula")
        self.assertEqual(sheet["I4"].value, 40.5)
        self.assertEqual(sheet["G4"].value.date().isoformat(), "2018-06-01")
        self.assertEqual(sheet.cell(4 + 52, 9).value, 60.5)
        self.assertEqual(sheet.freeze_panes, "C4")

    def test_foreign_records_are_refused(self):
        facility = self._create_facility(self.county_b)
        for role, user in self.user_by_role.items():
            for report, records in (
                ("welfare_facility.welfare_coverage_workbook", self.foreign),
                ("welfare_facility.welfare_coverage_region_workbook", self.county_b),
                ("welfare_facility.welfare_facility_workbook", facility),
            ):
                with self.subTest(role=role), self.assertRaises(AccessError):
                    self._open(report, records, user=user)

    def test_regions_of_one_name(self):
        """A workbook has no two sheets of one name."""
        self.streets[1].name = self.streets[0].name = "中心:街道[一]"
        book = self._open(
            "welfare_facility.welfare_coverage_region_workbook",
            self.streets[0] + self.streets[1],
        )
        self.assertEqual(len(book.sheetnames), 4)


@freeze_time("2020-01-10")
class TestFacilityReport(ReportCase):
    def _print(self, facilities, user=None):
        Report = self.env["ir.actions.report"].with_user(user or self.auditor)
        content, _extension = Report._render_reportlab_pdf(
            FACILITY_REPORT, facilities.ids
        )
        return "".join(_extract_text(content))

    def test_the_list(self):
        self.built[0].write(
            {
                "name": "翠湖儿童之家",
                "area_indoor": 40.5,
                "amount_district_stated": 41000,
            }
        )
        text = self._print(self.built + self.funded)
        self.assertHas(text, "翠湖儿童之家", "40.50", "41,000.00", "65 facilities")

    def test_the_office_of_a_street_prints_its_own(self):
        officer = self._create_user("manager", self.streets[1], login="test_street")
        homes = self.built.filtered(lambda home: home.township_id == self.streets[1])
        text = self._print(homes, user=officer)
        self.assertHas(text, "试验市 / 五华区", "23 facilities")

    def test_homes_of_several_counties_name_theirs(self):
        other = self._create_facility(self.county_b)
        text = self._print(self.built[:1] + other, user=self.env.user)
        self.assertHas(text, "五华区 / ", "乙区 / ")

    def test_a_foreign_facility_is_refused(self):
        foreign = self._create_facility(self.county_b)
        for role, user in self.user_by_role.items():
            with self.subTest(role=role), self.assertRaises(AccessError):
                self._print(self.built + foreign, user=user)

    def test_the_effort_grows_with_the_pages_of_records_only(self):
        """Reading a thousand facilities takes as many queries as reading ten."""
        counts = []
        self._print(self.built[:10])
        for facilities in (self.built[:10], self.built + self.funded):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._print(facilities)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])


@tagged("post_install", "-at_install")
class TestReportDownload(ReportCase, HttpCase):
    """What the browser gets."""

    def _url(self, targets):
        ids = ",".join(map(str, targets.ids))
        return f"/report/reportlab/{REPORT}/{ids}"

    def _open(self, targets, user):
        self.authenticate(user.login, user.login)
        return self.url_open(self._url(targets))

    def _download(self, targets, user):
        self.authenticate(user.login, user.login)
        return self.url_open(
            "/report/download",
            data={
                "data": json.dumps([self._url(targets), "reportlab-pdf"]),
                "context": json.dumps({"lang": "en_US"}),
                "csrf_token": Request.csrf_token(self),
            },
        )

    def test_a_report_is_opened(self):
        response = self._open(self.target, self.auditor)
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.headers["Content-Type"], "application/pdf")
        (page,) = _extract_text(response.content)
        for figure in ("61.18", "62.2", "77"):
            self.assertIn(figure, page)

    def test_a_report_is_downloaded(self):
        response = self._download(self.target, self.auditor)
        self.assertEqual(response.status_code, 200)
        self.assertTrue(response.content.startswith(b"%PDF"))
        disposition = response.headers["Content-Disposition"]
        self.assertIn("attachment", disposition)
        self.assertIn("%E4%BA%94%E5%8D%8E%E5%8C%BA", disposition)

    def test_several_targets_are_one_file(self):
        other = self._create_target(date="2017-12-31")
        response = self._download(self.target + other, self.auditor)
        self.assertGreaterEqual(len(_extract_text(response.content)), 2)

    def _download_region(self, region, kind, options):
        self.authenticate(self.auditor.login, self.auditor.login)
        name = {"reportlab": "report", "xlsxwriter": "workbook"}[kind]
        url = f"/report/{kind}/welfare_facility.welfare_coverage_region_{name}"
        options = url_quote(json.dumps(options))
        return self.url_open(
            "/report/download",
            data={
                "data": json.dumps(
                    [
                        f"{url}/{region.id}?options={options}",
                        {"reportlab": "reportlab-pdf"}.get(kind, "xlsxwriter-xlsx"),
                    ]
                ),
                "context": json.dumps({"lang": "en_US"}),
                "csrf_token": Request.csrf_token(self),
            },
        )

    def test_a_region_is_downloaded_for_the_day_that_the_page_shows(self):
        options = {"date": "2018-12-31", "measure_id": self.home_measure.id}
        response = self._download_region(self.wuhua, "reportlab", options)
        self.assertHas("".join(_extract_text(response.content)), "61.18")
        self.assertIn("2018-12-31", response.headers["Content-Disposition"])
        response = self._download_region(self.wuhua, "xlsxwriter", options)
        self.assertEqual(response.headers["Content-Type"], XLSX)
        book = openpyxl.load_workbook(io.BytesIO(response.content))
        self.assertEqual(book.worksheets[0]["I9"].value, 61.18)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")
    def test_a_foreign_region_is_refused(self):
        for kind in ("reportlab", "xlsxwriter"):
            for region in (self.county_b, self.prefecture):
                response = self._download_region(region, kind, {})
                self.assertIn("odoo.exceptions.AccessError", response.text)

    @mute_logger("odoo.http")
    def test_forged_options_are_refused(self):
        for options in ([], "x", 7):
            response = self._download_region(self.wuhua, "reportlab", options)
            with self.subTest(options=options):
                self.assertEqual(response.status_code, 400)
                self.assertNotIn(b"Traceback", response.content)
        for options in ({"date": "x"}, {"date": [7]}, {"measure_id": [7]}):
            response = self._download_region(self.wuhua, "reportlab", options)
            with self.subTest(options=options):
                self.assertIn("odoo.exceptions.UserError", response.text)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule")
    def test_a_foreign_county_is_refused(self):
        for targets in (self.foreign, self.target + self.foreign):
            response = self._open(targets, self.auditor)
            self.assertEqual(response.status_code, 403)
            self.assertNotIn(b"%PDF", response.content)
            response = self._download(targets, self.auditor)
            self.assertNotIn(b"%PDF", response.content)
            self.assertIn("odoo.exceptions.AccessError", response.text)

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_model")
    def test_an_employee_without_a_role_is_refused(self):
        response = self._open(self.target, self._create_user(None))
        self.assertEqual(response.status_code, 403)

    def test_a_stranger_is_sent_to_the_login(self):
        response = self.url_open(self._url(self.target), allow_redirects=False)
        self.assertEqual(response.status_code, 303)
        self.assertIn("/web/login", response.headers["Location"])

    @mute_logger("odoo.http")
    def test_what_is_not_there_is_said(self):
        self.authenticate(self.auditor.login, self.auditor.login)
        gone = self._create_target()
        self.env.flush_all()
        gone.unlink()
        for ids in (gone.id, "", "x", "0", "-1", "1;2"):
            response = self.url_open(f"/report/reportlab/{REPORT}/{ids}")
            with self.subTest(ids=ids):
                self.assertGreaterEqual(response.status_code, 400)
                self.assertLess(response.status_code, 500)
        for name in ("welfare_facility.nothing", "web.internal_layout"):
            response = self.url_open(f"/report/reportlab/{name}/{self.target.id}")
            with self.subTest(name=name):
                self.assertGreaterEqual(response.status_code, 400)
                self.assertLess(response.status_code, 500)

    @mute_logger("odoo.http")
    def test_a_download_that_fails_says_why(self):
        """As a page of HTML, in the form in which Odoo's client shows the message."""
        gone = self._create_target()
        ids = gone.browse(gone.id)
        gone.unlink()
        response = self._download(ids, self.auditor)
        self.assertIn("text/html", response.headers["Content-Type"])
        self.assertIn("odoo.exceptions.UserError", response.text)

    @mute_logger("odoo.http")
    def test_a_forged_link_is_refused(self):
        self.authenticate(self.auditor.login, self.auditor.login)
        for url in ("/report/reportlab", "x", "/a/b/c/d/e/f", ""):
            response = self.url_open(
                "/report/download",
                data={
                    "data": json.dumps([url, "reportlab-pdf"]),
                    "csrf_token": Request.csrf_token(self),
                },
            )
            with self.subTest(url=url):
                self.assertGreaterEqual(response.status_code, 400)
                self.assertNotIn(b"Traceback", response.content)
