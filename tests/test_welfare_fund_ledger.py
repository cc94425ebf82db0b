import itertools
from decimal import Decimal

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time
from odoo.tools import mute_logger

from ..models.welfare_fund_account import BALANCES, Line, Posting
from .common import WelfareCase, approve


class FundCase(WelfareCase):
    """A finance officer of county A, and an appropriation to be registered."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.finance = cls.user_by_role["finance"]
        cls.Account = cls.env["welfare.fund.account"]
        cls._keys = itertools.count(1)

    def _register(self, amount=100_000, **vals):
        appropriation = self._create_appropriation(amount_initial=amount, **vals)
        approve(appropriation.with_user(self.finance)).action_register()
        return appropriation

    def _get_account(self, appropriation, region=None, facility=None):
        return self.Account.search(
            [
                ("appropriation_id", "=", appropriation.id),
                ("region_id", "=", (region or appropriation.region_id).id),
                ("facility_id", "=", facility.id if facility else False),
            ]
        )

    def _post(self, account, kind, amount, key=None, **options):
        """Post one entry on behalf of the account's appropriation."""
        posting = Posting(
            key=key or f"test,{next(self._keys)}",
            lines=[Line(account, kind, amount, **options)],
            document=account.appropriation_id,
            date=account.appropriation_id.date,
        )
        return self.Account.with_user(self.finance)._post([posting]).sudo()

    def _allot(self, account, holders, **vals):
        """Make a draft allotment.

        :param list holders: pairs of a region or facility, and an amount.
        """
        lines = []
        for holder, amount in holders:
            field = "region_id" if holder._name == "welfare.region" else "facility_id"
            lines.append(Command.create({field: holder.id, "amount": amount}))
        return (
            self.env["welfare.allotment"]
            .with_user(self.finance)
            .create(
                {
                    "number": f"下达{next(self._keys)}号",
                    "account_id": account.id,
                    "date": account.appropriation_id.date,
                    "line_ids": lines,
                    **vals,
                }
            )
        )

    def _create_norm(self, source, amount=50_000, **vals):
        return self.env["welfare.fund.norm"].create(
            {
                "source_id": source.id,
                "facility_type_id": self.home_type.id,
                "amount": amount,
                "date_from": "2017-01-01",
                "source": "市级文件",
                "is_verified": True,
                **vals,
            }
        )

    def _get_balances(self, account):
        return {name: account[name] for name in BALANCES if account[name]}

    def assertBooksHold(self):
        self.assertEqual(self.Account._find_differences(), [])


