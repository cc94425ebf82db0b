from datetime import date
from decimal import Decimal
from pathlib import Path

from odoo.tests import BaseCase

from ..tools.ledger import Column, find_tables, locate_table, read_table
from ..tools.workbook import (
    UNCALCULATED,
    CellError,
    MergedRange,
    Sheet,
    Workbook,
    read_workbook,
)
from .test_textvalue import english

LEDGER = Path(__file__).parent / "data" / "五华区儿童之家台账.xls"

STATES = {
    "已建成": "operating",
    "未建": "none",
    "{year}年计划": "planned",
    "不设立": "excluded",
}
HOMES = (
    Column("street", "place", ("街道办事处", "街道"), required=True, fill_down=True),
    Column("community", "place", ("社区名称", "社区"), required=True),
    Column("code", "code", ("统计用区划代码", "区划代码"), key=True),
    Column("is_unit", "boolean", ("单位型社区",)),
    Column(
        "state",
        "choice",
        ("状态",),
        groups=("建设情况",),
        choices=STATES,
        year_as="plan_year",
    ),
    Column("date", "date", ("建成时间",), precision_as="date_precision"),
    Column("district", "money", ("区级财政",), groups=("资金投入", "投入")),
    Column("lottery", "money", ("市级福彩公益金",), groups=("资金投入", "投入")),
    Column(
        "total",
        "money",
        ("合计", "资金合计"),
        groups=("资金投入", "投入"),
        total_of=("district", "lottery"),
    ),
    Column("indoor", "area", ("室内", "室内面积"), groups=("面积",)),
    Column("outdoor", "area", ("室外", "室外面积"), groups=("面积",)),
    Column("hours", "number", ("每周开放时间",), text_as="hours_note"),
    Column("note", "text", ("备注",)),
)
FUNDS = (
    Column("year", "number", ("年度",), required=True),
    Column("source", "text", ("资金来源",), required=True),
    Column("document", "text", ("文号",), required=True, key=True),
    Column("date", "date", ("下达日期",)),
    Column("amount", "money", ("金额",), required=True),
    Column("rate", "money", ("补助标准",)),
    Column("summary", "text", ("摘要",)),
)
#: A small table for one thing at a time.
SMALL = (
    Column("street", "place", ("街道",), fill_down=True),
    Column("code", "code", ("代码",), key=True, required=True),
    Column("money", "money", ("金额",), unit="元"),
    Column("area", "area", ("面积",), unit="㎡"),
    Column("date", "date", ("时间",)),
    Column("hours", "number", ("小时",)),
    Column("is_unit", "boolean", ("单位型",)),
    Column("state", "choice", ("状态",), choices=STATES),
    Column("note", "text", ("备注",)),
)


class LedgerCase(BaseCase):
    def read_rows(self, *rows, columns=SMALL, merged=(), mapping=None, **options):
        sheet = Sheet(
            "台账",
            [list(row) for row in rows],
            [MergedRange(*merge) for merge in merged],
            **options,
        )
        return read_table(sheet, columns, mapping)

    def values(self, table, name):
        return [row.values[name] for row in table.rows]

    def problems(self, table):
        return [(problem.level, problem.cell) for problem in table.problems]

    def assert_problem(self, table, level, cell, *words):
        """The table has exactly this problem, and its message has the words."""
        self.assertEqual(self.problems(table), [(level, cell)])
        (problem,) = table.problems
        self.assertEqual(problem.sheet, "台账")
        message = english(problem.message)
        for word in words:
            self.assertIn(word, message)


