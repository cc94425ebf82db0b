import json
import uuid
from datetime import timedelta

from psycopg2 import IntegrityError

from odoo import SUPERUSER_ID, fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import HttpCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import ROLES, make_approvers
from .test_welfare_approval import ApprovalCase
from .test_welfare_fund_concurrency import FundConcurrencyCase

#: What a caller may put into the context, hoping that something looks at it.
HOSTILE = {
    "skip_validation_check": True,
    "tier_validation": False,
    "force_approve": True,
    "install_mode": True,
    "module": "base",
    "default_state": "granted",
    "default_fingerprint": "0" * 64,
    "tracking_disable": True,
    "mail_notrack": True,
    "import_file": True,
    "active_test": False,
}


class AttackCase(ApprovalCase):
    def setUp(self):
        super().setUp()
        self.request = self._submit()
        self.allotment = self._document(self.request)
        self.step = self.request.current_step_id
        self._decide(self.request, self.section)
        self.decision = self.request.decision_ids
        self.users = [
            *self.user_by_role.values(),
            *(self.section, self.deputy, self.head),
            self.env.ref("base.user_admin"),
        ]

    def _photograph(self):
        self.env.flush_all()
        tables = ("request", "step", "decision", "delegation", "tier")
        rows = []
        for table in tables:
            self.env.cr.execute(
                "SELECT md5(string_agg(t::text, ';' ORDER BY id)) "
                f"FROM welfare_approval_{table} t"  # noqa: S608
            )
            rows.append(self.env.cr.fetchone())
        return [*rows, self.allotment.state]

    def refuse(self, function, error=UserError):
        """Make sure that something is refused in words, and changes nothing."""
        before = self._photograph()
        with self.assertRaises(error), self.cr.savepoint():
            function()
            self.env.flush_all()
        self.env.invalidate_all()
        self.assertEqual(self._photograph(), before)

    def refuse_sql(self, statement, *values):
        """Make sure that the database refuses a statement by itself."""
        before = self._photograph()
        with (
            self.subTest(statement),
            mute_logger("odoo.sql_db"),
            self.assertRaises(IntegrityError),
            self.cr.savepoint(),
        ):
            self.env.cr.execute(statement, values)
        self.assertEqual(self._photograph(), before)


