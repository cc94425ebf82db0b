from decimal import Decimal

from odoo.tests import BaseCase

from ..tools.coverage import Coverage, Pace, digest, yearly_need

WUHUA = Coverage(total=92, excluded=7, built=52, planned=13, scheduled=13)


class TestCoverageFigures(BaseCase):
    """The golden case of 五华区, and the arithmetic around it."""

    def test_end_of_2018(self):
        self.assertEqual((WUHUA.denominator, WUHUA.missing), (85, 33))
        self.assertEqual(WUHUA.rate, Decimal("61.18"))
        self.assertEqual(WUHUA.required(Decimal(90)), 77)
        self.assertEqual(WUHUA.gap(Decimal(90)), 25)
        self.assertEqual(WUHUA.gap(Decimal(100)), 33)

    def test_with_the_13_of_2019(self):
        later = WUHUA.with_scheduled()
        self.assertEqual((later.built, later.planned, later.scheduled), (65, 0, 0))
        self.assertEqual(later.rate, Decimal("76.47"))
        self.assertEqual(later.gap(Decimal(90)), 12)

    def test_a_met_target_has_no_gap(self):
        self.assertEqual(WUHUA.gap(Decimal("61.17")), 0)
        self.assertEqual(WUHUA.gap(Decimal(0)), 0)

    def test_a_whole_share_is_not_rounded_up(self):
        coverage = Coverage(total=10)
        self.assertEqual(coverage.required(Decimal(90)), 9)
        self.assertEqual(coverage.required(Decimal("90.01")), 10)

    def test_nothing_of_nothing(self):
        self.assertIsNone(Coverage().rate)
        self.assertIsNone(Coverage(total=3, excluded=3).rate)
        self.assertIsNone(Coverage().hours_average)
        self.assertEqual(Coverage().gap(Decimal(90)), 0)

    def test_counts_add_up(self):
        one = Coverage(2, 1, 1, 0, 0, Decimal("40.50"), Decimal(30), Decimal(20), 1)
        total = sum((one, one, WUHUA), start=Coverage())
        self.assertEqual((total.total, total.excluded, total.built), (96, 9, 54))
        self.assertEqual((total.planned, total.scheduled), (13, 13))
        self.assertEqual(total.area_indoor, Decimal("81.00"))
        self.assertEqual(total.hours_average, Decimal("20.0"))

    def test_a_rate_is_rounded_half_up(self):
        self.assertEqual(Coverage(total=8, built=1).rate, Decimal("12.50"))
        self.assertEqual(Coverage(total=800, built=1).rate, Decimal("0.13"))


class TestForecast(BaseCase):
    def test_homes_a_year(self):
        for gap, year, target_year, expected in (
            (25, 2018, 2020, (2, 13)),
            (24, 2018, 2020, (2, 12)),
            (0, 2018, 2020, (2, 0)),
            (25, 2019, 2020, (1, 25)),
            (25, 2020, 2020, (0, 25)),
            (25, 2026, 2020, (0, 25)),
        ):
            with self.subTest(gap=gap, year=year):
                self.assertEqual(yearly_need(gap, year, target_year), expected)

    def test_the_pace_of_chuxiong(self):
        """At least 20 % a year from 2017 make 80 % by 2020, where 50 % are asked."""
        pace = Pace(Decimal(20), 2017, Decimal(50), 2020)
        self.assertEqual((pace.years, pace.reached), (4, 80))
        self.assertEqual((pace.years_needed, pace.year_met), (3, 2019))

    def test_no_pace_makes_more_than_all(self):
        pace = Pace(Decimal(30), 2017, Decimal(100), 2022)
        self.assertEqual(pace.reached, 100)
        self.assertEqual((pace.years_needed, pace.year_met), (4, 2020))


class TestDigest(BaseCase):
    def test_the_same_figures_have_the_same_digest(self):
        content = [["五华区", 85, Decimal("61.18")], None]
        self.assertEqual(
            digest(content),
            "e093923dbd746b3fca6479c446a45969254e62171e2952d410bd015a75986620",
        )

    def test_another_figure_is_another_digest(self):
        self.assertNotEqual(digest([85]), digest([58]))
        self.assertNotEqual(digest(["1", "2"]), digest(["12"]))
