from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, freeze_time
from odoo.tools import mute_logger

from .common import approve, decide, reverse
from .test_welfare_fund_ledger import FundCase


class TestReversal(FundCase):
    """A posted document is undone by entries of its own; nothing is deleted."""

    def _adjust(self, appropriation, kind, amount, **vals):
        adjustment = (
            self.env["welfare.appropriation.adjustment"]
            .with_user(self.finance)
            .create(
                {
                    "appropriation_id": appropriation.id,
                    "kind": kind,
                    "number": f"调整{next(self._keys)}",
                    "date": appropriation.date,
                    "amount": amount,
                    **vals,
                }
            )
        )
        approve(adjustment).action_post()
        return adjustment

    def _get_entries(self, document):
        return self.env["welfare.fund.entry"].search(
            [("res_model", "=", document._name), ("res_id", "=", document.id)]
        )

    def _reverse(self, document, reason="登记有误", user=None):
        """Reverse a document as its buttons do."""
        document = document.with_user(user or self.finance)
        action = document.action_ask_reversal()
        Wizard = self.env["welfare.fund.reversal"].with_user(user or self.finance)
        wizard = Form(Wizard.with_context(**action["context"]))
        wizard.reason = reason
        wizard.save().action_apply()
        with self.assertRaises(UserError), self.cr.savepoint():
            document.action_reverse()
        decide(document)
        document.action_reverse()

    def test_an_allotment(self):
        county = self._get_account(self._register(100))
        allotment = self._allot(county, [(self.street_a, 60), (self.community_a, 10)])
        approve(allotment).action_post()
        self._reverse(allotment)
        self.assertEqual(self._get_balances(county), {"received": 100})
        street = self._get_account(county.appropriation_id, self.street_a)
        self.assertFalse(self._get_balances(street))
        self.assertEqual(allotment.state, "reversed")
        self.assertEqual(allotment.reversal_reason, "登记有误")
        self.assertEqual(allotment.date_reversed, fields.Date.context_today(allotment))
        entries = self._get_entries(allotment)
        reversals = entries.filtered(lambda entry: entry.kind == "reverse")
        # Linked both ways.
        self.assertEqual(len(reversals), 4)
        self.assertEqual(reversals.reverses_id, entries - reversals)
        self.assertEqual((entries - reversals).reversal_ids, reversals)
        self.assertBooksHold()
        with self.assertRaises(UserError):
            self._reverse(allotment)

    def test_before_the_reversal_the_books_are_as_they_were(self):
        county = self._get_account(self._register(100, date="2019-03-01"))
        allotment = self._allot(county, [(self.street_a, 60)])
        approve(allotment).action_post()
        reverse(allotment, "登记有误", fields.Date.to_date("2019-06-01"))
        for day, sent in (("2019-05-31", 60), ("2019-06-01", 0)):
            day = fields.Date.to_date(day)
            self.assertEqual(county._get_balances_at(county, day)[county]["sent"], sent)
            self.assertEqual(self.Account._find_differences(day), [])

    def test_what_was_sent_on_or_spent_is_refused(self):
        appropriation = self._register(100)
        county = self._get_account(appropriation)
        allotment = self._allot(county, [(self.street_a, 60)])
        approve(allotment).action_post()
        street = self._get_account(appropriation, self.street_a)
        below = self._allot(street, [(self.community_a, 20)])
        approve(below).action_post()
        with self.assertRaises(UserError), self.cr.savepoint():
            self._reverse(allotment)
        self.assertEqual(allotment.state, "posted")
        self.assertEqual(county.sent, 60)
        # From below up it works.
        self._reverse(below)
        self._reverse(allotment)
        self.assertEqual(county.available, 100)
        self.assertBooksHold()

    def test_a_home_takes_the_norm_again(self):
        appropriation = self._register(150_000)
        county = self._get_account(appropriation)
        norm = self._create_norm(appropriation.source_id)
        [home] = self._create_homes(self.community_a)
        first = self._allot(county, [(home, 50_000)], norm_id=norm.id)
        approve(first).action_post()
        second = self._allot(county, [(home, 50_000)], norm_id=norm.id)
        with self.assertRaises(UserError), self.cr.savepoint():
            approve(second).action_post()
        self._reverse(first)
        self.assertFalse(first.line_ids.is_norm_taken)
        approve(second).action_post()
        self.assertFalse(second.is_deviation)
        self.assertTrue(second.line_ids.is_norm_taken)

    def test_a_return_that_is_reversed_takes_the_norm_back(self):
        appropriation = self._register(150_000)
        county = self._get_account(appropriation)
        norm = self._create_norm(appropriation.source_id)
        [home] = self._create_homes(self.community_a)
        first = self._allot(county, [(home, 50_000)], norm_id=norm.id)
        approve(first).action_post()
        back = self._allot(county, [(home, 50_000)], kind="give_back")
        approve(back).action_post()
        self.assertFalse(first.line_ids.is_norm_taken)
        second = self._allot(county, [(home, 50_000)], norm_id=norm.id)
        approve(second).action_post()
        with self.assertRaises(UserError), self.cr.savepoint():
            # The home would have taken it twice.
            self._reverse(back)
        self._reverse(second)
        self._reverse(back)
        self.assertTrue(first.line_ids.is_norm_taken)
        self.assertBooksHold()

    def test_adjustments(self):
        appropriation = self._register(100)
        other = self._register(50, number="另一号")
        account = self._get_account(appropriation)
        supplement = self._adjust(appropriation, "supplement", 20)
        moved = self._adjust(
            appropriation, "reallocation", 120, to_appropriation_id=other.id
        )
        with self.assertRaises(UserError), self.cr.savepoint():
            self._reverse(supplement)
        self._reverse(moved)
        self._reverse(supplement)
        self.assertEqual(account.received, 100)
        self.assertEqual(self._get_account(other).received, 50)
        self.assertEqual(appropriation.amount_current, 100)
        self.assertEqual(other.amount_current, 50)
        self.assertBooksHold()

    def test_a_reason_and_a_right(self):
        county = self._get_account(self._register(100))
        allotment = self._allot(county, [(self.street_a, 60)])
        with self.assertRaises(UserError):
            allotment._ask_reversal("还没记账")
        approve(allotment).action_post()
        for reason in ("", "  ", None):
            with self.assertRaises(UserError):
                allotment._ask_reversal(reason)
        with self.assertRaises(UserError):
            allotment.with_user(self.finance).action_submit()
        for role in ("procurement", "manager", "approver", "auditor"):
            user = self.user_by_role[role]
            with self.assertRaises(AccessError), self.cr.savepoint():
                allotment.with_user(user).action_ask_reversal()
            with self.assertRaises(AccessError), self.cr.savepoint():
                allotment.with_user(user).action_reverse()
            with self.assertRaises(AccessError), self.cr.savepoint():
                allotment.with_user(user)._ask_reversal("越权")
        foreign = self._create_user(
            "finance", regions=self.county_b, login="test_county_b"
        )
        with (
            mute_logger("odoo.addons.base.models.ir_rule"),
            self.assertRaises(AccessError),
            self.cr.savepoint(),
        ):
            allotment.with_user(foreign)._ask_reversal("越权")
        for vals in (
            {"state": "reversed"},
            {"reversal_reason": "改"},
            {"date_reversed": "2019-01-01"},
        ):
            with self.assertRaises(UserError):
                allotment.sudo().write(vals)
        self.assertEqual(allotment.state, "posted")

    def test_the_day(self):
        """Not before the document, and in an open fiscal year."""
        county = self._get_account(self._register(100, date="2019-03-01"))
        allotment = self._allot(county, [(self.street_a, 60)])
        approve(allotment).action_post()
        with self.assertRaises(UserError), self.cr.savepoint():
            reverse(allotment, "日期", fields.Date.to_date("2019-02-28"))
        year = self.env["welfare.fiscal.year"].search([("year", "=", 2020)])
        approve(year.with_user(self.administrator)).action_close()
        with self.assertRaises(UserError), self.cr.savepoint():
            reverse(allotment, "日期", fields.Date.to_date("2020-02-01"))
        reverse(allotment, "日期", fields.Date.to_date("2019-03-01"))

    def test_the_proof_finds_half_a_reversal(self):
        """A document that says reversed without its entries, and the reverse."""
        county = self._get_account(self._register(100))
        allotment = self._allot(county, [(self.street_a, 60)])
        approve(allotment).action_post()
        approve(
            allotment,
            reversal_reason="没有分录",
            date_reversed=fields.Date.to_date("2026-01-01"),
        )._set_state("reversed")
        [difference] = self.Account._find_differences()
        self.assertEqual(difference["what"], "reversal of welfare.allotment")
        self.assertEqual(difference["id"], allotment.id)


