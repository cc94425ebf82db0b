from datetime import date, datetime, time
from decimal import Decimal

from odoo.tests import BaseCase

from ..tools.textvalue import (
    OtherTextError,
    TextValueError,
    clean_text,
    is_blank,
    match_key,
    normalize,
    parse_area,
    parse_boolean,
    parse_code,
    parse_date,
    parse_money,
    parse_number,
    parse_quantity,
    place_key,
    same_place,
)

#: What may turn up in any cell; no parser may fail on it in another way.
ODD_VALUES = (
    "",
    " ",
    "-",
    "约",
    "见附件",
    "#REF!",
    "1e999999",
    "9" * 500,
    "١٢",
    "²",
    "\x00",
    float("nan"),
    float("inf"),
    -float("inf"),
    10**400,
    -1,
    0.1,
    True,
    None,
    date(2016, 5, 3),
    datetime(2016, 5, 3, 10, 20),
    time(8, 30),
    b"bytes",
    [],
)


def english(message):
    """Return a lazy message in English.

    Not in a method of a test: there, it would ask for the language of ``self.env``.
    """
    return str(message)


class ValueCase(BaseCase):
    def assert_values(self, parse, expected, **options):
        for value, result in expected.items():
            with self.subTest(value=value):
                self.assertEqual(parse(value, **options), result)

    def assert_refused(self, parse, values, error=TextValueError, **options):
        for value in values:
            with self.subTest(value=value):
                with self.assertRaises(error) as caught:
                    parse(value, **options)
                self.assertTrue(english(caught.exception.message))


class TestText(ValueCase):
    def test_clean_text(self):
        """Stray blanks go, full-width punctuation stays."""
        self.assert_values(
            clean_text,
            {
                "3家，5万元/家": "3家，5万元/家",
                "\u3000无独立\u00a0\u00a0场所 ": "无独立 场所",
                "一\r\n\r\n 二_x000D_\n三": "一\n二\n三",
                "零\u200b宽\ufeff": "零宽",
                "tab\tand\x07bell": "tab andbell",
                2015.0: "2015",
                3.8000000000000003: "3.8",
                None: "",
                date(2018, 10, 9): "2018-10-09",
            },
        )

    def test_normalize(self):
        self.assert_values(
            normalize,
            {
                "合  计": "合计",
                "合\u3000计": "合计",
                "１２．５": "12.5",
                "面积（㎡）": "面积(m2)",
                "每周开放时间\n（小时）": "每周开放时间(小时)",
                "社区“儿童之家”": '社区"儿童之家"',
                "社区「儿童之家」": '社区"儿童之家"',
                "a \t b": "a b",
                "2018—2019": "2018-2019",
            },
        )

    def test_match_key(self):
        self.assertEqual(
            match_key("社区“儿童之家” 名称"), match_key("社区儿童之家名称")
        )
        self.assertEqual(match_key("Ｎｏ．"), "no")
        self.assertEqual(match_key("√"), "√")

    def test_is_blank(self):
        """A dash or slash is how a clerk writes that there is nothing."""
        for value in (None, "", " \u3000\n", "-", "——", "／", "\\", "－"):
            self.assertTrue(is_blank(value), value)
        for value in (0, 0.0, False, "0", "无", "-1"):
            self.assertFalse(is_blank(value), value)


