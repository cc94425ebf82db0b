from decimal import Decimal
from fractions import Fraction

from odoo.tests import BaseCase

from ..tools.area import convert, exact, in_all_units, rounded, square_metres


class TestArea(BaseCase):
    """Areas in m², 亩 and 公顷."""

    def test_a_mu_is_two_thousand_thirds(self):
        self.assertEqual(square_metres(Decimal("16.8"), "mu"), 11_200)
        self.assertEqual(square_metres(80, "mu"), Fraction(160_000, 3))
        self.assertEqual(square_metres(3, "mu"), 2_000)

    def test_a_hectare(self):
        self.assertEqual(square_metres(Decimal("2.31"), "ha"), 23_100)
        self.assertEqual(convert(15, "mu", "ha"), 1)

    def test_there_and_back(self):
        for unit in ("m2", "mu", "ha"):
            self.assertEqual(convert(convert(7, "m2", unit), unit, "m2"), 7)

    def test_an_unknown_unit(self):
        with self.assertRaises(KeyError):
            square_metres(1, "acre")

    def test_rounded_half_up(self):
        self.assertEqual(rounded(Fraction(499449, 25000)), Decimal("19.98"))
        self.assertEqual(rounded(Fraction(1, 200)), Decimal("0.01"))
        self.assertEqual(rounded(Fraction(-1, 200)), Decimal("-0.01"))
        self.assertEqual(str(rounded(Fraction(-1, 1000))), "0.00")

    def test_in_all_units(self):
        self.assertEqual(
            in_all_units(Fraction(11_200)),
            {"m2": Decimal("11200"), "mu": Decimal("16.8"), "ha": Decimal("1.12")},
        )

    def test_exact(self):
        self.assertEqual(exact(4994.49), Fraction("4994.49"))
        self.assertEqual(exact("16.8"), Fraction("16.8"))
