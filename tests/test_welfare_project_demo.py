from odoo.tests import TransactionCase, tagged


@tagged("-standard", "welfare_demo")
class TestProjectDemo(TransactionCase):
    """The batch of 2019 as the reply of 14 June 2019 has it."""

    def test_13_homes_with_400000_and_520000(self):
        plan = self.env.ref("welfare_facility.project_plan_2019_demo")
        self.assertEqual((plan.home_count, plan.project_count), (13, 13))
        self.assertEqual(len(plan.project_ids.facility_ids), 13)
        self.assertEqual(plan.fund_ids.mapped("amount"), [400_000, 520_000])
        self.assertEqual(plan.amount_planned, 920_000)
        # The 52万 have not come to the homes.
        self.assertEqual(plan.amount_received, 400_000)
        self.assertEqual((plan.begun_count, plan.built_count), (8, 0))
        total = sum(plan.project_ids.mapped("amount_estimate"))
        self.assertAlmostEqual(total, 920_000, places=2)
        self.assertFalse(any(plan.project_ids.mapped("is_over_estimate")))

    def test_a_home_that_was_accepted(self):
        """Its warranties run, its plan is late, and its sheet is printed."""
        project = self.env.ref("welfare_facility.project_2018_demo")
        self.assertEqual(project.state, "handover")
        late = project.deadline_ids.filtered("is_late")
        self.assertIn("settlement", late.mapped("stage"))
        # The limit of a year for final accounts holds from 2021-04-01 on.
        kinds = project.deadline_ids.mapped("kind")
        self.assertNotIn("clock", kinds)
        self.assertIn("warranty", kinds)
        Report = self.env["ir.actions.report"]
        report = "welfare_facility.welfare_project_handover_report"
        self.assertTrue(Report._render_reportlab_pdf(report, project.ids)[0])
