import base64

from odoo.tests import HttpCase, tagged

from .common import (
    LEDGER_HEADING,
    WelfareCase,
    approve,
    decide,
    make_approvers,
    make_ledger,
)
from .test_welfare_facility_import import LEDGER, REGIONS, read_sample


@tagged("post_install", "-at_install")
class TestTours(WelfareCase, HttpCase):
    """What people do on the screen, in a real browser."""

    def _offer_file(self, name, content):
        """Put a file where a tour fetches it, as from the user's own disk."""
        self.env["ir.attachment"].create(
            {
                "name": name,
                "url": f"/welfare_facility/tour/{name}",
                "raw": content,
                "public": True,
            }
        )

    def _load_regions(self):
        self.env["welfare.region.import"].create(
            {
                "source": "list",
                "filename": REGIONS,
                "file": base64.b64encode(read_sample(REGIONS)),
            }
        ).action_load()
        return self.Region.search([("code", "=", "530102000000")])

    def test_region(self):
        """The administrator loads a list and mends a community."""
        self._offer_file("regions.xlsx", read_sample(REGIONS))
        self.start_tour("/odoo", "welfare_region", login=self.administrator.login)
        community = self.Region.search([("code", "=", "530102001007")])
        self.assertTrue(community.is_unit_community)
        self.assertEqual(community.unit_community_reason, "高校家属区")

    def test_audit(self):
        """The auditor reads who changed a facility, and how it stood before."""
        facility = self._create_facility(self.street_a, name="巡查之家")
        self.env.flush_all()
        facility.with_user(self.manager).write({"plan_year": 2019})
        self.start_tour("/odoo", "welfare_audit", login=self.auditor.login)

    def test_ledger_headings(self):
        """The facility manager explains a heading; it is remembered."""
        district = self._load_regions()
        officer = self._create_user("manager", district, login="tour_manager")
        heading = [*LEDGER_HEADING[:3], "进度", *LEDGER_HEADING[4:], "联系人"]
        row = ["华山街道", "翠湖西路社区", "530102001001", "已建成", "2018.5.1", 1, 1]
        content = make_ledger([[*row, "王某"]], heading=heading)
        self._offer_file("unknown.xlsx", content)
        self.start_tour("/odoo", "welfare_ledger_headings", login=officer.login)
        self.assertEqual(self.Facility.search_count([]), 1)
        mappings = self.env["welfare.import.mapping"].search([])
        self.assertEqual(set(mappings.mapped("heading")), {"进度", "联系人"})

    def test_ledger_import(self):
        """The facility manager brings the ledger in and reads the coverage."""
        district = self._load_regions()
        officer = self._create_user("manager", district, login="tour_manager")
        self._create_target(district, stated_value=62.2, stated_gap=33)
        self._offer_file("ledger.xls", read_sample(LEDGER))
        self.start_tour("/odoo", "welfare_ledger_import", login=officer.login)
        self.assertEqual(self.Facility.search_count([]), 65)

    def test_coverage(self):
        """The facility manager goes from the district down to what is lacking."""
        district = self._load_regions()
        officer = self._create_user("manager", district, login="tour_manager")
        self._create_target(
            district, stated_value=62.2, stated_gap=33, target_year=2020
        )
        ledger = self.env["welfare.facility.import"].with_user(officer)
        ledger._import_file(LEDGER, read_sample(LEDGER))
        self.start_tour("/odoo", "welfare_coverage", login=officer.login)

    def test_target(self):
        """The facility manager enters a target; an empty figure is not stated."""
        self.start_tour("/odoo", "welfare_target", login=self.manager.login)
        target = self.env["welfare.coverage.target"].search(
            [("region_id", "=", self.county_a.id)]
        )
        self.assertEqual((target.target_value, target.target_year), (90, 2020))
        self.assertTrue(target.is_stated, "0 is a figure")
        self.assertFalse(target.is_interim_stated, "empty is none")
        self.assertFalse(target.is_gap_stated)

    def test_standard(self):
        """The facility manager measures and checks; 11,200 m² on 400 beds are 28."""
        facility = self._create_institution(
            name="甲区儿童福利院", date_approved="2020-01-01"
        )
        self._measure(facility, area_building=11_200)
        self.start_tour("/odoo", "welfare_standard", login=self.manager.login)
        self.assertEqual(facility.compliance_ids.mapped("result"), ["not_met"])

    def test_fund(self):
        """The finance officer takes the ledger's money over, and ends the year."""
        district = self._load_regions()
        officer = self._create_user("finance", district, login="tour_finance")
        manager = self._create_user("manager", district, login="tour_manager")
        ledger = (
            self.env["welfare.facility.import"]
            .with_user(manager)
            .create(
                {
                    "filename": LEDGER,
                    "file": base64.b64encode(read_sample(LEDGER)),
                    "region_id": district.id,
                }
            )
        )
        ledger.action_check()
        ledger.action_apply()
        Grant, Carry = self.env["welfare.appropriation"], self.env["welfare.fund.carry"]
        number = [("number", "=", "五财行〔2019〕12号")]
        make_approvers(self.env, district)
        self.start_tour("/odoo", "welfare_fund_submit", login=officer.login)
        decide(Grant.search(number))
        self.start_tour("/odoo", "welfare_fund_register", login=officer.login)
        decide(Grant.search(number).adjustment_ids)
        self.start_tour("/odoo", "welfare_fund_adjust", login=officer.login)
        decide(Carry.search([]))
        self.start_tour("/odoo", "welfare_fund_carry", login=officer.login)
        approve(Grant.search([("number", "=", "五财行〔2015〕21号")])).action_register()
        self.start_tour("/odoo", "welfare_fund_draft", login=officer.login)
        decide(self.env["welfare.allotment"].search([]))
        self.start_tour("/odoo", "welfare_fund_allot", login=officer.login)
        accounts = self.env["welfare.fund.account"].search(
            [("region_id", "=", district.id)]
        )
        self.assertEqual(
            {account.year: account.available for account in accounts},
            {2015: 0, 2019: 0, 2020: 920_000},
        )
        self.assertEqual(accounts._find_differences(), [])

    def test_project(self):
        """The facility manager sees what a stage lacks, and plans the rest."""
        project = self._create_project(name="甲社区儿童之家装修")
        self.start_tour("/odoo", "welfare_project", login=self.manager.login)
        row = project.requirement_ids.filtered("number")
        self.assertEqual((row.number, row.user_id), ("示〔2019〕1号", self.manager))
        self.assertEqual(str(project.date_ids.date), "2019-09-30")
        self.assertEqual(project.state, "initiation")
