from datetime import date
from decimal import Decimal

from psycopg2.errors import CheckViolation, UniqueViolation

from odoo.exceptions import AccessError, ValidationError
from odoo.service.model import call_kw
from odoo.tests import freeze_time
from odoo.tools import mute_logger

from .common import WelfareCase


class CoverageCase(WelfareCase):
    """五华区 as its reply of 14 June 2019 describes it, in a county of its own.

    92 communities, 7 of them unit communities, and 52 homes built by the end of 2018;
    13 more were paid for in 2019.
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wuhua = cls._create_region(cls.prefecture, name="五华区")
        cls.streets = [cls._create_region(cls.wuhua) for _index in range(4)]
        cls.communities = cls.Region.union(
            *(cls._create_communities(street, 23) for street in cls.streets)
        )
        cls.unit_communities = cls.communities[:7]
        cls.unit_communities.write(
            {"is_unit_community": True, "unit_community_reason": "单位型社区"}
        )
        ordinary = cls.communities[7:]
        cls.built = cls._create_homes(
            ordinary[:52], state="operating", date_state="2018-06-01"
        )
        cls.funded = cls._create_homes(
            ordinary[52:65], state="planned", date_state="2018-12-01"
        )
        cls.without = ordinary[65:]

    @classmethod
    def _create_target(cls, place=None, **vals):
        return super()._create_target(place or cls.wuhua, **vals)

    def _build_funded(self):
        self.funded._set_state("accepted", date=date(2019, 10, 31))


@freeze_time("2020-01-10")
class TestCoverage(CoverageCase):
    # === THE GOLDEN CASE === #

    def test_unit_community_of_the_day(self):
        """A past day is counted by the marks of that day."""
        self.unit_communities[0].date_unit_start = "2018-07-01"
        self.unit_communities[1].date_unit_end = "2018-12-31"
        for day, excluded in (
            ("2018-06-30", 6),
            ("2018-07-01", 7),
            ("2018-12-31", 7),
            ("2019-01-01", 6),
        ):
            target = self._create_target(date=day)
            self.assertEqual(target.excluded_count, excluded, day)
            self.assertEqual(target.denominator, 92 - excluded, day)
            listed = target.measure_id._get_communities(
                self.wuhua, target.date, "excluded"
            )
            self.assertEqual(len(listed), excluded, day)

    def test_unit_community_that_ends_before_it_begins(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self.unit_communities[0].write(
                {"date_unit_start": "2019-01-02", "date_unit_end": "2019-01-01"}
            )
            self.env.flush_all()

    def test_end_of_2018(self):
        target = self._create_target()
        self.assertEqual(
            (target.total_count, target.excluded_count, target.denominator), (92, 7, 85)
        )
        self.assertEqual((target.numerator, target.missing_count), (52, 33))
        self.assertEqual(target.rate, 61.18)

    def test_the_stated_value_is_kept_and_flagged(self):
        target = self._create_target(stated_value=62.2)
        self.assertTrue(target.is_flagged)
        self.assertEqual((target.stated_value, target.rate), (62.2, 61.18))
        for figure in ("62.2", "61.18", "52", "85"):
            self.assertIn(figure, target.flag_reason)

    def test_ninety_percent_needs_77(self):
        target = self._create_target(target_value=90)
        self.assertEqual((target.required_count, target.gap), (77, 25))

    def test_the_stated_gap_is_the_gap_to_all(self):
        target = self._create_target(stated_gap=33)
        self.assertTrue(target.is_flagged)
        for figure in ("33", "77", "25", "100"):
            self.assertIn(figure, target.flag_reason)
        target.stated_gap = 30
        self.assertTrue(target.is_flagged)
        self.assertNotIn("100", target.flag_reason)

    def test_figures_that_agree_are_not_flagged(self):
        target = self._create_target(stated_value=61.18, stated_gap=25)
        self.assertFalse(target.is_flagged)
        self.assertFalse(target.flag_reason)

    def test_the_formula_shows_its_figures(self):
        formula = self._create_target().formula
        for figure in ("92", "7", "85", "52", "61.18"):
            self.assertIn(figure, formula)

    def test_with_the_13_of_2019(self):
        self._build_funded()
        target = self._create_target(date="2019-12-31")
        self.assertEqual((target.numerator, target.denominator), (65, 85))
        self.assertEqual(target.rate, 76.47)
        self.assertEqual((target.required_count, target.gap), (77, 12))

    def test_the_past_stays_as_it_was(self):
        self._build_funded()
        self.assertEqual(self._create_target().numerator, 52)

    # === WHAT COUNTS === #

    def test_a_home_counts_from_its_day(self):
        for day, built in (
            ("2015-12-31", 0),
            ("2018-05-31", 0),
            ("2018-06-01", 52),
            ("2018-12-31", 52),
        ):
            self.assertEqual(self._create_target(date=day).numerator, built, day)

    def test_a_home_counts_while_it_is_built_and_not_closed(self):
        home = self.built[0]
        for state, day, built in (
            ("suspended", "2018-07-01", 52),
            ("operating", "2018-08-01", 52),
            ("closed", "2018-09-01", 51),
        ):
            home._set_state(
                state, date=date.fromisoformat(day), reason="撤并", fate="transferred"
            )
            self.assertEqual(self._create_target(date=day).numerator, built, state)
        self.assertEqual(self._create_target(date="2018-08-31").numerator, 52)

    def test_a_home_under_construction_does_not_count(self):
        self.funded._set_state("under_construction", date=date(2018, 12, 20))
        self.assertEqual(self._create_target().numerator, 52)

    def test_a_home_that_follows_a_closed_one_counts_once(self):
        home = self.built[0]
        home._set_state(
            "closed", date=date(2018, 7, 1), reason="撤并", fate="transferred"
        )
        self._create_facility(
            region_id=home.region_id.id, state="operating", date_state="2018-08-01"
        )
        self.assertEqual(self._create_target(date="2018-07-15").numerator, 51)
        self.assertEqual(self._create_target().numerator, 52)

    def test_a_home_in_a_unit_community_is_left_out(self):
        self._create_homes(
            self.unit_communities[:1], state="operating", date_state="2018-01-01"
        )
        target = self._create_target()
        self.assertEqual((target.numerator, target.denominator), (52, 85))

    def test_other_facilities_do_not_count(self):
        self._create_facility(
            region_id=self.without[0].id,
            type_id=self.env.ref(
                "welfare_facility.facility_type_welfare_institution"
            ).id,
            state="operating",
            date_state="2018-01-01",
        )
        self.assertEqual(self._create_target().numerator, 52)

    def test_a_correction_changes_the_past(self):
        self.built[0]._correct_state_date(date(2019, 1, 15), reason="年份抄错")
        self.assertEqual(self._create_target().numerator, 51)
        self.assertEqual(self._create_target(date="2019-01-15").numerator, 52)

    def test_communities_of_the_day_are_counted(self):
        self.without[0].date_start = "2019-03-01"
        self.without[1].date_end = "2018-12-30"
        self.assertEqual(self._create_target().total_count, 90)
        self.assertEqual(self._create_target(date="2018-12-30").total_count, 91)
        self.assertEqual(self._create_target(date="2019-03-01").total_count, 91)

    def test_other_counties_do_not_count(self):
        self._create_facility(self.county_b, state="operating", date_state="2016-01-01")
        self.assertEqual(self._create_target().total_count, 92)

    def test_every_level_of_the_tree_can_be_asked(self):
        self._create_facility(
            region_id=self.community_a.id, state="operating", date_state="2016-01-01"
        )
        for region, figures in (
            (self.prefecture, (94, 7, 53)),
            (self.province, (94, 7, 53)),
            (self.wuhua, (92, 7, 52)),
            (self.streets[0], (23, 7, 16)),
            (self.streets[3], (23, 0, 0)),
            (self.community_a, (1, 0, 1)),
        ):
            target = self._create_target(region)
            self.assertEqual(
                (target.total_count, target.excluded_count, target.numerator),
                figures,
                region.name,
            )

    def test_streets_add_up_to_the_district(self):
        table = self._create_target()._get_table()
        parts = table.parts
        self.assertEqual(
            [part.id for part in parts], [each.id for each in self.streets]
        )
        self.assertEqual([part.coverage.total for part in parts], [23] * 4)
        self.assertEqual([part.coverage.built for part in parts], [16, 23, 13, 0])
        self.assertEqual([part.coverage.planned for part in parts], [0, 0, 10, 3])
        self.assertEqual(table.total.planned, 13)

    def test_areas_are_those_of_what_is_built(self):
        self.built.write({"area_indoor": 40.5, "area_outdoor": 30})
        self.funded.write({"area_indoor": 1000})
        total = self._create_target()._get_table().total
        self.assertEqual(total.area_indoor, Decimal("2106.00"))
        self.assertEqual(total.area_outdoor, 52 * 30)

    def test_hours_are_an_average_of_those_that_are_known(self):
        self.built[0].hours_weekly = 20
        self.built[1].hours_weekly = 25.5
        self.funded.write({"hours_weekly": 100})
        total = self._create_target()._get_table().total
        self.assertEqual((total.hours, total.hours_known), (Decimal("45.5"), 2))
        self.assertEqual(total.hours_average, Decimal("22.8"))

    def test_the_communities_without_a_home_are_listed(self):
        """The page of the region opens on the day of the target."""
        action = self._create_target().action_open_missing()
        page = self.env["welfare.coverage.measure"].get_coverage_page(
            **action["params"]
        )
        self.assertEqual(action["tag"], "welfare_coverage")
        self.assertEqual(page["date"], "2018-12-31")
        self.assertEqual(
            [line["id"] for line in page["communities"]["lines"]],
            (self.funded.region_id + self.without).ids,
        )

    # === NOTHING TO COUNT === #

    def test_a_region_without_communities(self):
        county = self._create_region(self.prefecture)
        target = self._create_target(county, stated_value=50, stated_gap=3)
        self.assertEqual((target.total_count, target.denominator), (0, 0))
        self.assertEqual((target.rate, target.required_count, target.gap), (0, 0, 0))
        self.assertFalse(target.is_flagged)
        self.assertTrue(target.formula)
        self.assertEqual(target._get_table().parts, [])

    def test_a_region_of_unit_communities(self):
        street = self._create_region(self.wuhua)
        self._create_communities(
            street, 2, is_unit_community=True, unit_community_reason="厂区"
        )
        target = self._create_target(street)
        self.assertEqual(
            (target.total_count, target.denominator, target.gap), (2, 0, 0)
        )
        self.assertTrue(target.formula)

    def test_a_measure_that_the_register_cannot_compute(self):
        measure = self.env["welfare.coverage.measure"].create(
            {"name": "收养登记率", "code": "test_stated"}
        )
        target = self._create_target(measure_id=measure.id, stated_value=95)
        self.assertEqual((target.total_count, target.numerator), (0, 0))
        self.assertEqual(target.stated_value, 95)
        self.assertFalse(target.is_flagged)
        self.assertTrue(target.formula)

    def test_no_target_is_met_by_nothing_built(self):
        target = self._create_target(self.streets[3], target_value=0)
        self.assertEqual((target.required_count, target.gap), (0, 0))

    def test_part_of_a_home_is_a_home(self):
        """23 communities: 50 % is 11.5, so 12."""
        target = self._create_target(self.streets[3], target_value=50)
        self.assertEqual(target.required_count, 12)

    # === STATED AND COMPUTED === #

    def test_a_rate_agrees_as_precisely_as_it_is_stated(self):
        """25 of 33 are 75.7575… percent."""
        street = self._create_region(self.county_b)
        communities = self._create_communities(street, 33)
        self._create_homes(communities[:25], state="operating", date_state="2018-01-01")
        target = self._create_target(street)
        self.assertEqual(target.rate, 75.76)
        for stated, agrees in (
            (76, True),
            (75.8, True),
            (75.76, True),
            (75, False),
            (75.7, False),
            (75.75, False),
            (76.1, False),
        ):
            target.stated_value = stated
            self.assertEqual(target.is_flagged, not agrees, stated)

    def test_full_coverage_is_stated_as_100(self):
        target = self._create_target(
            self.streets[1], stated_value=100, target_value=100
        )
        self.assertEqual((target.rate, target.gap), (100, 0))
        self.assertFalse(target.is_flagged)

    def test_a_rate_is_no_more_than_all(self):
        for name in ("target_value", "stated_value"):
            for value in (100.1, -0.1):
                with (
                    self.subTest(name=name, value=value),
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(CheckViolation),
                ):
                    self._create_target(**{name: value})
                    self.env.flush_all()

    def test_a_number_may_be_more_than_100(self):
        measure = self.env["welfare.coverage.measure"].create(
            {"name": "社会组织数", "code": "test_number", "unit": "number"}
        )
        target = self._create_target(
            measure_id=measure.id, stated_value=120, target_value=1000
        )
        self.env.flush_all()
        self.assertEqual(target.target_label, "1000")
        self.assertIn("120", target.stated_label)

    def test_measures_have_a_code_of_their_own(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self.home_measure.copy({"code": self.home_measure.code})

    # === WHAT IS NOT STATED === #

    def test_a_figure_that_is_given_is_stated(self):
        target = self._create_target(stated_value=62.2, stated_gap=33, interim_value=70)
        self.assertTrue(target.is_stated)
        self.assertTrue(target.is_gap_stated)
        self.assertTrue(target.is_interim_stated)
        self.assertTrue(target.is_target_stated)

    def test_a_gap_in_the_source_is_not_0(self):
        target = self._create_target(target_value=0, interim_year=2022)
        for name in ("is_stated", "is_gap_stated", "is_interim_stated"):
            self.assertFalse(target[name], name)
        self.assertFalse(target.is_target_stated)
        self.assertFalse(target.is_flagged)
        self.assertIn("—", target.interim_label)
        self.assertNotIn("0%", target.stated_label)

    def test_a_stated_0_is_a_figure(self):
        target = self._create_target(is_stated=True, is_gap_stated=True)
        self.assertIn("0%", target.stated_label)
        self.assertTrue(target.is_flagged)
        for figure in ("61.18", "77", "25"):
            self.assertIn(figure, target.flag_reason)

    def test_a_figure_is_not_kept_without_its_mark(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self._create_target(stated_value=62.2, is_stated=False)
            self.env.flush_all()

    def test_taking_a_figure_out_takes_its_mark_out(self):
        target = self._create_target(stated_value=62.2)
        target.stated_value = 0
        self.assertFalse(target.is_stated)

    def test_a_plan_stands_side_by_side(self):
        """What is, what is wanted in between, and in the end."""
        target = self._create_target(
            date="2020-12-31",
            stated_value=50,
            interim_value=70,
            interim_year=2022,
            target_value=95,
            target_year=2025,
        )
        for label, figures in (
            (target.stated_label, ("2020", "50%")),
            (target.interim_label, ("2022", "70%")),
            (target.target_label, ("2025", "95%")),
        ):
            for figure in figures:
                self.assertIn(figure, label)

    def test_a_contradiction_of_the_document_is_flagged(self):
        target = self._create_target(contradiction="正文要求全覆盖，指标表为95%。")
        self.assertTrue(target.is_flagged)
        self.assertIn("95", target.flag_reason)

    # === WHAT IS TO COME === #

    def _schedule_funded(self, year=2019):
        self.funded.plan_year = year

    def test_what_is_planned_stands_beside(self):
        self._schedule_funded()
        target = self._create_target(target_year=2020)
        self.assertEqual((target.numerator, target.scheduled_count), (52, 13))
        self.assertEqual((target.scheduled_rate, target.scheduled_gap), (76.47, 12))
        for figure in ("13", "65", "76.47", "77", "12"):
            self.assertIn(figure, target.forecast)

    def test_what_is_planned_for_later_does_not_help(self):
        self._schedule_funded(2021)
        self.funded[0].plan_year = 0
        target = self._create_target(target_year=2020)
        self.assertEqual((target.scheduled_count, target.scheduled_gap), (0, 25))

    def test_what_is_under_construction_helps(self):
        self._schedule_funded()
        self.funded._set_state("under_construction", date=date(2018, 12, 20))
        self.assertEqual(self._create_target(target_year=2020).scheduled_count, 13)

    def test_homes_a_year(self):
        target = self._create_target(target_year=2020)
        self.assertEqual(target.yearly_count, 13)
        for figure in ("25", "2020", "2019", "13"):
            self.assertIn(figure, target.forecast)

    def test_a_target_that_is_due_asks_for_all_at_once(self):
        target = self._create_target(target_year=2018)
        self.assertEqual(target.yearly_count, 25)
        self.assertIn("2018", target.forecast)

    def test_a_target_that_is_met_says_so(self):
        target = self._create_target(target_value=60, target_year=2020)
        self.assertEqual((target.gap, target.yearly_count), (0, 0))
        self.assertTrue(target.forecast)

    def test_without_a_target_there_is_no_forecast(self):
        target = self._create_target(target_value=0)
        self.assertFalse(target.forecast)
        self.assertEqual(target.yearly_count, 0)

    def test_what_a_pace_means(self):
        target = self._create_target(
            target_value=50, target_year=2020, annual_value=20, annual_start_year=2017
        )
        for figure in ("2017", "2020", "4 × 20", "80", "50", "3", "2019"):
            self.assertIn(figure, target.pace)
        self.assertFalse(self._create_target().pace)

    def test_a_pace_begins_with_a_year(self):
        with self.assertRaises(ValidationError):
            self._create_target(annual_value=20)

    # === WHICH TARGET COUNTS === #

    def _find(self, region, day="2018-12-31"):
        found = self.env["welfare.coverage.target"]._find_targets(
            self.home_measure, region, date.fromisoformat(day)
        )
        return found[region.id]

    def test_the_own_target_comes_before_one_from_above(self):
        above = self._create_target(self.prefecture, target_value=80)
        self.assertEqual(self._find(self.wuhua), above)
        own = self._create_target()
        self.assertEqual(self._find(self.wuhua), own)
        self.assertEqual(self._find(self.streets[0]), own)
        self.assertEqual(self._find(self.county_b), above)
        self.assertFalse(self._find(self.province))

    def test_the_next_target_counts(self):
        first = self._create_target(target_year=2015, target_value=50)
        second = self._create_target(target_year=2020, target_value=90)
        for day, target in (
            ("2014-06-30", first),
            ("2015-12-31", first),
            ("2016-01-01", second),
            ("2020-12-31", second),
            ("2026-01-01", second),
        ):
            self.assertEqual(self._find(self.wuhua, day), target, day)

    def test_a_row_without_a_target_is_none(self):
        self._create_target(target_value=0, stated_value=62.2)
        self.assertFalse(self._find(self.wuhua))

    def test_parts_may_have_targets_of_their_own(self):
        own = self._create_target()
        street = self._create_target(self.streets[0], target_value=100)
        found = self.env["welfare.coverage.target"]._find_targets(
            self.home_measure, self.wuhua, date(2018, 12, 31)
        )
        self.assertEqual(found, {self.wuhua.id: own, self.streets[0].id: street})

    # === WHO SEES IT === #

    def test_each_role_computes_the_same(self):
        target = self._create_target(stated_value=62.2)
        for role, user in self.user_by_role.items():
            user.welfare_region_ids = self.wuhua
            seen = target.with_user(user)
            seen.invalidate_recordset()
            with self.subTest(role=role):
                self.assertEqual((seen.numerator, seen.rate), (52, 61.18))
                self.assertTrue(seen.is_flagged)

    def test_a_street_office_asks_for_its_street(self):
        user = self._create_user(
            "auditor", regions=self.streets[0], login="test_street"
        )
        target = self._create_target(self.streets[0]).with_user(user)
        self.assertEqual((target.total_count, target.numerator), (23, 16))
        self.assertEqual(len(target._get_table().parts), 23)
        district = self._create_target().with_user(user)
        with self.assertRaises(AccessError):
            district.read(["rate"])

    def test_what_a_form_computes_is_of_the_own_regions(self):
        """A record that is not saved yet is under no rule: its region is."""
        Target = self.env["welfare.coverage.target"].with_user(self.manager)
        own, foreign = (
            [[], self._prepare_target_vals(county), ["region_id"], {"total_count": {}}]
            for county in (self.county_a, self.wuhua)
        )
        changes = call_kw(Target, "onchange", own, {})
        self.assertEqual(changes["value"]["total_count"], 1)
        with self.assertRaises(AccessError):
            call_kw(Target, "onchange", foreign, {})

    def test_the_administrator_counts_in_the_own_regions_only(self):
        """The whole tree of regions is the administrator's, but not what lies in it."""
        Target = self.env["welfare.coverage.target"].with_user(self.administrator)
        vals = self._prepare_target_vals(self.wuhua)
        with self.assertRaises(AccessError):
            call_kw(
                Target, "onchange", [[], vals, ["region_id"], {"numerator": {}}], {}
            )

    def test_many_targets_are_listed_with_few_queries(self):
        targets = self.env["welfare.coverage.target"].browse()
        for street in self.streets:
            targets += self._create_target(street)
        self.env.flush_all()
        self.env.invalidate_all()
        with self.assertQueryCount(4 * len(targets) + 6):
            targets.mapped("rate")
