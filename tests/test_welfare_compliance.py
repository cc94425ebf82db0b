from lxml import etree
from psycopg2.errors import CheckViolation

from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import tagged
from odoo.tools import SQL, mute_logger
from odoo.tools.safe_eval import safe_eval

from ..models.compliance_checker import ComplianceChecker
from .common import WelfareCase
from .test_reports import _extract_text


class ComplianceCase(WelfareCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Compliance = cls.env["welfare.compliance"]
        cls.national = cls.env.ref("welfare_facility.standard_institution_2010")
        cls.guidance = cls.env.ref("welfare_facility.standard_institution_2007")
        guiyang = cls.env.ref("welfare_facility.standard_guiyang_2025")
        # The plan of a city, for the city of the tests.
        cls.plan = guiyang.copy(
            {
                "code": "test_plan",
                "jurisdiction_code": cls.prefecture.code,
                "date_to": False,
                "line_ids": [
                    (0, 0, {**line.copy_data()[0], "standard_id": False})
                    for line in guiyang.line_ids
                ],
            }
        )

    def _check(self, facility, date="2025-12-31", **options):
        """Return the lines of each check, by standard and metric."""
        checks = ComplianceChecker(self.env, self._day(date)).check(
            facility.ids, **options
        )
        return {
            check.standard: (
                check,
                {each.line.metric_id.code: each for each in check.lines},
            )
            for check in checks
        }

    def _day(self, text):
        return self.env["welfare.facility"]._fields["date_approved"].to_date(text)

    def _keep(self, facility, date, **options):
        return self.Compliance._keep(facility.ids, self._day(date), **options)


class TestCompliance(ComplianceCase):
    """The figures of the sources, and which text they are judged by."""

    def test_liupanshui(self):
        """六盘水 was approved under the text of 2007; by that of 2010 it would fail."""
        self.plan.active = False
        facility = self._create_institution(date_approved="2009-06-01")
        self._measure(facility, area_building=4994.49, beds_approved=250)
        found = self._check(facility, with_comparison=True)
        self.assertEqual(found[self.guidance][0].basis, "applies")
        self.assertEqual(found[self.guidance][0].result, "no_figures")
        check, lines = found[self.national]
        self.assertEqual(check.basis, "comparison")
        line = lines["building_per_bed"]
        self.assertEqual(line.verdict.result, "not_met")
        self.assertFalse(line.line.is_verified)
        [result] = self._keep(facility, "2025-12-31", with_comparison=True).filtered(
            lambda each: each.standard_id == self.national
        )
        row = result.line_ids.filtered(
            lambda each: each.metric_id.code == "building_per_bed"
        )
        self.assertEqual(row.measured, 19.978)
        self.assertIn("19.98", row.measured_label)
        self.assertIn("-13.02", row.margin_label)
        self.assertIn("-3,255.51", row.margin_label)
        self.assertEqual(result.size_class, "二类")
        self.assertFalse(facility.is_below_standard, "a comparison is no result")

    def test_xianning(self):
        facility = self._create_institution(date_approved="2021-03-01")
        self._measure(facility, area_building=14_000, beds_built=400)
        self.env["welfare.facility.measurement"].create(
            self._prepare_measurement_vals(
                facility_id=facility.id, metric="area_site", amount=16.8, unit="mu"
            )
        )
        check, lines = self._check(facility)[self.national]
        self.assertEqual(check.basis, "applies")
        self.assertEqual(lines["building_per_bed"].verdict.result, "met")
        ratio = lines["floor_area_ratio"]
        self.assertEqual(float(ratio.figure.value), 1.25)
        self.assertEqual(ratio.verdict.deviation, "above")
        self.assertEqual(ratio.line.obligation, "advisory")
        self.assertEqual(lines["outdoor_per_bed"].verdict.result, "not_measured")
        self.assertEqual(check.result, "incomplete")

    def test_tianjin(self):
        facility = self._create_institution(date_approved="2008-05-14")
        self._measure(facility, area_building=16_000, beds_approved=800)
        found = self._check(facility, with_comparison=True)
        line = found[self.national][1]["building_per_bed"]
        self.assertEqual(line.figure.value, 20)
        self.assertEqual(line.verdict.deviation, "below")

    def test_the_texts_contradict_each_other(self):
        """700 beds: 1,400–2,100 m² outdoors by the plan, 2,800–3,500 by §17."""
        facility = self._create_institution(date_approved="2020-01-01")
        self._measure(
            facility, beds_built=700, area_building=23_100, area_outdoor=2_100
        )
        found = self._check(facility)
        local = found[self.plan][1]["outdoor_per_bed"]
        wide = found[self.national][1]["outdoor_per_bed"]
        self.assertEqual(local.verdict.result, "met")
        self.assertEqual(wide.verdict.deviation, "below")
        self.assertEqual(local.conflict, "conflict")
        self.assertEqual(found[self.plan][1]["building_per_bed"].conflict, "stricter")
        results = self._keep(facility, "2025-12-31")
        row = results.line_ids.filtered(lambda each: each.conflict == "conflict")
        self.assertIn("1,400 ~ 2,100 m²", row.conflict_label)
        self.assertIn("2,800 ~ 3,500 m²", row.conflict_label)

    def test_nobody_knows_when_it_was_approved(self):
        facility = self._create_institution()
        found = self._check(facility)
        self.assertEqual(found[self.national][0].basis, "unknown")

    def test_a_class_condition(self):
        top = self.national.class_ids.filtered(lambda each: each.name == "一类")
        line = self.national.line_ids.filtered(
            lambda each: each.metric_id.code == "building_per_bed"
        )
        line.class_id = top
        for beds, is_asked in ((700, True), (400, True), (200, False), (None, False)):
            facility = self._create_institution(date_approved="2020-01-01")
            if beds:
                self._measure(facility, beds_built=beds)
            _check, lines = self._check(facility)[self.national]
            self.assertEqual("building_per_bed" in lines, is_asked, beds)

    def test_age_groups_add_up(self):
        facility = self._create_institution(date_approved="2020-01-01")
        for age, beds, date in (
            ("infant", 100, "2020-01-01"),
            ("school", 250, "2020-06-01"),
            (False, 300, "2020-03-01"),
        ):
            self.env["welfare.facility.measurement"].create(
                self._prepare_measurement_vals(
                    facility_id=facility.id, age_group=age, amount=beds, date=date
                )
            )
        for date, beds in (
            ("2020-02-01", 100),
            ("2020-04-01", 300),
            ("2021-01-01", 350),
        ):
            checker = ComplianceChecker(self.env, self._day(date))
            self.assertEqual(checker.get_facts(facility.ids)[0].beds, beds, date)

    def test_the_register_where_nothing_was_measured(self):
        standard = self.env.ref("welfare_facility.standard_home_unknown")
        standard.write({"active": True, "jurisdiction_code": self.province.code})
        home = self._create_facility(area_indoor=9.99, area_outdoor=60)
        _check, lines = self._check(home)[standard]
        self.assertEqual(lines["area_indoor"].verdict.result, "not_met")
        self.assertEqual(lines["area_outdoor"].verdict.result, "met")
        self.assertEqual(lines["sign"].verdict.result, "not_measured")
        self._measure(home, area_indoor=10)
        _check, lines = self._check(home)[standard]
        self.assertEqual(lines["area_indoor"].verdict.result, "met")

    def test_another_place_has_its_own_texts(self):
        facility = self._create_institution(date_approved="2020-01-01")
        self.plan.jurisdiction_code = self.county_b.code
        self.assertNotIn(self.plan, self._check(facility))


class TestGrowth(ComplianceCase):
    """From 400 to 700 beds in three years, under two texts; the standard changes."""

    def test_growth(self):
        facility = self._create_institution(date_approved="2015-01-01")
        for year, beds, building, outdoor in (
            (2022, 400, 14_000, 2_000),
            (2023, 500, 17_500, 2_000),
            (2024, 600, 20_000, 2_000),
            (2025, 700, 24_500, 2_000),
        ):
            self._measure(
                facility,
                date=f"{year}-12-31",
                beds_built=beds,
                beds_open=beds,
                beds_occupied=beds * 9 // 10,
                area_building=building,
                area_outdoor=outdoor,
            )
        wanted = {
            2022: {self.national: "met", self.plan: "not_met"},
            2023: {self.national: "met", self.plan: "not_met"},
            2024: {self.national: "not_met", self.plan: "not_met"},
            2025: {self.national: "not_met", self.plan: "met"},
        }
        for year, expected in wanted.items():
            found = self._check(facility, f"{year}-12-31")
            for standard, outdoor in expected.items():
                line = found[standard][1]["outdoor_per_bed"]
                self.assertEqual(line.verdict.result, outdoor, (year, standard.name))
        self.env.flush_all()
        rows = self.env["welfare.facility.occupancy"].search(
            [("facility_id", "=", facility.id)]
        )
        self.assertEqual(rows.mapped("beds_open"), [400, 500, 600, 700])
        self.assertEqual(rows.mapped("rate"), [90, 90, 90, 90])

    def test_the_lists_of_those_below_a_standard(self):
        """Both filters find who lacks something today, and nobody else."""
        self.plan.active = False
        below = self._create_institution(date_approved="2020-01-01")
        enough = self._create_institution(date_approved="2020-01-01")
        compared = self._create_institution(date_approved="2009-06-01")
        closed = self._create_institution(date_approved="2020-01-01")
        cured = self._create_institution(date_approved="2020-01-01")
        everybody = below + enough + compared + closed + cured
        for home in everybody:
            area = 4_000 if home == enough else 1_000
            self._measure(home, beds_built=1_000, area_outdoor=area)
        self.env.flush_all()
        self._keep(everybody, "2024-12-31", with_comparison=True)
        closed._set_state("closed", reason="停办", fate="none")
        self._measure(cured, date="2025-01-01", area_outdoor=4_000)
        self.env.flush_all()
        self._keep(cured, "2025-12-31")
        self.env.flush_all()
        self.env.invalidate_all()
        results = self._filter(self.Compliance, "filter_latest", "filter_below")
        self.assertEqual(results.facility_id & everybody, below)
        self.assertEqual(
            self._filter(self.Facility, "filter_below_standard") & everybody,
            below,
        )
        self.assertTrue(below.is_below_standard)
        self.assertFalse(cured.is_below_standard)
        action = self.env.ref("welfare_facility.welfare_compliance_action_below")
        for name in ("filter_latest", "filter_below"):
            self.assertIn(f"search_default_{name}", action.context)

    def _filter(self, model, *names):
        """Return what the filters of a search view find, for an auditor."""
        tree = etree.fromstring(model.get_view(view_type="search")["arch"])
        domains = [
            safe_eval(tree.find(f".//filter[@name='{name}']").get("domain"))
            for name in names
        ]
        return model.with_user(self.auditor).search(Domain.AND(domains))

    def test_occupancy_is_weighed(self):
        """Over months and institutions: the beds count, not the days."""
        for beds, occupied, date in (
            (10, 10, "2025-01-31"),
            (90, 0, "2025-02-28"),
        ):
            self._measure(
                self._create_institution(),
                date=date,
                beds_open=beds,
                beds_occupied=occupied,
            )
        # Nobody counted here: open beds alone do not thin the rate.
        self._measure(self._create_institution(), beds_open=1000, date="2025-01-31")
        Occupancy = self.env["welfare.facility.occupancy"]
        domain = [("date", ">=", "2025-01-01")]
        groups = Occupancy._read_group(domain, ["date:month"], ["rate:avg"])
        self.assertEqual([rate for _month, rate in groups], [100, 0])
        [(rate, beds)] = Occupancy._read_group(
            domain, [], ["rate:avg", "beds_occupied:avg"]
        )
        self.assertEqual((rate, beds), (10, 5))

    def test_staff_to_children(self):
        """1:1 by the plan: over the children; without them, the occupied beds."""
        facility = self._create_institution(date_approved="2020-01-01")
        for figures, ratio, result in (
            ({"beds_built": 120}, None, "not_measured"),
            ({"staff": 90}, None, "not_measured"),
            ({"beds_open": 110, "beds_occupied": 100}, 0.9, "not_met"),
            ({"children": 90}, 1, "met"),
        ):
            self._measure(facility, **figures)
            check, lines = self._check(facility)[self.plan]
            line = lines["staff_per_child"]
            self.assertEqual(line.figure and float(line.figure.value), ratio, figures)
            self.assertEqual(line.verdict.result, result, figures)
        self.assertEqual(line.line.obligation, "advisory")
        self.assertEqual(check.count("not_met", "mandatory"), 0)

    def test_a_new_measurement_waits_visibly(self):
        facility = self._create_institution(date_approved="2015-01-01")
        self._measure(facility, beds_built=100, area_building=3_000)
        self.assertTrue(facility.is_check_due, "nothing was checked yet")
        self.Compliance._cron_check()
        facility.invalidate_recordset()
        results = facility.compliance_ids
        self.assertFalse(facility.is_check_due)
        self.assertEqual(set(results.mapped("is_outdated")), {False})
        cron = self.env.ref("welfare_facility.ir_cron_check_standards")
        triggers = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        self._measure(facility, area_building=3_400, date="2021-12-31")
        self.assertEqual(
            self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]),
            triggers + 1,
        )
        for user in (self.manager, self.auditor):
            self.assertTrue(facility.with_user(user).is_check_due)
            results.invalidate_recordset()
            self.assertEqual(set(results.with_user(user).mapped("is_outdated")), {True})
        self.Compliance._cron_check()
        facility.invalidate_recordset()
        results.invalidate_recordset()
        self.assertFalse(facility.is_check_due)
        self.assertFalse(results[0].is_outdated, "it was replaced")
        self.assertFalse(facility.is_below_standard)

    def test_a_check_of_an_earlier_day_is_not_the_newest(self):
        facility = self._create_institution(date_approved="2015-01-01")
        self.plan.active = False
        self._measure(facility, beds_built=100, area_building=3_000)
        self._measure(facility, date="2022-12-31", area_building=3_400)
        self._keep(facility, "2023-12-31")
        old = self._keep(facility, "2021-12-31", is_always=True)
        self.assertEqual(old.result, "not_met")
        self.assertFalse(old.is_latest)
        self.assertFalse(facility.is_below_standard)
        wizard = self.env["welfare.compliance.check"].create(
            {"facility_id": facility.id, "date": "2999-01-01"}
        )
        with self.assertRaises(UserError):
            wizard.action_keep()

    def test_a_text_that_no_longer_applies_ends(self):
        """六盘水: below the text in force, until its day of approval was entered."""
        facility = self._create_institution()
        self.plan.active = False
        self._measure(facility, area_building=4994.49, beds_approved=250)
        self.Compliance._cron_check()
        self.assertTrue(facility.is_below_standard)
        facility.date_approved = "2009-06-01"
        self.assertTrue(facility.is_check_due)
        self.Compliance._cron_check()
        facility.invalidate_recordset()
        self.assertFalse(facility.is_below_standard)
        self.assertFalse(facility.is_check_due)
        self.assertEqual(
            facility.compliance_ids.sorted("id").mapped("basis"),
            ["unknown", "applies", "ended"],
        )
        self.Compliance._cron_check()
        facility.invalidate_recordset()
        self.assertEqual(len(facility.compliance_ids), 3, "it ends once")
        facility.date_approved = "2015-01-01"
        self.Compliance._cron_check()
        facility.invalidate_recordset()
        self.assertTrue(facility.is_below_standard, "it applies again")

    def test_a_change_of_the_standard_keeps_the_earlier_result(self):
        facility = self._create_institution(date_approved="2015-01-01")
        self.plan.active = False
        self._measure(facility, beds_built=100, area_building=3_000)
        line = self.national.line_ids.filtered(
            lambda each: each.metric_id.code == "building_per_bed"
        )
        cron = self.env.ref("welfare_facility.ir_cron_check_standards")
        self.Compliance._cron_check()
        first = facility.compliance_ids.filtered(
            lambda each: each.standard_id == self.national
        )
        self.assertEqual(first.result, "not_met")
        self.assertTrue(facility.is_below_standard)
        self.Compliance._cron_check()
        self.assertEqual(len(first), 1, "the same is not said twice")
        triggers = self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)])
        line.value_min = 30
        self.assertGreater(
            self.env["ir.cron.trigger"].search_count([("cron_id", "=", cron.id)]),
            triggers,
        )
        self.Compliance._cron_check()
        results = facility.compliance_ids.filtered(
            lambda each: each.standard_id == self.national
        ).sorted("id")
        self.assertEqual(len(results), 2)
        self.assertEqual(results.mapped("result"), ["not_met", "incomplete"])
        self.assertEqual(results.mapped("is_latest"), [False, True])
        self.assertEqual(results[0].line_ids[:1].value_min, 33)
        self.assertEqual(results[1].line_ids[:1].value_min, 30)
        self.assertIn(
            facility, self.Facility.search([("is_below_standard", "=", False)])
        )

    def test_lines_of_a_standard_may_go(self):
        result = self._create_compliance()
        self.national.line_ids.unlink()
        self.assertEqual(len(result.line_ids), 4 + 3)


