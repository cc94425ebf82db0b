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
        # 13 homes got 30,769 each of the 40万; the rest has not come to them.
        self.assertEqual(plan.amount_received, 13 * 30_769)
        self.assertEqual((plan.begun_count, plan.built_count), (8, 0))
        self.assertEqual(sum(plan.project_ids.mapped("amount_estimate")), 13 * 70_769)
        self.assertFalse(any(plan.project_ids.mapped("is_over_estimate")))