class TestPosting(FundCase):
    """From the appropriation to the payment."""

    def test_from_reservation_to_payment(self):
        account = self._get_account(self._register(100))
        reserved = self._post(account, "reserve", 60)
        self.assertEqual(account.available, 40)
        # The contract is cheaper than planned: the rest is available again.
        committed = self._post(account, "commit", 50, resolves=reserved)
        self.assertEqual(
            self._get_balances(account), {"received": 100, "committed": 50}
        )
        self.assertEqual(account.available, 50)
        accrued = self._post(account, "accrue", 50, resolves=committed)
        self._post(account, "pay", 50, resolves=accrued)
        self.assertEqual(self._get_balances(account), {"received": 100, "paid": 50})
        self.assertEqual(account.available, 50)
        self.assertEqual(account.executed_rate, 50)
        self.assertBooksHold()

    def test_each_step_takes_as_few_queries(self):
        """Six in all: three begin the transaction anew, which none does here."""
        account = self._get_account(self._register())
        self._post(account, "reserve", 1)
        entry = None
        for kind in ("reserve", "commit", "accrue", "pay"):
            with self.subTest(kind=kind), self.assertQueryCount(3):
                self.Account._begin_posting()
                entry = self._post(account, kind, 100, resolves=entry)

    def test_never_overdrawn(self):
        account = self._get_account(self._register(100))
        with self.assertRaises(UserError):
            self._post(account, "reserve", "100.01")
        self._post(account, "reserve", 100)
        for kind in ("reserve", "commit", "send", "lapse"):
            with self.assertRaises(UserError):
                self._post(account, kind, "0.01")
        self.assertEqual(
            self._get_balances(account), {"received": 100, "reserved": 100}
        )

    def test_a_pending_entry_resolves_once(self):
        account = self._get_account(self._register(100))
        reserved = self._post(account, "reserve", 10)
        self._post(account, "commit", 10, resolves=reserved)
        for kind in ("commit", "release"):
            with self.assertRaises(UserError):
                self._post(account, kind, 10, resolves=reserved)
        self.assertEqual(
            self._get_balances(account), {"received": 100, "committed": 10}
        )

    def test_steps_in_their_order(self):
        """A payment needs what was accrued, and takes no more than that."""
        account = self._get_account(self._register(100))
        other = self._get_account(self._register(100, number="另一号"))
        reserved = self._post(account, "reserve", 10)
        for target, kind, amount, resolves in (
            (account, "pay", 10, reserved),
            (account, "accrue", 10, reserved),
            (account, "commit", 11, reserved),
            (account, "release", 9, reserved),
            (other, "commit", 10, reserved),
            (account, "pay", 10, None),
        ):
            with (
                self.subTest(kind=kind, amount=amount),
                self.assertRaises(UserError),
            ):
                self._post(target, kind, amount, resolves=resolves)

    def test_reversal(self):
        """A payment that comes back leaves what is owed, to be paid again."""
        account = self._get_account(self._register(100))
        committed = self._post(account, "commit", 30)
        accrued = self._post(account, "accrue", 30, resolves=committed)
        paid = self._post(account, "pay", 30, resolves=accrued)
        reversal = self._post(account, "reverse", 30, reverses=paid)
        self.assertEqual(self._get_balances(account), {"received": 100, "accrued": 30})
        with self.assertRaises(UserError):
            self._post(account, "reverse", 30, reverses=paid)
        self._post(account, "pay", 30, resolves=reversal)
        self.assertEqual(self._get_balances(account), {"received": 100, "paid": 30})
        self.assertBooksHold()

    def test_the_same_key_posts_once(self):
        account = self._get_account(self._register(100))
        first = self._post(account, "reserve", 10, key="double click")
        again = self._post(account, "reserve", 10, key="double click")
        self.assertEqual(first, again)
        self.assertEqual(account.reserved, 10)
        with self.assertRaises(UserError):
            self._post(account, "reserve", 11, key="double click")

    def test_a_closed_or_missing_year_refuses(self):
        appropriation = self._create_appropriation()
        year = self.env["welfare.fiscal.year"].search(
            [("year", "=", appropriation.year)]
        )
        approve(year.with_user(self.administrator)).action_close()
        with self.assertRaises(UserError):
            approve(appropriation.with_user(self.finance)).action_register()
        missing = self._create_appropriation(year=2090, number="无年度")
        with self.assertRaises(UserError):
            approve(missing.with_user(self.finance)).action_register()

    def test_exact_to_the_fen(self):
        account = self._get_account(self._register("0.30"))
        for _time in range(3):
            self._post(account, "reserve", "0.10")
        self.assertEqual(account.available, 0)
        with self.assertRaises(UserError):
            self._post(account, "reserve", "0.004")
        self.assertBooksHold()


