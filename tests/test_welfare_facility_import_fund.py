from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from .common import make_ledger
from .test_welfare_facility_import import LEDGER, LedgerCase, read_sample

HEADING = (
    "年度",
    "资金来源",
    "文号",
    "下达日期",
    "金额（元）",
    "补助标准（元/家）",
    "摘要",
)


class FundingCase(LedgerCase):
    def _make_funding(self, *rows, heading=HEADING):
        return make_ledger(rows, heading=heading, sheet="资金台账")

    def _row(self, **vals):
        row = {
            "year": 2018,
            "source": "区级财政",
            "number": "五财行〔2018〕19号",
            "date": "2018-03-14",
            "amount": 400000,
            "norm": "",
            "note": "儿童之家建设经费",
            **vals,
        }
        return list(row.values())


class TestFunding(FundingCase):
    """The funding sheet of the ledger, kept for the fund ledger to take over."""

    def test_ledger_of_wuhua(self):
        ledger = self._check(read_sample(LEDGER))
        funds = ledger.fund_ids
        self.assertEqual(len(funds), 9)
        self.assertEqual(ledger.amount_fund, 3_270_000)
        self.assertTrue(ledger.has_fund_total)
        self.assertEqual(ledger.amount_fund_stated, 3_270_000)
        self.assertEqual((ledger.error_count, ledger.warning_count), (0, 0))
        lottery = funds[3]
        self.assertEqual(
            lottery.read(
                ["sheet", "row", "cell", "year", "source", "number", "amount"]
                + ["amount_norm", "note", "status", "is_registered"],
                load=None,
            ),
            [
                {
                    "id": lottery.id,
                    "sheet": "资金台账",
                    "row": 6,
                    "cell": "C6",
                    "year": 2017,
                    "source": "市级福彩公益金",
                    "number": "昆民〔2017〕88号",
                    "amount": 150000,
                    "amount_norm": 50000,
                    "note": "3家，5万元/家",
                    "status": "create",
                    "is_registered": False,
                }
            ],
        )
        self.assertEqual(lottery.date.isoformat(), "2017-08-01")
        ledger.action_apply()
        self.assertEqual(funds.mapped("is_registered"), [True] * 9)

    def test_same_file_twice(self):
        ledger = self._check(read_sample(LEDGER))
        ledger.action_apply()
        again = self._check(read_sample(LEDGER))
        self.assertEqual(set(again.fund_ids.mapped("status")), {"unchanged"})
        self.assertEqual(again.fund_count, 0)

    def test_only_the_new_ones(self):
        """A ledger that adds a document brings that one, and no facility."""
        content = self._make_funding(self._row())
        self._check(content).action_apply()
        content = self._make_funding(
            # As another clerk writes the same number.
            self._row(number="五财行[2018]19 号"),
            self._row(year=2019, number="五财行〔2019〕12号", date="2019-03-14"),
        )
        ledger = self._check(content)
        self.assertEqual(ledger.fund_ids.mapped("status"), ["unchanged", "create"])
        ledger.action_apply()
        self.assertEqual(ledger.fund_ids.mapped("is_registered"), [False, True])
        self.assertFalse(self.Facility.search([]))

    def test_to_the_fen(self):
        ledger = self._check(
            self._make_funding(
                self._row(amount="0.41"), heading=[*HEADING[:4], "金额（万元）"]
            )
        )
        self.assertEqual(ledger.fund_ids.amount, 4100)
        ledger = self._check(
            self._make_funding(
                self._row(amount=1234567.89), self._row(number="二", amount=0.01)
            )
        )
        self.assertEqual(ledger.amount_fund, 1234567.90)

    def test_total_that_differs(self):
        ledger = self._check(
            self._make_funding(self._row(), ["合计", "", "", "", 500000, "", ""])
        )
        self.assertEqual(
            (ledger.amount_fund, ledger.amount_fund_stated), (400000, 500000)
        )
        self.assertEqual(ledger.warning_count, 1)
        warning = ledger.line_ids
        self.assertEqual((warning.sheet, warning.cell), ("资金台账", "E3"))
        self.assertIn("500,000", warning.message)

    def test_twice_in_one_file(self):
        ledger = self._check(self._make_funding(self._row(), self._row()))
        self.assertEqual(ledger.error_count, 1)
        self.assertEqual(ledger.line_ids.cell, "C3")
        self.assertIn("C2", ledger.line_ids.message)
        self.assertEqual(ledger.fund_ids.mapped("status"), ["create", "error"])
        with self.assertRaises(UserError):
            ledger.action_apply()

    def test_one_number_with_two_amounts(self):
        """It may be right, so it is only said."""
        ledger = self._check(
            self._make_funding(self._row(), self._row(amount=150000, source="市级"))
        )
        self.assertEqual((ledger.error_count, ledger.warning_count), (0, 1))
        self.assertEqual(ledger.fund_count, 2)

    def test_announced_after_its_year(self):
        ledger = self._check(self._make_funding(self._row(date="2019-03-14")))
        self.assertEqual((ledger.error_count, ledger.warning_count), (0, 1))
        early = self._check(self._make_funding(self._row(date="2017-12-20")))
        self.assertEqual(early.warning_count, 0)

    def test_what_is_wrong_in_a_row(self):
        for vals, cell in (
            ({"year": "去年"}, "A2"),
            ({"source": ""}, "B2"),
            ({"number": ""}, "C2"),
            ({"date": "2018-02-30"}, "D2"),
            ({"amount": -1}, "E2"),
            ({"amount": "四十万"}, "E2"),
            ({"amount": ""}, "E2"),
            ({"norm": "五万"}, "F2"),
        ):
            with self.subTest(vals):
                ledger = self._check(self._make_funding(self._row(**vals)))
                self.assertEqual(ledger.error_count, 1)
                self.assertEqual(ledger.line_ids.cell, cell)
                self.assertEqual(ledger.fund_ids.status, "error")

    def test_missing_column(self):
        """Its heading is told by hand, as for the facilities."""
        content = self._make_funding(
            self._row(), heading=[*HEADING[:4], "到位", *HEADING[5:]]
        )
        ledger = self._check(content)
        self.assertEqual(ledger.error_count, 1)
        self.assertEqual(ledger.heading_ids.mapped("name"), ["到位"])
        columns = self.env["welfare.import.column"]._get_columns("funding")
        ledger.heading_ids.column_id = columns["amount"]
        ledger.action_check()
        self.assertEqual(ledger.amount_fund, 400000)

    def test_another_region(self):
        """The same document may be in the ledger of the region beside."""
        self._check(self._make_funding(self._row())).action_apply()
        other = self._check(
            self._make_funding(self._row()),
            user=self.manager,
            region_id=self.county_a.id,
        )
        self.assertEqual(other.fund_ids.status, "create")

    def test_two_at_once(self):
        """The database takes a document once."""
        first = self._check(self._make_funding(self._row()))
        second = self._check(self._make_funding(self._row()))
        first.action_apply()
        with self.assertRaises(UserError):
            second.action_apply()
        with mute_logger("odoo.sql_db"), self.assertRaisesRegex(Exception, "unique"):
            second.fund_ids._take_over()
            self.env.flush_all()

    def test_kept_as_it_is(self):
        ledger = self._check(self._make_funding(self._row()))
        ledger.action_apply()
        with self.assertRaises(AccessError):
            ledger.fund_ids.sudo().write({"amount": 1})
        with self.assertRaises(AccessError):
            ledger.fund_ids.sudo().unlink()
