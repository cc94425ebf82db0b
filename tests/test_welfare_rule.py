from datetime import date

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import Form
from odoo.tools import SQL, mute_logger

from .common import ROLES, WelfareCase, approve, decide, make_approvers

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


class TestEveryRule(WelfareCase):
    """Norms, carry-over rules, transfer rules, tiers and duties: the same for all.

    Also for a model that takes the mixin later: it has to be named here.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.models = {
            "welfare.rule": "value",
            "welfare.fund.norm": "amount",
            "welfare.fund.carry.rule": "years",
            "welfare.fund.transfer.rule": "lower_level",
            "welfare.approval.tier": "amount_to",
            "welfare.duty.conflict": "in_roles",
        }

    def _prepare_rule_vals(self, model):
        source = self.env.ref("welfare_facility.fund_source_lottery_prefecture")
        vals = {
            "welfare.rule": {"code": "x", "name": "期限", "unit": "天", "value": 3},
            "welfare.fund.norm": {
                "source_id": source.id,
                "facility_type_id": self.home_type.id,
                "amount": 50_000,
            },
            "welfare.fund.carry.rule": {
                "source_id": source.id,
                "jurisdiction_id": self.county_a.id,
                "years": 2,
                "wording": "结转两年",
            },
            "welfare.fund.transfer.rule": {
                "upper_level": "county",
                "lower_level": "township",
                "message": "请注意",
            },
            "welfare.approval.tier": {
                "kind_id": self.env.ref("welfare_facility.approval_kind_rule").id,
                "jurisdiction_id": self.county_a.id,
                "name": "审批",
                "user_ids": [Command.set(self.user_by_role["approver"].ids)],
            },
            "welfare.duty.conflict": {
                "duty_id": self.env.ref("welfare_facility.duty_execute").id,
                "other_id": self.env.ref("welfare_facility.duty_audit").id,
            },
        }
        return {"date_from": "2020-01-01", "source": "本级文件", **vals[model]}

    def _each(self):
        """Yield a draft of the administrator's of each model, and what changes it."""
        for model, name in self.models.items():
            Model = self.env[model].with_user(self.administrator)
            rule = Model.create(self._prepare_rule_vals(model))
            field = rule._fields[name]
            changed = {"boolean": True, "selection": "village"}.get(field.type, 9)
            yield rule, {name: changed}

    def _is_in_force(self, rule, day=DAY):
        self.env.flush_all()
        domain = rule._domain_in_force(day)
        is_found = rule in rule.sudo().search(domain)
        query = SQL(
            "SELECT EXISTS (SELECT FROM %s rule WHERE id = %s AND %s)",
            SQL.identifier(rule._table),
            rule.id,
            rule._sql_in_force(day),
        )
        self.assertEqual(self.env.execute_query(query), [(is_found,)])
        return is_found

    def test_every_model_is_tried(self):
        found = self.env["welfare.rule.mixin"]._selection_models()
        self.assertEqual({name for name, _label in found}, set(self.models))

    def test_a_new_one_can_be_filled_in(self):
        for model, name in self.models.items():
            form = Form(self.env[model].with_user(self.administrator))
            with self.subTest(model):
                self.assertEqual(form.state, "draft")
                self.assertFalse(form._get_modifier(name, "readonly"))

    def test_from_draft_to_end(self):
        for rule, change in self._each():
            with self.subTest(rule._name):
                self.assertEqual(rule.state, "draft")
                self.assertFalse(self._is_in_force(rule))
                with self.assertRaises(UserError), self.cr.savepoint():
                    rule.action_put_into_force()
                approve(rule)
                # Whoever changes it after that begins again.
                rule.write(change)
                self.assertEqual(rule.sudo().approval_state, "voided")
                with self.assertRaises(UserError), self.cr.savepoint():
                    rule.action_put_into_force()
                approve(rule).with_user(self.administrator).action_put_into_force()
                self.assertTrue(self._is_in_force(rule))
                with self.assertRaises(UserError), self.cr.savepoint():
                    rule.action_end()
                with self.assertRaises(UserError), self.cr.savepoint():
                    rule._ask_approval(date_to="2019-12-31")
                action = rule.action_ask_end()
                wizard = self.env["welfare.rule.end"].with_user(self.administrator)
                wizard.with_context(**action["context"]).create(
                    {"date_to": "2024-04-30"}
                ).action_apply()
                self.assertTrue(self._is_in_force(rule))
                decide(rule)
                rule.action_end()
                self.assertFalse(self._is_in_force(rule))
                self.assertTrue(self._is_in_force(rule, date(2024, 4, 30)))

    def test_what_is_in_force_is_fixed(self):
        """For everybody, in every context, under sudo and in SQL."""
        root = self.env.ref("base.user_root")
        for draft, change in self._each():
            vals = self._prepare_rule_vals(draft._name)
            if draft._name == "welfare.duty.conflict":
                vals["duty_id"] = self.env.ref("welfare_facility.duty_procure").id
            rule = draft.with_user(root).create(vals)
            with self.subTest(rule._name):
                self.assertEqual(rule.state, "effective")
                self.env.flush_all()
                for user in (self.administrator, self.env.ref("base.user_admin")):
                    self._attack(rule.with_user(user), change)
                self._attack_sql(rule, draft, change)

    def _attack(self, rule, change):
        rule = rule.with_context(
            install_mode=True, tracking_disable=True, active_test=False
        )
        forged = {**self._prepare_rule_vals(rule._name), "state": "effective"}
        for vals in (
            *(change, {"date_to": "2024-01-01"}, {"date_from": "2000-01-01"}),
            *({"state": "ended"}, {"source": "别的"}),
        ):
            for own in (rule, rule.sudo()):
                with self.assertRaises(UserError), self.cr.savepoint():
                    call_kw(own, "write", [own.ids, vals], {})
        with self.assertRaises(UserError), self.cr.savepoint():
            rule.sudo().unlink()
        with self.assertRaises(UserError), self.cr.savepoint():
            rule.sudo().with_context(default_state="effective").create(forged)

    def _attack_sql(self, rule, draft, change):
        [(name, value)] = change.items()
        value = f"'{value}'" if isinstance(value, str) else value
        statements = [
            f"UPDATE {rule._table} SET {name} = {value} WHERE id = {rule.id}",
            f"UPDATE {rule._table} SET date_to = '2024-01-01' WHERE id = {rule.id}",
            f"UPDATE {rule._table} SET state = 'ended' WHERE id = {rule.id}",
            f"UPDATE {rule._table} SET state = 'effective' WHERE id = {draft.id}",
            f"DELETE FROM {rule._table} WHERE id = {rule.id}",
        ]
        if rule._name == "welfare.approval.tier":
            people = "welfare_approval_tier_user_rel"
            statements += [
                f"DELETE FROM {people} WHERE tier_id = {rule.id}",
                f"INSERT INTO {people} VALUES ({rule.id}, {self.administrator.id})",
            ]
            # As if it had come into being before.
            self.env.cr.execute(
                f"UPDATE {rule._table} SET made_in = '3' WHERE id = {rule.id}"  # noqa: S608
            )
        for statement in statements:
            with (
                self.subTest(statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
                self.cr.savepoint(),
            ):
                self.env.cr.execute(statement)

    def test_roles(self):
        """Nobody but an administrator makes one or asks for it; nobody alone."""
        make_approvers(self.env, self.province)
        head = self.env.ref("welfare_facility.welfare_group_approver_head")
        for rule, change in self._each():
            with self.subTest(rule._name):
                for role in ROLES[:-1]:
                    own = rule.with_user(self.user_by_role[role])
                    self._refuse_all(own, change)
                rule.action_submit()
                request = rule.approval_request_id
                self.administrator.group_ids += head
                with self.assertRaises(UserError), self.cr.savepoint():
                    request.action_approve(request.fingerprint)
                self.administrator.group_ids -= head
                rule.action_withdraw_approval()
                rule.unlink()

    def _refuse_all(self, own, change):
        for call in (
            lambda: own.create(self._prepare_rule_vals(own._name)),
            lambda: own.write(change),
            *(own.unlink, own.action_submit, own.action_put_into_force),
            *(own.action_ask_end, own.action_end),
        ):
            with self.assertRaises(AccessError), self.cr.savepoint():
                call()

    def test_nobody_is_locked_out_of_the_tiers(self):
        """The program's own tiers of tiers stay; a place may have its own."""
        Tier = self.env["welfare.approval.tier"].with_user(self.administrator)
        make_approvers(self.env, self.province)
        kinds = self.env.ref("welfare_facility.approval_kind_tier")
        kinds |= self.env.ref("welfare_facility.approval_kind_tier_end")
        shipped = Tier.search([("kind_id", "in", kinds.ids)])
        self.assertEqual(shipped.kind_id, kinds)
        for tier in shipped:
            with self.assertRaises(UserError), self.cr.savepoint():
                tier._ask_approval(date_to="2024-01-01")
        head = self.env.ref("welfare_facility.welfare_group_approver_head")
        vals = {
            **self._prepare_rule_vals(Tier._name),
            **{"kind_id": kinds[0].id, "group_id": head.id, "user_ids": False},
        }
        for wrong in (
            {"jurisdiction_id": False},
            {"group_id": False, "user_ids": [Command.set(self.administrator.ids)]},
            {"amount_from": 5},
            {"amount_to": 5},
        ):
            with self.subTest(**wrong):
                with self.assertRaises(UserError), self.cr.savepoint():
                    Tier.create({**vals, **wrong}).action_submit()
        # Once it holds, the tiers of that place are approved by it.
        own = Tier.create({**vals, "name": "局长"})
        approve(own).with_user(self.administrator).action_put_into_force()
        next_one = Tier.create(self._prepare_rule_vals(Tier._name))
        next_one.action_submit()
        steps = next_one.approval_request_id.sudo().step_ids
        self.assertEqual(steps.mapped("name"), ["局长"])

    def test_no_tier_for_rules(self):
        """It is refused in words, not waved through."""
        make_approvers(self.env, self.province)
        tier = self.env.ref("welfare_facility.approval_tier_rule_any_deputy")
        tier.with_user(self.administrator)._ask_approval(date_to="2024-01-01")
        decide(tier)
        tier.with_user(self.administrator).action_end()
        vals = self._prepare_rule_vals("welfare.rule")
        rule = self.env["welfare.rule"].with_user(self.administrator).create(vals)
        with self.assertRaises(UserError):
            rule.action_submit()
