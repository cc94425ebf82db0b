import base64
import hashlib

from odoo.exceptions import AccessError, UserError
from odoo.fields import Command

from ..models.welfare_fund_account import Line, Posting
from .common import approve, make_ledger
from .test_welfare_fund_ledger import FundCase

BUDGET = ("指标ID", "指标文号", "预算年度", "可用金额", "已支出金额", "在途支付金额")
PAYMENT = ("指标ID", "指标文号", "支付日期", "支付金额", "收款人")


class TestFundReconciliation(FundCase):
    """The budget system's lists beside the fund ledger."""

    def _reconcile(self, rows, payments=None, heading=BUDGET, **vals):
        content = make_ledger(rows, heading=heading)
        vals["file"] = base64.b64encode(content)
        if payments is not None:
            vals["payment_file"] = base64.b64encode(
                make_ledger(payments, heading=PAYMENT)
            )
            vals["payment_filename"] = "支付.xlsx"
        record = (
            self.env["welfare.fund.reconciliation"]
            .with_user(self.finance)
            .create(self._prepare_reconciliation_vals(**vals))
        )
        record.action_compare()
        return record

    def _pay(self, account, amount, date=None):
        """Reserve, commit, accept and pay on one day."""
        entry = None
        for kind in ("reserve", "commit", "accrue", "pay"):
            posting = Posting(
                key=f"reconciliation,{next(self._keys)}",
                lines=[Line(account, kind, amount, resolves=entry)],
                document=account.appropriation_id,
                date=date or account.appropriation_id.date,
            )
            entry = self.Account.with_user(self.finance)._post([posting]).sudo()

    def _results(self, record):
        return {line.number: line.kind for line in record.line_ids}

    def test_both_ways(self):
        paid = self._register(100, number="五财行〔2019〕12号")
        self._pay(self._get_account(paid), 30)
        self._register(50, number="五财行〔2019〕57号")
        self._register(70, number="只在这里1号")
        record = self._reconcile(
            [
                # Two IDs of one document number, in other brackets.
                ("A1", "五财行[2019]12号", 2019, 40, 20, 0),
                ("A2", "五财行[2019]12号", 2019, 30, 10, 0),
                ("B1", "五财行〔2019〕57号", 2019, 60, 0, 0),
                ("C1", "只在那里1号", 2019, 10, 0, 0),
                ("D1", "上年1号", 2018, 10, 0, 0),
            ]
        )
        self.assertEqual(
            self._results(record),
            {
                "五财行〔2019〕12号": "equal",
                "五财行〔2019〕57号": "differs",
                "只在这里1号": "only_here",
                "只在那里1号": "only_there",
            },
        )
        equal = record.line_ids.filtered(lambda line: line.kind == "equal")
        self.assertEqual((equal.amount_there, equal.paid_there), (100, 30))
        self.assertEqual(equal.indicator, "A1 A2")
        self.assertEqual((record.equal_count, record.only_there_count), (1, 1))
        differs = record.line_ids.filtered(lambda line: line.kind == "differs")
        self.assertIn("60", differs.message)
        # Nothing was posted.
        self.assertEqual(len(paid.account_ids.entry_ids), 5)
        self.assertBooksHold()

    def test_what_was_added_later(self):
        """A supplement is an appropriation of its own to the budget system."""
        appropriation = self._register(400_000, number="五财行〔2019〕12号")
        adjustment = self.env["welfare.appropriation.adjustment"].create(
            self._prepare_adjustment_vals(
                appropriation_id=appropriation.id,
                number="五财行〔2019〕57号",
                amount=520_000,
            )
        )
        approve(adjustment).action_post()
        record = self._reconcile(
            [
                ("A1", "五财行〔2019〕12号", 2019, 400_000, 0, 0),
                ("A2", "五财行〔2019〕57号", 2019, 520_000, 0, 0),
            ]
        )
        self.assertEqual(record.line_ids.kind, "equal")
        self.assertEqual(record.line_ids.amount_there, 920_000)

    def test_in_transit(self):
        appropriation = self._register(100, number="甲1号")
        self._pay(self._get_account(appropriation), 30)
        record = self._reconcile([("A1", "甲1号", 2019, 70, 10, 20)])
        self.assertEqual(record.line_ids.kind, "differs")
        self.assertEqual(record.line_ids.in_transit_there, 20)
        self.assertEqual(len(record.line_ids.message.splitlines()), 2)

    def test_money_that_an_office_above_holds(self):
        """What counts is what the bureau's own accounts have of it."""
        appropriation = self._create_appropriation(
            amount_initial=100, number="市1号", region_id=self.prefecture.id
        )
        approve(appropriation).action_register()
        upper = self._get_account(appropriation)
        approve(
            self.env["welfare.allotment"].create(
                {
                    "number": "下达",
                    "account_id": upper.id,
                    "date": appropriation.date,
                    "line_ids": [
                        Command.create({"region_id": self.county_a.id, "amount": 60}),
                        Command.create({"region_id": self.county_b.id, "amount": 40}),
                    ],
                }
            )
        ).action_post()
        own = self._get_account(appropriation, self.county_a)
        approve(self._allot(own, [(self.street_a, 25)])).action_post()
        record = self._reconcile([("A1", "市1号", 2019, 60, 0, 0)])
        self.assertEqual(record.line_ids.kind, "equal", record.line_ids.message)
        self.assertEqual(record.line_ids.amount_here, 60)
        # Its number is shown to whoever has an account of it.
        self.env.invalidate_all()
        names = own.with_user(self.finance).web_read({"display_name": {}})
        self.assertIn("市1号", names[0]["display_name"])

    def test_single_payments(self):
        appropriation = self._register(100, number="甲1号")
        account = self._get_account(appropriation)
        for amount in (10, 10, 20):
            self._pay(account, amount)
        record = self._reconcile(
            [("A1", "甲1号", 2019, 60, 40, 0)],
            [
                ("A1", "甲1号", "2019-06-01", 10, "某公司"),
                ("A1", "甲1号", "2019-06-02", 20, "某公司"),
                ("A1", "甲1号", "2019-06-03", 10, "某公司"),
            ],
        )
        self.assertEqual(record.line_ids.kind, "equal", record.line_ids.message)
        record = self._reconcile(
            [("A1", "甲1号", 2019, 60, 40, 0)],
            [
                ("A1", "甲1号", "2019-06-01", 10, "某公司"),
                ("A1", "甲1号", "2019-06-03", 30, "某公司"),
            ],
        )
        self.assertEqual(record.line_ids.kind, "differs")
        only_there, only_here = record.line_ids.message.splitlines()
        self.assertIn("30", only_there)
        self.assertIn("10", only_here)
        self.assertIn("20", only_here)

    def test_the_two_lists_disagree(self):
        appropriation = self._register(100, number="甲1号")
        self._pay(self._get_account(appropriation), 30)
        rows = [("A1", "甲1号", 2019, 70, 30, 0)]
        agreed = self._reconcile(rows, [("A1", "甲1号", "2019-05-01", 30, "某公司")])
        self.assertEqual(agreed.line_ids.kind, "equal")
        record = self._reconcile(rows, [("A1", "甲1号", "2019-05-01", 20, "某公司")])
        self.assertEqual(record.line_ids.kind, "differs")

    def test_the_id_counts_before_the_number(self):
        first = self._register(100, number="甲1号")
        second = self._register(50, number="甲2号")
        record = self._reconcile([("X9", "甲1号", 2019, 100, 0, 0)])
        line = record.line_ids.filtered("indicator")
        self.assertEqual(line.appropriation_id, first)
        line.action_keep_indicator()
        self.assertEqual(first.budget_codes, "X9")
        # The budget system has given it another number since.
        again = self._reconcile([("X9", "甲2号", 2019, 100, 0, 0)])
        self.assertEqual(
            {line.appropriation_id: line.kind for line in again.line_ids},
            {first: "equal", second: "only_here"},
        )

    def test_money_that_was_sent_down_and_carried_on(self):
        appropriation = self._register(100, number="甲1号")
        county = self._get_account(appropriation)
        approve(
            self.env["welfare.allotment"].create(
                {
                    "number": "下达",
                    "account_id": county.id,
                    "date": "2019-04-01",
                    "line_ids": [
                        Command.create({"region_id": self.street_a.id, "amount": 60})
                    ],
                }
            )
        ).action_post()
        street = self._get_account(appropriation, self.street_a)
        self._pay(street, 10, date="2019-05-01")
        record = self._reconcile([("A1", "甲1号", 2019, 90, 10, 0)])
        self.assertEqual(record.line_ids.kind, "equal")
        carry = self.env["welfare.fund.carry"].create(self._prepare_carry_vals())
        carry.action_propose()
        approve(carry).action_post()
        following = self._reconcile(
            [("A1", "甲1号", 2020, 90, 0, 0)], year=2020, date="2020-06-30"
        )
        self.assertEqual(following.line_ids.kind, "equal")
        self.assertEqual(following.line_ids.amount_here, 90)

    def test_the_files_are_kept(self):
        record = self._reconcile([], [])
        content = base64.b64decode(record.file)
        self.assertEqual(record.sha256, hashlib.sha256(content).hexdigest())
        self.assertTrue(record.payment_sha256)
        for attack in (
            lambda: record.sudo().write({"file": base64.b64encode(b"x")}),
            lambda: record.sudo().write({"sha256": "0"}),
            lambda: record.sudo().write({"year": 2018}),
            lambda: record.line_ids.sudo().write({"kind": "equal"}) or record.unlink(),
            lambda: record.action_compare(),
        ):
            with self.assertRaises(UserError):
                attack()

    def test_what_is_no_such_list(self):
        with self.assertRaises(UserError):
            self._reconcile([], heading=("名称", "电话"))

    def test_what_cannot_be_read_is_told(self):
        self._register(100, number="甲1号")
        record = self._reconcile(
            [("A1", "甲1号", 2019, 100, 0, 0), ("A2", "甲2号", 2019, "很多", 0, 0)]
        )
        self.assertTrue(record.remarks)
        self.assertEqual(self._results(record), {"甲1号": "equal"})

    def test_nobody_else_compares(self):
        vals = self._prepare_reconciliation_vals()
        record = self.env["welfare.fund.reconciliation"].create(vals)
        for role in ("manager", "auditor", "administrator"):
            with self.assertRaises(AccessError):
                record.with_user(self.user_by_role[role]).action_compare()
