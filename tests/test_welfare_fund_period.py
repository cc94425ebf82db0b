from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form
from odoo.tools import mute_logger

from ..models.welfare_fund_account import Line, Posting
from .common import approve, decide, reverse
from .test_welfare_fund_ledger import FundCase


class TestFundPeriod(FundCase):
    """What is closed takes no entries, and opens with a reason and an approval only."""

    def setUp(self):
        super().setUp()
        self.appropriation = self._register(1000, date="2019-02-15")
        self.account = self._get_account(self.appropriation)

    def _close(self, kind="month", date_from="2019-03-01", **vals):
        period = self._create_period(kind=kind, date_from=date_from, **vals)
        approve(period).action_close()
        return period

    def _post_on(self, day, account=None):
        posting = self._prepare_posting(day, account)
        return self.Account.with_user(self.finance)._post([posting])

    def _prepare_posting(self, day, account=None):
        line = Line(account or self.account, "reserve", 1)
        key = f"period,{next(self._keys)}"
        return Posting(key, [line], self.appropriation, fields.Date.to_date(day))

    def _insert(self, day):
        """Post past the program."""
        self.env.cr.execute(
            """
            INSERT INTO welfare_fund_entry (
                posting_key, line_number, account_id, date, kind, amount,
                res_model, res_id, user_id
            ) VALUES ('raw', 1, %s, %s, 'reserve', 1, 'x', 1, 1)
            """,
            (self.account.id, day),
        )

    def assertRefused(self, day, account=None):
        with self.assertRaises(UserError) as caught, self.cr.savepoint():
            self._post_on(day, account)
        self.assertIn("closed", str(caught.exception))

    def assertRefusedByDatabase(self, day):
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(Exception) as caught,
            self.cr.savepoint(),
        ):
            self._insert(day)
        self.assertEqual(
            caught.exception.diag.constraint_name, "welfare_fund_entry_period"
        )
        words = self.env["welfare.fund.entry"]._sql_error_to_message(caught.exception)
        self.assertIn("closed", words)

    def test_months_and_quarters(self):
        """By the day on which an entry counts; the days around stay open."""
        for kind, closed, still_open in (
            ("month", ("2019-03-01", "2019-03-31"), ("2019-02-28", "2019-04-01")),
            ("quarter", ("2019-07-01", "2019-09-30"), ("2019-06-30", "2019-10-01")),
        ):
            with self.subTest(kind):
                period = self._close(kind, closed[0])
                self.assertEqual(str(period.date_to), closed[1])
                for day in closed:
                    self.assertRefused(day)
                    self.assertRefusedByDatabase(day)
                for day in still_open:
                    self._post_on(day)
        self.assertBooksHold()

    def test_the_days_follow_from_the_kind(self):
        form = Form(self.env["welfare.fund.period"].with_user(self.finance))
        form.date_from = date(2019, 5, 17)
        form.kind = "quarter"
        period = form.save()
        self.assertEqual(period.region_id, self.county_a)
        self.assertEqual(str(period.date_from), "2019-04-01")
        self.assertEqual(str(period.date_to), "2019-06-30")
        for vals in (
            {"date_from": "2019-04-02"},
            {"date_to": "2019-05-31"},
            {"kind": "audit", "date_from": "2019-07-02", "date_to": "2019-07-01"},
        ):
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(Exception) as caught,
                self.cr.savepoint(),
            ):
                period.write({"date_from": period.date_from, **vals})
                period.flush_recordset()
            self.assertEqual(
                caught.exception.diag.constraint_name,
                "welfare_fund_period_check_dates",
            )

    def test_freezes(self):
        """By the clock: whatever day an entry would count on."""
        today = fields.Date.context_today(self.env["welfare.fund.period"])
        for kind in ("audit", "year_end"):
            with self.subTest(kind):
                freeze = self._close(kind, today, date_to=today + timedelta(days=3))
                self.assertRefused("2019-05-01")
                self.assertRefusedByDatabase("2019-05-01")
                approve(freeze, reopening_reason="审计结束")
                freeze.with_user(self.finance).action_reopen()
                self._post_on("2019-05-01")
        # One that is over, and one to come.
        self._close("audit", today - timedelta(days=9), date_to=today - timedelta(2))
        self._close("audit", today + timedelta(days=2), date_to=today + timedelta(9))
        self._post_on("2019-05-01")

    def test_whose_accounts(self):
        """Those of the region and of all places in it, and no others."""
        approve(self._allot(self.account, [(self.street_a, 10)])).action_post()
        street = self._get_account(self.appropriation, self.street_a)
        self._close("month", "2019-03-01", region_id=self.street_a.id)
        self._post_on("2019-03-05")
        self.assertRefused("2019-03-05", street)
        self._close("month", "2019-04-01", region_id=self.county_b.id)
        self._post_on("2019-04-05")
        # The office above: who is below is told, and need not see its periods.
        above = self._close("month", "2019-05-01", region_id=self.prefecture.id)
        self.assertFalse(above.with_user(self.finance).has_access("read"))
        self.assertRefused("2019-05-05")
        self.assertRefused("2019-05-05", street)

    def test_documents(self):
        """Each way to post, and the reversal when it is asked for already."""
        allotment = self._allot(self.account, [(self.street_a, 10)], date="2019-04-03")
        approve(allotment).action_post()
        self._close("month", "2019-03-01")
        late = self._allot(self.account, [(self.street_a, 10)], date="2019-03-20")
        early = self._create_appropriation(number="三月", date="2019-03-02")
        adjustment = self.env["welfare.appropriation.adjustment"].create(
            {
                "appropriation_id": self.appropriation.id,
                "number": "追加",
                "date": "2019-03-09",
                "amount": 5,
            }
        )
        for attempt in (
            approve(late).action_post,
            approve(early).action_register,
            approve(adjustment).action_post,
        ):
            with self.assertRaises(UserError), self.cr.savepoint():
                attempt()
        self.assertEqual(
            {late.state, early.state, adjustment.state},
            {"draft"},
        )
        self._close("month", "2019-04-01")
        with self.assertRaises(UserError):
            allotment._ask_reversal("误", date(2019, 4, 30))
        reverse(allotment, date=date(2019, 5, 1))
        self.assertEqual(allotment.state, "reversed")
        self.assertBooksHold()

    def test_signed_off_and_opened_again(self):
        period = self._create_period(date_from="2019-03-01").with_user(self.finance)
        with self.assertRaises(UserError):
            period.action_close()
        period.action_submit()
        self.assertNotIn(
            self.finance,
            period.approval_request_id.sudo().step_ids.decision_ids.user_id,
        )
        decide(period)
        period.action_close()
        self.assertEqual(period.state, "closed")
        with self.assertRaises(UserError):
            period.action_reopen()
        with self.assertRaises(UserError):  # why?
            period.action_submit()
        action = period.action_ask_reopen()
        Wizard = self.env["welfare.fund.reopen"].with_user(self.finance)
        wizard = Form(Wizard.with_context(**action["context"]))
        wizard.reason = "漏记一笔"
        wizard.save().action_apply()
        decide(period)
        period.action_reopen()
        self.assertEqual(
            (period.state, period.reopening_reason), ("reopened", "漏记一笔")
        )
        self._post_on("2019-03-05")
        approve(period).action_close()
        self.assertRefused("2019-03-05")
        # On record: both closings, the opening with its reason, by whom.
        requests = self.env["welfare.approval.request"].search(
            [("res_model", "=", period._name), ("res_id", "=", period.id)]
        )
        self.assertEqual(
            [request.kind_id.code for request in requests.sorted("id")],
            ["period_close", "period_reopen", "period_close"],
        )
        self.assertEqual(set(requests.mapped("state")), {"used"})
        self.assertIn("漏记一笔", requests.sorted("id")[1].summary)

    def test_no_other_way(self):
        period = self._close()
        for record in (period, period.with_user(self.finance), period.sudo()):
            for vals in (
                {"state": "open"},
                {"state": "reopened"},
                {"date_to": "2019-03-02"},
                {"kind": "audit"},
                {"region_id": self.street_a.id},
                {"reopening_reason": "改"},
            ):
                with self.assertRaises(UserError), self.cr.savepoint():
                    record.write(vals)
            with self.assertRaises(UserError), self.cr.savepoint():
                record.unlink()
        for statement in (
            "UPDATE welfare_fund_period SET state = 'open'",
            "UPDATE welfare_fund_period SET state = 'reopened'",
            "UPDATE welfare_fund_period SET date_to = date_from",
            "DELETE FROM welfare_fund_period",
        ):
            with (
                self.subTest(statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(Exception) as caught,
                self.cr.savepoint(),
            ):
                self.env.cr.execute(statement)
            self.assertEqual(caught.exception.pgcode[:2], "23")
        for role, user in self.user_by_role.items():
            if role == "finance":
                continue
            for attempt in (
                period.with_user(user).action_ask_reopen,
                period.with_user(user).action_reopen,
                period.with_user(user).action_close,
            ):
                with self.assertRaises(AccessError):
                    attempt()
