from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import freeze_time
from odoo.tools import format_amount

from ..models.welfare_approval_content_mixin import fingerprint
from .common import approve, decide, make_approvers
from .test_welfare_fund_ledger import FundCase


class ApprovalCase(FundCase):
    """The people of county A: finance, a section head, a deputy, a head, colleagues."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.section, cls.deputy, cls.head, cls.other = (
            cls._create_user(f"approver_{post}", cls.county_a, login=f"test_{name}")
            for post, name in (
                ("section", "section"),
                ("deputy", "deputy"),
                ("head", "head"),
                ("deputy", "deputy_two"),
            )
        )
        cls.Request = cls.env["welfare.approval.request"]
        cls.Tier = cls.env["welfare.approval.tier"]
        cls.Delegation = cls.env["welfare.approval.delegation"]

    def _prepare(self, amount=450_000):
        """Have money, and a draft of the finance officer's that sends it on."""
        account = self._get_account(self._register(1_000_000))
        return self._allot(account, [(self.street_a, amount)])

    def _submit(self, amount=450_000):
        allotment = self._prepare(amount)
        allotment.action_submit()
        return allotment.approval_request_id.sudo()

    def _decide(self, request, *users, decision="approve", comment=""):
        for user in users:
            action = getattr(request.with_user(user), f"action_{decision}")
            action(request.fingerprint, comment)

    def _get_notices(self, request, user):
        """Return what a user is sent about a request, by e-mail or in his inbox."""
        return self.env["mail.notification"].search(
            [
                ("mail_message_id.model", "=", request._name),
                ("mail_message_id.res_id", "=", request.id),
                ("res_partner_id", "=", user.partner_id.id),
            ]
        )

    def _document(self, request):
        """Return the allotment of a request, as the finance officer has it."""
        Allotment = self.env["welfare.allotment"].with_user(self.finance)
        return Allotment.browse(request.res_id)

    def _prepare_tier_vals(self, **vals):
        return {
            "kind_id": self.env.ref("welfare_facility.approval_kind_allotment").id,
            "name": "审批",
            "date_from": "2020-01-01",
            "source": "内部制度",
            "jurisdiction_id": self.county_a.id,
            **vals,
        }

    def _except(self, user, conflict):
        """Authorize an exception, in the ordinary way."""
        today = fields.Date.context_today(self.env.user)
        exception = self.env["welfare.duty.exception"].create(
            self._prepare_duty_exception_vals(
                user_id=user.id,
                conflict_id=self.env.ref(f"welfare_facility.{conflict}").id,
                date_from=today,
                date_to=today + timedelta(days=30),
            )
        )
        approve(exception).action_put_into_effect()
        return exception


