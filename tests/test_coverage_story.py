import io

import openpyxl

from odoo.tests import freeze_time, tagged
from odoo.tools.pdf import PdfReader

from .common import WelfareCase
from .test_tours import TestTours
from .test_welfare_facility_import import LEDGER, read_sample

#: Homes of 五华区 at the end of 2014 … 2019, as its ledger has them; the last before
#: what was paid for in 2019 is accepted.
BUILT_BY_YEAR = [0, 19, 30, 41, 52, 52]


@tagged("post_install", "-at_install")
@freeze_time("2020-01-10")
class TestCoverageStory(WelfareCase):
    """A year's work of a district office: how far are we, and what do we print?"""

    _load_regions = TestTours._load_regions

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Measure = cls.env["welfare.coverage.measure"]

    def _ask(self, user, region, day, **choice):
        return self.Measure.with_user(user).get_coverage_page(
            region_id=region.id, date=day, **choice
        )

    def _print(self, user, kind, region, day):
        Report = self.env["ir.actions.report"].with_user(user)
        name = "welfare_facility.welfare_coverage_region_"
        if kind == "pdf":
            return Report._render_reportlab_pdf(
                f"{name}report", region.ids, data={"date": day}
            )[0]
        return Report._render_xlsxwriter_xlsx(
            f"{name}workbook", region.ids, data={"date": day}
        )[0]

    def test_the_story_of_wuhua(self):
        # The office loads its regions and its ledger.
        district = self._load_regions()
        officer = self._create_user("manager", district, login="test_office")
        ledger = (
            self.env["welfare.facility.import"]
            .with_user(officer)
            ._import_file(LEDGER, read_sample(LEDGER))
        )
        self.assertEqual(ledger.error_count, 0)

        # What does the plan ask for, and what did we report?
        target = (
            self.env["welfare.coverage.target"]
            .with_user(officer)
            .create(
                {
                    "region_id": district.id,
                    "date": "2018-12-31",
                    "stated_value": 62.2,
                    "stated_gap": 33,
                    "target_value": 90,
                    "target_year": 2020,
                }
            )
        )
        self.assertEqual((target.rate, target.gap), (61.18, 25))
        self.assertEqual(len(target.flag_reason.split("\n")), 2, "both are wrong")

        # How did it go on, year by year?
        history = [
            self._ask(officer, district, f"{year}-12-31")["total"]
            for year in range(2014, 2020)
        ]
        built = [total["built"] for total in history]
        self.assertEqual(built, BUILT_BY_YEAR)
        self.assertEqual({total["denominator"] for total in history}, {85})
        self.assertEqual(history[4]["rate"], "61.18")

        # Which street is furthest behind at the end of 2018, and where exactly?
        page = self._ask(officer, district, "2018-12-31")
        self.assertEqual(page["total"]["gap"], 25)
        worst = min(page["parts"], key=lambda part: float(part["rate"]))
        self.assertIn("普吉", worst["name"])
        street = self.Region.browse(worst["id"])
        lines = self._ask(officer, street, "2018-12-31", status="missing")
        lines = lines["communities"]["lines"]
        self.assertEqual(len(lines), worst["missing"])
        planned = [line for line in lines if line["status"] == "planned"]
        self.assertEqual(len(planned), worst["planned"])

        # The 13 that are paid for are built in 2019: 65, and 12 are still short.
        Facility = self.env["welfare.facility"].with_user(officer)
        funded = Facility.search([("state", "=", "planned")])
        self.assertEqual((len(funded), set(funded.mapped("plan_year"))), (13, {2019}))
        self.assertEqual((target.scheduled_rate, target.scheduled_gap), (76.47, 12))
        for home in funded:
            self.env["welfare.facility.transition"].with_user(officer).create(
                {
                    "facility_id": home.id,
                    "state": "accepted",
                    "date": "2019-10-31",
                    "reason": "区妇儿工委办验收",
                }
            ).action_apply()
        page = self._ask(officer, district, "2019-12-31")
        self.assertEqual(page["total"]["built"], 65)
        self.assertEqual((page["total"]["rate"], page["total"]["gap"]), ("76.47", 12))
        # The past stays what it was.
        page = self._ask(officer, district, "2018-12-31")
        self.assertEqual(page["total"]["rate"], "61.18")

        # The table goes to the leader, as paper and as a workbook, for both years.
        for day, figures in (
            ("2018-12-31", ("61.18", "52", "85", "25")),
            ("2019-12-31", ("76.47", "65", "85", "12")),
        ):
            pages = PdfReader(io.BytesIO(self._print(officer, "pdf", district, day)))
            text = "".join("".join(page.extract_text() for page in pages.pages).split())
            for figure in (*figures, "五华区", "普吉街道"):
                self.assertIn(figure, text)
            book = self._print(officer, "xlsx", district, day)
            sheet = openpyxl.load_workbook(io.BytesIO(book)).worksheets[0]
            totals = next(
                row
                for row in sheet.iter_rows(min_row=5, values_only=True)
                if row[0] is None
            )
            self.assertEqual(totals[4], 85)
            self.assertEqual(str(totals[8]), figures[0])
