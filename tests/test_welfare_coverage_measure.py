import json
from datetime import date

from odoo.exceptions import AccessError, UserError
from odoo.service.model import call_kw
from odoo.tests import freeze_time
from odoo.tools import mute_logger

from .test_welfare_coverage_target import CoverageCase

END_OF_2018 = "2018-12-31"


@freeze_time("2020-01-10")
class TestCoveragePage(CoverageCase):
    """What the page “Coverage by Region” gets."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Measure = cls.env["welfare.coverage.measure"]
        cls.officer = cls._create_user("auditor", regions=cls.wuhua, login="test_page")

    def _get_page(self, region=None, user=None, **choice):
        """Ask as the browser does; what comes back can be sent."""
        choice = {"date": END_OF_2018, **choice}
        if region is not False:
            choice["region_id"] = (region or self.wuhua).id
        Measure = self.Measure.with_user(user or self.officer)
        page = call_kw(Measure, "get_coverage_page", [], choice)
        return json.loads(json.dumps(page))

    def _list(self, status=None, **choice):
        page = self._get_page(status=status, **choice)
        return [line["id"] for line in page["communities"]["lines"]]

    # === FIGURES === #

    def test_the_region_and_its_parts(self):
        self._create_target(target_year=2020)
        page = self._get_page()
        self.assertEqual(page["region"]["name"], "五华区")
        self.assertEqual(
            page["total"],
            {
                "total": 92,
                "excluded": 7,
                "denominator": 85,
                "built": 52,
                "planned": 13,
                "missing": 33,
                "rate": "61.18",
                "gap": 25,
            },
        )
        self.assertEqual(
            [
                (part["id"], part["denominator"], part["built"], part["gap"])
                for part in page["parts"]
            ],
            [
                (self.streets[0].id, 16, 16, 0),
                (self.streets[1].id, 23, 23, 0),
                (self.streets[2].id, 23, 13, 8),
                (self.streets[3].id, 23, 0, 21),
            ],
        )
        for figure in ("92", "7", "85", "52", "61.18"):
            self.assertIn(figure, page["formula"])

    def test_parts_add_up_at_every_level(self):
        admin = self._create_user(
            "administrator", regions=self.province, login="test_all"
        )
        for region in (self.province, self.prefecture, self.wuhua):
            page = self._get_page(region, user=admin)
            for key in ("total", "excluded", "denominator", "built", "missing"):
                self.assertEqual(
                    sum(part[key] for part in page["parts"]), page["total"][key], key
                )
            self.assertEqual(page["total"]["built"], 52)

    def test_going_down_the_tree(self):
        """From the prefecture to the communities of a street, by the page's own ids."""
        user = self._create_user("manager", regions=self.prefecture, login="test_down")
        page = self._get_page(self.prefecture, user=user)
        (district,) = (part for part in page["parts"] if part["name"] == "五华区")
        page = self._get_page(self.Region.browse(district["id"]), user=user)
        self.assertEqual(page["total"]["built"], district["built"])
        street = page["parts"][2]
        page = self._get_page(self.Region.browse(street["id"]), user=user)
        self.assertEqual(page["total"]["built"], street["built"])
        self.assertEqual(page["parts"], [])
        self.assertEqual(len(page["communities"]["lines"]), 23)
        self.assertEqual(
            [step["name"] for step in page["path"]],
            ["试验市", "五华区", street["name"]],
        )
        page = self._get_page(
            self.Region.browse(page["communities"]["lines"][0]["id"]), user=user
        )
        self.assertEqual(page["total"]["total"], 1)

    def test_any_day_can_be_asked(self):
        self._build_funded()
        for day, built in (
            ("2015-12-31", 0),
            ("2018-05-31", 0),
            (END_OF_2018, 52),
            ("2019-12-31", 65),
        ):
            self.assertEqual(self._get_page(date=day)["total"]["built"], built, day)

    def test_today_is_the_day_when_none_is_asked(self):
        page = self._get_page(date=None)
        self.assertEqual(page["date"], "2020-01-10")

    def test_a_user_begins_with_the_own_region(self):
        page = self._get_page(False)
        self.assertEqual(page["region"]["id"], self.wuhua.id)
        self.assertEqual(page["own_region_ids"], self.wuhua.ids)

    def test_a_user_without_regions_is_told(self):
        nobody = self._create_user("auditor", login="test_nowhere")
        self.assertFalse(self._get_page(False, user=nobody)["region"])

    def test_a_county_without_communities(self):
        page = self._get_page(self._create_region(self.wuhua))
        self.assertFalse(page["total"]["rate"])
        self.assertEqual(page["communities"]["lines"], [])

    def test_the_target_from_above_is_named(self):
        self._create_target(self.wuhua, target_year=2020)
        page = self._get_page(self.streets[3])
        self.assertEqual(page["target"]["region"], "五华区")
        self.assertEqual(page["total"]["gap"], 21)
        self.assertFalse(self._get_page()["target"]["region"])

    def test_a_target_that_the_user_may_not_read_is_not_used(self):
        self._create_target(self.prefecture)
        page = self._get_page()
        self.assertFalse(page["target"])
        self.assertIs(page["total"]["gap"], False)

    def test_the_document_is_compared_on_its_own_day(self):
        self._create_target(stated_value=62.2, stated_gap=33)
        self.assertIn("62.2", self._get_page()["target"]["flag_reason"])
        self.assertFalse(self._get_page(date="2019-12-31")["target"]["flag_reason"])

    def test_what_is_planned_is_said(self):
        self.funded.plan_year = 2019
        self._create_target(target_year=2020)
        forecast = self._get_page()["target"]["forecast"]
        for figure in ("65", "76.47", "12"):
            self.assertIn(figure, forecast)

    # === COMMUNITIES === #

    def test_the_communities_of_each_status(self):
        for status, communities in (
            ("missing", self.funded.region_id + self.without),
            ("planned", self.funded.region_id),
            ("built", self.built.region_id),
            ("excluded", self.unit_communities),
        ):
            self.assertEqual(self._list(status), communities.ids, status)

    def test_a_community_says_what_it_has(self):
        self.funded.plan_year = 2019
        page = self._get_page(self.streets[2])
        lines = {line["id"]: line for line in page["communities"]["lines"]}
        built, funded = self.built[-1], self.funded[0]
        self.assertEqual(
            lines[built.region_id.id]["facility"],
            {"id": built.id, "name": built.name},
        )
        self.assertEqual(lines[built.region_id.id]["since"], "2018-06-01")
        self.assertEqual(lines[built.region_id.id]["status"], "built")
        self.assertEqual(lines[funded.region_id.id]["status"], "planned")
        self.assertEqual(lines[funded.region_id.id]["plan_year"], 2019)

    def test_what_is_left_out_says_why(self):
        (line, *_others) = self._get_page(status="excluded")["communities"]["lines"]
        self.assertEqual(line["reason"], "单位型社区")

    def test_a_closed_home_is_lacking_and_shown(self):
        home = self.built[0]
        home._set_state(
            "closed", date=date(2018, 9, 1), reason="撤并", fate="transferred"
        )
        page = self._get_page(status="missing")
        line = page["communities"]["lines"][0]
        self.assertEqual(line["id"], home.region_id.id)
        self.assertEqual(line["status"], "missing")
        self.assertEqual(line["facility"]["id"], home.id)
        self.assertEqual(line["since"], "2018-09-01")

    def test_the_state_is_that_of_the_day(self):
        self._build_funded()
        before = self._get_page(status="planned")["communities"]["lines"]
        self.assertEqual(len(before), 13)
        after = self._get_page(status="built", date="2019-12-31")["communities"]
        self.assertEqual(len(after["lines"]), 65)

    def test_long_lists_come_in_pieces(self):
        self._create_communities(self.streets[3], 120)
        first = self._get_page(status="missing")["communities"]
        self.assertTrue(first["has_more"])
        rest = self._get_page(status="missing", offset=len(first["lines"]))
        rest = rest["communities"]
        self.assertFalse(rest["has_more"])
        ids = [line["id"] for line in first["lines"] + rest["lines"]]
        self.assertEqual(len(set(ids)), 33 + 120)

    def test_an_unknown_status_lists_all(self):
        self.assertEqual(len(self._list("x' OR 1=1 --")), 92)

    # === WHO SEES IT === #

    def test_each_role_sees_the_same(self):
        for role, user in self.user_by_role.items():
            user.welfare_region_ids = self.wuhua
            with self.subTest(role=role):
                self.assertEqual(self._get_page(user=user)["total"]["rate"], "61.18")

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_a_foreign_region_is_refused(self):
        """To each role, above and beside the own regions; to the administrator too."""
        for role, user in self.user_by_role.items():
            for region in (self.wuhua, self.prefecture, self.province):
                with self.subTest(role=role), self.assertRaises(AccessError):
                    self._get_page(region, user=user)

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_an_employee_without_a_role_is_refused(self):
        stranger = self._create_user(None, regions=self.wuhua)
        with self.assertRaises(AccessError):
            self._get_page(user=stranger)

    def test_what_is_no_day_or_measure_is_said(self):
        stated = self.Measure.create({"name": "x", "code": "test_stated"})
        for choice in (
            {"date": "2018-13-45"},
            {"date": "gestern"},
            {"measure_id": stated.id},
            {"measure_id": 10**9},
            {"measure_id": "x"},
        ):
            with self.subTest(**choice), self.assertRaises(UserError):
                self._get_page(**choice)

    # === EFFORT === #

    def test_few_queries_whatever_the_size(self):
        self._create_target(target_year=2020)
        self._get_page()
        counts = []
        for number in (0, 40):
            for _index in range(number):
                street = self._create_region(self.wuhua)
                self._create_homes(self._create_communities(street, 3))
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._get_page()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
        self.assertLessEqual(counts[0], 30)
