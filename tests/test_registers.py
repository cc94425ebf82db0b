import io
from datetime import timedelta

import openpyxl
from lxml import etree
from PyPDF2 import PdfReader

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .test_welfare_facility_log import LogCase

PREFIX = "welfare_facility.welfare"


@tagged("post_install", "-at_install")
class TestRegisters(LogCase):
    """The lists that people ask for, as a PDF and as a workbook."""

    def _print(self, name, records, user=None):
        Report = self.env["ir.actions.report"].with_user(user or self.auditor)
        self.env.flush_all()
        self.env.invalidate_all()
        content, _kind = Report._render_reportlab_pdf(f"{PREFIX}_{name}", records.ids)
        pages = PdfReader(io.BytesIO(content)).pages
        return "".join("".join(page.extract_text() for page in pages).split())

    def _open(self, name, records):
        Report = self.env["ir.actions.report"].with_user(self.auditor)
        content, _kind = Report._render_xlsxwriter_xlsx(f"{PREFIX}_{name}", records.ids)
        return openpyxl.load_workbook(io.BytesIO(content)).active

    def _read(self, sheet):
        """Return the rows below the heading as dicts, the totals last."""
        heading, *rows = list(sheet.iter_rows(min_row=3, values_only=True))
        rows = [dict(zip(heading, row, strict=True)) for row in rows]
        return rows[
            : next(i for i, row in enumerate(rows) if row[heading[1]] == "Total") + 1
        ]

    def test_each_list_is_a_filter_a_pivot_and_two_files(self):
        """The lists that people ask for; what each prints is tested below."""
        for action, preset, report in (
            ("coverage_need_action", "filter_this_year", "coverage_need_list"),
            ("facility_action_to_build", "filter_this_year", "facility"),
            ("project_action_late", "filter_late", "project"),
            ("project_deadline_action", "filter_late", "project_deadline"),
            ("facility_action_idle", "filter_idle", "facility_idle"),
            ("rectification_action_overdue", "filter_overdue", "rectification"),
            ("staff_action_overdue", "filter_check_overdue", "staff"),
            ("compliance_action_below", "filter_below", None),
        ):
            with self.subTest(action):
                action = self.env.ref(f"{PREFIX}_{action}")
                Model = self.env[action.res_model].with_user(self.auditor)
                self.assertIn(f"search_default_{preset}", action.context)
                self.assertIn("pivot", action.view_mode)
                search = etree.fromstring(Model.get_view(view_type="search")["arch"])
                domain = safe_eval(
                    search.find(f".//filter[@name='{preset}']").get("domain"),
                    {"context_today": lambda: self.today, "uid": self.env.uid},
                )
                pivot = etree.fromstring(Model.get_view(view_type="pivot")["arch"])
                rows = [field.get("name") for field in pivot.iter("field")][:1]
                self.assertIsInstance(
                    Model.formatted_read_group(domain, rows, ["__count"]), list
                )
                for kind, ending in (
                    ("reportlab-pdf", "report"),
                    ("xlsxwriter-xlsx", "workbook"),
                ):
                    if not report:
                        continue
                    printed = self.env.ref(f"{PREFIX}_{report}_{ending}")
                    self.assertEqual(printed.report_type, kind)
                    self.assertEqual(printed.binding_model_id.model, action.res_model)

    def test_idle_facilities(self):
        self.home.hours_note = "随居委会的上班时间开放"
        busy = self._create_facility(
            self.street_a, state="operating", date_state="2018-03-01", hours_weekly=40
        )
        found = self.Facility.search([("is_idle", "=", True)])
        self.assertIn(self.home, found)
        self.assertNotIn(busy, found)
        homes = self.home + busy
        text = self._print("facility_idle_report", homes)
        self.assertIn("随居委会的上班时间开放", text)
        self.assertIn("40.0", text)
        rows = self._read(self._open("facility_idle_workbook", homes))
        below = {row["Facility"]: row["Less than required"] for row in rows[:-1]}
        self.assertEqual(below, {self.home.name: "yes", busy.name: None})
        (required,) = {row["Required hours a week"] for row in rows[:-1]}
        self.assertGreater(required, 0)

    def test_defects_overdue(self):
        log = self._log(
            kind="defect", note="插座外露", date=self.today - timedelta(days=40)
        )
        record = log.rectification_ids
        overdue = [("state", "=", "open"), ("date_due", "<", "today")]
        Rectification = self.env["welfare.rectification"].with_user(self.auditor)
        self.assertEqual(Rectification.search(overdue), record)
        text = self._print("rectification_report", record)
        for part in ("插座外露", "1lines", record.responsible_id.name.replace(" ", "")):
            self.assertIn(part, text)
        (row, _total) = self._read(self._open("rectification_workbook", record))
        self.assertEqual(row["Days late"], 10)

    def test_the_rectification_sheet(self):
        """Each defect has its page, with the photos before and after."""
        before = self._take(color=20)
        log = self._log(
            kind="defect",
            note="插座外露",
            responsible_id=self.colleague.id,
            photo_ids=[Command.link(before.id)],
        )
        record = log.rectification_ids
        after = self._take(self.colleague, color=220)
        self._log(
            self.colleague,
            note="已装防护盖",
            fixes_id=record.id,
            photo_ids=[Command.link(after.id)],
        )
        record.with_user(self.manager).action_close()
        other = self._log(kind="defect", note="门锁坏了").rectification_ids
        self.env.flush_all()
        self.env.invalidate_all()
        Report = self.env["ir.actions.report"].with_user(self.auditor)
        content, _kind = Report._render_reportlab_pdf(
            f"{PREFIX}_rectification_sheet_report", (record + other).ids
        )
        first, second = PdfReader(io.BytesIO(content)).pages
        text = "".join(first.extract_text().split())
        for part in (
            "插座外露",
            "已装防护盖",
            "".join(self.colleague.name.split()),
            "".join(self.manager.name.split()),
        ):
            self.assertIn(part, text)
        pictures = [
            each
            for each in first["/Resources"]["/XObject"].values()
            if each.get_object()["/Subtype"] == "/Image"
        ]
        self.assertEqual(len(pictures), 2)
        self.assertIn("Nophoto", "".join(second.extract_text().split()))
        foreign = self._create_rectification(self.county_b)
        with self.assertRaises(AccessError):
            self._print("rectification_sheet_report", foreign)

    def test_the_site_log(self):
        photos = [Command.link(self._take(color=color).id) for color in (220, 221)]
        wrong = self._log(kind="opening", hours_opened=8, children_served=90)
        self._log(
            kind="opening",
            hours_opened=2.5,
            children_served=9,
            corrects_id=wrong.id,
            photo_ids=photos,
        )
        logs = self.Log.search([("facility_id", "=", self.home.id)])
        text = self._print("facility_log_report", logs)
        for part in ("Correctedlater", "2.5", "2entries", self.home.name):
            self.assertIn("".join(part.split()), text)
        rows = self._read(self._open("facility_log_workbook", logs))
        self.assertEqual(rows[0]["Hours opened"], 8)
        self.assertEqual(
            (rows[-1]["Hours opened"], rows[-1]["Children served"], rows[-1]["Photos"]),
            (2.5, 9, 2),
            "what was corrected is not added up",
        )
        with self.assertRaises(AccessError):
            self._print("facility_log_report", self._create_log(self.county_b))

    def test_record_checks_overdue(self):
        post = self._create_post(self._create_region(self.street_a))
        person = post.staff_id
        Staff = self.env["welfare.staff"].with_user(self.auditor)
        self.assertIn(person, Staff.search([("is_check_overdue", "=", True)]))
        text = self._print("staff_report", person)
        self.assertIn("overdue", text)
        (row, _total) = self._read(self._open("staff_workbook", person))
        self.assertEqual((row["Person"], row["Record check"]), (person.name, "overdue"))

    def test_late_projects(self):
        project = self._create_project(state="construction")
        self.env.flush_all()
        project._plan_stages(
            {"acceptance": project.date_start + timedelta(days=9)}, None
        )
        self.env.flush_all()
        Project = self.env["welfare.project"].with_user(self.auditor)
        self.assertIn(project, Project.search([("late_count", ">", 0)]))
        self.env.invalidate_all()
        days = project.deadline_ids.filtered("is_late")
        self.assertTrue(days)
        text = self._print("project_deadline_report", days)
        self.assertIn("".join(project.number.split()), text)
        rows = self._read(self._open("project_deadline_workbook", days))
        self.assertGreater(rows[0]["Days late"], 0)

    def test_homes_to_build(self):
        """Ten communities, three homes, 80 % by the end of next year."""
        county = self._create_region(self.prefecture)
        street, other = self._create_region(county), self._create_region(county)
        for index in range(10):
            place = self._create_region(street if index < 6 else other)
            if index in (0, 1, 6):
                self._create_facility(place, state="operating")
            elif index == 2:
                self._create_facility(place, plan_year=self.today.year)
        target = self._create_target(
            county,
            date=self.today,
            target_value=80,
            target_year=self.today.year + 1,
        )
        self.auditor.welfare_region_ids += county
        rows = self._read(self._open("coverage_need_workbook", target))
        figures = [
            tuple(
                row[name]
                for name in (
                    "To have one",
                    "Built",
                    "Lacking",
                    "To build this year",
                    "Of these planned for this year",
                    "Still to be planned",
                )
            )
            for row in rows
        ]
        self.assertEqual(
            figures, [(6, 2, 3, 2, 1, 1), (4, 1, 3, 2, 0, 2), (10, 3, 5, 3, 1, 2)]
        )
        self.assertIn("Thewholelacks5", self._print("coverage_need_report", target))
        # The list has the same figures, and prints the same table.
        Need = self.env["welfare.coverage.need"].with_user(self.auditor)
        needs = Need.search([("target_id", "=", target.id)])
        self.assertEqual(
            [
                (
                    need.unit_count,
                    need.built_count,
                    need.lacking_count,
                    need.this_year_count,
                    need.scheduled_count,
                    need.unplanned_count,
                )
                for need in needs
            ],
            figures[:2],
        )
        self.assertEqual(needs.region_id, street + other)
        self.assertEqual(
            self._read(self._open("coverage_need_list_workbook", needs[:1])), rows
        )
        self.assertIn(
            "Thewholelacks5", self._print("coverage_need_list_report", needs[:1])
        )
        later = self._create_target(
            county, target_value=50, target_year=self.today.year
        )
        self.env.flush_all()
        self.env.invalidate_all()
        found = Need.search([("region_id", "in", (street + other).ids)])
        self.assertEqual(found.target_id, later, "the next one to be reached counts")
        self.assertEqual(found.mapped("this_year_count"), [1, 1])
        both = found + self._create_need(self.county_a)
        with self.assertRaisesRegex(UserError, "one alone"):
            self._print("coverage_need_list_report", both)
        directors = self.env.ref("welfare_facility.coverage_measure_children_director")
        posts = self._create_target(county, measure_id=directors.id)
        with self.assertRaises(UserError):
            self._print("coverage_need_report", posts)
