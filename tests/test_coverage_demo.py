import io

from odoo.tests import TransactionCase, tagged
from odoo.tools.pdf import PdfReader


@tagged("-standard", "welfare_demo")
class TestCoverageDemo(TransactionCase):
    """What the demonstration shows of the three documents is what they say."""

    def _get_target(self, name):
        return self.env.ref(f"welfare_facility.coverage_target_{name}_demo")

    def test_wuhua(self):
        """Reply of 14 June 2019: 62.2 % and 33 are stated; it is 61.18 % and 25."""
        target = self._get_target("wuhua_2018")
        self.assertEqual(
            (target.total_count, target.excluded_count, target.denominator), (92, 7, 85)
        )
        self.assertEqual((target.numerator, target.rate), (52, 61.18))
        self.assertEqual((target.required_count, target.gap), (77, 25))
        self.assertEqual((target.stated_value, target.stated_gap), (62.2, 33))
        self.assertTrue(target.is_flagged)
        self.assertEqual(len(target.flag_reason.split("\n")), 2)
        self.assertEqual(target.scheduled_count, 13)
        self.assertEqual((target.scheduled_rate, target.scheduled_gap), (76.47, 12))
        self.assertEqual(target.yearly_count, 13)
        for words in ("完成率为62.2%", "目前距离达标差为33家", "单位型社区7家"):
            self.assertIn(words, target.source)

    def test_a_street_is_printed_on_one_page(self):
        """The ten communities, why two have none, and what is still to be built."""
        street = self.env["welfare.region"].search([("code", "=", "530102001000")])
        self.env["res.lang"]._activate_lang("zh_CN")
        Report = self.env["ir.actions.report"].with_context(lang="zh_CN")
        pdf, _kind = Report._render_reportlab_pdf(
            "welfare_facility.welfare_coverage_region_report", street.ids
        )
        [page] = PdfReader(io.BytesIO(pdf)).pages
        text = "".join(page.extract_text().split())
        for words in ("华山街道", "单位型社区", "8÷8=100.00%", "第1页，共1页"):
            self.assertIn(words, text)

    def test_guiyang(self):
        """The seven indicators; what the table leaves empty is not 0."""
        expected = {
            "regional_institution": (None, None, 100),
            "institution_rehabilitation": (None, None, 100),
            "children_director": (89, 92, 95),
            "home_function": (50, 70, 95),
            "reporting_training": (30, 70, 100),
            "child_organisations": (1, 5, 10),
            "protection_station": (30, 60, 95),
        }
        for code, values in expected.items():
            target = self._get_target(f"guiyang_{code}")
            with self.subTest(code=code):
                self.assertEqual(target.measure_id.code, code)
                self.assertEqual(
                    (
                        target.stated_value if target.is_stated else None,
                        target.interim_value if target.is_interim_stated else None,
                        target.target_value if target.is_target_stated else None,
                    ),
                    values,
                )
                self.assertEqual(
                    (target.date.year, target.interim_year, target.target_year),
                    (2020, 2022, 2025),
                )
                # Directors are in the register of staff; the rest is only stated.
                self.assertEqual(target.is_computable, code == "children_director")
                self.assertIn("指标", target.source)
        flagged = [
            code for code in expected if self._get_target(f"guiyang_{code}").is_flagged
        ]
        self.assertEqual(flagged, ["children_director", "home_function"])
        self.assertEqual(self._get_target("guiyang_child_organisations").unit, "number")

    def test_chuxiong(self):
        """At least 20 % a year from 2017 is 80 % by 2020, where 50 % are asked for."""
        target = self._get_target("chuxiong_2020")
        self.assertEqual((target.target_value, target.target_year), (50, 2020))
        self.assertEqual((target.annual_value, target.annual_start_year), (20, 2017))
        self.assertFalse(target.is_stated)
        for figure in ("80", "2019", "4 × 20"):
            self.assertIn(figure, target.pace)
        self.assertIn("按照每年不低于20%的社区建立儿童之家", target.source)
        self.assertTrue(target.is_flagged)