class TestApprovalAttacks(AttackCase):
    """What a logged-in user can send, whatever the screens show."""

    def test_forging_by_everyone(self):
        """Nobody writes, makes or deletes what happened, by whatever call."""
        attacks = (
            (self.request, {"state": "granted"}),
            (self.request, {"fingerprint": "0" * 64}),
            (self.request, {"requester_id": self.head.id}),
            (self.request, {"step_ids": [Command.clear()]}),
            (self.request, {"step_ids": [Command.update(self.step.id, {"needed": 0})]}),
            (self.request, {"decision_ids": [Command.create({})]}),
            (self.step, {"state": "approved"}),
            (self.step, {"needed": 0}),
            (self.step, {"approver_ids": [Command.link(self.finance.id)]}),
            (self.decision, {"decision": "approve"}),
            (self.decision, {"user_id": self.deputy.id}),
            (self.allotment, {"state": "posted"}),
            (self.allotment, {"approval_state": "granted", "state": "posted"}),
        )
        vals = {
            "request_id": self.request.id,
            "step_id": self.request.current_step_id.id,
            "user_id": self.deputy.id,
            "decision": "approve",
            "fingerprint": self.request.fingerprint,
        }
        for user in self.users:
            for context in ({}, HOSTILE):
                for record, change in attacks:
                    own = record.with_user(user).with_context(**context)
                    with self.subTest(user=user.login, record=own._name, **change):
                        self.refuse(
                            lambda r=own, v=change: call_kw(r, "write", [r.ids, v], {})
                        )
                        self.refuse(lambda r=own, v=change: r.sudo().write(v))
            Decision = self.decision.with_user(user).with_context(**HOSTILE)
            with self.subTest(user=user.login):
                self.refuse(lambda d=Decision: call_kw(d, "create", [[vals]], {}))
                self.refuse(lambda d=Decision: d.sudo().create(vals))
                for record in (self.request, self.step, self.decision):
                    own = record.with_user(user)
                    self.refuse(lambda r=own: call_kw(r, "unlink", [r.ids], {}))
                    self.refuse(lambda r=own: r.sudo().unlink())

    def test_private_methods(self):
        for record, name in (
            *((self.request, name) for name in ("_insert", "_rewrite", "_set_state")),
            *((self.request, name) for name in ("_decide", "_decide_one", "_end")),
            *((self.request, name) for name in ("_start_next", "_cron_escalate")),
            (self.decision, "_insert"),
            (self.step, "_start"),
            (self.allotment, "_set_state"),
        ):
            own = record.with_user(self.head)
            with self.subTest(name):
                self.refuse(
                    lambda r=own, n=name: call_kw(r, n, [r.ids], {}), AccessError
                )

    def test_creating_in_a_later_state(self):
        vals = {
            "number": "造",
            "account_id": self.allotment.account_id.id,
            "line_ids": [Command.create({"region_id": self.street_a.id, "amount": 1})],
        }
        Allotment = self.allotment.with_user(self.finance)
        self.refuse(lambda: Allotment.create({**vals, "state": "posted"}))
        posted = Allotment.with_context(
            **{**HOSTILE, "default_state": "posted"}
        ).create(vals)
        self.assertEqual(posted.state, "draft")
        self.refuse(posted.action_post)

    def test_posting_without_approval(self):
        for user in (self.finance, self.env.ref("base.user_admin")):
            own = self.allotment.with_user(user).with_context(**HOSTILE)
            self.refuse(lambda r=own: call_kw(r, "action_post", [r.ids], {}))
        self.refuse(lambda: self.allotment.sudo()._set_state("posted"))

    def test_editing_in_approval_and_after_it(self):
        """Every field that counts voids the request, in both states; and says so."""
        edits = (
            lambda a: a.write({"number": "改"}),
            lambda a: a.write({"date": "2019-07-01"}),
            lambda a: a.line_ids.write({"amount": 450_000.01}),
            lambda a: a.write({"line_ids": [Command.clear()]}),
            lambda a: a.write(
                {
                    "line_ids": [
                        Command.create({"region_id": self.street_a.id, "amount": 1})
                    ]
                }
            ),
            lambda a: a.line_ids.with_context(**HOSTILE).write({"note": "给别人"}),
            lambda a: self._attach(a),
        )
        for granted in (False, True):
            for edit in edits:
                request = self._submit()
                allotment = self._document(request).with_user(self.finance)
                if granted:
                    self._decide(request, self.section, self.deputy, self.head)
                edit(allotment)
                self.assertEqual(request.state, "voided")
                self.assertIn(self.finance.name, request.close_reason)
                self.assertTrue(request.closed_at)
                with self.assertRaises(UserError):
                    allotment.action_post()
                with self.assertRaises(UserError):
                    self._decide(request, self.deputy)

    def _attach(self, document, content=b"1"):
        return document.env["ir.attachment"].create(
            {
                "name": "附件.pdf",
                "raw": content,
                "res_model": document._name,
                "res_id": document.id,
            }
        )

    def test_writing_the_same_again_voids_nothing(self):
        self.allotment.with_user(self.finance).write({"number": self.allotment.number})
        self.allotment.line_ids.with_user(self.finance).amount = 450_000
        self.assertEqual(self.request.state, "pending")

    def test_swapping_attachments(self):
        for swap in (
            lambda file: file.write({"raw": b"2"}),
            lambda file: file.write({"name": "另一份.pdf"}),
            lambda file: file.unlink(),
            lambda file: file.write({"res_id": 0}),
        ):
            allotment = self._prepare()
            file = self._attach(allotment)
            allotment.action_submit()
            request = allotment.approval_request_id.sudo()
            self._decide(request, self.section, self.deputy, self.head)
            swap(file)
            self.assertEqual(request.state, "voided")

    def test_past_the_program(self):
        """What SQL changes is refused by the fingerprint, and voided by the job."""
        self._decide(self.request, self.deputy, self.head)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE welfare_allotment_line SET amount = 1 WHERE allotment_id = %s",
            [self.allotment.id],
        )
        self.env.invalidate_all()
        self.refuse(self.allotment.with_user(self.finance).action_post)
        self.Request._cron_escalate()
        self.assertEqual(self.request.state, "voided")

    def test_replay(self):
        self.refuse(lambda: self._decide(self.request, self.section))
        old = self.request.fingerprint
        self.allotment.line_ids.amount = 440_000
        self.allotment.action_submit()
        again = self.allotment.approval_request_id
        self.refuse(lambda: again.with_user(self.section).action_approve(old))
        self.refuse(lambda: self._decide(self.request, self.deputy))
        self._decide(again, self.section, self.deputy, self.head)
        self.allotment.action_post()
        self.assertEqual(again.state, "used")
        # A granted request serves once.
        self.refuse_sql(
            "UPDATE welfare_approval_request SET state = 'granted' WHERE id = %s",
            again.id,
        )

    def test_wrong_people(self):
        for user in (*self.user_by_role.values(), self.section, self.head):
            with self.subTest(user.login):
                self.refuse(lambda u=user: self._decide(self.request, u))
        self.refuse(
            lambda: self.request.with_user(SUPERUSER_ID).action_approve(
                self.request.fingerprint
            ),
            AccessError,
        )
        foreign = self._create_user("approver_deputy", self.county_b, login="test_far")
        self.refuse(lambda: self._decide(self.request, foreign), AccessError)

    def test_the_own_request(self):
        """Also not by whoever has all roles."""
        self.finance.group_ids += self.env.ref(
            "welfare_facility.welfare_group_approver_deputy"
        )
        self.refuse(lambda: self._decide(self.request, self.finance))

    def test_what_one_has_changed(self):
        """Whoever wrote a part of it does not approve it, though another submitted."""
        allotment = self._prepare(50_000)
        self.section.group_ids += self.env.ref("welfare_facility.welfare_group_finance")
        allotment.line_ids.with_user(self.section).amount = 60_000
        self._create_user("approver_section", self.county_a, login="test_more")
        allotment.action_submit()
        self.refuse(
            lambda: self._decide(allotment.approval_request_id.sudo(), self.section)
        )

    def test_after_losing_the_role(self):
        group = self.env.ref("welfare_facility.welfare_group_approver_deputy")
        self.deputy.group_ids -= group
        self.refuse(lambda: self._decide(self.request, self.deputy))
        self.deputy.group_ids += group
        self.deputy.welfare_region_ids = self.county_b
        self.refuse(lambda: self._decide(self.request, self.deputy), AccessError)
        self.deputy.welfare_region_ids = self.county_a
        self._decide(self.request, self.deputy)

    def test_editing_tiers(self):
        tiers = self.Tier.search([("kind_id.code", "=", "allotment")])
        for role in ROLES[:-1]:
            own = tiers.with_user(self.user_by_role[role])
            self.refuse(lambda t=own: t.write({"amount_to": 1}))
            self.refuse(lambda t=own[:1]: t.action_ask_end(), AccessError)
        before = self.request._get_steps()
        own = tiers.with_user(self.administrator).with_context(**HOSTILE)
        for vals in (
            *({"name": "改"}, {"mode": "all"}, {"amount_to": 1}, {"active": False}),
            *({"user_ids": [Command.link(self.other.id)]}, {"date_to": "2020-01-01"}),
            *({"group_id": False}, {"state": "draft"}, {"state": "ended"}),
        ):
            with self.subTest(**vals):
                self.refuse(lambda v=vals: own.write(v))
                self.refuse(lambda v=vals: own.sudo().write(v))
        self.refuse(own.unlink)
        self.refuse(lambda: own[:1].copy({"state": "effective"}))
        self.assertEqual(self.request._get_steps(), before)

    def _delegate(self, user, delegate, **vals):
        today = fields.Date.context_today(self.env.user)
        return self.Delegation.with_user(user).create(
            {
                "delegate_id": delegate.id,
                "date_from": today,
                "date_to": today + timedelta(days=5),
                "reason": "出差",
                **vals,
            }
        )

    def test_delegations(self):
        with mute_logger("odoo.sql_db"):
            self.refuse(
                lambda: self._delegate(self.deputy, self.deputy), IntegrityError
            )
        self.refuse(lambda: self._delegate(self.deputy, self.finance))
        self.refuse(lambda: self._delegate(self.finance, self.deputy), AccessError)
        # Nobody gives away what is another's.
        given = self._delegate(self.section, self.other, user_id=self.deputy.id)
        self.assertEqual(given.user_id, self.section)
        self.refuse(lambda: given.sudo().write({"date_to": "2099-01-01"}))
        self.refuse(lambda: given.sudo().unlink())
        self._delegate(self.deputy, self.head)
        self.refuse(lambda: self._delegate(self.head, self.deputy), ValidationError)
        self._delegate(self.head, self.section)
        self.refuse(lambda: self._delegate(self.other, self.deputy), ValidationError)

    def test_through_a_delegate(self):
        """A delegate decides what the other one may, and not the own request."""
        approver = self.env.ref("welfare_facility.welfare_group_approver_deputy")
        self.finance.group_ids += approver
        delegate = self.user_by_role["approver"]
        self._delegate(self.finance, delegate)
        self.refuse(lambda: self._decide(self.request, delegate))
        self._delegate(self.deputy, self.finance)
        self.refuse(lambda: self._decide(self.request, self.finance))
        # Whoever decided the step before does not decide this one for another.
        self._delegate(self.deputy, self.section)
        self.refuse(lambda: self._decide(self.request, self.section))
        # It is not passed on, and ends with the role of who has delegated.
        self._delegate(self.other, delegate)
        self.other.group_ids -= approver
        self.refuse(lambda: self._decide(self.request, delegate))

    def test_a_delegate_who_has_lost_the_role(self):
        delegate = self._create_user("approver", self.county_a, login="test_former")
        self._delegate(self.deputy, delegate)
        delegate.group_ids -= self.env.ref("welfare_facility.welfare_group_approver")
        delegate.group_ids += self.env.ref("welfare_facility.welfare_group_finance")
        self.refuse(lambda: self._decide(self.request, delegate))

    def test_archived_tiers_and_people_stay_away(self):
        """Also when the caller's context asks for what is archived."""
        delegate = self.user_by_role["approver"]
        self._delegate(self.deputy, delegate)
        self.deputy.active = False
        own = self.request.with_user(delegate).with_context(**HOSTILE)
        self.refuse(lambda: own.action_approve(own.fingerprint))
        self.Tier.create(
            self._prepare_tier_vals(active=False, user_ids=[self.other.id])
        )
        allotment = self._prepare()
        allotment.with_context(**HOSTILE).action_submit()
        self.assertEqual(len(allotment.approval_request_id.sudo().step_ids), 3)

    def test_what_mail_offers(self):
        """Nobody writes into a request, copies it, or takes its reminders away."""
        reminders = self.request.activity_ids
        self.assertIn(self.deputy, reminders.user_id)
        messages = self.request.message_ids
        for user in self.users:
            own = self.request.with_user(user)
            for method, arguments in (
                ("copy", {}),
                ("message_post", {"body": "已批准"}),
                ("activity_schedule", {"user_id": self.deputy.id}),
                ("write", {"vals": {"activity_ids": [Command.clear()]}}),
                ("write", {"vals": {"message_follower_ids": [Command.clear()]}}),
            ):
                with self.subTest(user=user.login, method=method):
                    self.refuse(
                        lambda r=own, m=method, a=arguments: call_kw(r, m, [r.ids], a)
                    )
        for user in (self.finance, self.user_by_role["administrator"]):
            own = reminders.with_user(user)
            self.refuse(lambda r=own: call_kw(r, "unlink", [r.ids], {}), AccessError)
        self.assertEqual(self.request.activity_ids, reminders)
        self.assertEqual(self.request.message_ids, messages)
        self.assertFalse(self.request.message_follower_ids)

    def test_nobody_silences_the_messages(self):
        """A caller's context keeps no approver from being told."""
        allotment = self._prepare()
        allotment.with_context(
            mail_activity_quick_update=True,
            mail_activity_automation_skip=True,
            **HOSTILE,
        ).action_submit()
        request = allotment.approval_request_id.sudo()
        self.assertIn(self.section, request.activity_ids.user_id)
        self.assertTrue(self._get_notices(request, self.section))

    def test_a_file_elsewhere(self):
        """A link that stands for a file counts by its address."""
        allotment = self._prepare()
        file = self.env["ir.attachment"].create(
            {
                **{"name": "纪要", "type": "url", "url": "https://example.com/1"},
                **{"res_model": allotment._name, "res_id": allotment.id},
            }
        )
        allotment.action_submit()
        request = allotment.approval_request_id.sudo()
        file.url = "https://example.com/2"
        self.assertEqual(request.state, "voided")

    def test_without_odoo(self):
        """The database itself keeps what happened, against every statement."""
        request, step, decision = self.request, self.step, self.decision
        current = request.current_step_id
        for table in ("request", "step", "decision"):
            self.refuse_sql(f"DELETE FROM welfare_approval_{table}")  # noqa: S608
            self.refuse_sql(f"TRUNCATE welfare_approval_{table} CASCADE")
        for column, value in (
            *(("fingerprint", "0" * 64), ("content", "{}"), ("amount", 1)),
            *(("requester_id", 1), ("state", "granted"), ("state", "used")),
            ("res_id", 0),
        ):
            self.refuse_sql(
                f"UPDATE welfare_approval_request SET {column} = %s WHERE id = %s",  # noqa: S608
                value,
                request.id,
            )
        for column, value in (
            *(("needed", 0), ("state", "approved"), ("mode", "all")),
            ("group_id", self.finance.group_ids[:1].id),
        ):
            self.refuse_sql(
                f"UPDATE welfare_approval_step SET {column} = %s WHERE id = %s",  # noqa: S608
                value,
                current.id,
            )
        self.refuse_sql(
            "UPDATE welfare_approval_step SET state = 'waiting' WHERE id = %s", step.id
        )
        self.refuse_sql("UPDATE welfare_approval_decision SET comment = 'x'")
        self.refuse_sql("DELETE FROM welfare_approval_request_maker_rel")
        insert = (
            "INSERT INTO welfare_approval_decision "
            "(request_id, step_id, user_id, decision, fingerprint) "
            "VALUES (%s, %s, %s, 'approve', %s)"
        )
        for step_id, user, seen in (
            (current.id, self.finance, request.fingerprint),
            (current.id, self.deputy, "0" * 64),
            (decision.step_id.id, self.deputy, request.fingerprint),
            (request.step_ids[-1].id, self.head, request.fingerprint),
        ):
            self.refuse_sql(insert, request.id, step_id, user.id, seen)
        self.refuse_sql(
            "UPDATE welfare_allotment SET state = 'posted' WHERE id = %s",
            self.allotment.id,
        )

    def test_reversing_and_closing(self):
        """What moves or blocks money afterwards is asked for as well."""
        self._decide(self.request, self.deputy, self.head)
        self.allotment.action_post()
        appropriation = self.allotment.account_id.appropriation_id
        for record, actions, table, state in (
            (self.allotment, ("action_reverse",), "welfare_allotment", "reversed"),
            (
                appropriation.with_user(self.finance),
                ("action_close", "action_reopen"),
                "welfare_appropriation",
                "closed",
            ),
        ):
            for user in (self.finance, self.env.ref("base.user_admin")):
                own = record.with_user(user).with_context(**HOSTILE)
                for action in (*actions, "action_submit"):
                    self.refuse(lambda r=own, a=action: call_kw(r, a, [r.ids], {}))
            self.refuse(lambda r=record, s=state: r.sudo()._set_state(s))
            self.refuse_sql(
                f"UPDATE {table} SET state = %s WHERE id = %s",  # noqa: S608
                state,
                record.id,
            )

    def test_deleting_a_document_keeps_its_history(self):
        self.allotment.unlink()
        self.assertEqual(self.request.state, "voided")
        self.assertTrue(self.request.decision_ids)
        with self.assertRaises(UserError):
            self._decide(self.request, self.deputy)

    def test_what_a_client_sends(self):
        Request = self.Request.with_user(self.deputy)
        for shown in ("x", [1], [[None, None]], {"a": 1}, [["1 OR 1=1", "x"]]):
            with self.subTest(str(shown)):
                self.refuse(lambda s=shown: Request.action_approve_shown(s))
        own = self.request.with_user(self.deputy)
        for seen in (None, "", "0" * 64, False, self.request.fingerprint.upper()):
            self.refuse(lambda s=seen: own.action_approve(s))

    def test_the_trail_knows(self):
        """What was voided, withdrawn or decided stands in the audit events as well."""
        self.allotment.line_ids.amount = 1
        events = self._events(self.request)
        self.assertTrue(events)
        self.assertTrue(self._events(self.decision))


