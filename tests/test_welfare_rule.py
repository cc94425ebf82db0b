from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tools import mute_logger

from .common import WelfareCase, approve, decide, make_approvers

DAY = date(2024, 5, 1)


class TestRule(WelfareCase):
    """A rule holds when it was approved, and says the same from then on."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Rule = cls.env["welfare.rule"].with_user(cls.administrator)

    def _create_rule(self, value=3, user=None, **vals):
        return self.Rule.with_user(user or self.administrator).create(
            {
                **{"code": "test_days", "name": "期限", "unit": "天", "value": value},
                **{"date_from": "2020-01-01", "source": "本级文件"},
                "jurisdiction_id": self.county_a.id,
                **vals,
            }
        )

    def _get(self, day=DAY):
        self.env.flush_all()
        return self.Rule._get_value("test_days", self.county_a, day)

    def test_a_draft_holds_nowhere(self):
        rule = self._create_rule()
        self.assertEqual(rule.state, "draft")
        with self.assertRaises(UserError):
            self._get()
        with self.assertRaises(UserError), self.cr.savepoint():
            rule.action_put_into_force()
        approve(rule).with_user(self.administrator).action_put_into_force()
        self.assertEqual(self._get(), 3)

    def test_a_change_is_a_new_row(self):
        old = self._create_rule(3)
        new = self._create_rule(5, date_from="2024-05-01")
        for rule in (old, new):
            approve(rule).with_user(self.administrator).action_put_into_force()
        self.assertEqual(self._get(), 5)
        self.assertEqual(self._get(date(2024, 4, 30)), 3)

    def test_the_end(self):
        rule = self._create_rule(user=self.env.ref("base.user_root"))
        self.assertEqual(rule.state, "effective")
        rule = rule.with_user(self.administrator)
        with self.assertRaises(UserError):
            rule.action_submit()
        make_approvers(self.env, self.province)
        wizard = self.env["welfare.rule.end"].with_user(self.administrator)
        action = rule.action_ask_end()
        wizard.with_context(**action["context"]).create(
            {"date_to": "2024-04-30"}
        ).action_apply()
        self.assertEqual(self._get(), 3)
        with self.assertRaises(UserError), self.cr.savepoint():
            rule.action_end()
        decide(rule)
        rule.action_end()
        self.assertEqual(rule.date_to, date(2024, 4, 30))
        self.assertEqual(self._get(date(2024, 4, 30)), 3)
        with self.assertRaises(UserError):
            self._get()

    def test_what_is_in_force_is_fixed(self):
        """For everybody, in every context, and in SQL."""
        rule = self._create_rule(user=self.env.ref("base.user_root"))
        rule.with_user(self.administrator).is_verified = True
        for user in (self.administrator, self.env.ref("base.user_admin")):
            own = rule.with_user(user).with_context(install_mode=True)
            for vals in (
                *({"value": 9}, {"unit": "月"}, {"name": "别的"}, {"active": False}),
                *({"date_to": "2024-01-01"}, {"date_from": "2000-01-01"}),
                *({"is_verified": False}, {"state": "ended"}, {"code": "x"}),
            ):
                with self.subTest(user=user.login, **vals):
                    with self.assertRaises(UserError):
                        call_kw(own, "write", [own.ids, vals], {})
                    with self.assertRaises(UserError):
                        own.sudo().write(vals)
            with self.assertRaises(UserError):
                own.sudo().unlink()
            with self.assertRaises(UserError):
                self._create_rule(user=user, code="other", state="effective")
            with self.assertRaises(UserError):
                self.Rule.with_user(user).with_context(
                    default_state="effective", install_mode=True
                ).sudo().create(
                    {
                        **{"code": "y", "name": "y", "unit": "y", "value": 1},
                        **{"date_from": "2020-01-01", "source": "y"},
                        "state": "effective",
                    }
                )
        draft = self._create_rule(code="draft")
        self.env.flush_all()
        for statement in (
            f"UPDATE welfare_rule SET value = 9 WHERE id = {rule.id}",
            f"UPDATE welfare_rule SET date_to = '2024-01-01' WHERE id = {rule.id}",
            f"UPDATE welfare_rule SET is_verified = FALSE WHERE id = {rule.id}",
            f"UPDATE welfare_rule SET state = 'ended' WHERE id = {rule.id}",
            f"UPDATE welfare_rule SET state = 'effective' WHERE id = {draft.id}",
            f"DELETE FROM welfare_rule WHERE id = {rule.id}",
            "INSERT INTO welfare_rule (code, name, unit, value, date_from, source, "
            "active, state, create_uid) SELECT 'z', name, unit, 1, date_from, 'z', "
            f"TRUE, 'effective', {self.administrator.id} FROM welfare_rule "
            f"WHERE id = {rule.id}",
        ):
            with (
                self.subTest(statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self.env.cr.execute(statement)

    def test_an_edit_voids_the_approval(self):
        """Also one of the words in one language only."""
        self.env["res.lang"]._activate_lang("zh_CN")
        for vals in ({"value": 30}, {"unit": "月"}, {"date_to": "2030-01-01"}):
            rule = approve(self._create_rule(code=str(vals)))
            rule.with_user(self.administrator).with_context(lang="zh_CN").write(vals)
            self.assertEqual(rule.approval_state, "voided")
            with self.assertRaises(UserError):
                rule.with_user(self.administrator).action_put_into_force()

    def test_roles(self):
        rule = self._create_rule()
        for role in ("finance", "procurement", "manager", "approver", "auditor"):
            user = self.user_by_role[role]
            for action in ("action_submit", "action_put_into_force", "action_end"):
                with self.subTest(role=role, action=action):
                    with self.assertRaises(AccessError), self.cr.savepoint():
                        getattr(rule.with_user(user), action)()
