from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from .common import approve, reverse
from .test_welfare_fund_ledger import FundCase


class TestFundCarry(FundCase):
    """At the end of a year: carried on, given up, or finished first."""

    def _create_carry(self, year=2019, **vals):
        return (
            self.env["welfare.fund.carry"]
            .with_user(self.finance)
            .create(self._prepare_carry_vals(year=year, **vals))
        )

    def _propose(self, year=2019, **vals):
        carry = self._create_carry(year, **vals)
        carry.action_propose()
        return carry

    def test_the_two_years_of_a_budget(self):
        """Money of the budget is carried on once, and lapses after that."""
        account = self._get_account(self._register(100_000))
        carry = self._propose(2019)
        self.assertEqual(carry.line_ids.account_id, account)
        self.assertEqual(carry.line_ids.action, "carry")
        self.assertIn("第四十二条", carry.line_ids.explanation)
        approve(carry).action_post()
        following = self._get_account(account.appropriation_id) - account
        self.assertEqual(following.year, 2020)
        self.assertEqual(
            self._get_balances(account), {"received": 100_000, "carried": 100_000}
        )
        self.assertEqual(self._get_balances(following), {"received": 100_000})
        self.assertBooksHold()

        second = self._propose(2020)
        self.assertEqual(second.line_ids.proposal, "lapse")
        line = second.line_ids
        line.write({"action": "carry", "reason": "工程未完"})
        with self.assertRaises(UserError):
            approve(second).action_post()
        line.action = "lapse"
        approve(second).action_post()
        self.assertEqual(following.available, 0)
        self.assertEqual(following.carried, 100_000)
        self.assertBooksHold()

    def test_three_wordings_for_the_lottery(self):
        """2012: without limit; 2021: as other money; a province of its own."""
        source = self.env.ref("welfare_facility.fund_source_lottery_prefecture")
        Rule = self.env["welfare.fund.carry.rule"]
        old = Rule._get_rules(source, self.county_a, self._date(2018))
        self.assertEqual(old.mapped("years"), [0])
        new = Rule._get_rules(source, self.county_a, self._date(2021))
        self.assertEqual(new.mapped("years"), [2])
        Rule.create(
            {
                "source_id": source.id,
                "jurisdiction_id": self.province.id,
                "date_from": "2019-01-01",
                "years": 0,
                "wording": "结余结转下年继续使用",
                "source": "省办法",
            }
        )
        both = Rule._get_rules(source, self.county_a, self._date(2021))
        self.assertEqual(both.mapped("years"), [0, 2])
        purpose = self.env.ref("welfare_facility.fund_purpose_orphan")
        self._register(
            150_000,
            year=2020,
            date="2020-04-09",
            source_id=source.id,
            purpose_ids=[Command.set(purpose.ids)],
        )
        approve(self._propose(2020)).action_post()
        line = self._propose(2021).line_ids
        # The province carries on; that the newer rule says otherwise is told.
        self.assertEqual(line.action, "carry")
        self.assertIn("省办法", line.explanation)
        self.assertIn("财综〔2021〕18号", line.explanation)

    def _date(self, year):
        return date(year, 12, 31)

    def test_what_is_not_finished(self):
        account = self._get_account(self._register(100))
        reserved = self._post(account, "reserve", 40)
        carry = self._propose()
        line = carry.line_ids
        self.assertEqual((line.amount, line.amount_pending), (60, 40))
        self.assertEqual(line.action, "leave")
        with self.assertRaises(UserError):
            approve(carry).action_post()
        line.write({"action": "carry", "reason": "先结转"})
        with self.assertRaises(UserError):
            approve(carry).action_post()
        self._post(account, "release", 40, resolves=reserved)
        carry.action_propose()
        approve(carry).action_post()
        self.assertEqual(account.carried, 100)

    def test_another_decision_needs_a_reason(self):
        account = self._get_account(self._register(100))
        carry = self._propose()
        carry.line_ids.action = "lapse"
        with self.assertRaises(UserError):
            approve(carry).action_post()
        carry.line_ids.reason = "财政统一收回"
        approve(carry).action_post()
        self.assertEqual(self._get_balances(account), {"received": 100, "carried": 100})
        self.assertTrue(carry.line_ids.is_deviation)

    def test_no_rule_no_posting(self):
        """Of donations no rule says anything: refused until somebody enters one."""
        source = self.env.ref("welfare_facility.fund_source_donation")
        self._register(100, source_id=source.id)
        carry = self._propose()
        self.assertFalse(carry.line_ids.action)
        with self.assertRaises(UserError):
            approve(carry).action_post()
        carry.line_ids.write({"action": "carry", "reason": "捐赠协议"})
        with self.assertRaises(UserError):
            approve(carry).action_post()

    def test_a_balance_that_changed(self):
        account = self._get_account(self._register(100))
        carry = self._propose()
        self._post(account, "reserve", 1)
        with self.assertRaises(UserError):
            approve(carry).action_post()
        self.assertEqual(account.carried, 0)

    def test_a_closed_following_year(self):
        self._register(100)
        carry = self._propose()
        year = self.env["welfare.fiscal.year"].search([("year", "=", 2020)])
        approve(year.with_user(self.administrator)).action_close()
        with self.assertRaises(UserError):
            approve(carry).action_post()

    def test_reversal(self):
        account = self._get_account(self._register(100))
        carry = self._propose()
        approve(carry).action_post()
        reverse(carry)
        self.assertEqual(self._get_balances(account), {"received": 100})
        following = self._get_account(account.appropriation_id) - account
        self.assertEqual(following.available, 0)
        self.assertBooksHold()
        with self.assertRaises(UserError):
            reverse(carry)

    def test_posted_is_fixed(self):
        self._register(100)
        carry = self._propose()
        approve(carry).action_post()
        for attack in (
            lambda: carry.sudo().write({"year": 2018}),
            lambda: carry.sudo().write({"state": "draft"}),
            lambda: carry.line_ids.sudo().write({"action": "lapse"}),
            lambda: carry.line_ids.sudo().unlink(),
            lambda: carry.sudo().unlink(),
            lambda: approve(carry).action_post(),
        ):
            with self.assertRaises(UserError):
                attack()

    def test_the_proposal_is_not_edited(self):
        self._register(100)
        line = self._propose().line_ids
        for vals in ({"amount": 50}, {"explanation": "x"}, {"proposal": "lapse"}):
            with self.assertRaises(AccessError):
                line.sudo().write(vals)

    def test_only_the_own_region(self):
        self._register(100)
        appropriation = self._create_appropriation(self.county_b)
        approve(appropriation).action_register()
        carry = self._propose()
        self.assertEqual(carry.line_ids.account_id.region_id, self.county_a)