class TestApproval(ApprovalCase):
    """What people do, one case after another."""

    def test_450000_in_three_tiers(self):
        request = self._submit(450_000)
        allotment = self._document(request)
        self.assertEqual(request.amount, 450_000)
        self.assertEqual(len(request.step_ids), 3)
        self.assertEqual(request.with_user(self.section).get_inbox()["length"], 1)
        self.assertEqual(request.with_user(self.head).get_inbox()["length"], 0)
        for user in (self.section, self.deputy, self.head):
            with self.assertRaises(UserError):
                allotment.with_user(self.finance).action_post()
            self._decide(request, user)
        self.assertEqual(request.state, "granted")
        self.assertEqual(allotment.approval_state, "granted")
        self.assertEqual(request.requester_id, self.finance)
        allotment.with_user(self.finance).action_post()
        self.assertEqual((allotment.state, request.state), ("posted", "used"))
        self.assertEqual(request.used_uid, self.finance)
        self.assertEqual(
            [step["people"] for step in request._get_steps()],
            [[self.section.name], [self.deputy.name], [self.head.name]],
        )
        for decision in request.decision_ids:
            self.assertEqual(decision.fingerprint, fingerprint(request.content))
            self.assertTrue(decision.decided_at)
        self.assertBooksHold()

    def test_returned_for_change_and_submitted_again(self):
        first = self._submit()
        allotment = self._document(first)
        with self.assertRaises(UserError):
            self._decide(first, self.section, decision="return")
        self._decide(first, self.section, decision="return", comment="改为40万")
        self.assertEqual(first.state, "returned")
        self.assertEqual(first.close_reason, "改为40万")
        allotment.line_ids.amount = 400_000
        allotment.action_submit()
        second = allotment.approval_request_id.sudo()
        self.assertEqual(second.previous_id, first)
        self.assertIn("Holders", second.changes)
        self._decide(second, self.section, self.deputy, self.head)
        allotment.action_post()
        self.assertEqual(first.decision_ids.comment, "改为40万")
        self.assertEqual(
            [step.state for step in first.step_ids],
            ["returned", "skipped", "skipped"],
        )

    def test_rejected(self):
        request = self._submit()
        self._decide(request, self.section)
        self._decide(request, self.deputy, decision="reject", comment="不符合")
        self.assertEqual(request.state, "rejected")
        with self.assertRaises(UserError):
            self._decide(request, self.head)

    def test_withdrawn(self):
        request = self._submit()
        with self.assertRaises(AccessError):
            request.with_user(self.section).action_withdraw()
        # It is found in one plain question, and yet by those alone who may see it.
        document = self._document(request)
        stranger = self._create_user("finance", self.county_b, login="test_stranger")
        self.assertEqual(self.Request._get_open(document), request.sudo(False))
        self.assertFalse(self.Request.with_user(stranger)._get_open(document))
        request.with_user(self.finance).action_withdraw()
        self.assertEqual(request.state, "withdrawn")
        self.assertFalse(request.activity_ids)
        with self.assertRaises(UserError):
            self._decide(request, self.section)
        self._document(request).with_user(self.finance).action_submit()

    def test_an_approver_on_leave(self):
        request = self._submit()
        self._decide(request, self.section)
        today = fields.Date.context_today(self.env.user)
        with self.assertRaises(UserError):
            self._decide(request, self.head)
        delegation = self.Delegation.with_user(self.deputy).create(
            {
                "delegate_id": self.user_by_role["approver"].id,
                "date_from": today,
                "date_to": today,
                "reason": "休假",
            }
        )
        delegate = self.user_by_role["approver"]
        self.assertTrue(request.with_user(delegate).is_mine)
        self._decide(request, delegate)
        decision = request.decision_ids[-1]
        self.assertEqual(decision.on_behalf_id, self.deputy)
        self.assertEqual(decision.delegation_id, delegation)
        self._decide(request, self.head)
        self.assertEqual(request.state, "granted")

    def test_a_delegation_that_has_ended(self):
        request = self._submit()
        today = fields.Date.context_today(self.env.user)
        delegate = self.user_by_role["approver"]
        delegation = self.Delegation.with_user(self.section).create(
            {
                "delegate_id": delegate.id,
                "date_from": today,
                "date_to": today + timedelta(days=3),
                "reason": "休假",
            }
        )
        with self.assertRaises(AccessError):
            delegation.with_user(delegate).action_end()
        delegation.action_end()
        with self.assertRaises(UserError):
            self._decide(request, delegate)

    def test_a_delegate_is_told(self):
        """When it begins, and of each document; not of what he may not decide."""
        delegate = self._create_user("approver", self.county_a, login="test_told")
        before = self._submit()
        today = fields.Date.context_today(self.env.user)
        delegation = self.Delegation.with_user(self.section).create(
            {
                "delegate_id": delegate.id,
                "date_from": today,
                "date_to": today + timedelta(days=3),
                "reason": "出差",
            }
        )
        self.assertTrue(delegation.told_at)
        activity = delegation.sudo().activity_ids
        self.assertEqual(activity.user_id, delegate)
        self.assertIn(self.section.name, activity.summary)
        self.assertIn("出差", activity.summary)
        self.assertIn("1", activity.note)
        [notice] = self._get_notices(delegation, delegate)
        self.assertEqual(notice.notification_type, "email")
        self.assertFalse(self._get_notices(before, delegate))
        # Once.
        self.Delegation._cron_tell()
        self.assertEqual(len(self._get_notices(delegation, delegate)), 1)
        request = self._submit()
        self.assertIn(delegate, request.activity_ids.user_id)
        [notice] = self._get_notices(request, delegate)
        message = notice.mail_message_id
        self.assertIn(self.section.name, message.body)
        # What and how much, and as no note among colleagues.
        self.assertIn(request.name, message.subject)
        amount = format_amount(self.env, request.amount, request.currency_id)
        self.assertIn(amount, message.subject)
        self.assertFalse(message.subtype_id.internal)
        self._decide(request, delegate)
        self.assertNotIn(delegate, request.activity_ids.user_id)
        self.assertFalse(self._get_notices(request, self.finance))
        delegation.action_end()
        self.assertFalse(delegation.sudo().activity_ids)
        self.assertFalse(self._get_notices(self._submit(), delegate))

    def test_a_delegate_is_told_on_the_first_day(self):
        delegate = self._create_user("approver", self.county_a, login="test_later")
        today = fields.Date.context_today(self.env.user)
        delegation = self.Delegation.with_user(self.section).create(
            {
                "delegate_id": delegate.id,
                "date_from": today + timedelta(days=2),
                "date_to": today + timedelta(days=3),
                "reason": "休假",
            }
        )
        self.Delegation._cron_tell()
        self.assertFalse(self._get_notices(delegation, delegate))
        self.assertFalse(self._get_notices(self._submit(), delegate))
        with freeze_time(today + timedelta(days=2)):
            self.Delegation._cron_tell()
            self.assertTrue(self._get_notices(delegation, delegate))
            self.assertTrue(delegation.sudo().activity_ids)
        with freeze_time(today + timedelta(days=4)):
            self.Delegation._cron_tell()
            self.assertFalse(delegation.sudo().activity_ids)

    def test_a_delegate_is_not_told_of_his_own(self):
        """The finance officer, who also approves, does not decide about his request."""
        self.finance.group_ids += self.env.ref(
            "welfare_facility.welfare_group_approver"
        )
        today = fields.Date.context_today(self.env.user)
        self.Delegation.with_user(self.section).create(
            {
                "delegate_id": self.finance.id,
                "date_from": today,
                "date_to": today,
                "reason": "出差",
            }
        )
        self.assertFalse(self._get_notices(self._submit(), self.finance))

    def test_urgent_escalation(self):
        """An overdue step may be taken by the next level; nothing is approved by it."""
        request = self._submit()
        step = request.current_step_id
        self.assertFalse(request.with_user(self.deputy).is_mine)
        self.Request._cron_escalate()
        self.assertFalse(step.is_escalated)
        step._rewrite({"deadline": "2020-01-01"})
        self.Request._cron_escalate()
        self.assertTrue(step.is_escalated)
        self.assertEqual(request.state, "pending")
        self.assertEqual(step.state, "current")
        self.assertIn(self.deputy, request.activity_ids.user_id)
        self.env.invalidate_all()
        self.assertTrue(request.with_user(self.deputy).is_mine)
        self._decide(request, self.deputy)
        # Whoever took the overdue step does not take the own one as well.
        with self.assertRaises(UserError):
            self._decide(request, self.deputy)
        self._decide(request, self.other, self.head)
        self.assertEqual(request.state, "granted")

    def test_each_is_told_as_he_wants(self):
        """By e-mail or in the inbox; at submission, after a step, when overdue."""
        self.deputy.notification_type = "inbox"
        request = self._submit()
        [notice] = self._get_notices(request, self.section)
        self.assertEqual(notice.notification_type, "email")
        mail = notice.mail_mail_id
        self.assertEqual(mail.state, "outgoing")
        self.assertIn(self.section.partner_id, mail.recipient_ids)
        self.assertIn(request.name, mail.subject)
        self.assertFalse(self._get_notices(request, self.deputy))
        self._decide(request, self.section)
        [notice] = self._get_notices(request, self.deputy)
        self.assertEqual(notice.notification_type, "inbox")
        self.assertFalse(self._get_notices(request, self.head))
        request.current_step_id._rewrite({"deadline": "2020-01-01"})
        self.Request._cron_escalate()
        [notice] = self._get_notices(request, self.head)
        self.assertEqual(notice.mail_mail_id.state, "outgoing")
        self.assertEqual(len(self._get_notices(request, self.section)), 1)
        self.assertTrue(self._get_notices(request, self.finance))

    def test_a_two_person_office(self):
        """One person may stand for all posts when others have authorized it."""
        posts = ("section", "deputy", "head")
        groups = [
            self.env.ref(f"welfare_facility.welfare_group_approver_{post}")
            for post in posts
        ]
        single = self.head
        single.group_ids = [Command.link(group.id) for group in groups]
        request = self._submit()
        self._decide(request, single)
        with self.assertRaises(UserError):
            self._decide(request, single)
        exception = self._except(single, "duty_conflict_approve_approve")
        self._decide(request, single, single)
        self.assertEqual(request.state, "granted")
        self.assertEqual(request.decision_ids[-1].exception_ids, exception)
        conflicts = self.env["welfare.duty.conflict"]._find_chain_conflicts(
            self._document(request)
        )
        self.assertIn(exception, [found["exception"] for found in conflicts])

    def test_nobody_approves_the_own_exception(self):
        exception = self.env["welfare.duty.exception"].create(
            self._prepare_duty_exception_vals(user_id=self.head.id)
        )
        approve(
            self.env["welfare.duty.exception"].create(
                self._prepare_duty_exception_vals()
            )
        )
        exception.with_user(
            self.env["res.users"].search(
                [("login", "=", "test_person_welfare_group_administrator")]
            )
        ).action_submit()
        request = exception.approval_request_id.sudo()
        with self.assertRaises(UserError):
            self._decide(request, self.head)

    def test_a_rule_edited_while_requests_run(self):
        request = self._submit()
        tiers = self.Tier.search([("kind_id.code", "=", "allotment")])
        self._decide(request, self.section)
        yesterday = fields.Date.context_today(self.env.user) - timedelta(days=1)
        for tier in tiers:
            with self.assertRaises(UserError):
                tier.with_user(self.administrator).write({"amount_to": 1})
            make_approvers(self.env, self.province)
            tier.with_user(self.administrator)._ask_approval(date_to=yesterday)
            decide(tier)
            tier.with_user(self.administrator).action_end()
        self.assertEqual(len(request.step_ids), 3)
        self._decide(request, self.deputy, self.head)
        self.assertEqual(request.state, "granted")
        # Without a tier nothing is waved through.
        with self.assertRaises(UserError):
            self._submit()

    def test_all_of_them(self):
        self.Tier.create(
            self._prepare_tier_vals(
                mode="all", user_ids=[Command.set((self.deputy | self.other).ids)]
            )
        )
        request = self._submit()
        self.assertEqual(request.step_ids.needed, 2)
        self._decide(request, self.deputy)
        self.assertEqual(request.state, "pending")
        with self.assertRaises(UserError):
            self._decide(request, self.deputy)
        self._decide(request, self.other)
        self.assertEqual(request.state, "granted")

    def test_one_of_them(self):
        request = self._submit()
        self._decide(request, self.section, self.other)
        with self.assertRaises(UserError):
            self._decide(request, self.deputy)

    def test_the_nearest_tiers_count(self):
        self.Tier.create(self._prepare_tier_vals(user_ids=[self.head.id]))
        source = self.env.ref("welfare_facility.fund_source_county")
        self.assertEqual(self._submit().step_ids.approver_ids, self.head)
        self.Tier.create(
            self._prepare_tier_vals(user_ids=[self.other.id], source_id=source.id)
        )
        self.assertEqual(self._submit().step_ids.approver_ids, self.other)

    def test_tiers_of_other_places_days_and_levels(self):
        """They do not count, and leave the others their place."""
        today = fields.Date.context_today(self.env.user)
        self.Tier.create(
            [
                self._prepare_tier_vals(user_ids=[self.head.id], **vals)
                for vals in (
                    {"region_level": "township"},
                    {"jurisdiction_id": self.county_b.id},
                    {"date_to": today - timedelta(days=1)},
                    {"date_from": today + timedelta(days=1)},
                )
            ]
        )
        self.assertEqual(len(self._submit().step_ids), 3)

    def test_a_band_ends_below_its_limit(self):
        self.assertEqual(len(self._submit(99_999.99).step_ids), 1)
        self.assertEqual(len(self._submit(100_000).step_ids), 3)

    def test_minutes_are_required(self):
        account = self._get_account(self._register(2_000_000))
        allotment = self._allot(account, [(self.street_a, 1_000_000)])
        with self.assertRaises(UserError):
            allotment.action_submit()
        self._attach(allotment, "党组会会议纪要.pdf")
        allotment.action_submit()

    def _attach(self, document, name="附件.pdf", content=b"1"):
        return self.env["ir.attachment"].create(
            {
                "name": name,
                "raw": content,
                "res_model": document._name,
                "res_id": document.id,
            }
        )

    def test_a_norm_that_is_not_in_force(self):
        """Nothing is submitted by a norm of which nobody has approved."""
        allotment = self._prepare()
        norm = self.env["welfare.fund.norm"].with_user(self.administrator)
        allotment.norm_id = norm.create(
            {
                "source_id": allotment.source_id.id,
                "facility_type_id": self.home_type.id,
                "amount": 50_000,
                "date_from": "2017-01-01",
                "source": "市级文件",
            }
        )
        with self.assertRaises(UserError), self.cr.savepoint():
            allotment.action_submit()
        approve(allotment.norm_id).with_user(self.administrator).action_put_into_force()
        allotment.action_submit()

    def test_nobody_there(self):
        """A step that nobody could take is refused at once, not left hanging."""
        self.Tier.create(self._prepare_tier_vals(user_ids=[self.finance.id]))
        with self.assertRaises(UserError):
            self._submit()

    def test_a_year_is_closed_and_opened_again(self):
        year = self.env["welfare.fiscal.year"].create({"year": 2031})
        with self.assertRaises(UserError):
            year.with_user(self.administrator).action_close()
        approve(year).with_user(self.administrator).action_close()
        with self.assertRaises(UserError):
            year.with_user(self.administrator).action_reopen()
        with self.assertRaises(UserError):  # why?
            year.with_user(self.administrator).action_submit()
        approve(year, reopening_reason="更正")
        year.with_user(self.administrator).action_reopen()
        self.assertEqual(year.reopening_reason, "更正")
        self.assertEqual(year.state, "open")

    def test_a_reversal(self):
        """The reason and the day are approved, and nothing else is carried out."""
        first = self._submit(50_000)
        allotment = self._document(first)
        self._decide(first, self.section)
        allotment.action_post()
        prints = set()
        for reason in ("重复下达", "下达错误"):
            allotment._ask_reversal(reason)
            request = allotment.approval_request_id.sudo()
            self.assertEqual(request.kind_id.code, "allotment_reverse")
            self.assertIn(reason, request.summary)
            self.assertIn(reason, request.content)
            prints.add(request.fingerprint)
            with self.assertRaises(UserError):
                allotment.action_reverse()
            if reason == "重复下达":
                allotment.action_withdraw_approval()
        self.assertEqual(len(prints), 2)
        # The approval of the posting does not serve for it.
        self.assertEqual(first.state, "used")
        self.assertFalse(allotment.reversal_reason)
        self._decide(request, self.section)
        allotment.action_reverse()
        self.assertEqual(allotment.state, "reversed")
        self.assertEqual(allotment.reversal_reason, "下达错误")
        self.assertEqual(request.state, "used")
        self.assertBooksHold()

    def test_in_bulk_as_shown(self):
        requests = self._submit() | self._submit()
        shown = [(request.id, request.fingerprint) for request in requests]
        wrong = [shown[0], (shown[1][0], "0" * 64)]
        Request = self.Request.with_user(self.section)
        with self.assertRaises(UserError), self.cr.savepoint():
            Request.action_approve_shown(wrong)
        self.env.invalidate_all()
        self.assertFalse(requests.decision_ids)
        Request.action_approve_shown(shown)
        self.assertEqual(len(requests.decision_ids), 2)

    def test_counts_of_queries(self):
        """The bench says how long; this says how often the database is asked.

        Measured: 69 and 79, however many approvers there are; a tenth more is let.
        """
        for number in range(5):
            self._create_user(
                "approver_section", self.county_a, login=f"test_colleague_{number}"
            )
        warm = self._submit()
        self._decide(warm, self.section, self.deputy)
        allotment = self._prepare()
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(76):
            allotment.action_submit()
            self.env.flush_all()
        request = allotment.approval_request_id.sudo()
        self.env.invalidate_all()
        with self.assertQueryCount(87):
            self._decide(request, self.section)
            self.env.flush_all()

    def test_every_stored_field_is_in_or_out(self):
        """A field that is neither would be approved by nobody."""
        always_out = {*("id", "create_uid", "create_date", "write_uid", "write_date")}
        always_out |= {"state", "currency_id", "active"}
        for name, model in self.registry.items():
            if not getattr(model, "_approval_fields", ()) or model._abstract:
                continue
            Model = self.env[name]
            inside = {path.partition(".")[0] for path in Model._approval_fields}
            outside = set(Model._approval_excluded)
            given = set().union(*getattr(Model, "_approval_given", {}).values())
            parent = {Model._approval_document} - {None}
            derived = set(getattr(Model, "_derived_fields", ()))
            stored = {
                field.name
                for field in Model._fields.values()
                if (field.store and field.column_type) or field.type == "many2many"
                if field.store
            }
            lines = {
                field.name
                for field in Model._fields.values()
                if field.type == "one2many" and field.name in inside
            }
            with self.subTest(name):
                known = inside | outside | given | parent | derived | always_out
                mail = {n for n in stored if Model._fields[n].model_name != name}
                self.assertFalse(
                    {n for n in stored - known - mail if not n.startswith("message_")},
                    "Say whether these count in _approval_fields or _approval_excluded",
                )
                self.assertFalse(inside & outside)
                for path in Model._approval_fields:
                    self.assertIn(path.partition(".")[0], Model._fields)
                for line in lines:
                    comodel = self.env[Model._fields[line].comodel_name]
                    self.assertTrue(comodel._approval_fields)
                    self.assertEqual(
                        comodel._approval_document, Model._fields[line].inverse_name
                    )
                for reason in Model._approval_excluded.values():
                    self.assertTrue(reason)


