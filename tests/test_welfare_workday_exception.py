from datetime import date

from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from .common import WelfareCase


class TestWorkdayException(WelfareCase):
    """Working-day clocks over the table of holidays that an administrator keeps."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Exception = cls.env["welfare.workday.exception"]

    def _add(self, day, kind="holiday"):
        return self.Exception.create({"date": day, "kind": kind, "name": "测试"})

    def test_the_national_day_week_of_2019(self):
        """1 to 7 October were free, and Saturday 12 October was worked."""
        for days, end in ((1, date(2019, 10, 8)), (7, date(2019, 10, 15))):
            with self.subTest(days=days):
                self.assertEqual(
                    self.Exception._add_workdays(date(2019, 9, 30), days), end
                )

    def test_the_day_of_the_event_does_not_count(self):
        monday, tuesday = date(2019, 6, 17), date(2019, 6, 18)
        self.assertEqual(self.Exception._add_workdays(monday, 1), tuesday)
        self.assertEqual(self.Exception._count_workdays(monday, monday), 0)
        self.assertEqual(self.Exception._count_workdays(monday, tuesday), 1)

    def test_adding_and_counting_agree(self):
        start = date(2019, 9, 20)
        for days in range(1, 30):
            end = self.Exception._add_workdays(start, days)
            self.assertEqual(self.Exception._count_workdays(start, end), days)

    def test_a_year_that_is_not_entered_stops_the_clock(self):
        first, last = min(self._years()), max(self._years())
        for start, days in (
            (date(last, 12, 31), 1),
            (date(last, 12, 1), 40),
            (date(last + 5, 6, 1), 2),
            (date(first - 1, 6, 1), 2),
        ):
            with self.subTest(start=start), self.assertRaises(UserError) as caught:
                self.Exception._add_workdays(start, days)
            self.assertRegex(str(caught.exception), str(last) + r"|\d{4}")
        with self.assertRaises(UserError):
            self.Exception._count_workdays(date(last, 12, 1), date(last + 1, 1, 31))

    def _years(self):
        return {day.year for day in self.Exception.search([]).mapped("date")}

    def test_the_missing_year_is_named(self):
        last = max(self._years())
        with self.assertRaises(UserError) as caught:
            self.Exception._add_workdays(date(last, 12, 31), 1)
        self.assertIn(str(last + 1), str(caught.exception))

    def test_a_new_year_counts_at_once(self):
        last = max(self._years())
        new_year = date(last + 1, 1, 1)
        with self.assertRaises(UserError):
            self.Exception._add_workdays(date(last, 12, 31), 1)
        self._add(new_year)
        end = self.Exception._add_workdays(date(last, 12, 31), 1)
        self.assertGreater(end, new_year)
        self.assertEqual(end.year, last + 1)

    def test_a_changed_day_counts_at_once(self):
        monday, tuesday, wednesday = (date(2019, 6, day) for day in (17, 18, 19))
        self.assertEqual(self.Exception._add_workdays(monday, 1), tuesday)
        holiday = self._add(tuesday)
        self.assertEqual(self.Exception._add_workdays(monday, 1), wednesday)
        holiday.date = wednesday
        self.assertEqual(self.Exception._add_workdays(monday, 2), date(2019, 6, 20))
        holiday.unlink()
        self.assertEqual(self.Exception._add_workdays(monday, 2), wednesday)

    def test_a_holiday_that_becomes_a_working_day(self):
        saturday = date(2019, 6, 22)
        self.assertEqual(self.Exception._count_workdays(date(2019, 6, 21), saturday), 0)
        exception = self._add(saturday, "workday")
        self.assertEqual(self.Exception._count_workdays(date(2019, 6, 21), saturday), 1)
        exception.kind = "holiday"
        self.assertEqual(self.Exception._count_workdays(date(2019, 6, 21), saturday), 0)

    def test_a_day_has_one_entry(self):
        self._add(date(2019, 6, 18))
        with mute_logger("odoo.sql_db"), self.assertRaises(UniqueViolation):
            self._add(date(2019, 6, 18), "workday")

    def test_the_years_since_2004_are_delivered(self):
        self.assertLessEqual(set(range(2004, 2027)), self._years())

    def test_every_role_has_the_clock(self):
        for role, user in self.user_by_role.items():
            with self.subTest(role=role):
                self.assertEqual(
                    self.Exception.with_user(user)._add_workdays(date(2019, 6, 17), 1),
                    date(2019, 6, 18),
                )

    def test_only_the_administrator_enters_holidays(self):
        vals = {"date": date(2019, 6, 18), "name": "测试"}
        self.Exception.with_user(self.administrator).create(vals)
        with self.assertRaises(AccessError):
            self.Exception.with_user(self.manager).create(vals)
