from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import Form, freeze_time
from odoo.tools import mute_logger

from ..models.welfare_project_gate import STAGES
from .common import WelfareCase


def _day(text):
    return date.fromisoformat(text)


class ProjectCase(WelfareCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Project = cls.env["welfare.project"]

    def _row(self, project, gate):
        """Return the evidence row of a gate."""
        gate = self.env.ref(f"welfare_facility.project_gate_{gate}")
        return project.requirement_ids.filtered(lambda row: row.gate_id == gate)

    def assertRefusedByDatabase(self, query, *params):
        """Expect a refusal by a trigger or constraint, which Odoo would log."""
        self.env.flush_all()
        with (
            self.subTest(query=query),
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
        ):
            self.env.cr.execute(query, params)
        self.env.invalidate_all()


class TestProjectStages(ProjectCase):
    """From the proposal to the archive, and not without its papers."""

    def test_a_home_from_proposal_to_archive(self):
        home = self._create_facility(date_state="2019-01-01")
        project = self._create_project(facility_ids=[Command.link(home.id)])
        seen = []
        day = _day("2019-02-01")
        while project.state != "done":
            self._fulfil_gates(project, day)
            project.with_user(self.manager)._complete_stage(day)
            seen.append((project.state, home.state))
        self.assertEqual(
            seen,
            [
                ("approval", "planned"),
                ("procurement", "planned"),
                ("construction", "under_construction"),
                ("acceptance", "under_construction"),
                ("handover", "operating"),
                ("settlement", "operating"),
                ("archiving", "operating"),
                ("done", "operating"),
            ],
        )
        actual = project.date_ids.filtered(lambda row: row.kind == "actual")
        self.assertEqual(
            actual.sorted("id").mapped("stage"), [stage for stage, _label in STAGES]
        )
        self.assertEqual(
            home.status_ids.sorted("id").mapped("state"),
            ["planned", "under_construction", "accepted", "operating"],
        )

    def test_acceptance_without_opening(self):
        home = self._create_facility(date_state="2019-01-01")
        project = self._create_project(
            state="acceptance", facility_ids=[Command.link(home.id)]
        )
        self._fulfil_gates(project)
        project._complete_stage(_day("2019-05-01"), opens=False)
        self.assertEqual((home.state, str(home.date_state)), ("accepted", "2019-05-01"))

    def test_each_stage_names_what_is_missing(self):
        project = self._create_project(is_supervised=True)
        for stage, _label in STAGES:
            with self.subTest(stage=stage):
                self.assertEqual(project.state, stage)
                forbidding = project._get_missing_gates().filtered("is_verified")
                self.assertTrue(forbidding)
                with self.assertRaises(UserError) as refusal:
                    project._complete_stage(_day("2019-12-01"))
                for gate in forbidding:
                    self.assertIn(gate.name, str(refusal.exception))
                self.assertEqual(project.state, stage)
            self._fulfil_gates(project)
            project._complete_stage(_day("2019-12-01"))
        self.assertEqual(project.state, "done")

    def test_no_acceptance_without_the_chief_supervision_engineer(self):
        project = self._create_project(state="acceptance", is_supervised=True)
        self._fulfil_gates(project)
        row = self._row(project, "chief_engineer")
        row.signatory = False
        with self.assertRaisesRegex(UserError, "chief supervision engineer"):
            project._complete_stage(_day("2019-05-01"))
        row.write({"signatory": "王总监", "attachment_ids": [Command.clear()]})
        with self.assertRaisesRegex(UserError, "chief supervision engineer"):
            project._complete_stage(_day("2019-05-01"))
        self._fulfil_document(project, row, _day("2019-05-01"))
        project._complete_stage(_day("2019-05-01"))
        self.assertEqual(project.state, "handover")

    def test_supervision_is_not_taken_back(self):
        project = self._create_project(state="approval", is_supervised=True)
        with self.assertRaises(UserError):
            project.is_supervised = False
        self.assertRefusedByDatabase(
            "UPDATE welfare_project SET is_supervised = FALSE WHERE id = %s", project.id
        )
        plain = self._create_project(state="approval")
        plain.is_supervised = True
        self.assertTrue(self._row(plain, "chief_engineer"))

    def test_a_gate_that_nobody_verified_warns(self):
        permit = self.env.ref("welfare_facility.project_gate_permit")
        kind = self.env.ref("welfare_facility.project_kind_new")
        project = self._create_project(state="procurement", kind_id=kind.id)
        self._fulfil_gates(project)
        self._row(project, "permit").attachment_ids = [Command.clear()]
        self.assertEqual(project._get_missing_gates(), permit)
        project._complete_stage(_day("2019-05-01"))
        self.assertEqual(project.state, "construction")
        self.assertTrue(
            any(permit.name in message.body for message in project.message_ids)
        )

    def test_a_fitting_out_needs_no_filing(self):
        self.assertFalse(self._row(self._create_project(), "filing"))
        kind = self.env.ref("welfare_facility.project_kind_rebuild")
        self.assertTrue(self._row(self._create_project(kind_id=kind.id), "filing"))

    def test_a_new_gate_changes_nothing_that_is_under_way(self):
        project = self._create_project()
        gate = self.env["welfare.project.gate"].create(
            {
                "name": "消防意见",
                "stage": "initiation",
                "date_from": "2020-01-01",
                "source": "示例",
                "is_verified": True,
            }
        )
        self.assertNotIn(gate, project._get_missing_gates())
        later = self._create_project(date_start="2020-02-01")
        self.assertIn(gate, later._get_missing_gates())
        self.assertIn(gate, later.requirement_ids.gate_id)

    @freeze_time("2019-06-14")
    def test_days_are_in_order_and_have_come(self):
        project = self._create_project(state="procurement")
        self._fulfil_gates(project)
        for day, words in (
            ("2019-06-15", "has not come yet"),
            ("2018-12-31", "before the beginning"),
            ("2019-01-20", "comes before"),
        ):
            with self.subTest(day=day), self.assertRaisesRegex(UserError, words):
                project._complete_stage(_day(day))
        project._complete_stage(_day("2019-06-14"))

    def test_what_is_not_accepted_goes_back(self):
        project = self._create_project(state="acceptance")
        wizard = self.env["welfare.project.step"].with_user(self.manager)
        step = wizard.create({"project_id": project.id, "step": "send_back"})
        with self.assertRaisesRegex(UserError, "Say why"):
            step.action_apply()
        step.reason = "防水不合格"
        step.action_apply()
        self.assertEqual(project.state, "construction")
        self._measure_site(
            project.milestone_ids, 80, _day("2019-05-01"), note="防水返工"
        )
        with self.assertRaisesRegex(UserError, "Physical progress"):
            project._complete_stage(_day("2019-05-02"))
        self._measure_site(project.milestone_ids, 100, _day("2019-05-03"))
        project._complete_stage(_day("2019-05-04"))
        self.assertEqual(project.state, "acceptance")

    def test_a_project_that_is_given_up_frees_its_facilities(self):
        home = self._create_facility()
        project = self._create_project(facility_ids=[Command.link(home.id)])
        with self.assertRaisesRegex(UserError, project.number):
            self._create_project(facility_ids=[Command.link(home.id)])
        project._set_state("cancelled", reason="社区不再设立")
        other = self._create_project(facility_ids=[Command.link(home.id)])
        self.assertEqual(home.project_ids, project + other)

    def test_the_screen_leads_through_a_stage(self):
        project = self._create_project()
        self._fulfil_gates(project)
        action = project.with_user(self.manager).action_complete_stage()
        wizard = self.env["welfare.project.step"].with_user(self.manager)
        with Form(wizard.with_context(**action["context"])) as form:
            self.assertFalse(form.missing)
            form.date = "2019-02-01"
        form.record.action_apply()
        self.assertEqual(project.state, "approval")


class TestProjectPlan(ProjectCase):
    """Planned days slip, and what was planned first stays readable."""

    def test_a_project_slips(self):
        project = self._create_project()
        project._plan_stages(
            {"construction": _day("2019-06-30"), "acceptance": _day("2019-07-31")}, None
        )
        with self.assertRaisesRegex(UserError, "why the plan changes"):
            project._plan_stages({"acceptance": _day("2019-09-30")}, None)
        project._plan_stages({"acceptance": _day("2019-09-30")}, "雨季停工")
        rows = project.date_ids.filtered(lambda row: row.stage == "acceptance")
        self.assertEqual(
            [(str(row.date), row.reason) for row in rows.sorted("id")],
            [("2019-07-31", False), ("2019-09-30", "雨季停工")],
        )

    def test_planned_days_are_in_order(self):
        project = self._create_project()
        with self.assertRaisesRegex(UserError, "comes before"):
            project._plan_stages(
                {"construction": _day("2019-08-30"), "acceptance": _day("2019-07-31")},
                None,
            )
        with self.assertRaisesRegex(UserError, "beginning"):
            project._plan_stages({"approval": _day("2018-07-31")}, None)

    def test_nobody_rewrites_the_days(self):
        project = self._create_project(state="approval")
        row = project.date_ids
        for user in (self.manager, self.administrator, self.env.ref("base.user_root")):
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                row.with_user(user).write({"date": "2018-01-01"})
            with self.subTest(user=user.login), self.assertRaises(AccessError):
                row.with_user(user).unlink()
        with self.assertRaises(AccessError):
            row.with_user(self.manager).create(
                self._prepare_project_date_vals(project_id=project.id, kind="actual")
            )
        for query in (
            "UPDATE welfare_project_date SET date = '2018-01-01' WHERE id = %s",
            "DELETE FROM welfare_project_date WHERE id = %s",
        ):
            self.assertRefusedByDatabase(query, row.id)
        self.assertRefusedByDatabase("TRUNCATE welfare_project_date")

    def test_a_batch_of_thirteen(self):
        plan = self.env["welfare.project.plan"].create(self._prepare_plan_vals())
        homes = self._create_homes(
            self._create_communities(self.street_a, 13),
            plan_year=2019,
            date_state="2019-01-02",
        )
        self._create_facility(plan_year=2020)
        plan.with_user(self.manager).action_create_projects()
        self.assertEqual(len(plan.project_ids), 13)
        self.assertEqual(plan.project_ids.facility_ids, homes)
        plan.with_user(self.manager).action_create_projects()
        self.assertEqual(len(plan.project_ids), 13, "A second time begins none")
        self.assertEqual((plan.begun_count, plan.built_count), (0, 0))
        first, second = plan.project_ids[:2]
        day = _day("2019-03-01")
        for project, state in ((first, "handover"), (second, "construction")):
            while project.state != state:
                self._fulfil_gates(project, day)
                project._complete_stage(day)
        self.assertEqual(
            (plan.begun_count, plan.built_count, plan.lacking_count), (1, 1, 12)
        )
        plan.with_user(self.manager).action_decide()
        with self.assertRaises(UserError):
            plan.home_count = 1
        self.assertRefusedByDatabase(
            "UPDATE welfare_project_plan SET home_count = 1 WHERE id = %s", plan.id
        )


class TestProjectProgress(ProjectCase):
    """Milestones, what was measured of them, and the estimate."""

    def test_progress_by_weight(self):
        project = self._create_project(state="procurement")
        for name, weight in (("主体", 60), ("装修", 30), ("绿化", 10)):
            vals = self._prepare_milestone_vals(
                project_id=project.id, name=name, weight=weight
            )
            self.env["welfare.project.milestone"].create(vals)
        self._fulfil_gates(project)
        project._complete_stage(_day("2019-03-01"))
        first, second, _third = project.milestone_ids
        self._measure_site(first, 50, _day("2019-04-01"))
        self._measure_site(first, 100, _day("2019-05-01"))
        self._measure_site(second, 33.33, _day("2019-05-02"))
        self.assertAlmostEqual(project.progress, 70.0, places=2)
        self.assertEqual((first.percent, str(first.date_actual)), (100, "2019-05-01"))
        self.env.flush_all()
        self.env.cr.execute("SELECT welfare_project_progress(%s)", [project.id])
        self.assertAlmostEqual(float(self.env.cr.fetchone()[0]), 70.0, places=2)

    def test_weights_add_up_to_100_before_building_begins(self):
        project = self._create_project(state="procurement")
        Milestone = self.env["welfare.project.milestone"]
        vals = self._prepare_milestone_vals(project_id=project.id, weight=99.99)
        milestone = Milestone.create(vals)
        self._fulfil_gates(project)
        with self.assertRaisesRegex(UserError, "100"):
            project._complete_stage(_day("2019-05-01"))
        milestone.weight = 100
        project._complete_stage(_day("2019-05-01"))
        with self.assertRaises(UserError):
            milestone.weight = 50
        with self.assertRaises(UserError):
            milestone.unlink()
        with self.assertRaises(UserError):
            Milestone.create(vals)
        for query in (
            "UPDATE welfare_project_milestone SET weight = 1 WHERE id = %s",
            "DELETE FROM welfare_project_milestone WHERE id = %s",
        ):
            self.assertRefusedByDatabase(query, milestone.id)

    def test_one_milestone_for_each_of_thirteen_homes(self):
        homes = self._create_homes(self._create_communities(self.street_a, 13))
        project = self._create_project(facility_ids=[Command.set(homes.ids)])
        project.with_user(self.manager).action_split_milestones()
        self.assertEqual(len(project.milestone_ids), 13)
        self.assertAlmostEqual(project.weight_total, 100, places=2)
        with self.assertRaises(UserError):
            project.action_split_milestones()

    def test_wrong_measurements_are_refused_in_words(self):
        project = self._create_project(state="construction")
        milestone = project.milestone_ids
        self._measure_site(milestone, 60, _day("2019-05-01"))
        for percent, day, words in (
            (100.01, "2019-05-02", "no progress"),
            (-1, "2019-05-02", "no progress"),
            (70, "2018-05-02", "between the beginning"),
            (70, "2999-01-01", "between the beginning"),
            (50, "2019-05-02", "why it is less"),
        ):
            refusal = self.assertRaisesRegex(UserError, words)
            with self.subTest(percent=percent), refusal:
                self._measure_site(milestone, percent, _day(day))
        self.assertRefusedByDatabase(
            "INSERT INTO welfare_project_measurement "
            "(milestone_id, project_id, percent, date) VALUES (%s, %s, 101, %s)",
            *(milestone.id, project.id, "2019-05-03"),
        )
        self.assertRefusedByDatabase(
            "UPDATE welfare_project_measurement SET percent = 9 WHERE project_id = %s",
            project.id,
        )
        early = self._create_project(state="procurement")
        self._fulfil_gates(early)
        with self.assertRaisesRegex(UserError, "nothing to measure"):
            self._measure_site(early.milestone_ids, 10, _day("2019-05-01"))

    def test_the_estimate_and_its_changes(self):
        project = self._create_project()
        Estimate = self.env["welfare.project.estimate"].with_user(self.manager)
        change = {
            "project_id": project.id,
            "kind": "change",
            "number": "批〔2019〕9号",
            "amount": 5_000,
            "reason": "增加无障碍设施",
        }
        with self.assertRaisesRegex(UserError, "no approved estimate"):
            Estimate.create(change)
        approval = Estimate.create(self._prepare_estimate_vals(project_id=project.id))
        Estimate.create(change)
        self.assertEqual(project.amount_estimate, 55_000)
        with self.assertRaisesRegex(UserError, "more than nothing"):
            Estimate.create({**change, "amount": -55_000})
        with self.assertRaises(AccessError):
            approval.amount = 1
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            Estimate.create(self._prepare_estimate_vals(project_id=project.id))
        self.assertRefusedByDatabase(
            "UPDATE welfare_project_estimate SET amount = 1 WHERE id = %s", approval.id
        )
        self.assertRefusedByDatabase(
            "INSERT INTO welfare_project_estimate (project_id, kind, number, date, "
            "amount, reason, currency_id) VALUES (%s, 'change', '1', '2019-02-01', "
            "-90000, '1', %s)",
            *(project.id, project.currency_id.id),
        )


class TestProjectAttacks(ProjectCase):
    """Stages and gates hold against RPC, contexts, sudo() and raw SQL."""

    def test_no_way_around_the_stages(self):
        project = self._create_project()
        for user in (self.manager, self.administrator, self.env.ref("base.user_root")):
            own = project.with_user(user).with_context(default_state="done", force=True)
            with self.subTest(user=user.login), self.assertRaises(UserError):
                own.write({"state": "handover"})
        for name, arguments in (
            ("_set_state", ["approval"]),
            ("_complete_stage", ["2019-02-01"]),
            ("_write_guarded", [{"state": "approval"}]),
            ("_record_completion", ["2019-02-01", ""]),
        ):
            with self.subTest(method=name), self.assertRaises(AccessError):
                call_kw(
                    self.Project.with_user(self.manager),
                    name,
                    [project.ids, *arguments],
                    {},
                )
        with self.assertRaises(UserError):
            self.Project.create(self._prepare_project_vals(state="handover"))
        for query in (
            "UPDATE welfare_project SET state = 'approval' WHERE id = %s",
            "UPDATE welfare_project SET state = 'handover' WHERE id = %s",
        ):
            self.assertRefusedByDatabase(query, project.id)
        self._fulfil_gates(project)
        self.assertRefusedByDatabase(
            "UPDATE welfare_project SET state = 'approval' WHERE id = %s", project.id
        )

    def test_raw_sql_does_not_forge_evidence_away(self):
        """Dropping the rows of evidence does not drop the gates."""
        project = self._create_project()
        self.env.flush_all()
        self.env.cr.execute(
            "DELETE FROM welfare_project_requirement WHERE project_id = %s",
            [project.id],
        )
        self.env.cr.execute(
            "INSERT INTO welfare_project_date (project_id, stage, kind, date) "
            "VALUES (%s, 'initiation', 'actual', '2019-02-01')",
            [project.id],
        )
        self.assertRefusedByDatabase(
            "UPDATE welfare_project SET state = 'approval' WHERE id = %s", project.id
        )

    def test_evidence_of_a_completed_stage_stays(self):
        project = self._create_project(state="approval")
        row = self._row(project, "proposal").with_user(self.manager)
        for vals in (
            {"number": "另一号"},
            {"attachment_ids": [Command.clear()]},
            {"date_document": "2019-01-06"},
        ):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, "stays"):
                row.write(vals)
        for query in (
            "UPDATE welfare_project_requirement SET number = '另一号' WHERE id = %s",
            "UPDATE welfare_project_requirement SET date_recorded = NULL WHERE id = %s",
            "DELETE FROM welfare_project_requirement WHERE id = %s",
            "DELETE FROM welfare_project_requirement_file_rel "
            "WHERE requirement_id = %s",
        ):
            self.assertRefusedByDatabase(query, row.id)
        with mute_logger("odoo.sql_db"), self.assertRaises(IntegrityError):
            row.attachment_ids.sudo().unlink()

    def test_who_recorded_evidence_is_not_given(self):
        row = self._row(self._create_project(), "proposal").with_user(self.manager)
        row.write({"number": "1", "user_id": self.auditor.id, "date_recorded": False})
        self.assertEqual(row.user_id, self.manager)
        self.assertTrue(row.date_recorded)
        with self.assertRaises(AccessError):
            row.gate_id = self.env.ref("welfare_facility.project_gate_approval")
        with self.assertRaises(ValidationError):
            row.date_document = "2999-01-01"

    def test_the_checklist_is_not_made_easier(self):
        project = self._create_project(state="acceptance")
        Check = self.env["welfare.project.check"].with_user(self.manager)
        vals = self._prepare_check_vals(project_id=project.id, result="fail")
        check = Check.create({**vals, "user_id": self.auditor.id})
        self.assertEqual(check.user_id, self.manager)
        for vals in ({"is_mandatory": False}, {"name": "其他"}):
            with self.subTest(vals=vals), self.assertRaisesRegex(UserError, "fixed"):
                check.write(vals)
        with self.assertRaisesRegex(UserError, "fixed"):
            check.unlink()
        for query in (
            "DELETE FROM welfare_project_check WHERE id = %s",
            "UPDATE welfare_project_check SET is_mandatory = FALSE WHERE id = %s",
        ):
            self.assertRefusedByDatabase(query, check.id)
        self._fulfil_gates(project)
        check.result = "fail"
        with self.assertRaisesRegex(UserError, "checklist"):
            project._complete_stage(_day("2019-05-01"))
        check.result = "pass"
        project._complete_stage(_day("2019-05-01"))
        with self.assertRaisesRegex(UserError, "fixed"):
            check.result = "fail"
        self.assertRefusedByDatabase(
            "UPDATE welfare_project_check SET result = 'fail' WHERE id = %s", check.id
        )

    def test_a_project_accepts_its_facilities_and_nobody_else(self):
        home = self._create_facility(date_state="2019-01-01")
        project = self._create_project(
            state="construction", facility_ids=[Command.link(home.id)]
        )
        with self.assertRaisesRegex(UserError, project.number):
            home._set_state("accepted")
        self.assertRefusedByDatabase(
            "UPDATE welfare_facility SET state = 'accepted' WHERE id = %s", home.id
        )

    def test_facilities_are_fixed_once_approved(self):
        home, other = self._create_facility(), self._create_facility()
        project = self._create_project(
            state="approval", facility_ids=[Command.link(home.id)]
        )
        with self.assertRaises(UserError):
            project.facility_ids = [Command.link(other.id)]
        insert = (
            "INSERT INTO welfare_project_facility_rel (project_id, facility_id) "
            "VALUES (%s, %s)"
        )
        self.assertRefusedByDatabase(insert, project.id, other.id)
        self.assertRefusedByDatabase(insert, self._create_project().id, home.id)
        far = self._create_facility(self.county_b)
        with self.assertRaises(UserError):
            self._create_project(facility_ids=[Command.link(far.id)])

    def test_a_project_that_was_approved_stays(self):
        project = self._create_project(state="approval")
        with self.assertRaises(UserError):
            project.with_user(self.manager).unlink()
        self.assertRefusedByDatabase(
            "DELETE FROM welfare_project WHERE id = %s", project.id
        )
        self._create_project().with_user(self.manager).unlink()

    def test_the_database_knows_the_stages_in_their_order(self):
        for rank, (stage, _label) in enumerate(STAGES, start=1):
            self.env.cr.execute("SELECT welfare_project_rank(%s)", [stage])
            self.assertEqual(self.env.cr.fetchone(), (rank,))


