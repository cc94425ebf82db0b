from odoo.exceptions import AccessError, UserError

from .test_welfare_fund_ledger import FundCase


class TestImportLedger(FundCase):
    """The funding sheet of an applied ledger becomes drafts of the fund ledger."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ledger = cls._create_facility_import()
        cls.county = cls.env.ref("welfare_facility.fund_source_county")
        cls.lottery = cls.env.ref("welfare_facility.fund_source_lottery_prefecture")

    def _add_row(self, number, amount, source="区级财政", **vals):
        row = {
            "import_id": self.ledger.id,
            "year": 2019,
            "source": source,
            "number": number,
            "number_key": number,
            "date": "2019-03-15",
            "amount": amount,
            "note": "儿童之家建设经费（年初预算）",
            "status": "create",
            **vals,
        }
        return self.env["welfare.facility.import.fund"].create(row)

    def _apply(self):
        self.ledger._set_state("checked")
        self.ledger._set_state("applied")

    def _register_rows(self, user=None):
        self.ledger.with_user(user or self.finance).action_register_funds()
        self.env.invalidate_all()

    def test_grants_and_what_adds_to_them(self):
        grant = self._add_row("五财行201912号", 400_000)
        lottery = self._add_row(
            "昆民201941号", 150_000, "市级福彩公益金", amount_norm=50_000, note="3家"
        )
        supplement = self._add_row("五财行201957号", 520_000, note="追加建设经费")
        self._apply()
        self._register_rows()
        appropriation = grant.appropriation_id
        self.assertEqual(
            (appropriation.state, appropriation.amount_initial), ("draft", 400_000)
        )
        self.assertEqual(appropriation.source_id, self.county)
        self.assertEqual(appropriation.region_id, self.county_a)
        self.assertEqual(appropriation.import_fund_id, grant)
        self.assertEqual(lottery.appropriation_id.source_id, self.lottery)
        self.assertTrue(lottery.appropriation_id.conditions)
        adjustment = supplement.adjustment_id
        self.assertEqual(
            (adjustment.appropriation_id, adjustment.kind, adjustment.amount),
            (appropriation, "supplement", 520_000),
        )
        self.assertFalse(self.ledger.open_fund_count)
        # Again: nothing twice.
        self._register_rows()
        Appropriation = self.env["welfare.appropriation"]
        mine = [("region_id", "=", self.county_a.id)]
        self.assertEqual(Appropriation.search_count(mine), 2)
        self.assertEqual(len(appropriation.adjustment_ids), 1)

    def test_nothing_is_guessed(self):
        rows = [
            self._add_row("甲1号", 100, "某某专项"),
            self._add_row("甲2号", 100, date=False),
            self._add_row("甲3号", 100, "市级福彩公益金", note="追加"),
            self._add_row("甲4号", 100, year=2018),
            self._add_row("甲5号", 100, status="error"),
        ]
        self._apply()
        self._register_rows()
        for row in rows:
            with self.subTest(number=row.number):
                self.assertFalse(row.appropriation_id)
                self.assertTrue(row.is_open)
                self.assertTrue(row.ledger_note)
        self.assertIn("某某专项", rows[0].ledger_note)
        self.assertEqual(self.ledger.open_fund_count, 5)

    def test_which_grant_is_adjusted(self):
        for number in ("甲1号", "甲2号"):
            self._add_row(number, 100)
        row = self._add_row("甲3号", 50, note="追减")
        self._apply()
        self._register_rows()
        self.assertFalse(row.adjustment_id)
        self.assertIn("甲1号", row.ledger_note)

    def test_what_is_there_is_linked(self):
        there = self._register(100, number="甲〔2019〕1号")
        row = self._add_row("甲〔2019〕1号", 100, number_key="甲20191号")
        other = self._add_row("甲〔2019〕2号", 70, number_key="甲20192号")
        with_other_amount = self._register(60, number="甲[2019]2号")
        self._apply()
        self._register_rows()
        self.assertEqual(there.import_fund_id, row)
        self.assertEqual(row.appropriation_id, there)
        self.assertEqual(other.appropriation_id, with_other_amount)
        self.assertIn("60", other.ledger_note)

    def test_who_and_when(self):
        self._add_row("甲1号", 100)
        with self.assertRaises(UserError):
            self._register_rows()
        self._apply()
        for role in ("manager", "auditor", "administrator"):
            with self.assertRaises(AccessError):
                self._register_rows(self.user_by_role[role])

    def test_the_link_is_not_moved(self):
        row = self._add_row("甲1号", 100)
        self._apply()
        self._register_rows()
        with self.assertRaises(UserError):
            row.appropriation_id.sudo().write({"import_fund_id": False})
