import base64
from datetime import date

from .common import WelfareCase, make_ledger

HEADING = (
    "机构名称",
    "机构类型",
    "数据日期",
    "立项批复日期",
    "核定床位",
    "开放床位",
    "入住床位",
    "建筑面积（㎡）",
    "用地面积（亩）",
    "室外活动场地面积（公顷）",
    "生活用房面积（㎡）",
    "生活用房间数",
)
ROW = ("甲区儿童福利院", "儿童福利院", "2024-12-31", "2021-03-01")
ROW += (400, 400, 360, 14_000, 16.8, 0.2, 6_000, 120)


class TestInstitutionImport(WelfareCase):
    """Institutions with beds, rooms and areas come in through the ledger import."""

    def _check(self, rows=(ROW,), heading=HEADING, **vals):
        record = (
            self.env["welfare.facility.import"]
            .with_user(self.manager)
            .create(
                {
                    "filename": "福利机构.xlsx",
                    "region_id": self.county_a.id,
                    "file": base64.b64encode(make_ledger(rows, heading=heading)),
                    **vals,
                }
            )
        )
        record.action_check()
        return record

    def _change(self, **cells):
        row = list(ROW)
        for heading, value in cells.items():
            row[[each.split("（")[0] for each in HEADING].index(heading)] = value
        return tuple(row)

    def _messages(self, record):
        return "\n".join(record.line_ids.filtered("message").mapped("message"))

    def test_a_new_institution(self):
        record = self._check()
        self.assertEqual(record.create_count, 1, self._messages(record))
        self.assertFalse(record.error_count)
        record.action_apply()
        facility = self.Facility.search([("name", "=", "甲区儿童福利院")])
        self.assertEqual(facility.region_id, self.county_a)
        self.assertEqual(facility.date_approved, date(2021, 3, 1))
        self.assertEqual(facility.import_line_id.import_id, record)
        values = {
            row.metric_id.code: (row.value, row.room_count)
            for row in facility.measurement_ids
        }
        self.assertEqual(
            values,
            {
                "beds_approved": (400, 0),
                "beds_open": (400, 0),
                "beds_occupied": (360, 0),
                "area_building": (14_000, 0),
                "area_site": (11_200, 0),
                "area_outdoor": (2_000, 0),
                "room_living": (6_000, 120),
            },
        )

    def test_the_same_file_twice_adds_nothing(self):
        self._check().action_apply()
        facility = self.Facility.search([("name", "=", "甲区儿童福利院")])
        before = facility.measurement_ids
        again = self._check()
        self.assertEqual((again.create_count, again.change_count), (0, 0))
        self.assertEqual(again.unchanged_count, 1)
        again.action_apply()
        facility.invalidate_recordset()
        self.assertEqual(facility.measurement_ids, before)

    def test_a_later_year_adds_and_another_figure_corrects(self):
        self._check().action_apply()
        facility = self.Facility.search([("name", "=", "甲区儿童福利院")])
        count = len(facility.measurement_ids)
        self._check([self._change(数据日期="2025-12-31", 入住床位=380)]).action_apply()
        self.assertEqual(len(facility.measurement_ids), 2 * count)
        record = self._check([self._change(入住床位=350)])
        self.assertEqual(record.change_count, 1)
        self.assertIn("360.00 → 350.00", self._messages(record))
        record.action_apply()
        corrected = facility.measurement_ids.filtered("is_corrected")
        self.assertEqual(corrected.amount, 360)
        self.assertEqual(corrected.correction_ids.amount, 350)

    def test_bad_rows_are_refused_in_words(self):
        for row, words in (
            (self._change(入住床位=401), "401 beds are occupied and only 400 are open"),
            (self._change(建筑面积=0), "An area of 0 is none"),
            (self._change(数据日期="2099-01-01"), "has not come yet"),
            (self._change(机构类型="学校"), "no type"),
            (self._change(核定床位=2.5), "whole numbers"),
            (self._change(数据日期=None), "on which day"),
        ):
            with self.subTest(words):
                record = self._check([row])
                self.assertEqual(record.error_count, 1)
                self.assertIn(words, self._messages(record))

    def test_a_name_twice(self):
        self.assertEqual(self._check([ROW, ROW]).error_count, 1)

    def test_beside_a_ledger_of_homes(self):
        home = (
            "甲区一街道",
            "甲社区",
            self.community_a.code,
            "已建成",
            "2018.5.1",
            60,
            40,
        )
        content = make_ledger([home], more=[("福利机构", [HEADING, ROW])])
        record = self._check(file=base64.b64encode(content))
        self.assertEqual(record.create_count, 2, self._messages(record))
        record.action_apply()
        self.assertEqual(
            set(self.Facility.search([]).type_id.mapped("code")),
            {"children_home", "welfare_institution"},
        )