@tagged("post_install", "-at_install")
class TestApprovalRemote(ApprovalCase, HttpCase):
    """The same over the wire: JSON-2 with a key, and what the web client sends."""

    def _json2(self, user, model, method, **arguments):
        key = (
            self.env["res.users.apikeys"]
            .with_user(user)
            ._generate("rpc", "attack", fields.Datetime.now() + timedelta(days=1))
        )
        return self.url_open(
            f"/json/2/{model}/{method}",
            data=json.dumps(arguments),
            headers={
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
            },
        )

    @mute_logger("odoo.http", "odoo.addons.base.models.ir_rule", "odoo.sql_db")
    def test_every_role(self):
        request = self._submit()
        allotment = self._document(request)
        tiers = self.Tier.search([("kind_id.code", "=", "allotment")])
        users = [*self.user_by_role.values(), self.head]
        calls = (
            (
                "welfare.approval.request",
                "write",
                [request.id],
                {"vals": {"state": "granted"}},
            ),
            ("welfare.approval.request", "unlink", [request.id], {}),
            (
                "welfare.approval.decision",
                "create",
                [],
                {"vals_list": [{"request_id": request.id, "decision": "approve"}]},
            ),
            (
                "welfare.approval.request",
                "action_approve",
                [request.id],
                {"fingerprint": request.fingerprint},
            ),
            (
                "welfare.allotment",
                "write",
                [allotment.id],
                {"vals": {"state": "posted"}},
            ),
            ("welfare.allotment", "action_post", [allotment.id], {}),
            (
                "welfare.allotment",
                "create",
                [],
                {
                    "vals_list": [
                        {
                            "number": "造",
                            "account_id": allotment.account_id.id,
                            "state": "posted",
                        }
                    ]
                },
            ),
            (
                "welfare.approval.request",
                "write",
                [request.id],
                {"vals": {"step_ids": [Command.clear()]}},
            ),
            (
                "welfare.approval.step",
                "write",
                request.step_ids.ids,
                {"vals": {"needed": 0}},
            ),
            ("welfare.approval.tier", "write", tiers.ids, {"vals": {"amount_to": 1}}),
            ("welfare.approval.tier", "unlink", tiers.ids, {}),
        )
        self.env.flush_all()
        Event = self.env["welfare.audit.event"]
        for user in users:
            self.authenticate(user.login, user.login)
            told = [("operation", "=", "refuse"), ("user_id", "=", user.id)]
            before = Event.search_count(told)
            for model, method, ids, arguments in calls:
                with self.subTest(user=user.login, model=model, method=method):
                    sent = {**arguments, **({"ids": ids} if ids else {})}
                    answer = self._json2(user, model, method, context=HOSTILE, **sent)
                    self.assertGreaterEqual(answer.status_code, 400, answer.text)
                    web = self.url_open(
                        f"/web/dataset/call_kw/{model}/{method}",
                        data=json.dumps(
                            {
                                "jsonrpc": "2.0",
                                "params": {
                                    "model": model,
                                    "method": method,
                                    "args": [ids, *arguments.values()]
                                    if ids
                                    else list(arguments.values()),
                                    "kwargs": {"context": HOSTILE},
                                },
                            }
                        ),
                        headers={"Content-Type": "application/json"},
                    )
                    self.assertIn("error", web.json())
            # Each stands in the trail, by either way.
            events = Event.search(told, order="id desc")[: -before or None]
            self.assertEqual(
                sorted(event.note.partition(":")[0] for event in events),
                sorted(
                    method
                    for _model, method, ids, _arguments in calls
                    for _event in range(2 * max(len(ids), 1))
                ),
            )
            self.assertLessEqual(
                {(request._name, request.id), (allotment._name, allotment.id)},
                {(event.model, event.res_id) for event in events},
            )
        self.env.invalidate_all()
        self.assertEqual(request.state, "pending")
        self.assertFalse(request.decision_ids)
        self.assertEqual(allotment.state, "draft")

    def test_the_right_one_gets_through(self):
        request = self._submit(50_000)
        self.env.flush_all()
        answer = self._json2(
            self.section,
            "welfare.approval.request",
            "action_approve",
            ids=[request.id],
            fingerprint=request.fingerprint,
        )
        self.assertEqual((answer.status_code, answer.json()), (200, True))
        self.env.invalidate_all()
        self.assertEqual(request.state, "granted")
        self.assertTrue(request.decision_ids.address)


