"""Working-day clocks (工作日期限) over a calendar of exceptions.

The weekly pattern is Monday to Friday. The State Council publishes each year which
weekdays are holidays and which weekend days are worked (调休), usually in the
November before; until then the year is not known, and a clock that reaches into it
fails instead of guessing.
"""

from bisect import bisect_right
from datetime import date, datetime


class MissingCalendarYear(LookupError):
    """A clock reached a year whose holidays are not known.

    :ivar int year: the first such year.
    """

    def __init__(self, year):
        super().__init__(
            f"The holidays and make-up working days of {year} are not entered yet; "
            "enter them before this deadline can be computed."
        )
        self.year = year


class WorkCalendar:
    """Working days of the years for which exceptions are known.

    Building one costs about a millisecond for twenty years; each question then costs
    a binary search. An instance never changes and may be shared.

    :param exceptions: pairs ``(date, is_workday)``: ``False`` for a holiday, ``True``
        for a make-up working day. A pair that repeats the weekly pattern does no
        harm. Each year with a pair counts as covered.
    :raise ValueError: if one date comes as both.
    :ivar frozenset[int] years: the covered years.
    """

    def __init__(self, exceptions):
        kinds = {}
        for day, is_workday in exceptions:
            if kinds.setdefault(_ordinal(day), bool(is_workday)) != bool(is_workday):
                raise ValueError(f"{day} is both a holiday and a working day")
        self.years = frozenset(date.fromordinal(ordinal).year for ordinal in kinds)
        # date.toordinal() % 7 is 1 for Monday to 5 for Friday, 6 and 0 for the weekend.
        self._workdays = [
            ordinal
            for year in sorted(self.years)
            for ordinal in range(
                date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1
            )
            if kinds.get(ordinal, 1 <= ordinal % 7 <= 5)
        ]

    def is_workday(self, day):
        """Tell whether a day is worked.

        :param datetime.date day: a calendar day in China.
        :rtype: bool
        :raise MissingCalendarYear: if its year is not covered.
        """
        self._check_years(day.year, day.year)
        count = self._count_until(day)
        return count > 0 and self._workdays[count - 1] == day.toordinal()

    def add_workdays(self, day, n):
        """Return the ``n``-th working day after a day.

        The day itself is not counted: 民法典第二百零一条, 按照日计算期间的，开始的当日
        不计入，自下一日开始计算.

        :param datetime.date day: the day of the event that starts the clock.
        :param int n: working days, zero (the day itself) or more.
        :rtype: datetime.date
        :raise MissingCalendarYear: if the clock passes a year that is not covered.
        :raise ValueError: if ``n`` is negative.
        """
        if n < 0:
            raise ValueError("A clock of working days runs forward only")
        self._check_years(day.year, day.year)
        if n == 0:
            return day
        target = self._count_until(day) + n - 1
        if target >= len(self._workdays):
            self._check_years(day.year, max(self.years) + 1)
        result = date.fromordinal(self._workdays[target])
        self._check_years(day.year, result.year)
        return result

    def workdays_between(self, start, end):
        """Count the working days after ``start`` up to and including ``end``.

        So ``workdays_between(day, add_workdays(day, n)) == n``.

        :param datetime.date start: the day that is not counted.
        :param datetime.date end: the last day counted.
        :return: working days; 0 if ``end`` is not after ``start``.
        :rtype: int
        :raise MissingCalendarYear: if a year between them is not covered.
        """
        self._check_years(min(start.year, end.year), max(start.year, end.year))
        return max(0, self._count_until(end) - self._count_until(start))

    def next_workday(self, day):
        """Return the day itself if it is worked, else the next working day.

        For the last day of a period in calendar days: 民法典第二百零三条, 期间的最后
        一日是法定休假日的，以法定休假日结束的次日为期间的最后一日.

        :param datetime.date day: the last day as counted.
        :rtype: datetime.date
        :raise MissingCalendarYear: if the search reaches a year that is not covered.
        """
        return day if self.is_workday(day) else self.add_workdays(day, 1)

    def _check_years(self, first, last):
        """Fail on the first year of a range that is not covered."""
        for year in range(first, last + 1):
            if year not in self.years:
                raise MissingCalendarYear(year)

    def _count_until(self, day):
        """Return the number of known working days up to and including a day."""
        return bisect_right(self._workdays, _ordinal(day))


def _ordinal(day):
    """Return the ordinal of a day.

    :raise TypeError: for a datetime, whose day depends on a time zone: near midnight
        the UTC value that Odoo stores belongs to another day than the clock in China.
    """
    if isinstance(day, datetime) or not isinstance(day, date):
        raise TypeError(f"{day!r} is not a calendar day")
    return day.toordinal()
