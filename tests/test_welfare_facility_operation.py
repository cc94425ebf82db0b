from datetime import date, timedelta

from psycopg2.errors import CheckViolation

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import freeze_time
from odoo.tools import mute_logger

from .test_welfare_facility_log import LogCase


class OperationCase(LogCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Opening = cls.env["welfare.facility.opening"]
        cls.Use = cls.env["welfare.facility.use"]

    def _open_on(self, weekdays, hour_from=15.5, hour_to=17.5, **vals):
        return self.Opening.create(
            [
                self._prepare_opening_vals(
                    facility_id=self.home.id,
                    weekday=weekday,
                    hour_from=hour_from,
                    hour_to=hour_to,
                    **{"date_from": "2018-03-01", **vals},
                )
                for weekday in weekdays
            ]
        )

    def _month(self, day):
        return self.Use.search([("facility_id", "=", self.home.id), ("date", "=", day)])

    def _opened(self, day, hours, **vals):
        return self._log(kind="opening", date=day, hours_opened=hours, **vals)


@freeze_time("2019-11-05 04:00:00")
class TestUse(OperationCase):
    """Golden figures, counted by hand in the calendar of 2019."""

    def test_october_2019(self):
        """23 days from Monday to Friday, less 5 of the National Day week (1 to 4 and
        7), and Saturday the 12th is worked: 23 - 5 + 1 = 19 days of 2 hours.
        """
        self._open_on("12345")
        self._opened("2019-10-08", 2, children_served=11)
        self._opened("2019-10-12", 1.5, children_served=9)
        use = self._month("2019-10-01")
        self.assertEqual((use.days_required, use.hours_required), (19, 38))
        self.assertEqual((use.days_opened, use.hours_opened), (2, 3.5))
        self.assertEqual(use.children_served, 20)
        self.assertEqual(use.rate, 9.21)
        self.assertIn("3.5", use.formula)
        self.assertIn("38", use.formula)
        self.assertIn("9.21", use.formula)

    def test_september_2019(self):
        """21 days from Monday to Friday less the 13th, and Sunday the 29th."""
        self._open_on("12345")
        self.assertEqual(self._month("2019-09-01").days_required, 21)

    def test_an_official_working_day_counts_as_a_monday(self):
        self._open_on("1", 9, 12)
        # Mondays 14, 21 and 28 (the 7th is a holiday), and Saturday the 12th.
        self.assertEqual(self._month("2019-10-01").hours_required, 12)

    def test_one_day_alone_comes_before_both(self):
        self._open_on("12345")
        self._open_on(["day"], 9, 12, date_from="2019-10-02", reason="国庆活动")
        self._open_on(["day"], 0, 0, date_from="2019-10-08", reason="停电")
        use = self._month("2019-10-01")
        self.assertEqual((use.days_required, use.hours_required), (19, 38 + 3 - 2))

    def test_new_hours_are_a_new_line(self):
        old = self._open_on("12345", date_to="2019-10-15")
        self._open_on("12345", 14, 18, date_from="2019-10-16")
        # 8, 9, 10, 11, 12, 14, 15: 7 days of 2 hours; 12 days of 4 hours.
        self.assertEqual(self._month("2019-10-01").hours_required, 7 * 2 + 12 * 4)
        self.assertTrue(old)

    def test_only_days_on_which_it_operates(self):
        self._open_on("12345")
        self.home._set_state("suspended", date=date(2019, 10, 15), reason="装修")
        # 8 to 12 and the 14th.
        self.assertEqual(self._month("2019-10-01").days_required, 6)
        self.assertFalse(self._month("2019-11-01"))

    def test_up_to_yesterday(self):
        self._open_on("12345")
        self._opened("2019-11-04", 2)
        self._opened("2019-11-05", 2)
        use = self._month("2019-11-01")
        self.assertEqual((use.days_required, use.hours_opened), (2, 2))
        self.assertEqual(use.rate, 50)

    def test_a_corrected_entry_does_not_count(self):
        self._open_on("12345")
        wrong = self._opened("2019-10-08", 8)
        self._opened("2019-10-08", 2, corrects_id=wrong.id)
        self.assertEqual(self._month("2019-10-01").hours_opened, 2)

    def test_without_announced_hours_there_is_no_rate(self):
        self._opened("2019-10-08", 2)
        use = self._month("2019-10-01")
        self.assertFalse(use.hours_required)
        self.assertFalse(use.rate)
        self.assertNotIn("÷", use.formula)

    def test_a_year_without_holidays_has_no_denominator(self):
        self._open_on("12345")
        self.env["welfare.workday.exception"].search(
            [("date", ">=", "2019-01-01"), ("date", "<=", "2019-12-31")]
        ).unlink()
        use = self._month("2019-10-01")
        self.assertFalse(use.is_known)
        self.assertFalse(use.hours_required)
        self.assertIn("2019", use.formula)

    def test_the_facility_shows_the_year(self):
        self._open_on("12345", date_from="2019-10-01")
        self._opened("2019-10-08", 4)
        # 19 days in October, 2 in November: 42 hours.
        self.assertEqual(self.home.use_rate_label, "9.5 %")


class TestOpening(OperationCase):
    def _age_opening(self, lines):
        self.env.flush_all()
        self.env.cr.execute(
            """
            ALTER TABLE welfare_facility_opening DISABLE TRIGGER USER;
            UPDATE welfare_facility_opening
            SET create_date = create_date - INTERVAL '9 days' WHERE id IN %s;
            ALTER TABLE welfare_facility_opening ENABLE TRIGGER USER
            """,
            [tuple(lines.ids)],
        )
        self.env.invalidate_all()

    def test_past_hours_stay(self):
        line = self._open_on("1")
        line.hour_to = 18
        self._age_opening(line)
        for vals in (
            {"hour_to": 16},
            {"date_from": "2019-01-01"},
            {"date_to": self.today - timedelta(days=5)},
        ):
            with (
                self.subTest(vals=vals),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                line.write(vals)
                self.env.flush_all()
            self.env.invalidate_all()
        self.assertRefusedByDatabase(
            "DELETE FROM welfare_facility_opening WHERE id = %s", line.id
        )
        line.date_to = self.today
        self.env.flush_all()

    def test_hours_do_not_overlap(self):
        self._open_on("1", 9, 12)
        self._open_on("1", 12, 14)
        with self.assertRaises(ValidationError):
            self._open_on("1", 11, 13)

    def test_what_cannot_be(self):
        for vals in ((12, 9), (-1, 5), (20, 25), (9, 9)):
            with (
                self.subTest(vals=vals),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self._open_on("1", *vals)

    def test_a_home_that_follows_the_office_is_idle(self):
        """Seed text: 随居委会的上班时间开放, without a number."""
        self.home.hours_note = "随居委会的上班时间开放"
        self.assertIn(self.home, self.Facility.search([("is_idle", "=", True)]))
        self.home.hours_weekly = 10
        self.assertFalse(self.home.is_idle)
        self._open_on("12")
        self.assertTrue(self.home.is_idle, "4 announced hours")
        self.assertEqual(self.home.hours_announced, 4)
        planned = self._create_facility(self.street_a)
        self.assertFalse(planned.is_idle)

    def test_hours_belong_to_the_opening(self):
        with mute_logger("odoo.sql_db"), self.assertRaises(CheckViolation):
            self._log(kind="activity", hours_opened=2)


class TestActivity(OperationCase):
    def test_a_plan_is_held_when_the_log_says_so(self):
        Activity = self.env["welfare.facility.activity"].with_user(self.manager)
        plan = Activity.create(
            self._prepare_activity_vals(facility_id=self.home.id, children_planned=20)
        )
        missed = [("is_held", "=", False), ("date", "<", "today")]
        self.assertEqual(Activity.search(missed), plan)
        context = plan.action_log()["context"]
        photo = self._take()
        self.Log.with_user(self.manager).with_context(**context).create(
            {"children_served": 18, "photo_ids": [Command.link(photo.id)]}
        )
        self.assertTrue(plan.is_held)
        self.assertEqual(plan.children_served, 18)
        self.assertFalse(Activity.search(missed))
        self.assertEqual(Activity.search([("is_held", "=", True)]), plan)

    def test_an_activity_of_another_facility(self):
        other = self._create_facility(self.street_a)
        plan = self.env["welfare.facility.activity"].create(
            self._prepare_activity_vals(facility_id=other.id)
        )
        with self.assertRaises(ValidationError):
            self._log(kind="activity", activity_id=plan.id)

    def test_a_fee_is_a_red_flag(self):
        free = self._log(kind="activity", note="绘本")
        paid = self._log(kind="activity", note="收费班", amount_fee=30)
        found = self.Log.search(
            [
                ("amount_fee", ">", 0),
                ("is_corrected", "=", False),
                ("facility_id", "=", self.home.id),
            ]
        )
        self.assertEqual(found, paid)
        self.assertNotIn(free, found)