class TestDuties(ApprovalCase):
    """Who may not do both."""

    def test_after_a_change_of_role(self):
        """Whoever prepared the grant does not approve what is allotted of it."""
        account = self._get_account(self._register(1_000_000))
        maker = self._create_user("finance", self.county_a, login="test_maker")
        grant = (
            self.env["welfare.appropriation"]
            .with_user(maker)
            .create(self._prepare_appropriation_vals(amount_initial=500_000))
        )
        approve(grant).with_user(self.finance).action_register()
        maker.group_ids = [
            Command.unlink(self.env.ref("welfare_facility.welfare_group_finance").id),
            Command.link(
                self.env.ref("welfare_facility.welfare_group_approver_section").id
            ),
        ]
        allotment = self._allot(
            self._get_account(grant.sudo()), [(self.street_a, 50_000)]
        )
        allotment.action_submit()
        with self.assertRaises(UserError):
            self._decide(allotment.approval_request_id.sudo(), maker)
        # With an exception he may, and it shows.
        exception = self._except(maker, "duty_conflict_prepare_approve")
        request = allotment.approval_request_id.sudo()
        self._decide(request, maker)
        self.assertEqual(request.decision_ids.exception_ids, exception)
        other = self._allot(account, [(self.street_a, 50_000)])
        other.action_submit()
        self._decide(other.approval_request_id.sudo(), maker)

    def test_an_approver_does_not_prepare_what_follows(self):
        appropriation = self._create_appropriation(amount_initial=500_000)
        appropriation.with_user(self.finance).action_submit()
        request = appropriation.approval_request_id.sudo()
        self._decide(request, self.section, self.deputy, self.head)
        appropriation.with_user(self.finance).action_register()
        self.section.group_ids += self.env.ref("welfare_facility.welfare_group_finance")
        account = self._get_account(appropriation)
        allotment = self._allot(account, [(self.street_a, 50_000)])
        with self.assertRaises(UserError):
            allotment.with_user(self.section).action_submit()

    def test_an_approver_does_not_carry_out(self):
        request = self._submit()
        self._decide(request, self.section, self.deputy, self.head)
        self.head.group_ids += self.env.ref("welfare_facility.welfare_group_finance")
        with self.assertRaises(UserError):
            self._document(request).with_user(self.head).action_post()

    def test_an_administrator_does_not_approve(self):
        request = self._submit()
        role = self.env.ref("welfare_facility.welfare_group_administrator")
        self.section.group_ids += role
        with self.assertRaises(UserError):
            self._decide(request, self.section)
        found = (
            self.env["welfare.duty.conflict"]
            .with_user(self.auditor)
            ._find_role_conflicts()
        )
        self.assertIn(
            (self.section, True),
            [(conflict["user"], conflict["is_blocking"]) for conflict in found],
        )

    def test_an_exception_that_has_ended(self):
        exception = self._except(self.section, "duty_conflict_administer_approve")
        role = self.env.ref("welfare_facility.welfare_group_administrator")
        self.section.group_ids += role
        first, second = self._submit(), self._submit()
        self._decide(first, self.section)
        exception.action_end()
        with self.assertRaises(UserError):
            self._decide(second, self.section)