class TestClosing(FundCase):
    """A closed appropriation takes no more entries, whoever posts them."""

    def _close(self, appropriation, reason="已决算", user=None):
        """Close, or open again, as the buttons do."""
        user = user or self.finance
        appropriation = appropriation.with_user(user)
        action = appropriation.action_ask_close()
        Wizard = self.env["welfare.appropriation.close"].with_user(user)
        wizard = Form(Wizard.with_context(**action["context"]))
        wizard.reason = reason
        wizard.save().action_apply()
        with self.assertRaises(UserError), self.cr.savepoint():
            appropriation._set_state(
                "registered" if appropriation.state == "closed" else "closed"
            )
        decide(appropriation)
        if appropriation.state == "closed":
            appropriation.action_reopen()
        else:
            appropriation.action_close()

    def test_nothing_is_posted(self):
        appropriation = self._register(100)
        other = self._register(100, number="另一号")
        county = self._get_account(appropriation)
        allotment = self._allot(county, [(self.street_a, 60)])
        approve(allotment).action_post()
        street = self._get_account(appropriation, self.street_a)
        self._close(appropriation)
        self.assertEqual(appropriation.state, "closed")
        self.assertEqual(appropriation.state_reason, "已决算")
        for attempt in (
            lambda: self._post(county, "reserve", 1),
            lambda: self._post(street, "lapse", 1),
            lambda: reverse(allotment),
            lambda: approve(
                self._allot(county, [(self.street_a, 1)], kind="give_back")
            ).action_post(),
            lambda: approve(
                self.env["welfare.appropriation.adjustment"].create(
                    {
                        "appropriation_id": other.id,
                        "to_appropriation_id": appropriation.id,
                        "kind": "reallocation",
                        "number": "调剂",
                        "date": other.date,
                        "amount": 1,
                    }
                )
            ).action_post(),
        ):
            with self.assertRaises(UserError), self.cr.savepoint():
                attempt()
        self.assertEqual(self._get_balances(county), {"received": 100, "sent": 60})
        self.assertBooksHold()
        self._close(appropriation, "决算更正")
        self.assertEqual(appropriation.state, "registered")
        self.assertEqual(appropriation.state_reason, "决算更正")
        reverse(allotment)
        self.assertEqual(county.available, 100)

    def test_the_database_refuses_it_as_well(self):
        appropriation = self._register(100)
        county = self._get_account(appropriation)
        self._close(appropriation)
        self.env.flush_all()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(Exception) as caught,
            self.cr.savepoint(),
        ):
            self.env.cr.execute(
                """
                INSERT INTO welfare_fund_entry (
                    posting_key, line_number, account_id, date, kind, amount,
                    res_model, res_id, user_id
                ) VALUES ('raw', 1, %s, %s, 'reserve', 1, 'x', 1, 1)
                """,
                (county.id, appropriation.date),
            )
        diag = caught.exception.diag
        self.assertEqual(diag.constraint_name, "welfare_fund_entry_appropriation")
        words = self.env["welfare.fund.entry"]._sql_error_to_message(caught.exception)
        self.assertIn("closed", words)

    def test_nothing_may_be_pending(self):
        appropriation = self._register(100)
        county = self._get_account(appropriation)
        approve(self._allot(county, [(self.street_a, 60)])).action_post()
        street = self._get_account(appropriation, self.street_a)
        reserved = self._post(street, "reserve", 10)
        for kind in (None, "commit", "accrue"):
            if kind:
                reserved = self._post(street, kind, 10, resolves=reserved)
            with self.subTest(kind), self.assertRaises(UserError):
                self._close(appropriation)
            with (
                mute_logger("odoo.sql_db"),
                self.assertRaises(Exception) as caught,
                self.cr.savepoint(),
            ):
                self.env.cr.execute(
                    "UPDATE welfare_appropriation SET state = 'closed' WHERE id = %s",
                    (appropriation.id,),
                )
            self.assertEqual(
                caught.exception.diag.constraint_name, "welfare_appropriation_pending"
            )
        self._post(street, "pay", 10, resolves=reserved)
        # What is left can come back before.
        approve(
            self._allot(county, [(self.street_a, 50)], kind="take_back")
        ).action_post()
        self._close(appropriation)
        self.assertEqual(appropriation.state, "closed")

    def test_a_reason_and_a_right(self):
        appropriation = self._register(100).with_user(self.finance)
        for reason in ("", " ", None):
            with self.assertRaises(UserError):
                appropriation._ask_approval(state_reason=reason)
        for action in (appropriation.action_close, appropriation.action_reopen):
            with self.assertRaises(UserError), self.cr.savepoint():
                action()
        for role in ("procurement", "manager", "approver", "auditor"):
            with self.assertRaises(AccessError), self.cr.savepoint():
                appropriation.with_user(self.user_by_role[role])._ask_approval(
                    state_reason="越权"
                )
            with self.assertRaises(AccessError), self.cr.savepoint():
                appropriation.with_user(self.user_by_role[role]).action_close()
        with self.assertRaises(UserError):
            appropriation.sudo().write({"state_reason": "改"})
        draft = self._create_appropriation(number="草稿")
        with self.assertRaises(UserError):
            draft.with_user(self.finance).action_close()

    @freeze_time("2020-01-05")
    def test_the_year_end_leaves_it(self):
        appropriation = self._register(100, date="2019-03-01")
        self._close(appropriation)
        carry = self.env["welfare.fund.carry"].create(self._prepare_carry_vals())
        carry.action_propose()
        self.assertEqual(carry.line_ids.action, "leave")
