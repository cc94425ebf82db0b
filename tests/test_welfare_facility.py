from datetime import date

from psycopg2.errors import CheckViolation, UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.service.model import call_kw
from odoo.tests import Form, freeze_time
from odoo.tools import mute_logger

from .common import WelfareCase


def _day(text):
    return date.fromisoformat(text)


class FacilityCase(WelfareCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.institution_type = cls.env.ref(
            "welfare_facility.facility_type_welfare_institution"
        )
        cls.Status = cls.env["welfare.facility.status"]

    def _history(self, facility):
        return [
            (status.state, str(status.date))
            for status in self.Status.search([("facility_id", "=", facility.id)])
        ]

    def _state_on(self, facility, day):
        rows = self.env.execute_query(self.Status._query_states(_day(day)))
        return {row[0]: row[1] for row in rows}.get(facility.id)

    def assertRefusedByDatabase(self, error):
        """Expect an error of PostgreSQL, which Odoo would log."""
        self.enterContext(mute_logger("odoo.sql_db"))
        return self.assertRaises(error)


@freeze_time("2019-06-14")
class TestFacilityLife(FacilityCase):
    """States, their days and their history."""

    def test_a_facility_lives_from_plan_to_closing(self):
        home = self._create_facility(state="planned", date_state="2017-01-10")
        steps = [
            ("under_construction", "2017-05-01"),
            ("accepted", "2017-12-20"),
            ("operating", "2018-03-01"),
            ("suspended", "2018-07-01"),
            ("operating", "2018-09-01"),
            ("closed", "2019-06-14"),
        ]
        for state, day in steps:
            home._set_state(state, date=_day(day), reason="测试", fate="stored")
            self.assertEqual((home.state, str(home.date_state)), (state, day))
        self.assertEqual(
            self._history(home), [*reversed(steps), ("planned", "2017-01-10")]
        )

    def test_only_declared_steps_are_taken(self):
        paths = {
            "planned": [],
            "under_construction": ["under_construction"],
            "accepted": ["accepted"],
            "operating": ["accepted", "operating"],
            "suspended": ["accepted", "operating", "suspended"],
            "closed": ["closed"],
        }
        for state, path in paths.items():
            home = self._create_facility()
            for step in path:
                home._set_state(step)
            for target in paths:
                if target not in self.Facility._transitions[state]:
                    with (
                        self.subTest(state=state, target=target),
                        self.assertRaises(UserError),
                    ):
                        home._set_state(target)

    def test_a_closed_facility_stays_closed(self):
        self.assertFalse(self.Facility._transitions["closed"])

    def test_the_day_of_a_state_is_today_unless_named(self):
        home = self._create_facility()
        self.assertEqual(home.date_state, _day("2019-06-14"))
        home._set_state("under_construction")
        self.assertEqual(home.date_state, _day("2019-06-14"))

    def test_a_state_may_follow_on_the_same_day(self):
        home = self._create_facility(date_state="2018-01-01")
        home._set_state("accepted", date=_day("2018-01-01"))
        self.assertEqual(home._get_current_status().state, "accepted")
        self.assertEqual(self._state_on(home, "2018-01-01"), "accepted")

    def test_no_state_begins_in_the_future(self):
        home = self._create_facility(date_state="2018-01-01")
        with self.assertRaises(UserError):
            home._set_state("accepted", date=_day("2019-06-15"))
        self.assertEqual(home.state, "planned")

    def test_nothing_is_registered_for_the_future(self):
        with self.assertRaises(UserError):
            self._create_facility(state="operating", date_state="2019-06-15")

    def test_no_state_begins_before_the_one_that_it_follows(self):
        home = self._create_facility(date_state="2018-01-01")
        with self.assertRaises(UserError):
            home._set_state("accepted", date=_day("2017-12-31"))
        self.assertEqual(home.state, "planned")

    def test_one_facility_with_a_later_day_keeps_all(self):
        early = self._create_facility(date_state="2017-01-01")
        late = self._create_facility(date_state="2018-06-01")
        with self.assertRaises(UserError):
            (early + late)._set_state("accepted", date=_day("2018-01-01"))
        self.assertEqual(early.state, "planned")

    def test_today_is_the_users_today(self):
        """At 23:00 UTC it is the next day in China."""
        self.manager.tz = "Asia/Shanghai"
        with freeze_time("2019-06-14 23:00:00"):
            home = self._create_facility(date_state="2018-01-01")
            home.with_user(self.manager)._set_state("accepted", date=_day("2019-06-15"))
        self.assertEqual(home.date_state, _day("2019-06-15"))

    def test_the_day_of_a_state_is_not_edited(self):
        home = self._create_facility(date_state="2018-01-01")
        for user in (self.manager, self.env.ref("base.user_root")):
            for vals in (
                {"date_state": "2017-01-01"},
                {"is_date_state_approximate": True},
                {"date_state": "2018-01-01", "name": "新名"},
            ):
                with self.subTest(vals=vals), self.assertRaises(UserError):
                    home.with_user(user).write(vals)
        self.assertEqual(home.date_state, _day("2018-01-01"))

    def test_an_approximate_day_is_marked(self):
        home = self._create_facility(
            state="operating", date_state="2016-05-01", is_date_state_approximate=True
        )
        self.assertTrue(home._get_current_status().is_approximate)
        home._set_state("suspended", date=_day("2018-01-01"))
        self.assertFalse(home.is_date_state_approximate)
        self.assertFalse(home._get_current_status().is_approximate)

    def test_any_past_day_can_be_asked(self):
        home = self._create_facility(date_state="2017-01-10")
        home._set_state("under_construction", date=_day("2017-05-01"))
        home._set_state("accepted", date=_day("2017-12-20"))
        for day, state in (
            ("2017-01-09", None),
            ("2017-01-10", "planned"),
            ("2017-04-30", "planned"),
            ("2017-05-01", "under_construction"),
            ("2017-12-19", "under_construction"),
            ("2017-12-20", "accepted"),
            ("2019-06-14", "accepted"),
        ):
            self.assertEqual(self._state_on(home, day), state, day)

    # === CORRECTIONS === #

    def test_a_wrong_day_is_corrected_and_stays_readable(self):
        home = self._create_facility(state="operating", date_state="2016-05-01")
        wrong = home.status_ids
        home._correct_state_date(_day("2015-05-01"), reason="年份抄错")
        self.assertEqual(home.date_state, _day("2015-05-01"))
        self.assertEqual(wrong.date, _day("2016-05-01"))
        self.assertTrue(wrong.is_corrected)
        right = home._get_current_status()
        self.assertEqual(right.corrects_id, wrong)
        self.assertEqual(right.reason, "年份抄错")
        self.assertFalse(right.is_corrected)
        self.assertEqual(self._state_on(home, "2015-12-31"), "operating")

    def test_a_correction_to_a_later_day_counts_too(self):
        home = self._create_facility(state="operating", date_state="2016-05-01")
        home._correct_state_date(_day("2018-05-01"))
        self.assertIsNone(self._state_on(home, "2017-12-31"))
        self.assertEqual(self._state_on(home, "2018-05-01"), "operating")

    def test_a_correction_can_be_corrected(self):
        home = self._create_facility(state="operating", date_state="2016-05-01")
        for day in ("2015-05-01", "2017-05-01", "2014-05-01"):
            home._correct_state_date(_day(day))
            self.assertEqual(home.date_state, _day(day))
        self.assertEqual(len(home.status_ids), 4)
        self.assertEqual(len(home.status_ids.filtered("is_corrected")), 3)
        self.assertIsNone(self._state_on(home, "2014-04-30"))
        self.assertEqual(self._state_on(home, "2014-05-01"), "operating")

    def test_the_state_in_force_is_the_one_that_is_corrected(self):
        home = self._create_facility(date_state="2017-01-10")
        home._set_state("accepted", date=_day("2018-01-01"))
        home._correct_state_date(_day("2017-06-01"))
        self.assertEqual(self._state_on(home, "2017-05-31"), "planned")
        self.assertEqual(self._state_on(home, "2017-06-01"), "accepted")

    def test_a_correction_keeps_the_order_of_the_states(self):
        home = self._create_facility(date_state="2017-01-10")
        home._set_state("accepted", date=_day("2018-01-01"))
        for day in ("2017-01-09", "2019-06-15"):
            with self.subTest(day=day), self.assertRaises(UserError):
                home._correct_state_date(_day(day))
        self.assertEqual(home.date_state, _day("2018-01-01"))

    def test_an_entry_is_corrected_once(self):
        home = self._create_facility(state="operating", date_state="2016-05-01")
        wrong = home.status_ids
        home._correct_state_date(_day("2015-05-01"))
        with self.assertRefusedByDatabase(UniqueViolation):
            self.Status.create(
                {
                    "facility_id": home.id,
                    "state": "operating",
                    "date": "2014-05-01",
                    "corrects_id": wrong.id,
                }
            )

    # === THE HISTORY === #

    def test_history_is_only_added_to(self):
        home = self._create_facility()
        status = home.status_ids
        for user in (*self.user_by_role.values(), self.env.ref("base.user_root")):
            record = status.with_user(user)
            for attempt in (
                lambda record: record.write({"date": "2010-01-01"}),
                lambda record: record.sudo().write({"reason": "改"}),
                lambda record: record.unlink(),
                lambda record: record.sudo().unlink(),
            ):
                with self.subTest(user=user.login), self.assertRaises(AccessError):
                    attempt(record)

    def test_no_role_adds_to_the_history_by_hand(self):
        home = self._create_facility()
        vals = {"state": "operating", "date": "2015-01-01"}
        for role, user in self.user_by_role.items():
            with self.subTest(role=role), self.assertRaises(AccessError):
                self.Status.with_user(user).create({"facility_id": home.id, **vals})
            with self.subTest(role=role), self.assertRaises(AccessError):
                home.with_user(user).write({"status_ids": [Command.create(vals)]})

    def test_nothing_else_says_who_recorded_a_state(self):
        """Neither a default in the context nor the values, whoever gives them."""
        forged = {
            "create_uid": self.user_by_role["finance"].id,
            "create_date": "2000-01-01 00:00:00",
        }
        defaults = {f"default_{name}": value for name, value in forged.items()}
        Status = self.Status.with_user(self.manager).sudo()
        vals = self._prepare_facility_status_vals()
        for status in (
            Status.with_context(**defaults).create(vals),
            Status.create({**vals, **forged}),
        ):
            self.assertEqual(status.create_uid, self.manager)
            self.assertEqual(status.create_date, self.env.cr.now())

    # === DELETING === #

    def test_a_plan_may_be_deleted_with_its_history(self):
        home = self._create_facility()
        status = home.status_ids
        home.with_user(self.manager).unlink()
        self.assertFalse(status.exists())

    def test_what_was_begun_is_not_deleted(self):
        home = self._create_facility()
        home._set_state("under_construction")
        for user in (self.manager, self.env.ref("base.user_root")):
            with self.assertRaises(UserError):
                home.with_user(user).unlink()

    # === THE WIZARD === #

    def test_the_manager_changes_the_state(self):
        home = self._create_facility(date_state="2018-01-01").with_user(self.manager)
        action = home.action_change_state()
        Wizard = self.env[action["res_model"]].with_user(self.manager)
        with Form(Wizard.with_context(**action["context"])) as form:
            form.state = "under_construction"
            form.date = "2019-06-01"
            form.reason = "开工"
        form.record.action_apply()
        self.assertEqual(home.state, "under_construction")
        self.assertEqual(home.date_state, _day("2019-06-01"))
        current = home._get_current_status()
        self.assertEqual((current.reason, current.create_uid), ("开工", self.manager))

    def test_only_what_may_follow_is_offered(self):
        home = self._create_facility(date_state="2018-01-01")
        context = home.action_change_state()["context"]
        # The client asks for the fields without the defaults.
        context.pop("default_facility_id")
        Wizard = self.env["welfare.facility.transition"].with_context(**context)
        field = Wizard.fields_get(["state"])["state"]
        states = [state for state, _label in field["selection"]]
        self.assertEqual(set(states), self.Facility._transitions["planned"])

    def test_the_wizard_takes_no_other_way(self):
        home = self._create_facility(date_state="2018-01-01")
        for vals in (
            {"state": "operating", "date": "2019-01-01"},
            {"state": "accepted", "date": "2019-06-15"},
            {"state": "accepted", "date": "2017-12-31"},
        ):
            wizard = self.env["welfare.facility.transition"].create(
                self._prepare_facility_transition_vals(facility_id=home.id, **vals)
            )
            with self.subTest(vals=vals), self.assertRaises(UserError):
                wizard.with_user(self.manager).action_apply()

    def test_the_other_roles_change_no_state(self):
        home = self._create_facility()
        wizard = self.env["welfare.facility.transition"].create(
            self._prepare_facility_transition_vals(facility_id=home.id)
        )
        for role, user in self.user_by_role.items():
            if role != "manager":
                with self.subTest(role=role), self.assertRaises(AccessError):
                    call_kw(wizard.with_user(user), "action_apply", [wizard.ids], {})

    def test_the_wizard_does_not_reach_a_foreign_facility(self):
        foreign = self._create_facility(self.county_b)
        wizard = (
            self.env["welfare.facility.transition"]
            .with_user(self.manager)
            .create(self._prepare_facility_transition_vals())
        )
        with self.assertRaises(AccessError):
            wizard.facility_id = foreign
            wizard.action_apply()
        self.assertEqual(foreign.state, "planned")

    def test_the_wizard_shows_nothing_of_a_foreign_facility(self):
        """A form that is not saved yet is under no rule."""
        home = self._create_facility(date_state="2018-01-01")
        foreign = self._create_facility(self.county_b, date_state="2018-01-01")
        Wizard = self.env["welfare.facility.transition"].with_user(self.manager)
        spec = {"current_state": {}, "current_date": {}}
        own, other = (
            [[], {"facility_id": facility.id}, ["facility_id"], spec]
            for facility in (home, foreign)
        )
        changes = call_kw(Wizard, "onchange", own, {})
        self.assertEqual(changes["value"]["current_state"], "planned")
        self.env.invalidate_all()
        with self.assertRaises(AccessError):
            call_kw(Wizard, "onchange", other, {})

    def test_the_manager_corrects_the_day(self):
        home = self._create_facility(state="operating", date_state="2016-05-01")
        vals = {
            "facility_id": home.id,
            "is_correction": True,
            "state": False,
            "date": "2015-05-01",
        }
        Wizard = self.env["welfare.facility.transition"].with_user(self.manager)
        wizard = Wizard.create(self._prepare_facility_transition_vals(**vals))
        wizard.action_apply()
        self.assertEqual(home.date_state, _day("2015-05-01"))
        self.assertEqual(home.state, "operating")
        self.assertEqual(len(home.status_ids), 2)
        self.assertEqual(home._get_current_status().reason, wizard.reason)

    def test_a_new_state_is_named_unless_the_day_is_corrected(self):
        with self.assertRefusedByDatabase(CheckViolation):
            self.env["welfare.facility.transition"].create(
                self._prepare_facility_transition_vals(state=False)
            )


class TestFacility(FacilityCase):
    """Place, size and money."""

    def test_a_community_has_one_home(self):
        home = self._create_facility()
        with self.assertRefusedByDatabase(UniqueViolation):
            self._create_facility(region_id=home.region_id.id)

    def test_a_home_does_not_move_to_another(self):
        home, other = self._create_facility(), self._create_facility()
        with self.assertRefusedByDatabase(UniqueViolation):
            home.region_id = other.region_id
            self.env.flush_all()

    def test_a_closed_home_makes_room(self):
        closed = self._create_facility(state="operating", date_state="2016-05-01")
        closed._set_state("closed", reason="撤并", fate="transferred")
        home = self._create_facility(region_id=closed.region_id.id)
        self.assertEqual(home.region_id, closed.region_id)

    def test_facilities_of_other_types_stand_beside_a_home(self):
        home = self._create_facility()
        for _index in range(2):
            self._create_facility(
                region_id=home.region_id.id, type_id=self.institution_type.id
            )

    def test_a_type_becomes_single_only_where_it_is(self):
        for _index in range(2):
            self._create_facility(
                region_id=self.community_a.id, type_id=self.institution_type.id
            )
        with self.assertRefusedByDatabase(UniqueViolation):
            self.institution_type.is_one_per_community = True
            self.env.flush_all()

    def test_a_home_stands_in_a_community(self):
        for region in (self.county_a, self.street_a):
            with self.subTest(region=region.name), self.assertRaises(ValidationError):
                self._create_facility(region_id=region.id)
        home = self._create_facility()
        with self.assertRaises(ValidationError):
            home.region_id = self.street_a

    def test_an_institution_may_serve_a_whole_county(self):
        institution = self._create_facility(
            region_id=self.county_a.id, type_id=self.institution_type.id
        )
        self.assertFalse(institution.township_id)
        with self.assertRaises(ValidationError):
            institution.type_id = self.home_type

    def test_facilities_are_grouped_by_street(self):
        home = self._create_facility(region_id=self.community_a.id)
        self.assertEqual(home.township_id, self.street_a)
        station = self._create_facility(
            region_id=self.street_a.id, type_id=self.institution_type.id
        )
        self.assertEqual(station.township_id, self.street_a)
        self.community_a.parent_id = self.county_a
        self.assertEqual(home.township_id, self.county_a)

    def test_facilities_are_grouped_by_county_and_street(self):
        """Also for the office of a street, which may not read its county."""
        home = self._create_facility(region_id=self.community_a.id)
        office = self._create_user("manager", self.street_a, login="test_street")
        for user in (self.manager, office):
            county, street = (
                self.Facility.with_user(user).formatted_read_group(
                    [("id", "=", home.id)], [name], ["__count"]
                )[0][name]
                for name in ("county_id", "township_id")
            )
            self.assertEqual(
                (county[0], street[0]), (self.county_a.id, self.street_a.id)
            )
            self.assertIn("甲区", county[1])

    def test_impossible_figures_are_refused(self):
        home = self._create_facility()
        for vals in (
            {"area_indoor": -0.01},
            {"area_outdoor": -1},
            {"hours_weekly": 168.1},
            {"hours_weekly": -1},
            {"amount_district_stated": -0.01},
            {"amount_lottery_stated": -1},
            {"latitude": 90.1},
            {"longitude": -180.1},
        ):
            with self.subTest(vals=vals), self.assertRefusedByDatabase(CheckViolation):
                home.write(vals)
                self.env.flush_all()
        home.write({"area_indoor": 0, "hours_weekly": 168, "latitude": -90})
        self.env.flush_all()

    def test_stated_money_adds_up_to_the_cent(self):
        home = self._create_facility(
            amount_district_stated=0.1, amount_lottery_stated=0.2
        )
        self.assertEqual(home.currency_id, self.env.ref("base.CNY"))
        self.assertEqual(home.amount_total_stated, 0.3)
        home.amount_lottery_stated = 50000
        self.assertEqual(home.amount_total_stated, 50000.1)

    def test_photos_are_seen_by_colleagues(self):
        """Uploaded before the facility is saved, they belong to nobody at first."""
        photo = (
            self.env["ir.attachment"]
            .with_user(self.manager)
            .create(
                {"name": "照片.png", "raw": b"test", "res_model": "welfare.facility"}
            )
        )
        vals = self._prepare_facility_vals(photo_ids=[Command.link(photo.id)])
        home = self.Facility.with_user(self.manager).create(vals)
        self.env.invalidate_all()
        self.assertEqual(home.with_user(self.auditor).photo_ids.raw, b"test")

    def test_photos_of_others_are_not_taken_over(self):
        """Naming the id of a foreign attachment opens nothing."""
        foreign = self._create_facility(self.county_b)
        photo = self.env["ir.attachment"].create(
            {
                "name": "照片.png",
                "raw": b"test",
                "res_model": foreign._name,
                "res_id": foreign.id,
            }
        )
        home = self._create_facility()
        with self.assertRaises(AccessError):
            home.with_user(self.manager).photo_ids = [Command.link(photo.id)]
            self.env.invalidate_all()
            home.with_user(self.manager).photo_ids.read(["raw"])

    def test_types_have_a_code_of_their_own(self):
        with self.assertRefusedByDatabase(UniqueViolation):
            self.home_type.copy({"code": self.home_type.code})


class TestHistoryIsKept(FacilityCase):
    def test_raw_sql(self):
        """The database itself keeps the history; a dropped plan takes its own along."""
        home = self._create_facility()
        for statement in (
            "UPDATE welfare_facility_status SET date = '2015-01-01'",
            "DELETE FROM welfare_facility_status",
        ):
            with self.subTest(statement), self.assertRefusedByDatabase(CheckViolation):
                self.env.cr.execute(statement)
        history = home.status_ids
        home.unlink()
        self.assertFalse(history.exists())
