from datetime import timedelta

from psycopg2.errors import CheckViolation, NotNullViolation, UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tools import mute_logger

from ..tools.division_list import DivisionRow
from .common import WelfareCase


class TestRegion(WelfareCase):
    # === THE TREE === #

    def test_the_code_tells_the_level(self):
        levels = (self.province, self.prefecture, self.county_a, self.street_a)
        self.assertEqual(
            [region.level for region in (*levels, self.community_a)],
            ["province", "prefecture", "county", "township", "village"],
        )

    def test_level_follows_a_corrected_code(self):
        region = self.Region.create({"code": "991000000000", "name": "新城"})
        self.assertEqual(region.level, "prefecture")
        region.code = "991001000000"
        self.assertEqual(region.level, "county")

    def test_a_code_has_twelve_digits(self):
        for code in ("990101", "99010100100A", "090101001001", "99 101001001"):
            with (
                self.subTest(code=code),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
            ):
                self.Region.create({"code": code, "name": "错码"})
                self.env.flush_all()

    def test_a_code_is_needed(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(NotNullViolation):
            self.Region.create({"name": "无码"})

    def test_a_code_stands_for_one_region(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self._create_region(self.street_a, code=self.community_a.code)

    def test_a_region_lies_in_the_one_that_its_digits_name(self):
        with self.assertRaises(ValidationError):
            self._create_region(self.county_b, code="990101099000")
        with self.assertRaises(ValidationError):
            self.street_a.parent_id = self.county_b
        with self.assertRaises(ValidationError):
            self.street_a.code = "990102099000"

    def test_levels_may_be_left_out(self):
        """东莞 has streets and no counties."""
        street = self._create_region(self.prefecture, code="990100003000")
        self.assertEqual(street.level, "township")

    def test_a_region_is_not_part_of_itself_or_of_its_parts(self):
        for parent in (self.county_a, self.street_a, self.community_a):
            with self.subTest(parent=parent.name), self.assertRaises(UserError):
                self.county_a.parent_id = parent

    def test_a_new_code_must_suit_the_parts_too(self):
        """A county that gets another code takes its streets along, or waits."""
        with self.assertRaises(ValidationError):
            self.county_a.code = "990109000000"

    def test_a_region_with_parts_or_facilities_is_not_deleted(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(Exception) as caught:
            self.county_a.unlink()
        self.assertNotIsInstance(caught.exception, AssertionError)
        self._create_facility(region_id=self.community_a.id)
        with mute_logger("odoo.sql_db"), self.assertRaises(Exception) as caught:
            self.community_a.unlink()
        self.assertNotIsInstance(caught.exception, AssertionError)

    def test_full_name_follows_the_tree(self):
        self.assertEqual(
            self.community_a.complete_name,
            "试验省 / 试验市 / 甲区 / 甲区一街道 / 甲社区",
        )
        self.county_a.name = "新区"
        self.assertEqual(
            self.community_a.complete_name,
            "试验省 / 试验市 / 新区 / 甲区一街道 / 甲社区",
        )

    def test_display_name_of_a_community_tells_it_from_namesakes(self):
        self.assertEqual(self.community_a.display_name, "甲区 / 甲区一街道 / 甲社区")
        self.assertEqual(self.street_a.display_name, "甲区 / 甲区一街道")
        self.assertEqual(self.county_a.display_name, "甲区")

    def test_a_region_is_found_by_name_and_by_code(self):
        for text in ("甲社区", "甲区一街道 / 甲社区", self.community_a.code):
            with self.subTest(text=text):
                found = [
                    region_id for region_id, _name in self.Region.name_search(text)
                ]
                self.assertIn(self.community_a.id, found)

    def test_parts_are_counted_and_listed(self):
        street = self._create_region(self.county_a)
        self.assertEqual(self.county_a.child_count, 2)
        self.assertEqual(self.community_a.child_count, 0)
        action = self.county_a.action_open_parts()
        self.assertEqual(self.Region.search(action["domain"]), self.street_a + street)

    # === UNIT COMMUNITIES === #

    def test_a_unit_community_needs_a_reason(self):
        for reason in (False, ""):
            with (
                self.subTest(reason=reason),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
            ):
                self.community_a.write(
                    {"is_unit_community": True, "unit_community_reason": reason}
                )
                self.env.flush_all()
        self.community_a.write(
            {"is_unit_community": True, "unit_community_reason": "大学校园"}
        )
        self.env.flush_all()

    def test_only_a_community_is_a_unit_community(self):
        with self.assertRaises(ValidationError):
            self.street_a.write(
                {"is_unit_community": True, "unit_community_reason": "大学校园"}
            )

    # === VALIDITY === #

    def test_a_region_ends_after_it_begins(self):
        self.community_a.write({"date_start": "2020-01-01", "date_end": "2020-01-01"})
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self.community_a.date_end = "2019-12-31"
            self.env.flush_all()

    def test_regions_of_a_day(self):
        started, ended, between, always = self._create_communities(self.street_a, 4)
        started.date_start = "2019-06-01"
        ended.date_end = "2018-12-31"
        between.write({"date_start": "2018-01-01", "date_end": "2019-06-01"})
        regions = started + ended + between + always
        for date, expected in (
            ("2017-12-31", ended + always),
            ("2018-12-31", ended + between + always),
            ("2019-01-01", between + always),
            ("2019-06-01", started + between + always),
            ("2019-06-02", started + always),
        ):
            with self.subTest(date=date):
                domain = self.Region._get_valid_domain(date)
                domain &= Domain("id", "in", regions.ids)
                self.assertEqual(self.Region.search(domain), expected)


class TestRegionLoad(WelfareCase):
    """Lists of regions, loaded as a whole or not at all."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rows = [
            DivisionRow("990201001001", "一社区", place="A5"),
            DivisionRow("990201001000", "一街道", place="A4"),
            DivisionRow("990200000000", "二市", place="A2"),
            DivisionRow("990201000000", "一县", place="A3"),
        ]

    def _load(self, rows, **kwargs):
        return self.Region._load_rows(rows, source="测试", **kwargs)

    def _get(self, code):
        return self.Region.search([("code", "=", code)])

    def _row_versions(self):
        """Return what PostgreSQL changes with each UPDATE of a row."""
        self.env.flush_all()
        self.env.cr.execute("SELECT id, ctid::text FROM welfare_region ORDER BY id")
        return self.env.cr.fetchall()

    def test_a_list_in_any_order_becomes_a_tree(self):
        self.assertEqual(
            self._load(self.rows), {"created": 4, "changed": 0, "unchanged": 0}
        )
        community = self._get("990201001001")
        self.assertEqual(
            community.complete_name, "试验省 / 二市 / 一县 / 一街道 / 一社区"
        )
        self.assertEqual(
            self.Region.search_count([("id", "child_of", community.id)]), 1
        )
        city = self._get("990200000000")
        self.assertEqual(self.Region.search_count([("id", "child_of", city.id)]), 4)

    def test_the_same_list_twice_changes_nothing(self):
        self._load(self.rows)
        before = self._row_versions()
        result = self._load(self.rows)
        self.assertEqual(result, {"created": 0, "changed": 0, "unchanged": 4})
        self.assertEqual(self._row_versions(), before)

    def test_only_what_differs_is_changed(self):
        self._load(self.rows)
        rows = [*self.rows[1:], self.rows[0]._replace(name="新名社区")]
        self.assertEqual(self._load(rows), {"created": 0, "changed": 1, "unchanged": 3})
        self.assertEqual(self._get("990201001001").name, "新名社区")

    def test_a_part_goes_under_the_nearest_region_that_is_known(self):
        self._load(self.rows[:1])
        self.assertEqual(self._get("990201001001").parent_id, self.province)

    def test_what_is_loaded_later_slips_in_between(self):
        for row in self.rows:
            self._load([row])
        self.assertEqual(
            self._get("990201001001").complete_name,
            "试验省 / 二市 / 一县 / 一街道 / 一社区",
        )

    def test_parts_without_a_parent_are_adopted(self):
        """Also those whose next digits differ from the list's own."""
        self._load([DivisionRow("983301001001", "孤社区")])
        self._load([DivisionRow("982101001001", "孤社区二")])
        self.assertFalse(self._get("983301001001").parent_id)
        self._load(
            [DivisionRow("980000000000", "九八省"), DivisionRow("980100000000", "一市")]
        )
        province = self._get("980000000000")
        self.assertEqual(self._get("983301001001").parent_id, province)
        self.assertEqual(self._get("982101001001").parent_id, province)

    def test_adopting_leaves_the_nearer_parent(self):
        self._load([DivisionRow("990000000000", "试验省")])
        self.assertEqual(self.street_a.parent_id, self.county_a)
        self.assertEqual(self.county_a.parent_id, self.prefecture)

    def test_a_mark_of_the_list_is_taken_with_its_source(self):
        row = self.rows[0]._replace(is_unit_community=True)
        self._load([*self.rows[1:], row])
        region = self._get(row.code)
        self.assertTrue(region.is_unit_community)
        self.assertIn("测试", region.unit_community_reason)

    def test_a_list_without_marks_keeps_them(self):
        self._load(self.rows)
        region = self._get(self.rows[0].code)
        region.write({"is_unit_community": True, "unit_community_reason": "厂区"})
        result = self._load(self.rows)
        self.assertEqual(result["changed"], 0)
        self.assertTrue(region.is_unit_community)

    def test_a_reason_that_somebody_gave_stays(self):
        self._load(self.rows)
        region = self._get(self.rows[0].code)
        region.write({"is_unit_community": True, "unit_community_reason": "厂区"})
        row = self.rows[0]._replace(is_unit_community=True)
        result = self._load([*self.rows[1:], row])
        self.assertEqual(result["changed"], 0)
        self.assertEqual(region.unit_community_reason, "厂区")

    def test_a_list_takes_a_mark_away(self):
        row = self.rows[0]._replace(is_unit_community=True)
        self._load([row])
        region = self._get(row.code)
        self._load([row._replace(is_unit_community=False)])
        yesterday = fields.Date.context_today(region) - timedelta(days=1)
        self.assertEqual(region.date_unit_end, yesterday, "the past stays as it was")
        self.assertIn("测试", region.unit_community_reason)
        again = self._load([row._replace(is_unit_community=False)])
        self.assertEqual(again["changed"], 0)
        self._load([row])
        self.assertFalse(region.date_unit_end, "it is one again")

    def test_a_list_takes_a_mark_away_that_never_held(self):
        row = self.rows[0]._replace(is_unit_community=True)
        self._load([row])
        region = self._get(row.code)
        region.date_unit_start = fields.Date.context_today(region)
        self._load([row._replace(is_unit_community=False)])
        self.assertFalse(region.is_unit_community)

    def test_one_bad_row_refuses_the_whole_list(self):
        for bad in (
            DivisionRow("990201001", "短码"),
            DivisionRow("99020100100X", "字母"),
            DivisionRow("", "无码"),
            DivisionRow("990201001002", ""),
            DivisionRow("990201001001", "重码"),
            DivisionRow("990201001002", "错上级", parent_code="990202000000"),
            DivisionRow("990201001002", "坏上级", parent_code="9902"),
            DivisionRow("990201001002", "自上级", parent_code="990201001002"),
            DivisionRow("990201000000", "重县"),
        ):
            before = self.Region.search_count([])
            with self.subTest(name=bad.name), self.assertRaises(UserError) as caught:
                self._load([*self.rows, bad._replace(place="Z9")])
            self.assertIn("Z9", str(caught.exception))
            self.assertEqual(self.Region.search_count([]), before)

    def test_all_that_is_wrong_is_said_at_once(self):
        bad = [
            DivisionRow(f"12{index}", "错", place=f"B{index}") for index in range(30)
        ]
        with self.assertRaises(UserError) as caught:
            self._load([*self.rows, *bad])
        message = str(caught.exception)
        self.assertIn("B0", message)
        self.assertIn("B19", message)
        self.assertNotIn("B20", message)
        self.assertIn("10", message)

    def test_an_empty_list_is_refused(self):
        with self.assertRaises(UserError):
            self._load([])

    def test_a_community_named_as_unit_above_a_village_is_refused(self):
        row = self.rows[1]._replace(is_unit_community=True)
        with self.assertRaises(UserError):
            self._load([row])

    def test_progress_reaches_the_end(self):
        steps = []
        self.patch(type(self.Region), "_LOAD_BATCH", 1)
        self._load(self.rows, progress=lambda done, total: steps.append((done, total)))
        self.assertEqual(steps[-1], (4, 4))
        self.assertEqual(steps, sorted(steps))

    def test_only_the_administrator_loads(self):
        for role, user in self.user_by_role.items():
            Region = self.Region.with_user(user)
            with self.subTest(role=role):
                if role == "administrator":
                    Region._load_rows(self.rows, source="测试")
                else:
                    with self.assertRaises(AccessError):
                        Region._load_rows(self.rows, source="测试")
