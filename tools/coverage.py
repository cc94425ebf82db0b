"""How far a district is from having a facility in each community (覆盖率)."""

import hashlib
import json
from dataclasses import dataclass, fields, replace
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

_HUNDREDTH = Decimal("0.01")
_ALL = Decimal(100)


def _round_up(number):
    """Return the whole number that is not below: a part of a home is a home."""
    return int(number.to_integral_value(ROUND_CEILING))


@dataclass(frozen=True)
class Coverage:
    """A count of communities, and what their facilities offer.

    :param int total: communities that exist.
    :param int excluded: those in which none is to be set up (单位型社区).
    :param int built: those of the rest that have one.
    :param int planned: those of the rest that have none, but one planned or begun.
    :param int scheduled: those of them whose plan is for the year asked about.
    :param decimal.Decimal area_indoor: m² of what is built.
    :param decimal.Decimal area_outdoor: likewise.
    :param decimal.Decimal hours: open hours a week of what is built, added up.
    :param int hours_known: facilities that the hours are known of.
    :param int people: persons in post, where posts are counted.
    """

    total: int = 0
    excluded: int = 0
    built: int = 0
    planned: int = 0
    scheduled: int = 0
    area_indoor: Decimal = Decimal(0)
    area_outdoor: Decimal = Decimal(0)
    hours: Decimal = Decimal(0)
    hours_known: int = 0
    people: int = 0

    @property
    def denominator(self):
        """Communities in which one is to be set up (应建)."""
        return self.total - self.excluded

    @property
    def missing(self):
        """Communities that still lack one: the gap to 100 %."""
        return self.denominator - self.built

    @property
    def rate(self):
        """Built in percent of the denominator, to two places; ``None`` for none of 0.

        :rtype: decimal.Decimal | None
        """
        if not self.denominator:
            return None
        return (_ALL * self.built / self.denominator).quantize(
            _HUNDREDTH, ROUND_HALF_UP
        )

    @property
    def hours_average(self):
        """Open hours a week of a facility, to one place; ``None`` where not known.

        :rtype: decimal.Decimal | None
        """
        if not self.hours_known:
            return None
        return (self.hours / self.hours_known).quantize(Decimal("0.1"), ROUND_HALF_UP)

    def required(self, target_rate):
        """Return how many communities a target asks for; a part of one is a whole.

        :param decimal.Decimal target_rate: percent.
        :rtype: int
        """
        return _round_up(Decimal(self.denominator) * target_rate / _ALL)

    def gap(self, target_rate):
        """Return how many are lacking to a target, 0 when it is met.

        :param decimal.Decimal target_rate: percent.
        :rtype: int
        """
        return max(0, self.required(target_rate) - self.built)

    def with_scheduled(self):
        """Return the count as it will be when what is scheduled is built.

        :rtype: Coverage
        """
        return replace(
            self,
            built=self.built + self.scheduled,
            planned=self.planned - self.scheduled,
            scheduled=0,
        )

    def __add__(self, other):
        return Coverage(
            *(
                getattr(self, each.name) + getattr(other, each.name)
                for each in fields(self)
            )
        )


def yearly_need(gap, year, target_year):
    """Return how many have to be built a year to close a gap in time.

    The year of the count is over: the first year to build in is the next one.

    :param int gap: how many are lacking.
    :param int year: the year of the count.
    :param int target_year: the year by whose end the target is to be met.
    :return: the years that are left, and the number a year, rounded up; ``(0, gap)``
        when the target is due.
    :rtype: tuple[int, int]
    """
    years = max(0, target_year - year)
    return years, _round_up(Decimal(gap) / years) if years else gap


@dataclass(frozen=True)
class Pace:
    """What a demand of so many percent a year comes to (每年不低于…).

    :param decimal.Decimal annual: percentage points a year.
    :param int start_year: the first year that counts.
    :param decimal.Decimal goal: percent asked for in the end.
    :param int goal_year: the year by whose end it is asked for.
    """

    annual: Decimal
    start_year: int
    goal: Decimal
    goal_year: int

    @property
    def years(self):
        """Years from the first to the one of the goal, both included."""
        return max(0, self.goal_year - self.start_year + 1)

    @property
    def reached(self):
        """Percent that the pace makes by the year of the goal, beginning with none."""
        return min(_ALL, self.annual * self.years)

    @property
    def years_needed(self):
        """Years that the pace takes to the goal."""
        return _round_up(self.goal / self.annual)

    @property
    def year_met(self):
        """The year by whose end the pace has made the goal."""
        return self.start_year + self.years_needed - 1


def digest(content):
    """Return the SHA-256 of figures, the same for the same figures on any machine.

    :param content: lists, texts, numbers and ``Decimal``.
    :return: 64 hexadecimal digits.
    :rtype: str
    """
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
