import io
import json

from odoo.exceptions import AccessError, UserError
from odoo.http import Request
from odoo.tests import HttpCase, freeze_time, tagged
from odoo.tools import mute_logger
from odoo.tools.pdf import PdfReader

from .test_welfare_coverage_target import CoverageCase

REPORT = "welfare_facility.welfare_coverage_report"


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
        self.assertHas(page, "100.00%", "56.52%", "0.00%")

    def test_a_page_for_each_target(self):
        other = self._create_target(date="2017-12-31")
        pages = self._render(self.target + other)
        self.assertEqual(len(pages), 2)
        self.assertHas(pages[0], "61.18")

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
        first, second = self._render(self.target + later)
        self.assertHas(first, "61.18")
        self.assertHas(second, "76.47", "12")


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
        self.assertEqual(len(_extract_text(response.content)), 2)

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
