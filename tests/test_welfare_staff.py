import io
from datetime import date, timedelta

import openpyxl
from psycopg2.errors import CheckViolation
from PyPDF2 import PdfReader

from odoo.exceptions import ValidationError
from odoo.tools import mute_logger

from .common import WelfareCase, approve


class TestStaff(WelfareCase):
    """People in post: nothing identifies them, and checks are due each year."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Staff = cls.env["welfare.staff"].with_user(cls.manager)
        cls.person = cls._create_staff(cls.community_a, name="王某")
        cls.post = cls._create_post(
            cls.community_a, staff_id=cls.person.id, kind="children_director"
        )
        cls.today = cls.Staff._today()

    def _record(self, days_ago, kind="check", **vals):
        if kind == "check":
            vals = {"result": "clear", **vals}
        day = self.today - timedelta(days=days_ago)
        return self.env["welfare.staff.record"].create(
            self._prepare_record_vals(
                staff_id=self.person.id, kind=kind, date=day, **vals
            )
        )

    def _found(self, name):
        self.env.invalidate_all()
        domain = [("id", "=", self.person.id), (name, "=", True)]
        return bool(self.Staff.search(domain))

    def test_a_check_is_due_each_year(self):
        self.assertTrue(self._found("is_check_overdue"), "never checked")
        self._record(400)
        self.assertTrue(self._found("is_check_overdue"))
        self.assertTrue(self.person.is_check_overdue)
        self._record(300)
        self.assertFalse(self._found("is_check_overdue"))
        self.assertEqual(self.person.date_last_check, self.today - timedelta(days=300))

    def test_not_for_those_without_contact_or_out_of_post(self):
        self.person.is_with_minors = False
        self.assertFalse(self._found("is_check_overdue"))
        self.assertTrue(self._found("is_training_overdue"), "training is for all")
        self.post.date_to = self.today - timedelta(days=1)
        self.assertFalse(self._found("is_training_overdue"))
        self.assertFalse(self._found("is_in_post"))

    def test_a_training_is_due_each_year(self):
        self._record(370, kind="training", hours=8)
        self.assertTrue(self._found("is_training_overdue"))
        self._record(30, kind="training", hours=8)
        self.assertFalse(self._found("is_training_overdue"))

    def test_without_a_rule_nothing_is_overdue(self):
        rules = self.env["welfare.rule"].search([("code", "=like", "staff_%")])
        ended = date.today() - timedelta(days=2)
        approve(rules, role="administrator", date_to=ended).action_end()
        self.assertFalse(self._found("is_check_overdue"))

    def test_the_last_check_counts(self):
        self._record(100, result="found")
        self.assertTrue(self._found("is_unfit"))
        self._record(10)
        self.assertFalse(self._found("is_unfit"))

    def test_no_number_identifies_anybody(self):
        for name in ("王某 530102199001011234", "王某13800000000"):
            with (
                self.subTest(name=name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self._create_staff(name=name)
        kept = {
            name
            for model in ("welfare.staff", "welfare.staff.post", "welfare.staff.record")
            for name, field in self.env[model]._fields.items()
            if field.type in ("char", "text", "html", "binary") and field.store
        }
        self.assertEqual(kept, {"name"}, "no place to write more")

    def test_a_check_has_a_result_and_a_training_none(self):
        for vals in ({"kind": "check"}, {"kind": "training", "result": "clear"}):
            with (
                self.subTest(vals=vals),
                mute_logger("odoo.sql_db"),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self.env["welfare.staff.record"].create(
                    self._prepare_record_vals(staff_id=self.person.id, **vals)
                )

    def test_a_director_is_of_a_community(self):
        for kind, place in (
            ("children_director", self.street_a),
            ("children_supervisor", self.community_a),
        ):
            with self.subTest(kind=kind), self.assertRaises(ValidationError):
                self._create_post(place, kind=kind)


class TestStaffCoverage(WelfareCase):
    """A director for each community, a supervisor for each street."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Measure = cls.env["welfare.coverage.measure"]
        cls.directors = cls.env.ref(
            "welfare_facility.coverage_measure_children_director"
        )
        cls.supervisors = cls.env.ref(
            "welfare_facility.coverage_measure_children_supervisor"
        )
        cls.day = date(2019, 6, 14)

    def _staff_district(self, streets, communities, supervisors):
        """Return a county with a director in each community."""
        county = self._create_region(self.prefecture)
        places = [self._create_region(county) for _index in range(streets)]
        for index in range(communities):
            place = self._create_region(places[index % streets])
            self._create_post(place, kind="children_director")
        for index in range(supervisors):
            self._create_post(places[index % streets], kind="children_supervisor")
        return county

    def _count(self, measure, region, day=None):
        total = measure._get_table(region, day or self.day).total
        return total.people, total.built, total.total, str(total.rate)

    def test_wuhua(self):
        """五华: 10 streets with 11 supervisors, 92 communities with 92 directors."""
        wuhua = self._staff_district(10, 92, 11)
        # Seven of them are communities of one employer: no home, but a director.
        wuhua.child_ids.child_ids[:7].write(
            {"is_unit_community": True, "unit_community_reason": "单位型社区"}
        )
        self.assertEqual(self._count(self.supervisors, wuhua), (11, 10, 10, "100.00"))
        self.assertEqual(self._count(self.directors, wuhua), (92, 92, 92, "100.00"))
        formula = self.supervisors._describe_formula(
            self.supervisors._get_table(wuhua, self.day).total
        )
        self.assertIn("11", formula)
        self.assertIn("10 ÷ 10", formula)

    def test_daxing(self):
        """大兴: 20 towns and streets, 709 villages and communities."""
        daxing = self._staff_district(20, 709, 20)
        self.assertEqual(self._count(self.supervisors, daxing), (20, 20, 20, "100.00"))
        self.assertEqual(self._count(self.directors, daxing), (709, 709, 709, "100.00"))

    def test_a_vacant_post_is_found(self):
        county = self._staff_district(2, 4, 2)
        post = self.env["welfare.staff.post"].search(
            [("region_id", "child_of", county.id), ("kind", "=", "children_director")],
            limit=1,
        )
        post.date_to = "2019-06-13"
        self.assertEqual(self._count(self.directors, county), (3, 3, 4, "75.00"))
        day_before = date(2019, 6, 13)
        self.assertEqual(
            self._count(self.directors, county, day_before), (4, 4, 4, "100.00")
        )
        found = self.directors._get_communities(county, self.day, "missing")
        self.assertEqual([line["id"] for line in found], post.region_id.ids)

    def test_the_table_of_posts(self):
        """The printed table speaks of posts, not of homes."""
        county = self._staff_district(2, 4, 1)
        Report = self.env["ir.actions.report"].with_user(self.env.user)
        name = "welfare_facility.welfare_coverage_region_"
        for region, words in (
            (county, ("People in post", "75.00", "Vacant")),
            (county.child_ids[:1], ("Vacant", "In post")),
        ):
            self.env["welfare.staff.post"].search(
                [("region_id", "in", county.child_ids[:1].child_ids[:1].ids)]
            ).date_to = "2019-06-13"
            data = {"measure_id": self.directors.id, "date": "2019-06-14"}
            content, _kind = Report._render_reportlab_pdf(
                f"{name}report", region.ids, data=data
            )
            pages = PdfReader(io.BytesIO(content)).pages
            text = " ".join(page.extract_text() for page in pages)
            for word in words:
                self.assertIn(word.replace(" ", ""), text.replace(" ", ""))
            self.assertNotIn("Indoor", text)
            content, _kind = Report._render_xlsxwriter_xlsx(
                f"{name}workbook", region.ids, data=data
            )
            book = openpyxl.load_workbook(io.BytesIO(content))
            self.assertEqual(book.worksheets[1].max_column, 4)

    def test_a_street_counts_itself(self):
        county = self._staff_district(2, 4, 1)
        first, second = county.child_ids.sorted("code")
        self.assertEqual(self._count(self.supervisors, first)[:3], (1, 1, 1))
        self.assertEqual(self._count(self.supervisors, second)[:3], (0, 0, 1))
        community = first.child_ids[:1]
        self.assertEqual(self._count(self.supervisors, community)[:3], (0, 0, 0))
        self.assertEqual(self._count(self.directors, community)[:3], (1, 1, 1))
        found = self.supervisors._get_communities(county, self.day, "missing")
        self.assertEqual([line["id"] for line in found], second.ids)

    def test_the_page(self):
        county = self._staff_district(2, 4, 1)
        self.manager.welfare_region_ids = county
        Measure = self.Measure.with_user(self.manager)
        for measure, units in ((self.supervisors, 2), (self.directors, 4)):
            page = Measure.get_coverage_page(
                region_id=county.id, date="2019-06-14", measure_id=measure.id
            )
            with self.subTest(measure=measure.code):
                self.assertEqual(page["total"]["total"], units)
                self.assertNotIn("excluded", page["labels"])
                self.assertNotIn("planned", page["labels"])
        page = Measure.get_coverage_page(
            region_id=county.id, date="2019-06-14", measure_id=self.supervisors.id
        )
        lines = page["communities"]["lines"]
        self.assertEqual([line["status"] for line in lines], ["built", "missing"])
        self.assertEqual(page["list_title"], "Townships and streets")
        page = Measure.get_coverage_page(
            region_id=county.id, measure_id=self.supervisors.id, status="missing"
        )
        self.assertEqual(page["list_title"], "Townships and streets · Vacant")
