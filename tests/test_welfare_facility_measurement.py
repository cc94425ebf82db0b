from psycopg2.errors import CheckViolation, NotNullViolation, UniqueViolation

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import SQL, mute_logger

from .common import WelfareCase


class MeasurementCase(WelfareCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Measurement = cls.env["welfare.facility.measurement"]
        cls.institution = cls._create_institution()

    def _create(self, metric="beds_built", **vals):
        vals.setdefault("facility_id", self.institution.id)
        return self.Measurement.with_user(self.manager).create(
            self._prepare_measurement_vals(metric=metric, **vals)
        )

    def _execute(self, query, *args):
        self.env.flush_all()
        with mute_logger("odoo.sql_db"), self.env.cr.savepoint():
            self.env.cr.execute(SQL(query, *args))


class TestMeasurement(MeasurementCase):
    """Dated figures of a facility."""

    def test_areas_are_converted(self):
        row = self._create("area_site", amount=16.8, unit="mu")
        self.assertEqual(row.value, 11_200)
        self.assertIn("11,200.00", row.area_label)
        self.assertIn("1.1200", row.area_label)
        self.assertEqual(self._create("area_green", amount=2, unit="ha").value, 20_000)

    def test_a_later_figure_is_a_new_row(self):
        self._create(amount=400, date="2022-12-31")
        self._create(amount=700, date="2025-12-31")
        for date, beds in (
            ("2022-12-30", []),
            ("2023-06-01", [400]),
            ("2026-01-01", [700]),
        ):
            rows = self.Measurement._get_rows(self.institution.ids, date)
            self.assertEqual([row[3] for row in rows], beds)

    def test_a_correction_stands_for_the_wrong_row(self):
        wrong = self._create(amount=4000)
        action = wrong.action_correct()
        right = (
            self.Measurement.with_user(self.manager)
            .with_context(**action["context"])
            .create({"amount": 400})
        )
        self.assertTrue(wrong.is_corrected)
        rows = self.Measurement._get_rows(self.institution.ids, "2030-01-01")
        self.assertEqual([(row[3], row[5]) for row in rows], [(400, right.id)])
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self._create(amount=5, corrects_id=wrong.id)

    def test_a_correction_is_of_the_same_matter(self):
        wrong = self._create(amount=400)
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"):
            self._create("beds_open", amount=1, corrects_id=wrong.id)

    def test_one_figure_a_day(self):
        self._create(amount=400)
        with self.assertRaises(UniqueViolation), mute_logger("odoo.sql_db"):
            self._create(amount=500)

    def test_occupied_beds_are_open(self):
        self._create("beds_open", amount=300, date="2020-01-01")
        self._create("beds_occupied", amount=300, date="2020-02-01")
        with self.assertRaisesRegex(
            ValidationError, "301 beds are occupied and only 300"
        ):
            self._create("beds_occupied", amount=301, date="2020-03-01")

    def test_fewer_open_beds_than_are_occupied_since(self):
        self._create("beds_open", amount=300, date="2020-01-01")
        self._create("beds_occupied", amount=280, date="2020-06-01")
        with self.assertRaises(ValidationError):
            self._create("beds_open", amount=200, date="2020-03-01")

    def test_age_groups_are_compared_with_their_own(self):
        self._create("beds_open", amount=50, age_group="infant")
        with self.assertRaises(ValidationError):
            self._create("beds_occupied", amount=51, age_group="infant")
        self._create("beds_occupied", amount=300)

    def test_bad_input_is_refused_in_words(self):
        with self.assertRaisesRegex(UserError, "in which unit"):
            self._create("area_building", amount=5, unit=False)
        with self.assertRaisesRegex(ValidationError, "not come yet"):
            self._create(date="2999-01-01")
        with self.assertRaisesRegex(ValidationError, "not measured by age"):
            self._create("staff", age_group="infant")
        with self.assertRaisesRegex(ValidationError, "no kind of rooms"):
            self._create("area_building", room_count=3)

    @mute_logger("odoo.sql_db")
    def test_the_database_refuses_it_as_well(self):
        for metric, vals in (
            ("area_building", {"amount": 0}),
            ("area_building", {"amount": -1}),
            ("area_building", {"unit": "bed"}),
            ("beds_built", {"unit": "mu"}),
            ("beds_built", {"amount": 2.5}),
            ("sign", {"amount": 2}),
            ("hours_weekly", {"amount": 169}),
            ("room_living", {"room_count": -1}),
        ):
            with (
                self.subTest(metric=metric, **vals),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self._create(metric, **vals)

    def test_derived_figures_are_not_measured(self):
        with self.assertRaises(CheckViolation), mute_logger("odoo.sql_db"):
            self._create("building_per_bed", amount=33, unit="m2")

    def test_a_metric_that_follows_is_declared(self):
        vals = {"name": "x", "code": "x_per_y", "kind": "ratio"}
        with self.assertRaises(ValidationError):
            self.env["welfare.facility.metric"].create(vals)
        self.env["welfare.facility.metric"].create({**vals, "kind": "items"})

    def test_who_measured_and_by_which_paper(self):
        """The user, unless another measured; and the paper, with its file."""
        with Form(self.Measurement.with_user(self.manager)) as form:
            form.facility_id = self.institution
            form.metric_id = self.env.ref("welfare_facility.metric_beds_approved")
            form.amount = 250
            form.document = "五民函〔2020〕3号"
        row = form.record
        self.assertEqual(row.measured_by, self.manager.name)
        self.assertEqual(row.document, "五民函〔2020〕3号")
        paper = self.env["ir.attachment"].with_user(self.manager)
        paper = paper.create({"name": "测绘报告.txt", "raw": b"-"})
        row = self._create(
            "area_site",
            amount=5_000,
            measured_by="市测绘院",
            document="测绘报告",
            attachment_ids=paper.ids,
        )
        self.assertEqual((row.measured_by, row.document), ("市测绘院", "测绘报告"))
        self.assertEqual(paper.with_user(self.auditor).raw, b"-", "who reads the row")
        with self.assertRaises(NotNullViolation), mute_logger("odoo.sql_db"):
            self._create("area_green", measured_by=False)

    def test_rooms(self):
        row = self._create("room_living", amount=1_200, room_count=30)
        self.assertEqual((row.value, row.room_count), (1_200, 30))


class TestMeasurementAttacks(MeasurementCase):
    """Nobody changes what was measured."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.row = cls._measure(cls.institution, beds_built=400)

    def test_no_role_writes_or_deletes(self):
        for role, user in self.user_by_role.items():
            for context in ({}, {"install_mode": True, "tracking_disable": True}):
                row = self.row.with_user(user).with_context(**context)
                with self.subTest(role=role), self.assertRaises(AccessError):
                    row.write({"amount": 1})
                with self.subTest(role=role), self.assertRaises(AccessError):
                    row.unlink()

    def test_not_even_the_superuser(self):
        with self.assertRaises(AccessError):
            self.row.sudo().write({"amount": 1})
        with self.assertRaises(AccessError):
            self.row.sudo().unlink()
        with self.assertRaises(AccessError):
            self.institution.sudo().write(
                {"measurement_ids": [(1, self.row.id, {"amount": 1})]}
            )

    def test_the_database_keeps_the_rows(self):
        self._execute("SET CONSTRAINTS ALL IMMEDIATE")
        for query in (
            "UPDATE welfare_facility_measurement SET amount = 1",
            "UPDATE welfare_facility_measurement SET date = '2019-01-01'",
            "DELETE FROM welfare_facility_measurement",
            "TRUNCATE welfare_facility_measurement CASCADE",
        ):
            with self.subTest(query=query), self.assertRaises(CheckViolation):
                self._execute(query)
        self.assertEqual(self.row.amount, 400)

    def test_raw_rows_get_what_follows_from_them(self):
        self._execute(
            "INSERT INTO welfare_facility_measurement "
            "(facility_id, metric_id, kind, amount, unit, value, date, measured_by) "
            "VALUES (%s, %s, 'beds', 16.8, 'mu', 1, '2020-01-01', 'x')",
            self.institution.id,
            self.env.ref("welfare_facility.metric_area_site").id,
        )
        row = self.Measurement.search([("facility_id", "=", self.institution.id)])[-1:]
        self.assertEqual((row.kind, row.value), ("area", 11_200))

    def test_raw_rows_do_not_overfill_the_beds(self):
        self._measure(self.institution, beds_open=10)
        with self.assertRaises(CheckViolation):
            self._execute(
                """
                SET CONSTRAINTS welfare_facility_measurement_beds IMMEDIATE;
                INSERT INTO welfare_facility_measurement
                (facility_id, metric_id, kind, amount, unit, date, measured_by)
                VALUES (%s, %s, 'beds', 11, 'bed', '2021-01-01', 'x')
                """,
                self.institution.id,
                self.env.ref("welfare_facility.metric_beds_occupied").id,
            )

    def test_a_plan_that_is_dropped_takes_its_figures_along(self):
        plan = self._create_institution(state="planned")
        wrong = self._measure(plan, beds_approved=100)
        self.Measurement.create(
            self._prepare_measurement_vals(
                facility_id=plan.id,
                metric="beds_approved",
                amount=90,
                corrects_id=wrong.id,
            )
        )
        plan.unlink()
        self.assertFalse(wrong.exists())

    def test_what_a_used_metric_is_stays(self):
        metric = self.env.ref("welfare_facility.metric_beds_built")
        with self.assertRaises(UserError):
            metric.with_user(self.administrator).write({"kind": "persons"})


@tagged("post_install", "-at_install")
class TestMeasurementRoles(MeasurementCase):
    def test_only_the_manager_measures(self):
        for role, user in self.user_by_role.items():
            rows = self.Measurement.with_user(user)
            with self.subTest(role=role):
                if role == "manager":
                    continue
                with self.assertRaises(AccessError):
                    rows.create(
                        self._prepare_measurement_vals(facility_id=self.institution.id)
                    )

    def test_not_in_another_county(self):
        foreign = self._create_institution(self.county_b)
        with self.assertRaises(AccessError):
            self._create(facility_id=foreign.id)