class TestComplianceAttacks(ComplianceCase):
    """Nobody enters, changes or deletes a result."""

    def test_no_role(self):
        result = self._create_compliance()
        for role, user in self.user_by_role.items():
            for record in (result, result.line_ids):
                record = record.with_user(user)
                with self.subTest(role=role), self.assertRaises(AccessError):
                    record.create([{}])
                with self.subTest(role=role), self.assertRaises(AccessError):
                    record.write({"result": "met"})
                with self.subTest(role=role), self.assertRaises(AccessError):
                    record.unlink()
        for record in (result, result.line_ids):
            with self.assertRaises(AccessError):
                record.sudo().create([{}])
            with self.assertRaises(AccessError):
                record.sudo().write({"result": "met"})
            with self.assertRaises(AccessError):
                record.sudo().unlink()

    def test_the_database_keeps_results(self):
        self._create_compliance()
        for table in ("welfare_compliance", "welfare_compliance_line"):
            for query in (
                f"UPDATE {table} SET result = 'met'",
                f"DELETE FROM {table}",
                f"TRUNCATE {table} CASCADE",
            ):
                with (
                    self.subTest(query=query),
                    mute_logger("odoo.sql_db"),
                    self.assertRaises(CheckViolation),
                    self.env.cr.savepoint(),
                ):
                    self.env.cr.execute(SQL(query))

    def test_a_plan_that_is_dropped_takes_its_results_along(self):
        result = self._create_compliance(state="planned")
        result.facility_id.unlink()
        self.assertFalse(result.exists())

    def test_only_the_manager_keeps_results(self):
        facility = self._create_institution(date_approved="2020-01-01")
        for role, user in self.user_by_role.items():
            wizard = (
                self.env["welfare.compliance.check"]
                .with_user(user)
                .create({"facility_id": facility.id, "date": "2025-01-01"})
            )
            with self.subTest(role=role):
                if role == "manager":
                    wizard.action_keep()
                    continue
                with self.assertRaises(AccessError):
                    wizard.action_keep()
        self.assertEqual(len(facility.compliance_ids), 2)

    def test_the_number_of_queries_is_constant(self):
        few = self.Facility.create([self._prepare_institution_vals() for _each in "12"])
        many = few + self.Facility.create(
            [self._prepare_institution_vals() for _each in range(50)]
        )
        for facility in many:
            self._measure(facility, beds_built=100, area_building=3_000)
        self._keep(few, "2025-12-31")
        counts = []
        for facilities in (few, many):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._keep(facilities, "2025-12-31", is_always=True)
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(*counts)