@freeze_time("2020-06-30")
class TestProjectClocks(ProjectCase):
    """What is due after acceptance, what slips, and who is told."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Deadline = cls.env["welfare.project.deadline"]
        cls.Rule = cls.env["welfare.rule"]

    def _create_rule(self, code, value, **vals):
        return self.Rule.create(
            {
                "code": code,
                "name": code,
                "value": value,
                "unit": "天",
                "date_from": "2000-01-01",
                "source": "示例",
                **vals,
            }
        )

    def _due(self, project, kind):
        self.env.flush_all()
        self.env.invalidate_all()
        rows = self.Deadline.search(
            [("project_id", "=", project.id), ("kind", "=", kind)]
        )
        return {
            row.rule_id.code or row.milestone_id.name or row.stage: row for row in rows
        }

    def _create_accepted(self, day, **vals):
        kind = self.env.ref("welfare_facility.project_kind_new")
        project = self._create_project(state="acceptance", kind_id=kind.id, **vals)
        self._fulfil_gates(project)
        project._complete_stage(_day(day))
        return project

    def test_the_periods_after_acceptance(self):
        # The catalogue's rule of the final accounts begins in 2021.
        self._create_rule("project_final_accounts_years", 1)
        project = self._create_accepted("2019-06-14")
        clocks = self._due(project, "clock")
        self.assertEqual(
            {code: str(row.date_due) for code, row in clocks.items()},
            {
                "project_filing_days": "2019-06-29",
                "project_final_accounts_years": "2020-06-14",
            },
        )
        self.assertTrue(all(row.is_late for row in clocks.values()))
        self.assertEqual(clocks["project_final_accounts_years"].days_late, 16)
        self.assertGreater(project.late_count, 1)
        self.assertIn(project, self.Project.search([("late_count", ">", 0)]))
        filing = self._row(project, "filing")
        self._fulfil_document(project, filing, _day("2019-06-28"))
        row = self._due(project, "clock")["project_filing_days"]
        self.assertEqual((row.is_late, row.days_late), (False, -1))
        warranties = self._due(project, "warranty")
        self.assertEqual(
            {code: str(row.date_due) for code, row in warranties.items()},
            {
                "project_warranty_waterproofing_years": "2024-06-14",
                "project_warranty_heating_seasons": "False",
                "project_warranty_installation_years": "2021-06-14",
            },
        )

    def test_no_clock_runs_before_acceptance(self):
        project = self._create_project(state="acceptance")
        self.assertFalse(self._due(project, "clock"))
        self.assertFalse(self._due(project, "warranty"))

    def test_the_nearest_rule_counts(self):
        self._create_rule("project_filing_days", 10, jurisdiction_id=self.county_a.id)
        self._create_rule("project_filing_days", 5, jurisdiction_id=self.county_b.id)
        project = self._create_accepted("2019-06-14")
        row = self._due(project, "clock")["project_filing_days"]
        self.assertEqual(str(row.date_due), "2019-06-24")

    def test_planned_beside_actual(self):
        project = self._create_project()
        project._plan_stages({"initiation": _day("2019-01-08")}, None)
        project._plan_stages(
            {"initiation": _day("2019-01-15"), "approval": _day("2019-02-01")},
            "材料补正",
        )
        self._fulfil_gates(project)
        project._complete_stage(_day("2019-01-20"))
        rows = self._due(project, "stage")
        done = rows["initiation"]
        self.assertEqual(
            (str(done.date_first), str(done.date_due), str(done.date_done)),
            ("2019-01-08", "2019-01-15", "2019-01-20"),
        )
        self.assertEqual((done.days_late, done.is_late), (5, False))
        self.assertEqual(
            (rows["approval"].is_late, rows["approval"].days_late), (True, 515)
        )
        project._set_state("cancelled", reason="不再建设")
        self.env.invalidate_all()
        self.assertFalse(self._due(project, "stage")["approval"].is_late)

    def test_the_responsible_person_is_told_once(self):
        project = self._create_project(user_id=self.manager.id)
        project._plan_stages({"initiation": _day("2020-06-01")}, None)
        self.env.flush_all()
        self.Deadline._cron_remind()
        activity = project.activity_ids
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.manager)
        self.assertEqual(str(activity.date_deadline), "2020-06-01")
        self.Deadline._cron_remind()
        self.assertEqual(project.activity_ids, activity)
        activity.with_user(self.manager).action_done()
        self.Deadline._cron_remind()
        self.assertFalse(project.activity_ids)

    def test_a_warranty_that_ends_is_announced(self):
        project = self._create_accepted("2019-06-14", user_id=self.manager.id)
        with freeze_time("2021-05-20"):
            self.Deadline._cron_remind()
            days = project.activity_ids.mapped("date_deadline")
            self.assertIn(_day("2021-06-14"), days)
            self.assertNotIn(_day("2024-06-14"), days)

    def test_the_checklist_comes_from_the_standard_that_applied(self):
        metric = self.env.ref("welfare_facility.metric_beds_built")
        Standard = self.env["welfare.standard"]
        for edition, first, last, least in (
            ("2010", "2010-01-01", "2019-12-31", 40),
            ("2020", "2020-01-01", False, 60),
        ):
            Standard.create(
                {
                    "code": "test_home",
                    "name": "儿童之家标准",
                    "edition": edition,
                    "type_ids": [Command.link(self.home_type.id)],
                    "jurisdiction_code": self.prefecture.code,
                    "date_from": first,
                    "date_to": last,
                    "source": "示例",
                    "line_ids": [
                        Command.create(
                            {
                                "metric_id": metric.id,
                                "value_min": least,
                                "is_verified": True,
                                "article": "第五条",
                            }
                        )
                    ],
                }
            )
        home = self._create_facility(date_state="2019-01-01")
        project = self._create_project(
            state="procurement", facility_ids=[Command.link(home.id)]
        )
        self.assertEqual(str(home.date_approved), "2019-01-30")
        project.with_user(self.manager).action_fill_checklist()
        mine = project.check_ids.filtered(
            lambda check: check.standard_line_id.standard_id.code == "test_home"
        )
        self.assertEqual(mine.standard_line_id.value_min, 40)
        self.assertIn("第五条", mine.source)
        self.assertTrue(mine.is_mandatory)
        count = len(project.check_ids)
        project.action_fill_checklist()
        self.assertEqual(len(project.check_ids), count, "Once each")
