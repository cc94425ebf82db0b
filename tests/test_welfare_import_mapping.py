from odoo.exceptions import AccessError, UserError, ValidationError

from .common import make_ledger
from .test_welfare_facility_import import LedgerCase

#: A ledger as another bureau heads it: its state and its area go by other names.
OWN_HEADING = (
    "街道",
    "社区名称",
    "统计用区划代码",
    "进度",
    "建成时间",
    "场地",
    "联系人",
)
OWN_ROW = (
    *("华山街道", "翠湖西路社区", "530102001001"),
    *("已建成", "2018-10-09", 40.5, "王某"),
)


class TestHeadings(LedgerCase):
    """A heading that nothing explains is explained once, by hand."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.content = make_ledger([OWN_ROW], heading=OWN_HEADING)
        cls.Mapping = cls.env["welfare.import.mapping"]

    def _column(self, code):
        return self.env["welfare.import.column"]._get_columns("facility")[code]

    def _heading(self, ledger, name):
        return ledger.heading_ids.filtered(lambda heading: heading.name == name)

    def _explain(self, ledger):
        self._heading(ledger, "进度").column_id = self._column("state")
        self._heading(ledger, "场地").column_id = self._column("area_indoor")
        self._heading(ledger, "联系人").is_left_out = True

    def test_missing_column_is_no_dead_end(self):
        """The required column is not there: its heading can be told."""
        ledger = self._check(self.content, "台账.xlsx")
        self.assertEqual(ledger.state, "checked")
        self.assertEqual(ledger.error_count, 1, "the column that is missing")
        self.assertIn("状态", ledger.line_ids.message)
        self.assertEqual(ledger.heading_ids.mapped("name"), ["进度", "场地", "联系人"])
        progress = self._heading(ledger, "进度")
        self.assertEqual((progress.letter, progress.samples), ("D", "已建成"))
        self.assertEqual(ledger.open_heading_count, 3)
        with self.assertRaises(UserError):
            ledger.action_apply()

    def test_no_heading_known(self):
        """The likeliest row is taken for the headings, and each can be told."""
        heading = ("所属", "名字", "进度", "时间", "场地")
        row = ("华山街道", "翠湖西路社区", "已建成", "2018-10-09", 40.5)
        ledger = self._check(
            make_ledger([heading, row], heading=("五华区儿童之家",)), "台账.xlsx"
        )
        self.assertEqual((ledger.state, ledger.create_count), ("checked", 0))
        self.assertGreaterEqual(ledger.error_count, 1)
        self.assertEqual(tuple(ledger.heading_ids.mapped("name")), heading)
        meanings = {"所属": "township", "名字": "community", "进度": "state"}
        for name, code in {**meanings, "时间": "date"}.items():
            self._heading(ledger, name).column_id = self._column(code)
        ledger.action_check()
        self.assertEqual((ledger.create_count, ledger.error_count), (1, 0))
        ledger.action_apply()
        self.assertEqual(
            self._home("530102001001").date_state.isoformat(), "2018-10-09"
        )

    def test_row_of_the_headings_by_hand(self):
        """The guess may be wrong: somebody points at the right row."""
        legend = ("甲类", "乙类", "丙类", "丁类", "戊类", "己类")
        heading = ("所属", "名字", "进度", "时间")
        row = ("华山街道", "翠湖西路社区", "已建成", "2018-10-09")
        ledger = self._check(make_ledger([heading, row], heading=legend), "台账.xlsx")
        self.assertEqual(ledger.heading_ids[0].name, "甲类")
        ledger.heading_row = 2
        self.assertEqual(ledger.state, "draft")
        ledger.action_check()
        self.assertEqual(tuple(ledger.heading_ids.mapped("name")), heading)
        for name, code in (("名字", "community"), ("进度", "state"), ("时间", "date")):
            self._heading(ledger, name).column_id = self._column(code)
        self._heading(ledger, "所属").column_id = self._column("township")
        ledger.action_check()
        self.assertEqual((ledger.create_count, ledger.error_count), (1, 0))

    def test_explained_by_hand(self):
        ledger = self._check(self.content, "台账.xlsx")
        self._explain(ledger)
        self.assertEqual(ledger.state, "draft", "what was shown no longer holds")
        ledger.action_check()
        self.assertEqual((ledger.create_count, ledger.error_count), (1, 0))
        self.assertEqual(ledger.open_heading_count, 0)
        self.assertEqual(len(ledger.heading_ids), 3, "to be changed if it was wrong")
        ledger.action_apply()
        self.assertEqual(self._home("530102001001").area_indoor, 40.5)

    def test_remembered(self):
        """The next file is understood at once, also by others of the place."""
        ledger = self._check(self.content, "台账.xlsx")
        self._explain(ledger)
        ledger.action_check()
        colleague = self._create_user("manager", self.district, login="colleague")
        again = self._check(self.content, "另一.xlsx", user=colleague)
        self.assertEqual((again.create_count, again.open_heading_count), (1, 0))
        self.assertEqual(self._heading(again, "进度").column_id, self._column("state"))
        self.assertTrue(self._heading(again, "联系人").is_left_out)

    def test_headings_and_words_are_data(self):
        """The administrator adds a heading and a word; then every file may use them."""
        keeper = self._create_user("administrator", self.district, login="keeper")
        state = self._column("state")
        with self.assertRaises(AccessError):
            state.with_user(self.officer).synonyms = "进度"
        row = (*OWN_ROW[:3], "竣工", *OWN_ROW[4:])
        content = make_ledger([row], heading=OWN_HEADING)
        self.assertEqual(self._check(content, "台账.xlsx").error_count, 1)
        state.with_user(keeper).synonyms += "\n进度"
        state.with_user(keeper).words += "\n竣工=operating"
        ledger = self._check(content, "台账.xlsx")
        self.assertEqual((ledger.create_count, ledger.error_count), (1, 0))
        self.assertNotIn("进度", ledger.heading_ids.mapped("name"))
        self.assertFalse(self.Mapping.search([]), "nobody had to say it by hand")

    def test_place_of_what_is_remembered(self):
        """What is said for a city holds in its districts, and not beside it."""
        city = self.Region.create({"code": "530100000000", "name": "昆明市"})
        self.district.parent_id = city
        street = self.Region.search([("code", "=", "530102001000")])
        self.Mapping._remember("facility", city, {"进度": self._column("state")})
        get = self.Mapping.with_user(self.officer)._get_mapping
        self.assertEqual(get("facility", self.district), {"进度": "state"})
        self.assertEqual(get("facility", street), {"进度": "state"})
        self.assertEqual(get("funding", self.district), {})
        self.assertEqual(get("facility", self.county_a), {})
        self.Mapping._remember("facility", self.district, {"进度": None})
        self.assertEqual(get("facility", self.district), {"进度": None})
        self.assertEqual(get("facility", city), {"进度": "state"})

    def test_taken_back(self):
        """A wrong meaning is taken back; then it is forgotten as well."""
        ledger = self._check(self.content, "台账.xlsx")
        self._explain(ledger)
        ledger.action_check()
        self._heading(ledger, "场地").column_id = False
        ledger.action_check()
        self.assertEqual(ledger.open_heading_count, 1)
        self.assertEqual(
            set(self.Mapping.search([]).mapped("heading")), {"进度", "联系人"}
        )

    def test_headings_are_compared_as_elsewhere(self):
        self.Mapping._remember(
            "facility", self.district, {"进度": self._column("state")}
        )
        heading = [*OWN_HEADING[:3], " 进 度 ", *OWN_HEADING[4:]]
        ledger = self._check(make_ledger([OWN_ROW], heading=heading), "台账.xlsx")
        self.assertEqual(ledger.create_count, 1)

    def test_one_column_for_one_heading(self):
        ledger = self._check(self.content, "台账.xlsx")
        self._heading(ledger, "进度").column_id = self._column("state")
        with self.assertRaises(ValidationError):
            self._heading(ledger, "场地").column_id = self._column("state")
        with self.assertRaises(ValidationError):
            self._heading(ledger, "进度").is_left_out = True
        funding = self.env["welfare.import.column"]._get_columns("funding")
        with self.assertRaises(ValidationError):
            self._heading(ledger, "场地").column_id = funding["amount"]

    def test_unknown_heading_stops_nothing(self):
        """What is not understood is said, and the rest is read."""
        heading = [*OWN_HEADING[:3], "状态", *OWN_HEADING[4:]]
        ledger = self._check(make_ledger([OWN_ROW], heading=heading), "台账.xlsx")
        self.assertEqual((ledger.create_count, ledger.error_count), (1, 0))
        self.assertEqual(ledger.heading_ids.mapped("name"), ["场地", "联系人"])
        ledger.action_apply()
        with self.assertRaises(UserError):
            ledger.heading_ids[0].is_left_out = True

    def test_new_file_has_new_headings(self):
        ledger = self._check(self.content, "台账.xlsx")
        self.assertTrue(ledger.heading_ids)
        ledger.file = self._encode(make_ledger([]))
        self.assertFalse(ledger.heading_ids)

    def test_rights(self):
        """Managers choose on the import; administrators delete what is kept."""
        ledger = self._check(self.content, "台账.xlsx")
        self._explain(ledger)
        ledger.action_check()
        mappings = self.Mapping.search([])
        self.assertEqual(len(mappings), 3)
        with self.assertRaises(AccessError):
            mappings.with_user(self.officer).unlink()
        with self.assertRaises(AccessError):
            mappings.with_user(self.officer).write({"column_id": False})
        auditor = self._create_user("auditor", self.district, login="reader")
        with self.assertRaises(AccessError):
            ledger.heading_ids.with_user(auditor).write({"is_left_out": True})
        keeper = self._create_user("administrator", self.district, login="keeper")
        mappings.with_user(keeper).unlink()
        again = self._check(self.content, "台账.xlsx")
        self.assertEqual(again.open_heading_count, 3)

    def test_several_sheets(self):
        """Every sheet with such a table is read; one without is named."""
        other = (
            *("华山街道", "水晶宫社区", "530102001002"),
            *("已建成", "2018-10-09", 40.5, ""),
        )
        heading = [*OWN_HEADING[:3], "状态", *OWN_HEADING[4:]]
        content = make_ledger(
            [OWN_ROW],
            heading=heading,
            more=[("二", [heading, other]), ("封面", [["儿童之家"]])],
        )
        ledger = self._check(content, "台账.xlsx")
        self.assertEqual((ledger.create_count, ledger.skip_count), (2, 1))
        self.assertEqual(
            ledger.line_ids.filtered(lambda line: line.status == "skip").sheet, "封面"
        )

    def test_community_on_two_sheets(self):
        heading = [*OWN_HEADING[:3], "状态", *OWN_HEADING[4:]]
        row = [*OWN_ROW[:2], "", *OWN_ROW[3:]]
        content = make_ledger([row], heading=heading, more=[("二", [heading, OWN_ROW])])
        ledger = self._check(content, "台账.xlsx")
        self.assertEqual((ledger.create_count, ledger.error_count), (1, 1))
        error = ledger.line_ids[0]
        self.assertEqual((error.sheet, error.status), ("二", "error"))
        self.assertIn("台账 B2", error.message)