class TestHomes(BaseCase):
    """The ledger of 五华区, sheet 儿童之家台账, as the bureau keeps it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        book = read_workbook(LEDGER.read_bytes(), LEDGER.name)
        homes, funds = find_tables(book, {"homes": HOMES, "funds": FUNDS})
        cls.kinds = (homes.kind, funds.kind)
        cls.table = homes.table
        cls.table.rows.extend(cls.table.iter_rows())
        cls.row = {row.number: row.values for row in cls.table.rows}

    def test_columns(self):
        table = self.table
        self.assertEqual(self.kinds, ("homes", "funds"))
        self.assertEqual(table.header_rows, (3, 4))
        self.assertEqual(set(table.columns), {column.name for column in HOMES})
        self.assertEqual(table.columns["total"].heading.text, "资金投入 › 合计")
        self.assertEqual(table.columns["total"].heading.letter, "J")
        self.assertEqual(table.columns["total"].unit, "万元")
        self.assertEqual(table.columns["indoor"].unit, "m2")
        self.assertFalse(table.unknown or table.missing or table.problems)

    def test_context(self):
        context = self.table.context
        self.assertEqual(context.as_of, date(2018, 12, 31))
        self.assertEqual(context.money_unit, "万元")
        self.assertEqual(context.reporter, "五华区妇女儿童工作委员会办公室")
        self.assertEqual(context.titles[0], "五华区社区“儿童之家”建设台账（示例数据）")

    def test_rows(self):
        rows = self.table.rows
        self.assertEqual(len(rows), 92)
        self.assertEqual((rows[0].number, rows[-1].number), (5, 96))
        states = [row.values["state"] for row in rows]
        self.assertEqual(states.count("operating"), 52)
        self.assertEqual(states.count("planned"), 13)
        self.assertEqual(states.count("excluded"), 7)
        self.assertEqual(sum(row.values["is_unit"] for row in rows), 7)
        self.assertEqual(
            {row.values["plan_year"] for row in rows if row.values["plan_year"]},
            {2019},
        )
        self.assertEqual(len({row.values["street"] for row in rows}), 10)

    def test_codes(self):
        codes = [row.values["code"] for row in self.table.rows]
        self.assertEqual(len(set(codes)), 92)
        for row, code in zip(self.table.rows, codes, strict=True):
            self.assertRegex(code, r"^530102\d{6}$")
            self.assertEqual(str(int(float(row.raw[3]))), code)

    def test_dates(self):
        """Each home that is built has the date that its cell shows."""
        built = [row for row in self.table.rows if row.values["state"] == "operating"]
        self.assertEqual(
            {"day": 34 + 7, "month": 11},
            self._count(row.values["date_precision"] for row in built),
        )
        for row in built:
            cell, day = row.raw[6], row.values["date"]
            if isinstance(cell, date):
                self.assertEqual(day, cell)
            elif "." in cell:
                self.assertEqual(cell, f"{day.year}.{day.month}.{day.day}")
            else:
                self.assertEqual((cell, day.day), (f"{day.year}年{day.month}月", 1))
        self.assertEqual(self.row[5]["date"], date(2018, 10, 9), "serial 43382")
        self.assertEqual(self.row[75]["date"], date(2016, 5, 1), "2016年5月")
        self.assertEqual(self.row[52]["date"], date(2017, 4, 6), "2017.4.6")
        self.assertIsNone(self.row[7]["date"])

    def _count(self, values):
        values = list(values)
        return {value: values.count(value) for value in sorted(values)}

    def test_first_row(self):
        self.assertEqual(
            self.row[5],
            {
                "street": "华山街道办事处",
                "community": "翠湖西路社区",
                "code": "530102001001",
                "is_unit": False,
                "state": "operating",
                "plan_year": None,
                "date": date(2018, 10, 9),
                "date_precision": "day",
                "district": Decimal("41000.00"),
                "lottery": None,
                "total": Decimal("41000.00"),
                "indoor": Decimal("40.50"),
                "outdoor": Decimal("30.00"),
                "hours": Decimal(10),
                "hours_note": None,
                "note": None,
            },
        )
        row = self.table.rows[0]
        self.assertEqual(row.cell("total"), "J5")
        self.assertEqual(row.cells["hours_note"], "M5")
        self.assertIsNone(row.cell("no such column"))
        self.assertFalse(row.has_errors)

    def test_hours_in_words(self):
        in_words = [row for row in self.table.rows if row.values["hours_note"]]
        self.assertEqual(len(in_words), 9)
        self.assertEqual(
            {row.values["hours_note"] for row in in_words}, {"随居委会上班时间"}
        )
        self.assertEqual({row.values["hours"] for row in in_words}, {None})

    def test_total(self):
        (total,) = self.table.totals
        self.assertEqual((total.number, total.label, total.rows), (97, "合计", 92))
        self.assertEqual(
            total.stated,
            {
                "district": Decimal(1_900_000),
                "lottery": Decimal(450_000),
                "total": Decimal(2_350_000),
            },
        )
        self.assertEqual(total.computed, total.stated)

    def test_note(self):
        (note,) = self.table.notes
        self.assertTrue(note.startswith("说明：单位型社区不设立儿童之家"))


class TestFunds(BaseCase):
    """The second sheet, 资金台账: one row of headings, yuan in the heading."""

    def test_funds(self):
        book = read_workbook(LEDGER.read_bytes(), LEDGER.name)
        table = read_table(book.sheets[1], FUNDS)
        self.assertEqual(table.header_rows, (2,))
        self.assertEqual(table.columns["amount"].unit, "元")
        self.assertEqual(table.columns["rate"].heading.text, "补助标准（元/家）")
        self.assertEqual(len(table.rows), 9)
        self.assertEqual(sum(row.values["amount"] for row in table.rows), 3_270_000)
        self.assertEqual(table.totals[0].stated, {"amount": Decimal(3_270_000)})
        self.assertFalse(table.problems or table.notes)
        self.assertEqual(
            table.rows[3].values,
            {
                "year": Decimal(2017),
                "source": "市级福彩公益金",
                "document": "昆民〔2017〕88号",
                "date": date(2017, 8, 1),
                "amount": Decimal("150000.00"),
                "rate": Decimal("50000.00"),
                "summary": "3家，5万元/家",
            },
        )


class TestHeadings(LedgerCase):
    def test_anywhere_and_in_any_order(self):
        table = self.read_rows(
            [],
            [None, "某区台账"],
            [None, None, "填表人：张三"],
            [],
            [None, "备 注", "代码", "金额 （万元）", "序号"],
            [None, "好", 1.0, 4.1, 1],
        )
        self.assertEqual(table.header_rows, (5,))
        self.assertEqual(table.rows[0].number, 6)
        self.assertEqual(table.rows[0].values["money"], Decimal("41000.00"))
        self.assertEqual(table.rows[0].cell("code"), "C6")
        self.assertFalse(table.problems or table.unknown)

    def test_two_rows_without_merges(self):
        """The group stands above its first column only."""
        table = self.read_rows(
            ["街道办事处", "社区", "投入", None, None, "面积（亩）", None],
            [
                None,
                None,
                "区级财政（元）",
                "市级福彩公益金（万元）",
                "合计（元）",
                "室内",
                "室外",
            ],
            ["华山", "北门", 36000, 5, 86000, 0.3, 1],
            columns=HOMES,
        )
        self.assertEqual(table.header_rows, (1, 2))
        self.assertEqual(table.columns["outdoor"].heading.text, "面积（亩） › 室外")
        values = table.rows[0].values
        self.assertEqual(values["lottery"], 50_000)
        self.assertEqual(values["total"], 86_000)
        self.assertEqual(values["indoor"], 200)
        self.assertEqual(values["outdoor"], Decimal("666.67"))
        self.assertFalse(table.problems)

    def test_three_rows(self):
        table = self.read_rows(
            ["街道", "社区", "建设情况", None, None, None],
            [None, None, "进度", None, "资金投入（万元）", None],
            [None, None, "状态", "建成时间", "区级财政", "合计"],
            ["华山", "北门", "已建成", "2018.4.25", 3.6, 3.6],
            columns=HOMES,
            merged=[
                (0, 3, 0, 1),
                (0, 3, 1, 2),
                (0, 1, 2, 6),
                (1, 2, 2, 4),
                (1, 2, 4, 6),
            ],
        )
        self.assertEqual(table.header_rows, (1, 2, 3))
        self.assertEqual(
            table.columns["state"].heading.path, ("建设情况", "进度", "状态")
        )
        self.assertEqual(table.rows[0].values["total"], 36_000)

    def test_groups_tell_columns_apart(self):
        table = self.read_rows(
            ["街道", "社区", "面积（㎡）", None, "资金投入（万元）", None],
            [None, None, "室内", "合计", "区级财政", "合计"],
            ["华山", "北门", 85.5, 145.5, 3.6, 3.6],
            columns=HOMES,
            merged=[(0, 2, 0, 1), (0, 2, 1, 2), (0, 1, 2, 4), (0, 1, 4, 6)],
        )
        self.assertEqual(table.columns["total"].heading.letter, "F")
        (unknown,) = table.unknown
        self.assertEqual(unknown.heading.text, "面积（㎡） › 合计")
        self.assertEqual((unknown.heading.letter, unknown.samples), ("D", ["145.5"]))

    def test_mapping_by_hand(self):
        rows = (["代码", "拨款\n金额", "经办人", "金额"], [1.0, 5, "张三", 7])
        table = self.read_rows(*rows)
        self.assertEqual(
            [unknown.heading.text for unknown in table.unknown], ["拨款金额", "经办人"]
        )
        self.assertEqual(table.unknown[1].samples, ["张三"])
        self.assertEqual(table.rows[0].values["money"], 7)

        table = self.read_rows(
            *rows, mapping={"拨款金额": "money", "经办人": None, "无": "gone"}
        )
        self.assertEqual(table.rows[0].values["money"], 5)
        self.assertEqual([found.heading.text for found in table.unknown], ["金额"])

    def test_mapping_finds_the_headings(self):
        table = self.read_rows(
            ["编码", "款项（元）"],
            [1.0, 5],
            mapping={"编码": "code", "款项（元）": "money"},
        )
        self.assertEqual(table.rows[0].values, {"code": "1", "money": Decimal("5.00")})
        self.assertFalse(table.problems)

    def test_column_without_heading(self):
        table = self.read_rows(["代码", "备注", None], [1.0, "好", "什么"])
        (unknown,) = table.unknown
        self.assertEqual((unknown.heading.text, unknown.samples), ("[C]", ["什么"]))

    def test_missing_column(self):
        table = self.read_rows(["街道", "备注"], ["华山", "好"])
        self.assertEqual([column.name for column in table.missing], ["code"])
        self.assert_problem(table, "error", None, "“代码” is missing")

    def test_no_headings(self):
        table = self.read_rows(["姓名", "电话"], ["张三", "123"])
        self.assertEqual((table.header_rows, table.rows), ((), []))
        self.assert_problem(table, "error", None, "headings")

    def test_headings_again_on_the_next_page(self):
        table = self.read_rows(
            ["代码", "备注"], [1.0, "一"], ["代码", "备注"], [2.0, "二"]
        )
        self.assertEqual(self.values(table, "code"), ["1", "2"])
        self.assertFalse(table.problems)


class TestContext(LedgerCase):
    def _context(self, *lines):
        rows = [[line] for line in lines]
        return self.read_rows(*rows, ["代码", "金额", "面积"], [1.0, 1, 1]).context

    def test_units(self):
        for line, units in {
            "单位：万元": ("万元", ""),
            "某区台账（金额单位：人民币万元）": ("人民币万元", ""),
            "单位：家、万元、㎡": ("万元", "m2"),
            "金额单位:元；面积单位:亩": ("元", "亩"),
            "填报单位：万元街道": ("", ""),
        }.items():
            with self.subTest(line=line):
                context = self._context(line)
                self.assertEqual((context.money_unit, context.area_unit), units)

    def test_dates(self):
        for line, day in {
            "截止日期：2018年 12月 31日": date(2018, 12, 31),
            "（截至2018.6.30）": date(2018, 6, 30),
            "统计日期：2018年2月": date(2018, 2, 28),
            "截止时间：2018年": date(2018, 12, 31),
            "截止日期：2018年13月": None,
            "2018年度": None,
        }.items():
            with self.subTest(line=line):
                self.assertEqual(self._context(line).as_of, day)

    def test_several_cells(self):
        table = self.read_rows(
            ["填报单位：某区民政局", None, "单位：万元"], ["代码", "金额"], [1.0, 4.1]
        )
        self.assertEqual(table.context.reporter, "某区民政局")
        self.assertEqual(table.rows[0].values["money"], 41_000)


class TestUnits(LedgerCase):
    def _money(self, heading, value, title=None, columns=SMALL):
        return self.read_rows([title], ["代码", heading], [1.0, value], columns=columns)

    def test_heading_note_column(self):
        """The heading is nearer than the note, the note nearer than the column."""
        for heading, title, amount in (
            ("金额", None, 3),
            ("金额", "单位：万元", 30_000),
            ("金额（元）", "单位：万元", 3),
            ("金额/千元", None, 3_000),
            ("金额（单位：万元）", None, 30_000),
            ("金额 亿元", None, 300_000_000),
        ):
            with self.subTest(heading=heading, title=title):
                table = self._money(heading, 3, title)
                self.assertEqual(table.rows[0].values["money"], amount)
                self.assertFalse(table.problems)

    def test_unit_in_the_cell(self):
        table = self._money("金额（万元）", "50000元")
        self.assertEqual(table.rows[0].values["money"], 50_000)

    def test_exact(self):
        table = self._money("金额（万元）", 3.8000000000000003)
        self.assertEqual(str(table.rows[0].values["money"]), "38000.00")
        self.assertFalse(table.problems)

    def test_rounding_is_told(self):
        table = self._money("金额（万元）", 3.33333333)
        self.assertEqual(str(table.rows[0].values["money"]), "33333.33")
        self.assert_problem(table, "warning", "B3", "33333.3333", "33333.33")

    def test_unknown_unit(self):
        table = self._money("金额（美元）", 3)
        self.assert_problem(table, "warning", "B2", "金额（美元）", "元")

    def test_no_unit_anywhere(self):
        columns = (SMALL[1], Column("money", "money", ("金额",)))
        table = self._money("金额", 3, columns=columns)
        self.assertEqual(table.rows[0].values["money"], 3)
        self.assert_problem(table, "warning", "B2", "no known unit")

    def test_unit_of_a_number(self):
        table = self.read_rows(
            ["社区", "每周开放时间（小时）"], ["甲", "４０ 小时"], columns=HOMES
        )
        self.assertEqual(table.rows[0].values["hours"], 40)

    def test_area(self):
        for heading, value, area in (
            ("面积（㎡）", 40.505, "40.51"),
            ("面积(平方米)", "40.5", "40.50"),
            ("面积（亩）", 1, "666.67"),
            ("面积", "2公顷", "20000.00"),
        ):
            with self.subTest(heading=heading):
                table = self.read_rows(["代码", heading], [1.0, value])
                self.assertEqual(str(table.rows[0].values["area"]), area)


class TestCells(LedgerCase):
    """Each kind of mistake is an error with its cell, and the row goes on."""

    HEADINGS = ("代码", "金额", "面积", "时间", "小时", "单位型", "状态", "备注")

    def _read_one(self, name, value):
        column = {"code": 0, "money": 1, "area": 2, "date": 3, "hours": 4}
        column |= {"is_unit": 5, "state": 6, "note": 7}
        row = [1.0] + [None] * 7
        row[column[name]] = value
        return self.read_rows(self.HEADINGS, row)

    def _refused(self, name, value, cell, *words):
        with self.subTest(name=name, value=value):
            table = self._read_one(name, value)
            self.assert_problem(table, "error", cell, *words)
            (row,) = table.rows
            self.assertTrue(row.has_errors)
            self.assertIsNone(row.values[name])

    def test_errors(self):
        self._refused("money", "未定", "B2", "金额", "“未定” is not a number")
        self._refused("money", -1, "B2", "less than zero")
        self._refused("money", "5美元", "B2", "unknown unit")
        self._refused("area", -40.5, "C2", "less than zero")
        self._refused("area", date(2018, 10, 9), "C2", "not a number")
        self._refused("date", "2015-02-30", "D2", "calendar")
        self._refused("date", "2016.13.1", "D2", "calendar")
        self._refused("date", "3015.1.1", "D2", "between")
        self._refused("date", "已建", "D2", "not a date")
        self._refused("hours", "随居委会上班时间", "E2", "not a number")
        self._refused("hours", -1, "E2", "less than zero")
        self._refused("is_unit", "不详", "F2", "neither yes nor no")
        self._refused("state", "建好了", "G2", "“建好了”", "已建成")
        self._refused("code", "5.30102E+11", "A2", "lost digits")
        self._refused("note", CellError("#REF!"), "H2", "#REF!")
        self._refused("money", CellError("#DIV/0!"), "B2", "#DIV/0!")
        self._refused("code", CellError("#N/A"), "A2", "#N/A")
        self._refused("money", UNCALCULATED, "B2", "no result yet", "save it")

    def test_good_values(self):
        for name, value, result in (
            ("money", "１，２３４．５", Decimal("1234.50")),
            ("hours", "４０", Decimal(40)),
            ("date", "2016年5月", date(2016, 5, 1)),
            ("date", 43382.0, date(2018, 10, 9)),
            ("is_unit", "√", True),
            ("state", " 已建成 ", "operating"),
            ("state", "2020 年计划", "planned"),
            ("note", 12.0, "12"),
            ("note", "—", None),
            ("money", "/", None),
        ):
            with self.subTest(name=name, value=value):
                table = self._read_one(name, value)
                self.assertEqual(table.rows[0].values[name], result)
                self.assertFalse(table.problems)

    def test_negative_where_it_is_allowed(self):
        columns = (
            SMALL[1],
            Column("money", "money", ("金额",), unit="元", negative=True),
        )
        table = self.read_rows(["代码", "金额"], [1.0, -5], columns=columns)
        self.assertEqual(table.rows[0].values["money"], -5)

    def test_text_beside_dates_and_numbers(self):
        """A remark is kept as text; a slip in a date is still an error."""
        columns = (SMALL[1], Column("date", "date", ("时间",), text_as="date_note"))
        table = self.read_rows(
            ["代码", "时间"], [1.0, "待定"], [2.0, "2015-02-30"], columns=columns
        )
        self.assertEqual(self.values(table, "date_note"), ["待定", None])
        self.assert_problem(table, "error", "B3", "calendar")

    def test_serial_numbers_of_1904(self):
        table = self.read_rows(["代码", "时间"], [1.0, 41920.0], date1904=True)
        self.assertEqual(table.rows[0].values["date"], date(2018, 10, 9))

    def test_duplicate_key(self):
        table = self.read_rows(["代码", "备注"], [1.0, "一"], ["2", "二"], ["1", "三"])
        self.assert_problem(table, "error", "A4", "row 2", "row 4")
        self.assertTrue(table.rows[2].has_errors)

    def test_parts_and_their_sum(self):
        rows = (
            [
                "街道",
                "社区",
                "区级财政（万元）",
                "市级福彩公益金（万元）",
                "资金合计（万元）",
            ],
            ["华山", "甲", 3.6, 5, 8.6],
            ["华山", "乙", 3.6, None, 3.6],
            ["华山", "丙", 3.6, 5, 8.5],
            ["华山", "丁", 3.6, "五", 8.6],
            ["华山", "戊", 3.6, 5, None],
        )
        table = self.read_rows(*rows, columns=HOMES)
        self.assertEqual(self.problems(table), [("warning", "E4"), ("error", "D5")])
        message = english(table.problems[0].message)
        self.assertIn("8.5万元", message)
        self.assertIn("8.6万元", message)

    def test_duplicates_name_the_heading(self):
        table = self.read_rows(["代码", "金额（万元）"], [1.0, "x"])
        self.assert_problem(table, "error", "B2", "金额（万元）: “x”")


class TestRows(LedgerCase):
    def test_merged_cells(self):
        table = self.read_rows(
            ["街道", "代码"],
            ["华山", 1.0],
            [None, 2.0],
            ["护国", 3.0],
            [None, 4.0],
            merged=[(1, 3, 0, 1), (3, 5, 0, 1)],
        )
        self.assertEqual(self.values(table, "street"), ["华山", "华山", "护国", "护国"])

    def test_blanks_below_a_name(self):
        table = self.read_rows(
            ["街道", "代码"], ["华山", 1.0], [None, 2.0], ["护国", 3.0]
        )
        self.assertEqual(self.values(table, "street"), ["华山", "华山", "护国"])

    def test_only_merged_cells_reach_other_columns(self):
        table = self.read_rows(
            ["代码", "备注", "状态"],
            [1.0, "同", "未建"],
            [2.0, None, None],
            merged=[(1, 3, 1, 2)],
        )
        self.assertEqual(self.values(table, "note"), ["同", "同"])
        self.assertEqual(self.values(table, "state"), ["none", None])

    def test_merged_amount_counts_once(self):
        table = self.read_rows(
            ["代码", "金额"],
            [1.0, 90],
            [2.0, None],
            ["合计", 90],
            merged=[(1, 3, 1, 2)],
        )
        self.assertEqual(self.values(table, "money"), [90, None])
        self.assert_problem(table, "warning", "B2", "row 2", "row 3")
        self.assertEqual(table.rows[0].problems, table.problems)

    def test_name_in_a_row_of_its_own(self):
        table = self.read_rows(
            ["街道", "代码"], ["华山"], [None, 1.0], [None, 2.0], ["护国"], [None, 3.0]
        )
        self.assertEqual(self.values(table, "street"), ["华山", "华山", "护国"])
        self.assertFalse(table.problems or table.notes)

    def test_blank_rows(self):
        table = self.read_rows(
            ["代码", "备注"], [], [1.0, "一"], [" ", ""], [2.0, "二"]
        )
        self.assertEqual([row.number for row in table.rows], [3, 5])

    def test_notes(self):
        table = self.read_rows(
            ["代码", "金额", "备注"],
            [1.0, 5, "注：一"],
            ["说明：甲"],
            ["注1：乙"],
            ["备 注：丙"],
            ["合计", 5],
            ["以上由各街道报送"],
            ["填表人：张三", None, "审核人：李四"],
            ["各街道于每月五日前报送本表"],
            merged=[(8, 9, 0, 3)],
        )
        self.assertEqual(len(table.rows), 1)
        self.assertEqual(
            table.notes,
            [
                "说明：甲",
                "注1：乙",
                "备 注：丙",
                "以上由各街道报送",
                "填表人：张三",
                "审核人：李四",
                "各街道于每月五日前报送本表",
            ],
        )
        self.assertFalse(table.problems)

    def test_row_without_key_is_not_lost(self):
        table = self.read_rows(["街道", "代码", "金额"], ["华山", None, 5])
        self.assertEqual(len(table.rows), 1)
        self.assert_problem(table, "error", "B2", "代码 is empty")

    def test_rows_one_by_one(self):
        sheet = Sheet("台账", [["代码", "金额"], [1.0, 5], [1.0, 7], ["合计", 5]])
        table = locate_table(sheet, SMALL)
        rows = table.iter_rows()
        self.assertEqual(next(rows).values["money"], 5)
        self.assertFalse(table.problems)
        self.assertEqual(len(list(rows)), 1)
        self.assertEqual(self.problems(table), [("error", "A3"), ("warning", "B4")])
        self.assertEqual(table.rows, [])

    def test_what_was_read_makes_room(self):
        """The sheet lets go of each row as it is handed out."""
        sheet = Sheet("台账", [["代码", "金额"], [1.0, 5], [2.0, 7], ["合计", 12]])
        rows = locate_table(sheet, SMALL).iter_rows(keep=False)
        self.assertEqual(next(rows).raw, [1.0, 5])
        self.assertEqual(sheet.rows[1:], [[], [2.0, 7], ["合计", 12]])
        self.assertEqual(len(list(rows)), 1)
        self.assertEqual(sheet.rows[1:], [[], [], []])

    def test_problems_that_are_kept_with_their_rows_alone(self):
        """A file in which every row is wrong takes no more room than another."""
        rows = [
            ["代码", "金额"],
            [1.0, "未定"],
            [2.0, 7],
            ["合计", 8],
        ]
        table = locate_table(Sheet("台账", rows), SMALL)
        first, second = table.iter_rows(keep=False)
        self.assertEqual(len(first.problems), 1)
        self.assertFalse(second.problems)
        self.assertEqual(self.problems(table), [("warning", "B4")])


class TestTotals(LedgerCase):
    def _totals(self, *rows, **options):
        table = self.read_rows(["街道", "代码", "金额（万元）"], *rows, **options)
        return table, [
            (total.rows, total.computed.get("money")) for total in table.totals
        ]

    def test_difference(self):
        table, totals = self._totals(
            ["甲", 1.0, 4.1], ["甲", 2.0, 5], ["合  计", None, 9.2]
        )
        self.assertEqual(totals, [(2, 91_000)])
        self.assertEqual(len(table.rows), 2)
        self.assert_problem(table, "warning", "C4", "合计", "9.2万元", "9.1万元")

    def test_binary_noise_is_no_difference(self):
        table, _totals = self._totals(
            ["甲", 1.0, 0.1], ["甲", 2.0, 0.2], ["合计", None, 0.1 + 0.2]
        )
        self.assertFalse(table.problems)

    def test_subtotals(self):
        table, totals = self._totals(
            ["甲", 1.0, 1],
            [None, 2.0, 2],
            ["甲街道小计", None, 3],
            ["乙", 3.0, 4],
            ["小计：", None, 4],
            ["总　计", None, 7],
        )
        self.assertEqual(totals, [(2, 30_000), (1, 40_000), (3, 70_000)])
        self.assertEqual(self.values(table, "street"), ["甲", "甲", "乙"])
        self.assertFalse(table.problems)

    def test_subtotals_with_one_word(self):
        """The last 合计, right below another one, covers the whole table."""
        table, totals = self._totals(
            ["甲", 1.0, 1],
            ["合计", None, 1],
            ["乙", 2.0, 2],
            ["合计", None, 2],
            ["全区合计", None, 4],
        )
        self.assertEqual(totals, [(1, 10_000), (1, 20_000), (2, 30_000)])
        self.assert_problem(table, "warning", "C6", "4万元", "3万元")

    def test_total_of_the_last_block_only(self):
        """A formula that was dragged wrongly is found."""
        table, _totals = self._totals(
            ["甲", 1.0, 1],
            ["小计", None, 1],
            ["乙", 2.0, 2],
            ["小计", None, 2],
            ["总计", None, 2],
        )
        self.assert_problem(table, "warning", "C6", "2万元", "3万元")

    def test_totals_above_their_rows(self):
        table, totals = self._totals(
            ["总计", None, 6],
            ["甲", "小计", 3],
            [None, 1.0, 1],
            [None, 2.0, 2],
            ["乙", "小计", 3],
            [None, 3.0, 3],
        )
        self.assertEqual(totals, [(3, 60_000), (2, 30_000), (1, 30_000)])
        self.assertEqual(self.values(table, "street"), ["甲", "甲", "乙"])
        self.assertFalse(table.problems)

    def test_total_above_and_subtotals_below(self):
        table, totals = self._totals(
            ["总计", None, 3],
            ["甲", 1.0, 1],
            ["小计", None, 1],
            ["乙", 2.0, 2],
            ["小计", None, 2],
        )
        self.assertEqual(totals, [(2, 30_000), (1, 10_000), (1, 20_000)])
        self.assertFalse(table.problems)

    def test_total_with_a_count_in_another_column(self):
        table = self.read_rows(
            ["街道", "代码", "金额", "状态"],
            ["甲", 1.0, 5, "已建成"],
            ["合计", "1家", 5, "已建1家"],
        )
        self.assertEqual((len(table.rows), len(table.totals)), (1, 1))
        self.assertFalse(table.problems)

    def test_error_in_a_total(self):
        table, _totals = self._totals(
            ["甲", 1.0, 1], ["合计", None, CellError("#REF!")]
        )
        self.assert_problem(table, "error", "C3", "#REF!")

    def test_unread_row_shows_in_the_total(self):
        table, totals = self._totals(
            ["甲", 1.0, "x"], ["甲", 2.0, 1], ["合计", None, 3]
        )
        self.assertEqual(totals, [(2, 10_000)])
        self.assertEqual(self.problems(table), [("error", "C2"), ("warning", "C4")])

    def test_remark_is_no_total(self):
        table = self.read_rows(
            ["街道", "代码", "金额", "状态", "备注"],
            ["甲", None, 5, "未建", "见合计"],
        )
        self.assertEqual((len(table.rows), table.totals), (1, []))


class TestFindTables(BaseCase):
    def _find(self, *sheets, **options):
        kinds = {"homes": HOMES, "funds": FUNDS}
        return find_tables(Workbook(list(sheets)), kinds, **options)

    def test_reasons(self):
        headings = ["街道", "社区", "状态"]
        matches = self._find(
            Sheet("空", []),
            Sheet("旧", [headings], hidden=True),
            Sheet("通讯录", [["姓名", "电话"], ["张三", "123"]]),
            Sheet("台账", [headings]),
        )
        self.assertEqual([match.kind for match in matches], [None, None, None, "homes"])
        reasons = [english(match.reason) for match in matches[:3]]
        self.assertIn("empty", reasons[0])
        self.assertIn("hidden", reasons[1])
        self.assertIn("No row", reasons[2])
        self.assertIsNone(matches[3].reason)

    def test_kind_with_all_required_columns(self):
        (match,) = self._find(
            Sheet("资金", [["年度", "资金来源", "文号", "金额（元）", "备注", "街道"]])
        )
        self.assertEqual(match.kind, "funds")

    def test_required_column_that_is_missing(self):
        """Most columns are there, so this kind is meant, and what lacks is told."""
        (match,) = self._find(
            Sheet("资金", [["年度", "资金来源", "下达日期", "金额（元）", "摘要"]])
        )
        self.assertEqual(match.kind, "funds")
        self.assertEqual([column.name for column in match.table.missing], ["document"])

    def test_mapping(self):
        sheet = Sheet("资金", [["年份", "来源", "编号", "拨款（元）"]])
        self.assertIsNone(self._find(sheet)[0].kind)
        mapping = {"年份": "year", "来源": "source", "编号": "document"}
        mapping["拨款（元）"] = "amount"
        (match,) = self._find(sheet, mappings={"funds": mapping})
        self.assertEqual(match.kind, "funds")
        self.assertFalse(match.table.missing)