class TestNumber(ValueCase):
    def test_number(self):
        self.assert_values(
            parse_number,
            {
                "１２．５": Decimal("12.5"),
                "1,234.5": Decimal("1234.5"),
                "１，２３４，５６７": Decimal(1234567),
                " 40 ": Decimal(40),
                "-5": Decimal(-5),
                "−5": Decimal(-5),
                ".5": Decimal("0.5"),
                "3万": Decimal(30000),
                "1.2亿": Decimal(120_000_000),
                "5.3E+3": Decimal(5300),
                12: Decimal(12),
                10.0: Decimal(10),
            },
        )

    def test_binary_noise_is_removed(self):
        self.assertEqual(str(parse_number(3.8000000000000003)), "3.8")
        self.assertEqual(str(parse_number(0.1 + 0.2)), "0.3")

    def test_text_is_refused(self):
        """A number that takes a guess is none."""
        self.assert_refused(
            parse_number,
            [
                "随居委会上班时间",
                "约40",
                "40-50",
                "40～50",
                "1,23",
                "1 234",
                "40小时",
                True,
            ],
            error=OtherTextError,
        )
        self.assert_refused(parse_number, [date(2016, 5, 3)], error=OtherTextError)
        self.assert_refused(parse_number, [1e15, "1" * 16])

    def test_unit_that_is_known(self):
        self.assertEqual(parse_number("40 小时", unit="小时"), 40)
        self.assertEqual(parse_quantity("60 ㎡"), (Decimal(60), "m2"))

    def test_money(self):
        self.assert_values(
            parse_money,
            {
                4.1: Decimal(41000),
                3.8000000000000003: Decimal(38000),
                "4.1": Decimal(41000),
                "700,000元": Decimal(700_000),
                "￥1,234.50元": Decimal("1234.50"),
                "3万": Decimal(30000),
                "0.5亿元": Decimal(50_000_000),
            },
            unit="万元",
        )
        self.assert_values(
            parse_money, {"¥1,234.50": Decimal("1234.50"), 5: Decimal(5)}, unit="元/家"
        )
        self.assertEqual(parse_money(2, unit="人民币 千元"), 2000)
        self.assert_refused(parse_money, [5, "5"], unit="美元")
        self.assert_refused(parse_money, ["五万", "5美元", "60㎡"])

    def test_area(self):
        self.assert_values(
            parse_area,
            {
                "60 ㎡": Decimal("60.00"),
                "60平方米": Decimal("60.00"),
                "60m²": Decimal("60.00"),
                "60平米": Decimal("60.00"),
                "1亩": Decimal("666.67"),
                "1.5亩": Decimal("1000.00"),
                "2公顷": Decimal("20000.00"),
                40.505: Decimal("40.51"),
            },
        )
        self.assertEqual(parse_area(3, unit="亩"), Decimal("2000.00"))
        self.assert_refused(parse_area, ["60元", "六十"])


class TestDate(ValueCase):
    def test_days(self):
        self.assert_values(
            parse_date,
            dict.fromkeys(
                (
                    "2016年5月3日",
                    "２０１６年５月３日",
                    "2016 年 5 月 3 号",
                    "2016.5.3",
                    "2016. 5. 3",
                    "2016.05.03.",
                    "2016/5/3",
                    "2016-05-03",
                    "2016－5－3",
                    "2016-05-03 08:30:00",
                    "20160503",
                    20160503.0,
                    42493.0,
                    date(2016, 5, 3),
                    datetime(2016, 5, 3, 10, 20),
                ),
                (date(2016, 5, 3), "day"),
            ),
        )

    def test_months_and_years(self):
        """Of a month or year the first day stands, and the precision says so."""
        month, year = (date(2016, 5, 1), "month"), (date(2016, 1, 1), "year")
        self.assert_values(
            parse_date,
            {
                **dict.fromkeys(("2016年5月", "2016年5月份", "2016年5月底"), month),
                **dict.fromkeys(("2016.5", "2016-05", "2016/5", "201605"), month),
                **dict.fromkeys((2016.5, 201605.0), month),
                **dict.fromkeys(("2016", "2016年", "2016年度", "2016年底"), year),
                **dict.fromkeys((2016, 2016.0), year),
            },
        )

    def test_october_typed_as_number(self):
        """2016.10 in a number cell has become 2016.1."""
        self.assertEqual(parse_date("2016.10"), (date(2016, 10, 1), "month"))
        self.assertEqual(parse_date("2016.1"), (date(2016, 1, 1), "month"))
        self.assertEqual(parse_date(2016.11), (date(2016, 11, 1), "month"))
        self.assert_refused(parse_date, [2016.1])

    def test_serial_without_format(self):
        self.assertEqual(parse_date(43382.0), (date(2018, 10, 9), "day"))
        self.assertEqual(parse_date(41920, date1904=True), (date(2018, 10, 9), "day"))

    def test_impossible(self):
        values = ["2016.13.1", "2015-02-30", "2015年2月30日", "2016年0月", "20161301"]
        self.assert_refused(parse_date, values)
        self.assert_refused(parse_date, ["3016-01-01", "1016年5月", date(1900, 1, 12)])
        self.assert_refused(
            parse_date,
            ["16.5.3", "3/5/2016", "2016.5/3", "5月", "待定", time(8, 30), 40.5, True],
            error=OtherTextError,
        )


