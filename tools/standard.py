"""Figures of a facility held against the lines of a standard, exact.

Everything here is a :class:`~fractions.Fraction`: 4,994.49 m² on 250 beds are compared
as they are, and rounded only where they are shown.
"""

import math
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Quotient:
    """A figure that follows from two measured ones.

    :ivar numerator: codes of the metrics, of which the first that was measured counts.
    :ivar denominator: the same.
    :ivar int factor: 100 for percent.
    """

    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    factor: int = 1


#: Beds by which areas are divided: those that stand, else those that were approved.
BEDS = ("beds_built", "beds_approved")

#: The derived metrics: a closed set.
DERIVED = {
    "building_per_bed": Quotient(("area_building",), BEDS),
    "outdoor_per_bed": Quotient(("area_outdoor",), BEDS),
    "site_per_bed": Quotient(("area_site",), BEDS),
    "building_density": Quotient(("area_footprint",), ("area_site",), 100),
    "floor_area_ratio": Quotient(("area_building",), ("area_site",)),
    "green_rate": Quotient(("area_green",), ("area_site",), 100),
    "bed_occupancy": Quotient(("beds_occupied",), ("beds_open",), 100),
    "staff_per_child": Quotient(("staff",), ("children", "beds_occupied")),
}


@dataclass(frozen=True)
class Figure:
    """What a metric comes to.

    :ivar fractions.Fraction value: the figure, areas in m².
    :ivar parts: codes of the measured metrics that it comes from: itself, or numerator
        and denominator.
    """

    value: Fraction
    parts: tuple[str, ...]


def get_figure(code, values):
    """Return what a metric comes to, or ``None`` where something was not measured.

    :param str code: the metric, measured or derived.
    :param dict values: what was measured, by code.
    :rtype: Figure | None
    """
    quotient = DERIVED.get(code)
    if not quotient:
        return Figure(values[code], (code,)) if code in values else None
    above = next((part for part in quotient.numerator if part in values), None)
    below = next((part for part in quotient.denominator if part in values), None)
    if above is None or below is None or not values[below]:
        return None
    value = values[above] * quotient.factor / values[below]
    return Figure(value, (above, below))


@dataclass(frozen=True)
class Bounds:
    """What a line of a standard allows; ``None`` for an open end."""

    low: Fraction | None = None
    high: Fraction | None = None

    def times(self, number):
        """Return the bounds for so many beds."""
        return Bounds(
            *(None if end is None else end * number for end in (self.low, self.high))
        )


@dataclass(frozen=True)
class Verdict:
    """How a figure stands to a line.

    :ivar str result: ``met``, ``not_met`` or ``not_measured``.
    :ivar str deviation: ``below`` or ``above`` where it is not met.
    :ivar fractions.Fraction margin: how far it is inside the bound that is nearest;
        negative for what is lacking or too much.
    """

    result: str
    deviation: str | None = None
    margin: Fraction | None = None


def judge(value, bounds):
    """Hold a figure against a line.

    :param value: the figure, or ``None`` where it was not measured.
    :param Bounds bounds: what the line allows.
    :rtype: Verdict
    """
    if value is None:
        return Verdict("not_measured")
    if bounds.low is not None and value < bounds.low:
        return Verdict("not_met", "below", value - bounds.low)
    if bounds.high is not None and value > bounds.high:
        return Verdict("not_met", "above", bounds.high - value)
    room = [abs(value - end) for end in (bounds.low, bounds.high) if end is not None]
    return Verdict("met", None, min(room))


def compare(local, upper):
    """Tell how a local line stands to the one of the wider jurisdiction.

    :param Bounds local: what the local text allows.
    :param Bounds upper: what the text above it allows.
    :return: ``same``; ``conflict``, no figure meets both; ``stricter``, what meets the
        local one meets both; ``looser``, the reverse; ``overlap``, some meet both.
    :rtype: str
    """
    inner, outer = _ends(local), _ends(upper)
    if inner == outer:
        return "same"
    if inner[0] > outer[1] or inner[1] < outer[0]:
        return "conflict"
    if inner[0] >= outer[0] and inner[1] <= outer[1]:
        return "stricter"
    if inner[0] <= outer[0] and inner[1] >= outer[1]:
        return "looser"
    return "overlap"


def _ends(bounds):
    return (
        -math.inf if bounds.low is None else bounds.low,
        math.inf if bounds.high is None else bounds.high,
    )


def site_needed(beds, building, ratio):
    """Return the site that so many beds need.

    :param int beds: the beds.
    :param Bounds building: m² of building a bed.
    :param Bounds ratio: the floor-area ratio.
    :return: m²: the smallest building at the highest ratio, and the reverse.
    :rtype: Bounds
    """
    low = building.low and ratio.high and building.low * beds / ratio.high
    most = building.low if building.high is None else building.high
    high = most and ratio.low and most * beds / ratio.low
    return Bounds(low or None, high or None)


def beds_on_site(site, building, ratio, outdoor, density):
    """Return how many beds a site takes at most, by each rule that limits it.

    :param fractions.Fraction site: m².
    :param Bounds building: m² of building a bed.
    :param Bounds ratio: the floor-area ratio.
    :param Bounds outdoor: m² of outdoor activity area a bed.
    :param Bounds density: percent of the site that is built over.
    :return: ``floor_area_ratio``: the floor space that the highest ratio allows, by the
        least building a bed. ``outdoor_per_bed``: what the least density leaves open,
        by the least outdoor area a bed. A rule that has no figure is left out.
    :rtype: dict[str, int]
    """
    limits = {}
    if building.low and ratio.high:
        limits["floor_area_ratio"] = math.floor(site * ratio.high / building.low)
    if outdoor.low:
        open_share = 1 - (density.low or 0) / Fraction(100)
        limits["outdoor_per_bed"] = math.floor(site * open_share / outdoor.low)
    return limits


def yearly_steps(beds, year, target, target_year):
    """Return the beds of each year on the way to a target, in even steps.

    What does not divide falls into the last years.

    :param int beds: beds at the end of ``year``.
    :param int target: beds at the end of ``target_year``.
    :return: pairs of year and beds; only the target when it is due.
    :rtype: list[tuple[int, int]]
    """
    years = target_year - year
    if years <= 0:
        return [(target_year, target)]
    return [
        (year + step, beds + (target - beds) * step // years)
        for step in range(1, years + 1)
    ]
