"""How far a district is from having a facility in each community (覆盖率)."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal


@dataclass(frozen=True)
class Coverage:
    """A count of communities.

    :param int total: communities that exist.
    :param int excluded: those in which none is to be set up (单位型社区).
    :param int built: those of the rest that have one.
    """

    total: int
    excluded: int
    built: int

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
        rate = Decimal(100) * self.built / self.denominator
        return rate.quantize(Decimal("0.01"), ROUND_HALF_UP)

    def required(self, target_rate):
        """Return how many communities a target asks for; a part of one is a whole.

        :param decimal.Decimal target_rate: percent.
        :rtype: int
        """
        share = Decimal(self.denominator) * target_rate / 100
        return int(share.to_integral_value(ROUND_CEILING))

    def gap(self, target_rate):
        """Return how many are lacking to a target, 0 when it is met.

        :param decimal.Decimal target_rate: percent.
        :rtype: int
        """
        return max(0, self.required(target_rate) - self.built)

    def __add__(self, other):
        return Coverage(
            self.total + other.total,
            self.excluded + other.excluded,
            self.built + other.built,
        )