class TestCode(ValueCase):
    def test_code(self):
        self.assert_values(
            parse_code,
            dict.fromkeys(
                (
                    530102001001.0,
                    530102001001,
                    "530102001001",
                    "530102001001.0",
                    "'530102001001",
                    "５３０１０２００１００１",
                    " 530102 001 001\u00a0",
                    "5.30102001001E+11",
                ),
                "530102001001",
            ),
        )
        self.assertEqual(parse_code("91530102MA6K1X2Y3Z"), "91530102MA6K1X2Y3Z")
        self.assertEqual(parse_code("007"), "007")

    def test_refused(self):
        self.assert_refused(parse_code, ["见附件", "五财行", 1.5, -5, True])
        # Excel has shortened these, and the code is lost.
        self.assert_refused(parse_code, ["5.30102E+11", 530102001001000123.0])


class TestBoolean(ValueCase):
    def test_boolean(self):
        self.assert_values(
            parse_boolean,
            {
                **dict.fromkeys(("是", "有", "√", " ✓", "1", "Ｙ", 1.0, True), True),
                **dict.fromkeys(("否", "无", "×", "X", "0", "no", 0, False), False),
            },
        )
        self.assert_refused(parse_boolean, ["是的吧", "2", 2, "", None])


class TestPlace(BaseCase):
    def test_same_street(self):
        for name in (
            "华山街道",
            "华山街道办事处",
            "华山街道办",
            " 华山　办事处",
            "华山",
        ):
            with self.subTest(name=name):
                self.assertEqual(place_key(name), "华山")
                self.assertTrue(same_place(name, "华山街道办事处"))

    def test_same_community(self):
        for name in (
            "大村社区",
            "大村社区居委会",
            "大村社区居民委员会",
            "大村居委会",
            "大村",
        ):
            with self.subTest(name=name):
                self.assertEqual(place_key(name), "大村")
                self.assertTrue(same_place(name, "大村社区"))

    def test_same_village(self):
        for name in ("大塘村", "大塘村委会", "大塘村民委员会"):
            with self.subTest(name=name):
                self.assertEqual(place_key(name), "大塘村")
                self.assertTrue(same_place(name, "大塘村委会"))
        self.assertTrue(same_place("大塘村委会", "大塘"))
        self.assertTrue(same_place("东村村委会", "东村"))
        self.assertTrue(same_place("大板桥镇人民政府", "大板桥镇"))

    def test_different_places(self):
        self.assertFalse(same_place("普吉街道", "普吉社区"))
        self.assertFalse(same_place("大塘社区", "大塘村委会"))
        self.assertFalse(same_place("大村社区", "大社区"))
        self.assertFalse(same_place("虹山东路社区", "虹山中路社区"))

    def test_suffix_alone_is_a_name(self):
        self.assertEqual(place_key("社区"), "社区")


class TestOddValues(ValueCase):
    def test_only_one_kind_of_error(self):
        parsers = (parse_number, parse_money, parse_area, parse_date, parse_code)
        for parse in (*parsers, parse_boolean):
            for value in ODD_VALUES:
                with self.subTest(parse=parse.__name__, value=value):
                    try:
                        parse(value)
                    except TextValueError as error:
                        self.assertTrue(english(error))
