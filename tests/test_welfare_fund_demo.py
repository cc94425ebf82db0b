from odoo.tests import TransactionCase, tagged


@tagged("-standard", "welfare_demo")
class TestFundDemo(TransactionCase):
    """The money of 五华区 as the district answered, down to each home."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.district = cls.env.ref("welfare_facility.region_530102_demo")
        cls.lottery = cls.env.ref("welfare_facility.fund_source_lottery_prefecture")
        cls.accounts = cls.env["welfare.fund.account"].search(
            [("region_id", "child_of", cls.district.id)]
        )
        cls.office = cls.accounts.filtered(
            lambda account: account.region_id == cls.district
        )

    def test_the_books_hold(self):
        self.assertEqual(self.env["welfare.fund.account"]._find_differences(), [])

    def test_the_figures_of_the_answer(self):
        """282 万 of the district, 45 万 of the lottery, 327 万 together."""
        received = {}
        for account in self.office:
            key = account.source_id == self.lottery, account.year
            received[key] = received.get(key, 0) + account.received
        district = {year: 400_000 for year in (2016, 2017, 2018)}
        district |= {2015: 700_000, 2019: 920_000}
        lottery = {year: 150_000 for year in (2017, 2018, 2019)}
        self.assertEqual(
            received,
            {(False, year): amount for year, amount in district.items()}
            | {(True, year): amount for year, amount in lottery.items()},
        )
        self.assertEqual(sum(received.values()), 3_270_000)

    def test_what_the_ledger_says_of_each_home(self):
        """Each home got what the ledger states: 190 万 and 45 万 in all."""
        homes = self.env["welfare.facility"].search([("amount_total_stated", ">", 0)])
        self.assertEqual(len(homes), 52)
        self.assertEqual(sum(homes.mapped("amount_total_stated")), 2_350_000)
        for home in homes:
            accounts = self.accounts.filtered(lambda a, h=home: a.facility_id == h)
            self.assertEqual(sum(accounts.mapped("received")), home.amount_total_stated)

    def test_nine_homes_take_the_norm(self):
        lines = self.env["welfare.allotment.line"].search(
            [("is_norm_taken", "=", True)]
        )
        self.assertEqual(len(lines.facility_id), 9)
        self.assertEqual(set(lines.mapped("amount")), {50_000})

    def test_what_did_not_divide(self):
        """40 万 for 13 homes, and the 52 万 that came later are still there."""
        planned = self.accounts.filtered(
            lambda account: account.facility_id and account.year == 2019
        ).filtered(lambda account: account.source_id != self.lottery)
        self.assertEqual(len(planned), 13)
        self.assertEqual(sorted(planned.mapped("received"))[-2:], [30769.23, 30769.24])
        left = self.office.filtered("available")
        self.assertEqual((left.year, left.available), (2019, 520_000))
