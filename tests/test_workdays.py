import csv
from datetime import date, datetime, timedelta

from odoo.tests import BaseCase
from odoo.tools import file_open

from odoo.addons.welfare_facility.tools.workdays import (
    MissingCalendarYear,
    WorkCalendar,
)


class TestWorkCalendar(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        path = "welfare_facility/data/welfare.workday.exception.csv"
        with file_open(path) as data:
            cls.rows = list(csv.DictReader(data))
        cls.calendar = WorkCalendar(
            (date.fromisoformat(row["date"]), row["kind"] == "workday")
            for row in cls.rows
        )

    def assertWorkdays(self, expected, *days):
        for day in days:
            self.assertEqual(
                self.calendar.is_workday(date.fromisoformat(day)), expected, day
            )

    def test_data(self):
        days = [date.fromisoformat(row["date"]) for row in self.rows]
        self.assertEqual(days, sorted(set(days)))
        self.assertEqual(self.calendar.years, set(range(2004, 2027)))
        for row, day in zip(self.rows, days, strict=True):
            self.assertEqual(row["id"], f"workday_{day:%Y%m%d}")
            self.assertIn(row["kind"], ("holiday", "workday"))
            self.assertTrue(row["name"] and row["name@zh_CN"])
            if row["kind"] == "workday":
                self.assertGreaterEqual(day.weekday(), 5)

    def test_labour_day_2019(self):
        self.assertWorkdays(
            False, "2019-05-01", "2019-05-02", "2019-05-03", "2019-05-04"
        )
        self.assertWorkdays(True, "2019-04-28", "2019-05-05", "2019-05-06")

    def test_spring_festival_2020_was_extended(self):
        self.assertWorkdays(False, "2020-01-31", "2020-02-01", "2020-02-02")
        self.assertWorkdays(True, "2020-01-19", "2020-02-03")

    def test_2026(self):
        self.assertWorkdays(
            False, "2026-01-02", "2026-02-16", "2026-02-23", "2026-06-19", "2026-10-07"
        )
        self.assertWorkdays(
            True, "2026-01-04", "2026-02-14", "2026-02-28", "2026-09-20", "2026-10-10"
        )

    def test_weekly_pattern(self):
        self.assertWorkdays(True, "2026-11-20", "2026-11-23")
        self.assertWorkdays(False, "2026-11-21", "2026-11-22")

    def test_clocks_over_national_day(self):
        cases = {
            # The holiday of 2025 ran from 1 to 8 October, 11 October was worked.
            (date(2025, 9, 30), 2): date(2025, 10, 10),
            (date(2025, 9, 30), 5): date(2025, 10, 14),
            (date(2025, 9, 28), 7): date(2025, 10, 14),
            # The holiday of 2026 ran from 1 to 7 October, 10 October was worked.
            (date(2026, 9, 30), 2): date(2026, 10, 9),
            (date(2026, 9, 30), 5): date(2026, 10, 13),
            (date(2026, 9, 30), 7): date(2026, 10, 15),
            # An event on a holiday starts the clock like one on a working day.
            (date(2026, 10, 3), 2): date(2026, 10, 9),
        }
        for (day, n), expected in cases.items():
            self.assertEqual(self.calendar.add_workdays(day, n), expected)
            self.assertEqual(self.calendar.workdays_between(day, expected), n)

    def test_thirty_days_end_on_a_working_day(self):
        for start, expected in (
            (date(2026, 9, 4), date(2026, 10, 8)),
            (date(2026, 9, 10), date(2026, 10, 10)),  # worked Saturday
            (date(2026, 10, 20), date(2026, 11, 19)),
        ):
            last = start + timedelta(days=30)
            self.assertEqual(self.calendar.next_workday(last), expected)

    def test_zero_and_backward(self):
        day = date(2026, 10, 3)
        self.assertEqual(self.calendar.add_workdays(day, 0), day)
        self.assertEqual(
            self.calendar.workdays_between(day, day - timedelta(days=20)), 0
        )
        with self.assertRaises(ValueError):
            self.calendar.add_workdays(day, -1)

    def test_agrees_with_counting_by_hand(self):
        start = date(2019, 12, 1)
        for n in range(1, 300, 7):
            day, left = start, n
            while left:
                day += timedelta(days=1)
                left -= self.calendar.is_workday(day)
            self.assertEqual(self.calendar.add_workdays(start, n), day)

    def test_missing_year(self):
        last = date(2026, 12, 31)
        for question in (
            lambda: self.calendar.is_workday(date(2027, 1, 4)),
            lambda: self.calendar.next_workday(date(2027, 1, 4)),
            lambda: self.calendar.add_workdays(last, 1),
            lambda: self.calendar.add_workdays(date(2027, 1, 4), 0),
            lambda: self.calendar.workdays_between(last, date(2027, 1, 4)),
        ):
            with self.assertRaisesRegex(MissingCalendarYear, "2027") as failure:
                question()
            self.assertEqual(failure.exception.year, 2027)
        with self.assertRaises(MissingCalendarYear):
            WorkCalendar([]).is_workday(last)

    def test_gap_between_covered_years(self):
        calendar = WorkCalendar([(date(2024, 1, 1), False), (date(2026, 1, 1), False)])
        self.assertEqual(
            calendar.add_workdays(date(2024, 12, 30), 1), date(2024, 12, 31)
        )
        with self.assertRaisesRegex(MissingCalendarYear, "2025"):
            calendar.add_workdays(date(2024, 12, 30), 2)
        with self.assertRaisesRegex(MissingCalendarYear, "2025"):
            calendar.workdays_between(date(2024, 12, 30), date(2026, 1, 5))

    def test_contradiction(self):
        day = date(2026, 1, 1)
        with self.assertRaises(ValueError):
            WorkCalendar([(day, False), (day, True)])

    def test_datetime_is_no_day(self):
        with self.assertRaises(TypeError):
            self.calendar.is_workday(datetime(2026, 1, 5, 16))