@tagged("post_install", "-at_install")
class TestStandardReport(ComplianceCase):
    """床位与面积达标表."""

    def _print(self, facility, user=None, **data):
        Report = self.env["ir.actions.report"].with_user(user or self.auditor)
        content, _extension = Report._render_reportlab_pdf(
            "welfare_facility.welfare_standard_report", facility.ids, data=data
        )
        return "".join(_extract_text(content))

    def test_the_sheet(self):
        facility = self._create_institution(
            name="甲区儿童福利院", date_approved="2020-01-01"
        )
        self._measure(
            facility, beds_built=700, area_building=23_100, area_outdoor=2_100
        )
        text = self._print(facility, date="2025-12-31")
        for words in ("甲区儿童福利院", "33.00", "23,100", "建标145-2010", "测绘队"):
            self.assertIn(words, text)
        self.assertIn("Contradicts", text)
        self.assertIn("unverified", text)
        self.assertIn("34.65", text, "23,100 m² in mu")

    def test_an_institution_grows_and_the_director_prints(self):
        """400 beds, 700 three years later; the sheet says both, under both texts."""
        facility = self._create_institution(
            name="甲区儿童福利院", date_approved="2020-01-01"
        )
        for year, beds, outdoor in ((2022, 400, 2_000), (2025, 700, 2_000)):
            self._measure(
                facility,
                date=f"{year}-12-31",
                beds_built=beds,
                area_building=beds * 34,
                area_outdoor=outdoor,
            )
        director = self.manager
        for year, needed, beds, verdicts in (
            (2022, "1,600", "400", {self.national: "met", self.plan: "not_met"}),
            (2025, "2,800", "700", {self.national: "not_met", self.plan: "met"}),
        ):
            results = self._keep(facility, f"{year}-12-31", is_always=True)
            for standard, verdict in verdicts.items():
                [line] = results.line_ids.filtered(
                    lambda each, standard=standard: (
                        each.compliance_id.standard_id == standard
                        and each.metric_id.code == "outdoor_per_bed"
                    )
                )
                self.assertEqual(line.result, verdict, (year, standard.name))
            result = results[0].with_user(director)
            action = result.action_print()
            text = self._print(facility, director, **action["data"])
            for words in ("甲区儿童福利院", beds, needed, "建标145-2010"):
                self.assertIn(words, text, year)
            self.assertIn(self.plan.name, text)
            self.assertIn("Not Met", text)

    def test_as_of_a_day(self):
        facility = self._create_institution(date_approved="2020-01-01")
        self._measure(facility, date="2022-12-31", beds_built=400)
        self._measure(facility, date="2025-12-31", beds_built=700)
        self.assertNotIn(
            "700", self._print(facility, date="2023-01-01").split("Digest")[0]
        )

    def test_another_county_is_not_printed(self):
        foreign = self._create_institution(self.county_b)
        with self.assertRaises(AccessError):
            self._print(foreign)