class TestAttacks(FundCase):
    """No path but the one posts, and none changes what was posted."""

    def setUp(self):
        super().setUp()
        self.account = self._get_account(self._register(100))
        self.entry = self.account.entry_ids

    def test_the_orm(self):
        for user in [*self.user_by_role.values(), self.env.ref("base.user_admin")]:
            for record in (self.account, self.entry):
                for env_record in (
                    record.with_user(user),
                    record.with_user(user).sudo(),
                    record.with_user(user).with_context(
                        install_mode=True, tracking_disable=True, force=True
                    ),
                ):
                    with self.assertRaises(UserError):
                        env_record.write({"note": "x"})
                    with self.assertRaises(UserError):
                        env_record.unlink()
            with self.assertRaises(AccessError):
                self.env["welfare.fund.entry"].with_user(user).sudo().create(
                    {"account_id": self.account.id, "kind": "receive", "amount": 1}
                )

    def test_raw_sql(self):
        for statement in (
            "UPDATE welfare_fund_entry SET amount = 1",
            "UPDATE welfare_fund_entry SET note = 'x'",
            "DELETE FROM welfare_fund_entry",
            "TRUNCATE welfare_fund_entry CASCADE",
            "UPDATE welfare_fund_account SET received = received + 1",
            "UPDATE welfare_fund_account SET paid = 1",
            "UPDATE welfare_fund_account SET granted = granted + 1",
            "UPDATE welfare_fund_account SET year = year + 1",
            "DELETE FROM welfare_fund_account",
        ):
            with (
                self.subTest(statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(Exception) as caught,
                self.cr.savepoint(),
            ):
                self.env.cr.execute(statement)
            self.assertEqual(caught.exception.pgcode[:2], "23")
        self.assertBooksHold()

    def test_balances_from_nowhere(self):
        """An account begins with nothing, whoever makes it."""
        account = self.Account.create(
            {
                "appropriation_id": self.account.appropriation_id.id,
                "year": self.account.year,
                "region_id": self.street_a.id,
                "received": 1_000_000,
            }
        )
        account.invalidate_recordset()
        self.assertEqual(account.received, 0)

    def test_an_appropriation_is_fixed(self):
        appropriation = self.account.appropriation_id.with_user(self.finance)
        for vals in ({"amount_initial": 1}, {"state": "draft"}, {"year": 2016}):
            with self.assertRaises(UserError):
                appropriation.sudo().write(vals)
        with self.assertRaises(UserError):
            appropriation.unlink()


class TestAllotment(FundCase):
    """Down the levels, and back."""

    def test_down_and_back(self):
        appropriation = self._register(100_000)
        county = self._get_account(appropriation)
        approve(self._allot(county, [(self.street_a, 60_000)])).action_post()
        street = self._get_account(appropriation, self.street_a)
        home = self._create_facility(self.community_a)
        approve(self._allot(street, [(home, 50_000)])).action_post()
        holder = self._get_account(appropriation, self.community_a, home)
        self.assertEqual(
            self._get_balances(county), {"received": 100_000, "sent": 60_000}
        )
        self.assertEqual(
            self._get_balances(street), {"received": 60_000, "sent": 50_000}
        )
        self.assertEqual(self._get_balances(holder), {"received": 50_000})
        approve(self._allot(street, [(home, 20_000)], kind="give_back")).action_post()
        self.assertEqual(
            self._get_balances(street), {"received": 60_000, "sent": 30_000}
        )
        self.assertEqual(self._get_balances(holder), {"received": 30_000})
        with self.assertRaises(UserError):
            approve(
                self._allot(street, [(home, 30_000.01)], kind="take_back")
            ).action_post()
        self.assertBooksHold()

    def test_what_happened_stands_in_the_history_alone(self):
        """Messages, which can be deleted, are for what people write."""
        allotment = self._allot(
            self._get_account(self._register(100)), [(self.street_a, 60)]
        )
        self.assertEqual(allotment.message_partner_ids, self.finance.partner_id)
        approve(allotment).action_post()
        self.env.cr.precommit.run()
        self.assertFalse(allotment.message_ids)
        allotment.message_post(body="先发一半")
        self.assertIn("先发一半", allotment.message_ids.body)
        Event = self.env["welfare.audit.event"]
        key = Event._make_key(allotment._name, allotment.id)
        events = Event.search([("history_of", "=", key)])
        states = [(event.new_values or {}).get("state") for event in events]
        self.assertLessEqual({"draft", "posted"}, set(states))

    @freeze_time("2020-06-15")
    def test_the_day_lies_in_the_year_of_the_account(self):
        """Today, or the day of the account's year that is nearest to it."""
        Allotment = self.env["welfare.allotment"].with_user(self.finance)
        for year, day in (
            (2019, "2019-12-31"),
            (2020, "2020-06-15"),
            (2021, "2021-01-01"),
        ):
            county = self._get_account(
                self._register(100, year=year, date=f"{year}-01-02", number=f"{year}")
            )
            form = Form(Allotment)
            form.account_id = county
            with self.subTest(year=year):
                self.assertEqual(str(form.date), day)
                self.assertEqual(bool(form.date_note), year != 2020)
                form.date = fields.Date.to_date(f"{year}-01-05")
                self.assertEqual(str(form.date), f"{year}-01-05")
            allotment = Allotment.create(
                {
                    "number": "下达",
                    "account_id": county.id,
                    "line_ids": [
                        Command.create({"region_id": self.street_a.id, "amount": 60})
                    ],
                }
            )
            approve(allotment).action_post()
            self.assertEqual(str(allotment.date), day)

    def test_more_than_there_is(self):
        county = self._get_account(self._register(100_000))
        allotment = self._allot(
            county, [(self.street_a, 60_000), (self.street_a, 60_000)]
        )
        # Nobody is asked to approve what cannot be carried out.
        with self.assertRaisesRegex(UserError, "100,000.00 left"):
            allotment.action_submit()
        self.assertFalse(allotment.approval_state)
        # What two were promised is there for the faster one.
        both = [self._allot(county, [(self.street_a, 60_000)]) for _ in range(2)]
        for each in both:
            approve(each)
        both[0].action_post()
        with self.assertRaisesRegex(UserError, "40,000.00 left"):
            both[1].action_post()
        self.assertEqual(county.sent, 60_000)
        back = self._allot(county, [(self.street_a, 70_000)], kind="give_back")
        with self.assertRaisesRegex(UserError, "60,000.00 left"):
            back.action_submit()

    def test_posted_is_fixed(self):
        county = self._get_account(self._register(100_000))
        allotment = self._allot(county, [(self.street_a, 60_000)])
        approve(allotment).action_post()
        for attack in (
            lambda: allotment.sudo().write({"number": "改"}),
            lambda: allotment.line_ids.sudo().write({"amount": 1}),
            lambda: allotment.line_ids.sudo().unlink(),
            lambda: allotment.sudo().unlink(),
            lambda: allotment.sudo().write(
                {
                    "line_ids": [
                        Command.create({"region_id": self.street_a.id, "amount": 1})
                    ]
                }
            ),
            lambda: approve(allotment).action_post(),
        ):
            with self.assertRaises(UserError):
                attack()

    def test_norm_of_nine_homes(self):
        """45 万 are nine homes at 50,000 yuan, and each takes the norm once."""
        appropriation = self._register(450_000, date="2017-08-01", year=2017)
        county = self._get_account(appropriation)
        norm = self._create_norm(appropriation.source_id)
        homes = self._create_homes(self._create_communities(self.street_a, 9))
        allotment = self._allot(
            county, [(home, 50_000) for home in homes], norm_id=norm.id
        )
        approve(allotment).action_post()
        self.assertEqual((allotment.amount_total, allotment.home_count), (450_000, 9))
        self.assertFalse(allotment.is_deviation)
        self.assertEqual(county.available, 0)

        later = self._register(50_000, date="2018-08-01", year=2018, number="次年")
        again = self._allot(
            self._get_account(later), [(homes[0], 50_000)], norm_id=norm.id
        )
        with self.assertRaises(UserError):
            approve(again).action_post()
        again.deviation_reason = "灾后重建"
        approve(again).action_post()
        self.assertTrue(again.is_deviation)
        self.assertBooksHold()

    def test_what_does_not_divide(self):
        """40 万 for 13 homes: 30,769.23 each, and a 分 more for some."""
        county = self._get_account(self._register(400_000))
        homes = self._create_homes(self._create_communities(self.street_a, 13))
        homes[0].name = "第一儿童之家"
        allotment = self._allot(
            county, [(home, 400_000 if home == homes[0] else 0.01) for home in homes]
        )
        allotment.line_ids[0].amount = 400_000 - Decimal("0.12")
        allotment.action_split_evenly()
        amounts = [
            Decimal(str(amount)) for amount in allotment.line_ids.mapped("amount")
        ]
        self.assertEqual(sum(amounts), 400_000)
        self.assertEqual(set(amounts), {Decimal("30769.23"), Decimal("30769.24")})
        # 13 × 30,769.23 = 399,999.99: the 分 that is left is on the first line.
        self.assertEqual(amounts[0], Decimal("30769.24"))
        self.assertEqual(amounts.count(Decimal("30769.24")), 1)
        for words in ("13", "30,769.23", homes[0].name):
            self.assertIn(words, allotment.split_note)
        allotment.line_ids[0].amount = 30_000
        self.assertFalse(allotment.split_note)
        allotment.line_ids[0].amount = 30_769.24
        approve(allotment).action_post()
        self.assertEqual(county.available, 0)
        self.assertBooksHold()

    def test_money_of_five_years(self):
        """区级 70 + 3 × 40 + (40 + 52) = 282 万; with the lottery's 45, 327 万."""
        for year, amount in (
            (2015, 70),
            (2016, 40),
            (2017, 40),
            (2018, 40),
            (2019, 40),
        ):
            appropriation = self._register(
                amount * 10_000, year=year, date=f"{year}-03-01", number=f"区{year}"
            )
        adjustment = self.env["welfare.appropriation.adjustment"].create(
            {
                "appropriation_id": appropriation.id,
                "kind": "supplement",
                "number": "追加",
                "date": "2019-05-22",
                "amount": 520_000,
            }
        )
        approve(adjustment.with_user(self.finance)).action_post()
        self.assertEqual(
            (
                appropriation.amount_initial,
                appropriation.amount_adjusted,
                appropriation.amount_current,
            ),
            (400_000, 520_000, 920_000),
        )
        lottery = self.env.ref("welfare_facility.fund_source_lottery_prefecture")
        purpose = self.env.ref("welfare_facility.fund_purpose_orphan")
        for year in (2017, 2018, 2019):
            self._register(
                150_000,
                year=year,
                date=f"{year}-08-01",
                number=f"福彩{year}",
                source_id=lottery.id,
                purpose_ids=[Command.set(purpose.ids)],
            )
        accounts = self.Account.search([("region_id", "=", self.county_a.id)])
        district = accounts.filtered(lambda account: account.source_id != lottery)
        self.assertEqual(sum(district.mapped("received")), 2_820_000)
        self.assertEqual(sum(accounts.mapped("received")), 3_270_000)
        self.assertBooksHold()


class TestRules(FundCase):
    """What the law says of a source is data; only what is verified blocks."""

    def test_prohibited_code(self):
        source = self.env.ref("welfare_facility.fund_source_lottery_prefecture")
        code = self.env.ref("welfare_facility.fund_code_30217")
        vals = {
            "source_id": source.id,
            "purpose_ids": [
                Command.set(self.env.ref("welfare_facility.fund_purpose_orphan").ids)
            ],
            "economic_department_id": code.id,
            "year": 2019,
            "date": "2019-01-05",
        }
        unverified = self._create_appropriation(**vals)
        self.assertTrue(unverified.warning)
        approve(unverified.with_user(self.finance)).action_register()
        source.is_verified = True
        verified = self._create_appropriation(**vals, number="第二号")
        with self.assertRaises(UserError):
            approve(verified.with_user(self.finance)).action_register()

    def test_reduction_below_what_is_spent(self):
        appropriation = self._register(100)
        self._post(self._get_account(appropriation), "reserve", 80)
        reduction = self.env["welfare.appropriation.adjustment"].create(
            {
                "appropriation_id": appropriation.id,
                "kind": "reduction",
                "number": "追减",
                "date": appropriation.date,
                "amount": 30,
            }
        )
        with self.assertRaisesRegex(UserError, "20.00 left"):
            reduction.with_user(self.finance).action_submit()
        reduction.amount = 20
        approve(reduction.with_user(self.finance)).action_post()
        self.assertEqual(appropriation.amount_current, 80)
        self.assertBooksHold()
