from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.welfare_facility.tools.money import (
    FEN,
    LIMIT,
    format_yuan,
    parse_rmb_uppercase,
    rmb_uppercase,
    split_evenly,
    to_yuan,
)

#: 《支付结算办法》附一 and the amounts of the sample documents.
SPELLINGS = {
    "0": "零元整",
    "-0.004": "零元整",
    "0.05": "伍分",
    "0.30": "叁角整",
    "0.99": "玖角玖分",
    "1": "壹元整",
    "1.999": "贰元整",
    "10": "壹拾元整",
    "10.05": "壹拾元零伍分",
    "12": "壹拾贰元整",
    "20.50": "贰拾元零伍角整",
    "325.04": "叁佰贰拾伍元零肆分",
    "1005": "壹仟零伍元整",
    "1409.50": "壹仟肆佰零玖元伍角整",
    "1680.32": "壹仟陆佰捌拾元零叁角贰分",
    "6007.14": "陆仟零柒元壹角肆分",
    "16409.02": "壹万陆仟肆佰零玖元零贰分",
    "30769.23": "叁万零柒佰陆拾玖元贰角叁分",
    "50000": "伍万元整",
    "107000.53": "壹拾万柒仟元零伍角叁分",
    "450000": "肆拾伍万元整",
    "920000": "玖拾贰万元整",
    "1000000": "壹佰万元整",
    "10000000.01": "壹仟万元零壹分",
    "100000000": "壹亿元整",
    "100010000": "壹亿零壹万元整",
    "900006000": "玖亿零陆仟元整",
    "1234500000000": "壹万贰仟叁佰肆拾伍亿元整",
    "1000010000000": "壹万亿零壹仟万元整",
    "1000000000000000": "壹仟万亿元整",
    "-12.5": "负壹拾贰元伍角整",
}

amounts = st.integers(0, 10**18 - 1).map(lambda fen: fen * FEN)
# Figures of mostly zeros are where the spellings differ.
sparse_amounts = st.text("00015", min_size=1, max_size=18).map(lambda s: int(s) * FEN)
reproducible = settings(derandomize=True, deadline=None, database=None)


class TestToYuan(BaseCase):
    def test_rounds_half_up(self):
        cases = {
            0.145: "0.15",
            1.005: "1.01",
            0.1 + 0.2: "0.30",
            "2.675": "2.68",
            "-0.005": "-0.01",
            Decimal("0.0049"): "0.00",
            7: "7.00",
            1e15: "1000000000000000.00",
        }
        for value, expected in cases.items():
            self.assertEqual(str(to_yuan(value)), expected)

    def test_zero_has_no_sign(self):
        self.assertEqual(str(to_yuan("-0.001")), "0.00")

    def test_refuses_what_is_no_amount(self):
        for value in ("", "5万", "1,000", "NaN", float("inf"), Decimal("-Infinity")):
            with self.assertRaises(ValueError):
                to_yuan(value)
        for value in (None, True, [1], b"1"):
            with self.assertRaises(TypeError):
                to_yuan(value)


class TestRmbUppercase(BaseCase):
    def test_spellings(self):
        for amount, expected in SPELLINGS.items():
            self.assertEqual(rmb_uppercase(amount), f"人民币{expected}", amount)

    def test_types(self):
        self.assertEqual(rmb_uppercase(50000), rmb_uppercase(Decimal(50000)))
        with self.assertRaisesRegex(TypeError, "to_yuan"):
            rmb_uppercase(50000.0)
        with self.assertRaises(ValueError):
            rmb_uppercase(Decimal("NaN"))

    def test_limit(self):
        self.assertTrue(rmb_uppercase(LIMIT - FEN).endswith("玖元玖角玖分"))
        for amount in (LIMIT, -LIMIT, LIMIT - Decimal("0.001"), "1e40"):
            with self.assertRaises(ValueError):
                rmb_uppercase(amount)


class TestParseRmbUppercase(BaseCase):
    @reproducible
    @given(st.one_of(amounts, sparse_amounts), st.booleans())
    def test_round_trip(self, amount, negative):
        amount = -amount if negative else amount
        spelling = rmb_uppercase(amount)
        self.assertEqual(parse_rmb_uppercase(spelling), amount)
        self.assertNotIn("零零", spelling)
        self.assertNotIn("零元", spelling if amount else "")

    def test_accepted_spellings(self):
        cases = {
            "人民币壹仟陆佰捌拾元叁角贰分": "1680.32",
            "人民币壹拾万零柒仟元伍角叁分": "107000.53",
            "壹拾万零柒仟元零伍角叁分": "107000.53",
            "人民币 肆拾伍万圆正": "450000",
            "伍角": "0.5",
            "壹仟肆佰零玖元伍角": "1409.5",
        }
        for text, expected in cases.items():
            self.assertEqual(parse_rmb_uppercase(text), Decimal(expected))

    def test_refuses_other_text(self):
        for text in (
            "",
            "人民币",
            "伍万",
            "五万元整",
            "伍万元",  # 整 is obligatory after 元
            "壹仟伍元整",  # the 零 is missing
            "壹佰零伍拾元整",
            "伍万零元整",
            "伍元伍分整",
            "负零元整",
            "壹万壹万元整",
            "50000元整",
        ):
            with self.assertRaises(ValueError, msg=text):
                parse_rmb_uppercase(text)


class TestSplitEvenly(BaseCase):
    def test_rest_goes_to_the_first(self):
        shares = split_evenly(400000, 13)
        self.assertEqual(shares[0], Decimal("30769.24"))
        self.assertEqual(set(shares[1:]), {Decimal("30769.23")})
        self.assertEqual(
            split_evenly("-0.05", 3), [Decimal("-0.02"), Decimal("-0.02"), -FEN]
        )
        self.assertEqual(split_evenly("0.01", 2), [FEN, 0])

    @reproducible
    @given(amounts, st.integers(1, 500))
    def test_sum_is_exact(self, total, count):
        shares = split_evenly(total, count)
        self.assertEqual(len(shares), count)
        self.assertEqual(sum(shares), total)
        self.assertLessEqual(max(shares) - min(shares), FEN)
        self.assertEqual(shares, sorted(shares, reverse=True))

    def test_refuses_other_counts(self):
        for count in (0, -1):
            with self.assertRaises(ValueError):
                split_evenly(100, count)
        for count in (2.0, True, None):
            with self.assertRaises(TypeError):
                split_evenly(100, count)


class TestFormatYuan(BaseCase):
    def test_yuan(self):
        self.assertEqual(format_yuan("123456789.125"), "123,456,789.13")
        self.assertEqual(format_yuan(-1234.5), "-1,234.50")

    def test_ten_thousand_yuan(self):
        cases = {"50000": "5.00", "12345.67": "1.234567", "123456789": "12,345.6789"}
        for value, expected in cases.items():
            self.assertEqual(format_yuan(value, "万元"), expected)
        self.assertEqual(format_yuan("-0.01", "万元"), "-0.000001")

    def test_refuses_other_units(self):
        with self.assertRaises(ValueError):
            format_yuan(1, "亿元")
