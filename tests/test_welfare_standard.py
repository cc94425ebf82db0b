from psycopg2.errors import CheckViolation, ExclusionViolation

from odoo.exceptions import ValidationError
from odoo.tools import mute_logger

from .common import WelfareCase


class TestStandard(WelfareCase):
    """Texts as data."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Standard = cls.env["welfare.standard"]
        cls.national = cls.env.ref("welfare_facility.standard_institution_2010")
        cls.institution_type = cls.env.ref(
            "welfare_facility.facility_type_welfare_institution"
        )

    def _prepare_vals(self, **vals):
        return {
            "code": "test",
            "name": "试验标准",
            "edition": "2020",
            "date_from": "2020-01-01",
            "source": "试验",
            "type_ids": [(6, 0, self.institution_type.ids)],
            **vals,
        }

    def test_what_nobody_read_is_not_verified(self):
        by_metric = {line.metric_id.code: line for line in self.national.line_ids}
        self.assertFalse(by_metric["building_per_bed"].is_verified)
        self.assertTrue(by_metric["outdoor_per_bed"].is_verified)
        self.assertFalse(any(self.national.class_ids.mapped("is_verified")))
        self.assertFalse(self.national.is_verified)

    def test_shall_and_should(self):
        by_metric = {line.metric_id.code: line for line in self.national.line_ids}
        self.assertEqual(by_metric["outdoor_per_bed"].obligation, "mandatory")
        self.assertEqual(by_metric["building_density"].obligation, "advisory")
        self.assertEqual(by_metric["floor_area_ratio"].obligation, "advisory")
        self.assertEqual(by_metric["floor_area_ratio"].requirement, "0.6 ~ 1")

    def test_size_classes(self):
        classes = self.national.class_ids
        for beds, name in ((350, "一类"), (700, "一类"), (249, "三类"), (100, "四类")):
            self.assertEqual(classes._find_class(beds).name, name)
        self.assertFalse(classes._find_class(99))
        self.assertFalse(classes._find_class(None))

    @mute_logger("odoo.sql_db")
    def test_classes_do_not_overlap(self):
        with self.assertRaises(ExclusionViolation):
            self.env["welfare.standard.class"].create(
                {
                    "standard_id": self.national.id,
                    "name": "五类",
                    "bed_from": 60,
                    "bed_to": 100,
                }
            )

    @mute_logger("odoo.sql_db")
    def test_editions_do_not_overlap(self):
        self.Standard.create(self._prepare_vals(date_to="2022-12-31"))
        with self.assertRaises(ExclusionViolation), self.env.cr.savepoint():
            self.Standard.create(
                self._prepare_vals(edition="2022", date_from="2022-12-31")
            )
        self.Standard.create(self._prepare_vals(edition="2023", date_from="2023-01-01"))
        # The same text may hold elsewhere with other figures.
        self.Standard.create(
            self._prepare_vals(jurisdiction_code="520100000000", jurisdiction_name="x")
        )

    @mute_logger("odoo.sql_db")
    def test_bounds_fit_the_operator(self):
        for vals in (
            {"operator": "ge", "value_min": 0},
            {"operator": "ge", "value_min": 1, "value_max": 2},
            {"operator": "le", "value_min": 1, "value_max": 2},
            {"operator": "range", "value_min": 3, "value_max": 2},
        ):
            with (
                self.subTest(**vals),
                self.assertRaises(CheckViolation),
                self.env.cr.savepoint(),
            ):
                self.env["welfare.standard.line"].create(
                    {
                        "standard_id": self.national.id,
                        "metric_id": self.env.ref(
                            "welfare_facility.metric_green_rate"
                        ).id,
                        **vals,
                    }
                )

    def test_a_jurisdiction_is_a_code(self):
        with self.assertRaises(ValidationError):
            self.Standard.create(self._prepare_vals(jurisdiction_code="5201"))

    def test_the_name_of_the_jurisdiction(self):
        standard = self.Standard.create(
            self._prepare_vals(jurisdiction_code=self.county_a.code)
        )
        self.assertEqual(standard.jurisdiction_name, "甲区")
        self.assertEqual(self.national._get_jurisdiction(), "the whole country")

    def test_what_a_childrens_home_is_asked_for(self):
        """The figures with the place and the source that they come from."""
        standard = self.env.ref("welfare_facility.standard_home_shuangyashan_2013")
        home = self.env.ref("welfare_facility.facility_type_children_home")
        self.assertEqual(standard.type_ids, home)
        self.assertEqual(standard.jurisdiction_code, "230500000000")
        self.assertIn("sysfnw.org", standard.source)
        self.assertEqual(
            {
                line.metric_id.code: (line.requirement, line.quote)
                for line in standard.line_ids
            },
            {
                "room_activity": ("≥ 40 m²", "活动室不小于40平方米"),
                "books": ("≥ 100 pieces", "图书不少于100册"),
                "bookcases": ("≥ 2 pieces", "开放式书架不少于2个"),
                "sign": ("yes", "统一标识牌"),
                "seats": ("yes", "桌椅"),
                "sports_kit": ("yes", "文体活动器材"),
            },
        )
        self.assertFalse(standard.is_verified)
        self.assertFalse(any(standard.line_ids.mapped("is_verified")))

    def test_each_figure_has_its_unit(self):
        """On the screens of a standard no figure stands without its unit."""
        lines = self.Standard.with_context(active_test=False).search([]).line_ids
        self.assertTrue(lines)
        for line in lines:
            with self.subTest(line.display_name):
                if line.metric_id.kind in ("ratio", "yes_no"):
                    self.assertFalse(line.unit_label)
                else:
                    self.assertTrue(line.unit_label)
                    self.assertTrue(line.requirement.endswith(line.unit_label))
        arch = self.Standard.get_view(view_type="form")["arch"]
        self.assertIn('name="unit_label"', arch)
