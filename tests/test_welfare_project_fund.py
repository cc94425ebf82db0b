import base64
import io
from datetime import date

import openpyxl

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time
from odoo.tools.pdf import PdfReader

from ..models.welfare_fund_account import Line, Posting
from .common import approve, make_photo
from .test_welfare_project import ProjectCase


def _day(text):
    return date.fromisoformat(text)


@freeze_time("2019-06-30")
class TestProjectMoney(ProjectCase):
    """Financial beside physical progress; building and running kept apart."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.finance = cls.user_by_role["finance"]
        cls.home = cls._create_facility(date_state="2019-01-01")
        cls.lottery = cls.env.ref("welfare_facility.fund_source_lottery_prefecture")

    def _allot(self, home, amount, **vals):
        """Send money of a new appropriation down to a home; return its account."""
        appropriation = self._create_appropriation(**vals)
        approve(appropriation).action_register()
        allotment = self.env["welfare.allotment"].create(
            {
                "number": "下达",
                "date": "2019-06-01",
                "account_id": appropriation.account_ids.id,
                "line_ids": [
                    Command.create({"facility_id": home.id, "amount": amount})
                ],
            }
        )
        approve(allotment).action_post()
        return appropriation.account_ids.filtered("facility_id")

    def test_a_home_built_with_50000_of_lottery_money(self):
        project = self._create_project(
            state="construction", facility_ids=[Command.link(self.home.id)]
        )
        self._allot(self.home, 50_000, source_id=self.lottery.id, use="building")
        self._allot(self.home, 3_000, use="running")
        self._measure_site(project.milestone_ids, 40, _day("2019-04-01"))
        self.env.invalidate_all()
        seen = project.with_user(self.manager)
        self.assertEqual(
            (seen.amount_estimate, seen.amount_received, seen.amount_running),
            (50_000, 50_000, 3_000),
        )
        self.assertEqual((seen.progress, seen.financial_progress), (40, 0))
        self.assertFalse(seen.is_over_estimate)
        home = self.home.with_user(self.manager)
        self.assertEqual(
            (home.amount_received, home.amount_building, home.amount_running),
            (53_000, 50_000, 3_000),
        )
        self._allot(self.home, 0.01, use="building")
        self.env.invalidate_all()
        self.assertTrue(seen.is_over_estimate)

    def _pay(self, account, amount):
        """Spend money of a home, from the commitment to the payment."""
        entry = None
        for kind in ("commit", "accrue", "pay"):
            line = Line(account, kind, amount, resolves=entry)
            entry = (
                self.env["welfare.fund.account"]
                .with_user(self.finance)
                ._post(
                    [
                        Posting(
                            key=f"test,{kind}",
                            lines=[line],
                            document=account.appropriation_id,
                            date=_day("2019-06-20"),
                        )
                    ]
                )
                .sudo()
            )

    def test_a_home_from_plan_to_opening_with_lottery_money(self):
        """翠湖西路社区: planned in January, 5万 in June, open at the end of June."""
        home = self._create_facility(
            self.street_a, plan_year=2019, date_state="2019-01-02"
        )
        plan = self.env["welfare.project.plan"].create(self._prepare_plan_vals())
        plan.with_user(self.manager).action_create_projects()
        project = plan.project_ids.filtered(lambda each: each.facility_ids == home)
        account = self._allot(
            home, 50_000, source_id=self.lottery.id, use="building", year=2019
        )
        day = _day("2019-03-01")
        while project.state != "construction":
            self._fulfil_gates(project, day)
            project.with_user(self.manager)._complete_stage(day)
        self.assertEqual(home.state, "under_construction")
        self._measure_site(project.milestone_ids, 60, _day("2019-05-01"))
        self._pay(account, 20_000)
        self.env.flush_all()
        self.env.invalidate_all()
        seen = project.with_user(self.manager)
        self.assertEqual(
            (seen.progress, seen.amount_paid, seen.financial_progress),
            (60, 20_000, 40),
            "physical and financial side by side",
        )
        day = _day("2019-06-28")
        while project.state != "handover":
            self._fulfil_gates(project, day)
            project.with_user(self.manager)._complete_stage(day)
        self.assertEqual((home.state, str(home.date_state)), ("operating", str(day)))
        self.assertEqual(plan.built_count, 1)
        self.env.invalidate_all()
        self.assertTrue(home.is_label_missing, "the lottery's sign is still to come")
        photo = self.env["welfare.facility.photo"].with_user(self.manager)
        photo = photo.create({"name": "1.jpg", "image": base64.b64encode(make_photo())})
        self.env["welfare.facility.log"].with_user(self.manager).create(
            {
                "facility_id": home.id,
                "kind": "inspection",
                "note": "开放，已挂标识牌",
                "is_label": True,
                "photo_ids": [Command.link(photo.id)],
            }
        )
        self.env.flush_all()
        self.env.invalidate_all()
        self.assertFalse(home.is_label_missing)

    def test_money_of_years_before_belongs_to_another_project(self):
        appropriation = {"year": 2018, "date": "2018-03-01"}
        appropriation = self._create_appropriation(**appropriation)
        approve(appropriation).action_register()
        approve(
            self.env["welfare.allotment"].create(
                {
                    "number": "下达",
                    "date": "2018-06-01",
                    "account_id": appropriation.account_ids.id,
                    "line_ids": [
                        Command.create({"facility_id": self.home.id, "amount": 7_000})
                    ],
                }
            )
        ).action_post()
        project = self._create_project(facility_ids=[Command.link(self.home.id)])
        self.assertEqual(project.amount_received, 0)

    def test_the_use_of_money_is_stated_once(self):
        appropriation = self._create_appropriation()
        approve(appropriation).action_register()
        own = appropriation.with_user(self.finance)
        own.use = "running"
        with self.assertRaisesRegex(UserError, "stated already"):
            own.use = "building"
        self.assertRefusedByDatabase(
            "UPDATE welfare_appropriation SET use = 'building' WHERE id = %s",
            appropriation.id,
        )

    def test_a_year_plan_of_400000_and_520000(self):
        plan = self.env["welfare.project.plan"].create(
            {
                **self._prepare_plan_vals(),
                "fund_ids": [
                    Command.create(self._prepare_plan_fund_vals(plan_id=False)),
                ],
            }
        )
        plan.with_user(self.manager).action_decide()
        more = {
            **self._prepare_plan_fund_vals(plan_id=plan.id),
            "date": "2019-05-20",
            "amount": 520_000,
        }
        self.env["welfare.project.plan.fund"].with_user(self.finance).create(more)
        self.assertEqual(plan.amount_planned, 920_000)
        project = self._create_project(
            plan_id=plan.id, facility_ids=[Command.link(self.home.id)]
        )
        self._allot(self.home, 410_000, amount_initial=500_000)
        self.env.invalidate_all()
        seen = plan.with_user(self.manager)
        self.assertEqual(seen.amount_received, 410_000)
        self.assertEqual(seen.amount_lacking, 510_000)
        self.assertEqual(
            seen.fund_ids.sorted("date").mapped("amount_received"), [400_000, 10_000]
        )
        self.assertEqual(project.plan_id, plan)
        row = plan.fund_ids[0]
        with self.assertRaisesRegex(UserError, "row of its own"):
            row.with_user(self.finance).amount = 1
        with self.assertRaises(UserError):
            row.with_user(self.finance).unlink()
        for query in (
            "UPDATE welfare_project_plan_fund SET amount = 1 WHERE id = %s",
            "DELETE FROM welfare_project_plan_fund WHERE id = %s",
        ):
            self.assertRefusedByDatabase(query, row.id)

    def test_a_facility_is_closed_with_a_reason_and_the_fate_of_its_assets(self):
        home = self._create_facility(state="operating", date_state="2016-05-01")
        with self.assertRaisesRegex(UserError, "assets"):
            home._set_state("closed", reason="社区撤并")
        wizard = self.env["welfare.facility.transition"].with_user(self.manager)
        action = home.with_user(self.manager).action_change_state()
        with Form(wizard.with_context(**action["context"])) as form:
            form.state = "closed"
            form.date = "2019-06-01"
            form.reason = "社区撤并"
            form.fate = "transferred"
            form.fate_note = "桌椅12套交街道办事处"
        form.record.action_apply()
        closure = home.closure_ids
        self.assertEqual((home.state, closure.fate), ("closed", "transferred"))
        with self.assertRaises(AccessError):
            closure.sudo().fate = "none"
        other = self._create_facility(state="operating", date_state="2016-05-01")
        self.assertRefusedByDatabase(
            "UPDATE welfare_facility SET state = 'closed' WHERE id = %s", other.id
        )
        self._create_facility()._set_state("closed")

    def test_closing_what_lottery_money_paid_for(self):
        home = self._create_facility(state="operating", date_state="2016-05-01")
        self._allot(home, 50_000, source_id=self.lottery.id)
        details = {"reason": "社区撤并", "fate": "transferred"}
        with self.assertRaisesRegex(UserError, "lottery money"):
            home._set_state("closed", **details)
        self.assertRefusedByDatabase(
            "INSERT INTO welfare_facility_closure (facility_id, date, reason, fate, "
            "currency_id) VALUES (%s, '2019-06-01', '撤并', 'none', %s)",
            *(home.id, home.currency_id.id),
        )
        wizard = self.env["welfare.facility.transition"].with_user(self.manager)
        action = home.with_user(self.manager).action_change_state()
        with Form(wizard.with_context(**action["context"])) as form:
            form.state = "closed"
            form.reason = "社区撤并"
            form.fate = "transferred"
            self.assertEqual(form.amount_lottery, 50_000)
            form.duty = "approved"
            form.duty_number = "昆民复〔2019〕3号"
        form.record.action_apply()
        closure = home.closure_ids
        self.assertEqual(
            (closure.amount_lottery, closure.duty, closure.duty_number),
            (50_000, "approved", "昆民复〔2019〕3号"),
        )

    def test_lottery_money_that_only_the_ledger_states_counts(self):
        home = self._create_facility(state="operating", date_state="2016-05-01")
        home.amount_lottery_stated = 50_000
        with self.assertRaisesRegex(UserError, "lottery money"):
            home._set_state("closed", reason="撤并", fate="none")


class TestProjectReports(ProjectCase):
    """The printed progress and the handover sheet, as text."""

    def _render(self, name, projects, user=None):
        Report = self.env["ir.actions.report"].with_user(user or self.auditor)
        content, _kind = Report._render_reportlab_pdf(
            f"welfare_facility.welfare_project_{name}report", projects.ids
        )
        pages = PdfReader(io.BytesIO(content)).pages
        return "".join("".join(page.extract_text() for page in pages).split())

    def test_the_progress_of_projects(self):
        built = self._create_project(state="handover", name="甲社区儿童之家装修")
        late = self._create_project(name="乙社区儿童之家装修")
        late._plan_stages({"acceptance": _day("2019-03-01")}, None)
        self.env.flush_all()
        self.env.invalidate_all()
        text = self._render("", built + late)
        for part in (
            built.number,
            "甲社区儿童之家装修",
            "50,000.00",
            "100.00",
            "Total",
        ):
            self.assertIn("".join(part.split()), text)
        content, _kind = (
            self.env["ir.actions.report"]
            .with_user(self.auditor)
            ._render_xlsxwriter_xlsx(
                "welfare_facility.welfare_project_workbook", (built + late).ids
            )
        )
        sheet = openpyxl.load_workbook(io.BytesIO(content)).active
        cells = [cell.value for row in sheet.rows for cell in row]
        self.assertIn("乙社区儿童之家装修", cells)
        self.assertIn(50_000, cells)
        far = self._create_project(self.county_b)
        with self.assertRaises(AccessError):
            self._render("", far)

    def test_the_handover_sheet(self):
        project = self._create_project(
            state="handover", facility_ids=[Command.link(self._create_old_home().id)]
        )
        self.env.flush_all()
        self.env.invalidate_all()
        text = self._render("handover_", project)
        for part in (
            project.number,
            "示〔2019〕1号",
            "03/31/2019",
            "Handedoverby",
            "03/31/2024",
        ):
            self.assertIn(part, text)
        with self.assertRaisesRegex(UserError, "nothing to hand over"):
            self._render("handover_", self._create_project())

    def _create_old_home(self):
        return self._create_facility(date_state="2019-01-01", name="甲社区儿童之家")
