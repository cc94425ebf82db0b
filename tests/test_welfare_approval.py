from odoo.exceptions import AccessError, UserError

from .common import WelfareCase, approve


class TestApproval(WelfareCase):
    def test_an_exception_holds_when_it_was_approved(self):
        exception = self.env["welfare.duty.exception"].create(
            self._prepare_duty_exception_vals()
        )
        with self.assertRaises(UserError):
            exception.action_put_into_effect()
        approve(exception, role="administrator").action_put_into_effect()
        self.assertEqual(exception.state, "effective")
        self.assertEqual(exception.approval_state, "used")

    def test_nobody_makes_requests_or_decisions(self):
        decision = self._create_approval_decision()
        for record in (decision, decision.step_id, decision.request_id):
            for user in self.user_by_role.values():
                own = record.with_user(user).sudo()
                for attack in (
                    lambda own=own: own.create({}),
                    lambda own=own: own.write({"create_uid": 1}),
                    lambda own=own: own.unlink(),
                ):
                    with self.assertRaises(AccessError):
                        attack()
