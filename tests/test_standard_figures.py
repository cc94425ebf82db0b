from fractions import Fraction

from odoo.tests import BaseCase

from ..tools.area import rounded, square_metres
from ..tools.standard import (
    Bounds,
    Verdict,
    beds_on_site,
    compare,
    get_figure,
    judge,
    site_needed,
    yearly_steps,
)

BUILDING = Bounds(Fraction(33), Fraction(35))
LOCAL_OUTDOOR = Bounds(Fraction(2), Fraction(3))
NATIONAL_OUTDOOR = Bounds(Fraction(4), Fraction(5))
RATIO = Bounds(Fraction("0.6"), Fraction(1))
DENSITY = Bounds(Fraction(25), Fraction(30))


class TestStandardFigures(BaseCase):
    """The figures of the sources, by exact arithmetic."""

    def test_guiyang(self):
        """700 beds by the plan of Guiyang, and by 建标145-2010."""
        self.assertEqual(BUILDING.times(700), Bounds(23_100, 24_500))
        self.assertEqual(LOCAL_OUTDOOR.times(700), Bounds(1_400, 2_100))
        self.assertEqual(NATIONAL_OUTDOOR.times(700), Bounds(2_800, 3_500))
        self.assertEqual(compare(LOCAL_OUTDOOR, NATIONAL_OUTDOOR), "conflict")
        site = site_needed(700, BUILDING, RATIO)
        self.assertEqual(site.low, 23_100)
        self.assertEqual(
            rounded(site.high), rounded(Fraction(24_500) / Fraction("0.6"))
        )

    def test_liupanshui(self):
        values = {"area_building": Fraction("4994.49"), "beds_approved": Fraction(250)}
        figure = get_figure("building_per_bed", values)
        self.assertEqual(figure.parts, ("area_building", "beds_approved"))
        self.assertEqual(str(rounded(figure.value)), "19.98")
        verdict = judge(figure.value, Bounds(Fraction(33)))
        self.assertEqual((verdict.result, verdict.deviation), ("not_met", "below"))
        self.assertEqual(verdict.margin * 250, Fraction("-3255.51"))

    def test_xianning(self):
        values = {
            "area_building": Fraction(14_000),
            "beds_built": Fraction(400),
            "area_site": square_metres(Fraction("16.8"), "mu"),
        }
        self.assertEqual(get_figure("building_per_bed", values).value, 35)
        self.assertEqual(judge(Fraction(35), BUILDING), Verdict("met", None, 0))
        ratio = get_figure("floor_area_ratio", values).value
        self.assertEqual(ratio, Fraction(5, 4))
        self.assertEqual(judge(ratio, RATIO).deviation, "above")

    def test_tianjin(self):
        values = {"area_building": Fraction(16_000), "beds_built": Fraction(800)}
        self.assertEqual(get_figure("building_per_bed", values).value, 20)

    def test_a_hair_below_is_not_met(self):
        value = Fraction("32.99999")
        self.assertEqual(judge(value, Bounds(Fraction(33))).result, "not_met")
        self.assertEqual(judge(Fraction(33), Bounds(Fraction(33))).result, "met")

    def test_not_measured(self):
        self.assertIsNone(get_figure("building_per_bed", {"beds_built": Fraction(1)}))
        self.assertIsNone(
            get_figure("bed_occupancy", {"beds_occupied": 0, "beds_open": 0})
        )
        self.assertEqual(judge(None, BUILDING), Verdict("not_measured"))

    def test_built_beds_come_before_approved_ones(self):
        values = {"area_site": 100, "beds_approved": 10, "beds_built": 5}
        self.assertEqual(get_figure("site_per_bed", values).value, 20)

    def test_compare(self):
        for local, upper, expected in (
            (BUILDING, BUILDING, "same"),
            (BUILDING, Bounds(Fraction(33)), "stricter"),
            (Bounds(Fraction(30)), Bounds(Fraction(33)), "looser"),
            (Bounds(Fraction(3), Fraction(4)), NATIONAL_OUTDOOR, "overlap"),
            (Bounds(None, Fraction(1)), Bounds(Fraction(2)), "conflict"),
        ):
            self.assertEqual(compare(local, upper), expected)

    def test_beds_on_a_site(self):
        """The site of 咸宁 takes 339 beds at a ratio of 1.0 and 33 m² a bed."""
        site = square_metres(Fraction("16.8"), "mu")
        limits = beds_on_site(site, BUILDING, RATIO, NATIONAL_OUTDOOR, DENSITY)
        self.assertEqual(limits, {"floor_area_ratio": 339, "outdoor_per_bed": 2_100})
        self.assertEqual(beds_on_site(site, Bounds(), RATIO, Bounds(), Bounds()), {})

    def test_yearly_steps(self):
        self.assertEqual(
            yearly_steps(400, 2022, 700, 2025), [(2023, 500), (2024, 600), (2025, 700)]
        )
        self.assertEqual(yearly_steps(0, 2020, 10, 2023)[-1], (2023, 10))
        self.assertEqual(yearly_steps(0, 2025, 10, 2023), [(2023, 10)])
