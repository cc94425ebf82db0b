"""Areas in the units that Chinese papers use, exact.

One 亩 is 2000/3 m²: the usual 666.67 is that number rounded, and would make 16.8 亩 of
a site 11,200.06 m² instead of 11,200.
"""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from .textvalue import area_factor

#: Units by the name under which records keep them.
UNITS = {"m2": "㎡", "mu": "亩", "ha": "公顷"}


def square_metres(value, unit):
    """Return an area in square metres.

    :param value: an ``int``, ``Decimal`` or ``Fraction``.
    :param str unit: a key of :data:`UNITS`.
    :rtype: fractions.Fraction
    :raise KeyError: there is no such unit.
    """
    return Fraction(value) * Fraction(*area_factor(UNITS[unit]))


def convert(value, unit, target):
    """Return an area in another unit.

    :param str unit: the unit of ``value``.
    :param str target: the unit asked for.
    :rtype: fractions.Fraction
    """
    return square_metres(value, unit) / square_metres(1, target)


def rounded(value, places=2):
    """Return an exact number rounded half-up.

    :param fractions.Fraction value: the number.
    :param int places: decimals that stay.
    :rtype: decimal.Decimal
    """
    shift = 10**places
    whole, rest = divmod(abs(value) * shift, 1)
    whole += rest >= Fraction(1, 2)
    number = Decimal(int(whole)).scaleb(-places)
    return -number if value < 0 and number else number


def in_all_units(value):
    """Return an area in each unit, rounded to what is usual in it.

    :param fractions.Fraction value: square metres.
    :return: by the keys of :data:`UNITS`: m² and 亩 to two decimals, 公顷 to four.
    :rtype: dict[str, decimal.Decimal]
    """
    return {
        unit: rounded(convert(value, "m2", unit), 4 if unit == "ha" else 2)
        for unit in UNITS
    }


def exact(value):
    """Return a stored number of four decimals without the noise of binary fractions.

    :param value: a ``float`` of the database, or an exact number.
    :rtype: fractions.Fraction
    """
    if isinstance(value, float):
        value = Decimal(repr(value)).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    return Fraction(value)
