from lxml import etree

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import Form, freeze_time

from ..models.welfare_fund_account import Line, Posting
from .common import approve
from .test_welfare_fund_ledger import FundCase


class TestFundPosition(FundCase):
    """What the finance officer watches: what is left, how fast it goes, since when."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Position = cls.env["welfare.fund.position"].with_user(cls.finance)

    def _get_position(self, account, date=None):
        self.env.invalidate_all()
        Position = self.Position.with_context(welfare_as_of=date)
        return Position.search([("account_id", "=", account.id)])

    def _post_on(self, date, account, kind, amount, **options):
        return (
            self.Account.with_user(self.finance)
            ._post(
                [
                    Posting(
                        key=f"position,{next(self._keys)}",
                        lines=[Line(account, kind, amount, **options)],
                        document=account.appropriation_id,
                        date=fields.Date.to_date(date),
                    )
                ]
            )
            .sudo()
        )

    def _spend(self, date, account, amount):
        """Reserve, commit, accept and pay on one day."""
        entry = None
        for kind in ("reserve", "commit", "accrue", "pay"):
            entry = self._post_on(date, account, kind, amount, resolves=entry)
        return entry

    def test_balances_on_a_past_day(self):
        account = self._get_account(self._register(100, date="2019-03-15"))
        self._spend("2019-05-01", account, 30)
        self._post_on("2019-11-01", account, "reserve", 20)
        for date, paid, reserved, available in (
            ("2019-04-30", 0, 0, 100),
            ("2019-06-30", 30, 0, 70),
            ("2019-12-31", 30, 20, 50),
            (None, 30, 20, 50),
        ):
            position = self._get_position(account, date)
            with self.subTest(date=date):
                self.assertEqual(
                    (position.paid, position.reserved, position.available),
                    (paid, reserved, available),
                )
                self.assertEqual(position.granted, 100)
        self.assertFalse(self._get_position(account, "2019-03-14"))
        balances = account._get_balances_at(account, fields.Date.to_date("2019-06-30"))
        self.assertEqual(balances[account]["available"], 70)

    def test_behind_schedule_at_the_checkpoints(self):
        """30 % paid: in time on 29 June, behind on 30 June, as the rules say."""
        account = self._get_account(self._register(100, date="2019-01-15"))
        self._spend("2019-05-01", account, 30)
        self.assertFalse(self._get_position(account, "2019-06-29").is_behind)
        position = self._get_position(account, "2019-06-30")
        self.assertTrue(position.is_behind)
        self.assertEqual(position.expected_rate, 50)
        self.assertAlmostEqual(position.time_rate, 49.6, 1)
        self.assertAlmostEqual(position.forecast, 30 / 181 * 365, 2)
        self._spend("2019-09-29", account, 50)
        self.assertFalse(self._get_position(account, "2019-09-30").is_behind)
        self.assertTrue(self._get_position(account, "2019-10-31").is_behind)
        found = self.Position.with_context(welfare_as_of="2019-10-31").search(
            [("is_behind", "=", True)]
        )
        self.assertEqual(found.account_id, account)

    def test_the_nearest_rule_counts(self):
        self.env["welfare.rule"].create(
            {
                "code": "fund_progress_0630",
                "name": "本市要求",
                "value": 20,
                "unit": "%",
                "jurisdiction_id": self.prefecture.id,
                "date_from": "2019-01-01",
                "source": "市文件",
            }
        )
        account = self._get_account(self._register(100, date="2019-01-15"))
        self._spend("2019-05-01", account, 30)
        position = self._get_position(account, "2019-06-30")
        self.assertEqual(position.expected_rate, 20)
        self.assertFalse(position.is_behind)
        Rule = self.env["welfare.rule"].with_user(self.finance)
        date = fields.Date.to_date("2019-06-30")
        self.assertEqual(Rule._get_value("fund_progress_0630", self.county_a, date), 20)
        elsewhere = self.env.ref("welfare_facility.region_53")
        self.assertEqual(Rule._get_value("fund_progress_0630", elsewhere, date), 50)

    def test_a_rule_that_is_not_there(self):
        """Asked for and missing: refused in words. A list then says nothing of it."""
        Rule = self.env["welfare.rule"]
        date = fields.Date.to_date("2019-06-30")
        with self.assertRaises(UserError):
            Rule._get_value("no such rule", self.county_a, date)
        rules = Rule.search([("code", "=like", "fund_%")])
        approve(rules, date_to=date.replace(year=2018)).action_end()
        with self.assertRaises(UserError):
            Rule._get_value("fund_idle_days", self.county_a, date)
        position = self._get_position(self._get_account(self._register(100)))
        self.assertFalse(position.is_idle)
        self.assertFalse(position.is_behind)

    def test_idle(self):
        account = self._get_account(self._register(100, date="2019-01-15"))
        position = self._get_position(account, "2019-07-14")
        self.assertEqual((position.days_idle, position.is_idle), (180, False))
        self.assertTrue(self._get_position(account, "2019-07-15").is_idle)
        self._spend("2019-08-01", account, 100)
        self.assertFalse(self._get_position(account, "2019-12-31").is_idle)

    def test_a_home_is_judged_by_rules_of_its_own(self):
        """None is delivered while no document pays: nothing is said of a home."""
        county = self._get_account(self._register(100, date="2019-01-15"))
        [home] = self._create_homes(self.community_a)
        approve(self._allot(county, [(home, 60)], date="2019-02-01")).action_post()
        account = self._get_account(county.appropriation_id, self.community_a, home)
        position = self._get_position(account, "2019-12-30")
        self.assertEqual(position.days_idle, 332)
        self.assertFalse(position.is_idle or position.is_behind)
        with freeze_time("2019-12-30"):
            self.assertFalse(account.is_slow)
        for code, value in (
            ("fund_home_idle_days", 300),
            ("fund_home_progress_1031", 50),
        ):
            self.env["welfare.rule"].create(
                {
                    "code": code,
                    "name": "儿童之家",
                    "value": value,
                    "unit": "天",
                    "date_from": "2019-01-01",
                    "source": "区文件",
                }
            )
        position = self._get_position(account, "2019-12-30")
        self.assertTrue(position.is_idle and position.is_behind)
        # The office is judged by its own, as before.
        office = self._get_position(county, "2019-12-30")
        self.assertEqual(office.expected_rate, 83)

    def test_nothing_is_behind_before_it_may_be_sent_on(self):
        account = self._get_account(self._register(100, date="2019-10-15"))
        self.assertFalse(self._get_position(account, "2019-11-14").is_behind)
        self.assertTrue(self._get_position(account, "2019-11-15").is_behind)

    def test_a_closed_appropriation_raises_no_alarm(self):
        appropriation = self._register(100, date="2019-01-15")
        account = self._get_account(appropriation)
        self.assertTrue(self._get_position(account).is_idle)
        approve(appropriation, state_reason="已决算").action_close()
        position = self._get_position(account)
        self.assertFalse(position.is_idle or position.is_behind)

    def test_what_was_reversed_on_a_past_day(self):
        """The balances of a past day know nothing of what came later."""
        appropriation = self._register(100, date="2019-01-15")
        account = self._get_account(appropriation)
        reduced = self._post_on("2019-03-01", account, "reduce", 40)
        self._post_on("2019-06-01", account, "reverse", 40, reverses=reduced)
        for date, granted in (
            ("2019-02-28", 100),
            ("2019-03-01", 60),
            ("2019-05-31", 60),
            ("2019-06-01", 100),
            (None, 100),
        ):
            position = self._get_position(account, date)
            with self.subTest(date=date):
                self.assertEqual(position.granted, granted)
                self.assertEqual(position.received, granted)
                self.assertEqual(position.available, granted)
        self.assertBooksHold()

    def test_money_that_came_in_counts_once(self):
        """What is granted adds up over levels and years; what is received does not."""
        appropriation = self._register(100, date="2019-01-15")
        county = self._get_account(appropriation)
        allotment = self.env["welfare.allotment"].create(
            {
                "number": "下达",
                "account_id": county.id,
                "date": "2019-02-01",
                "line_ids": [
                    Command.create({"region_id": self.street_a.id, "amount": 60})
                ],
            }
        )
        approve(allotment).action_post()
        carry = self.env["welfare.fund.carry"].create(self._prepare_carry_vals())
        carry.action_propose()
        approve(carry).action_post()
        positions = self.Position.search([])
        self.assertEqual(len(positions), 4)
        self.assertEqual(sum(positions.mapped("granted")), 100)
        self.assertEqual(sum(positions.mapped("received")), 260)
        self.assertEqual(sum(positions.mapped("available")), 100)

    def test_by_year_source_level_and_purpose(self):
        source = self.env.ref("welfare_facility.fund_source_lottery_prefecture")
        purposes = self.env["welfare.fund.purpose"].search([], limit=2)
        self._register(100)
        self._register(50, source_id=source.id, purpose_ids=[Command.set(purposes.ids)])
        groups = self.Position._read_group(
            [], ["year", "source_level", "purpose"], ["granted:sum"]
        )
        names = "、".join(purposes.with_user(self.finance).mapped("name"))
        self.assertCountEqual(
            groups, [(2019, "county", False, 100), (2019, "prefecture", names, 50)]
        )

    @freeze_time("2019-07-02")
    def test_progress_of_an_account(self):
        account = self._get_account(self._register(100, date="2019-01-15"))
        self._spend("2019-05-01", account, 30)
        account.invalidate_recordset()
        self.assertTrue(account.is_slow)
        self.assertIn("30.0", account.progress_note)
        self.assertIn("50.1", account.progress_note)
        self._spend("2019-06-01", account, 50)
        self.assertFalse(account.is_slow)

    def test_choosing_a_day(self):
        wizard = Form(self.env["welfare.fund.position.day"].with_user(self.finance))
        wizard.checkpoint_id = self.env.ref("welfare_facility.rule_fund_progress_0930")
        wizard.year = 2019
        self.assertEqual(str(wizard.date), "2019-09-30")
        action = wizard.save().action_show()
        self.assertEqual(action["context"]["search_default_date"], "2019-09-30")
        # Not by the context of the action: a saved search would lose it.
        self.assertNotIn("welfare_as_of", action["context"])
        view = self.env.ref("welfare_facility.welfare_fund_position_view_search")
        node = etree.fromstring(view.arch).find("field[@name='date']")
        self.assertEqual(node.get("context"), "{'welfare_as_of': self}")
        self.assertEqual(node.get("filter_domain"), "[]")
        for given, day in (
            (["2019-09-30"], "2019-09-30"),
            (["2019-09-30", "2019-06-30"], "2019-06-30"),
            ("2019-09-30", "2019-09-30"),
            ([], "None"),
            (["2999-01-01"], "None"),
        ):
            Position = self.Position.with_context(welfare_as_of=given)
            self.assertEqual(str(Position._get_date()), day)
        for given in ("gestern", {"a": 1}, [5]):
            with self.assertRaises(UserError):
                self.Position.with_context(welfare_as_of=given)._get_date()

    def test_sent_on_late(self):
        allotments = self.env["welfare.allotment"]
        for number, day in enumerate(("2019-04-14", "2019-04-15")):
            account = self._get_account(
                self._register(100, date="2019-03-15", number=f"号{number}")
            )
            allotments += allotments.create(
                {
                    "number": f"下达{number}",
                    "account_id": account.id,
                    "date": day,
                    "line_ids": [
                        Command.create({"region_id": self.street_a.id, "amount": 60})
                    ],
                }
            )
        approve(allotments).action_post()
        self.assertEqual(allotments.mapped("days_held"), [30, 31])
        self.assertEqual(allotments.mapped("is_sent_late"), [False, True])
        Allotment = self.env["welfare.allotment"].with_user(self.finance)
        mine = [("id", "in", allotments.ids)]
        late = Allotment.search([*mine, ("is_sent_late", "=", True)])
        self.assertEqual(late, allotments[1])
        in_time = Allotment.search([*mine, ("is_sent_late", "=", False)])
        self.assertEqual(in_time, allotments[0])

    def test_who_may_pay_down(self):
        """To a lower government only the finance department pays; a street is ours."""
        Rule = self.env["welfare.fund.transfer.rule"]
        new, old = map(fields.Date.to_date, ("2021-01-01", "2019-01-01"))
        [warning] = Rule._get_warnings(self.prefecture, self.county_a, new)
        self.assertIn("第五十九条", warning)
        self.assertFalse(Rule._get_warnings(self.prefecture, self.county_a, old))
        town = self._create_region(
            self.county_a, code=f"{self.county_a.code[:6]}100000"
        )
        street = Rule._get_warnings(self.county_a, self.street_a, new)
        self.assertNotEqual(Rule._get_warnings(self.county_a, town, new), street)
        account = self._get_account(self._register(100, year=2021, date="2021-03-01"))
        allotment = self.env["welfare.allotment"].create(
            {
                "number": "下达",
                "account_id": account.id,
                "date": "2021-03-02",
                "line_ids": [Command.create({"region_id": town.id, "amount": 60})],
            }
        )
        self.assertIn("第五十九条", allotment.warning)
        # It warns, and does not block.
        approve(allotment.with_user(self.finance)).action_post()