class TestApprovalConcurrency(FundConcurrencyCase):
    """Two people at the same second, each with a connection of its own."""

    def test_two_approvers_at_the_same_second(self):
        account_id = self.register(1_000_000)
        [allotment_id] = self.create_allotments(account_id, 1, 100, approved=False)
        with self.transaction() as env:
            region = env["welfare.region"].browse(self.province)
            make_approvers(env, region)
            users = [
                new_test_user(
                    env,
                    login=f"approver {uuid.uuid4()}",
                    groups="welfare_facility.welfare_group_approver_section",
                    context={"no_reset_password": True},
                    welfare_region_ids=[Command.set(region.ids)],
                ).id
                for _number in range(8)
            ]
            allotment = env["welfare.allotment"].browse(allotment_id)
            allotment.with_user(self.uid).action_submit()
            request = allotment.sudo().approval_request_id
            request_id, seen = request.id, request.fingerprint

        def work(worker):
            return worker.request(
                lambda env: (
                    env["welfare.approval.request"]
                    .with_user(users[worker.number])
                    .browse(request_id)
                    .action_approve(seen)
                )
            )

        results = self.run_workers(work)
        self.assertEqual(results.count(True), 1, results)
        self.assertNobodyThrownBack(len(results))
        with self.transaction() as env:
            request = env["welfare.approval.request"].browse(request_id)
            self.assertEqual(request.state, "granted")
            self.assertEqual(len(request.decision_ids), 1)
            for user in env["res.users"].browse(users):
                user.active = False

    def test_who_may_decide_is_settled(self):
        """In a later transaction nobody joins the steps of a request, or its makers."""
        account_id = self.register(1_000_000)
        [allotment_id] = self.create_allotments(account_id, 1, 100, approved=False)
        with self.transaction() as env:
            make_approvers(env, env["welfare.region"].browse(self.province))
            allotment = env["welfare.allotment"].browse(allotment_id)
            allotment.with_user(self.uid).action_submit()
            request = allotment.sudo().approval_request_id
            request_id, step_id = request.id, request.step_ids.id
        for statement in (
            f"INSERT INTO welfare_approval_step_approver_rel VALUES ({step_id}, 1)",
            f"INSERT INTO welfare_approval_request_maker_rel VALUES ({request_id}, 5)",
            "INSERT INTO welfare_approval_step (request_id, name, mode, needed, state) "
            f"VALUES ({request_id}, 'x', 'any', 1, 'waiting')",
        ):
            with (
                self.subTest(statement),
                self.cursor() as cr,
                mute_logger("odoo.sql_db"),
                self.assertRaises(IntegrityError),
            ):
                cr.execute(statement)
