from odoo.exceptions import AccessError, UserError

from ..models.ledger_writer import LedgerWriter
from .common import make_ledger
from .test_welfare_facility_import import LEDGER, LedgerCase, read_sample

#: What differs between two records of the same content, and who computed it last.
OWN = {"id", "import_line_id", "create_date", "write_date", "write_uid"} | {
    "region_id",
    "name",
}


class TestLedgerWriter(LedgerCase):
    """What is written in sets is what the ORM would have written."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stored = [
            name
            for name, field in cls.Facility._fields.items()
            if field.store and field.column_type and name not in OWN
        ]

    def _row(self, number, state="已建成", date="2018-10-09", area=40.5, hours=10):
        names = {
            1: ("翠湖西路社区", "530102001001"),
            2: ("水晶宫社区", "530102001002"),
            3: ("五华山社区", "530102001003"),
        }
        return ["华山街道", *names[number], state, date, area, hours]

    def _apply(self, *rows, **vals):
        ledger = self._check(make_ledger(rows), "台账.xlsx", **vals)
        self.assertFalse(ledger.error_count, ledger.line_ids.mapped("message"))
        ledger.action_apply()
        return ledger

    def _columns(self, facilities):
        """Return what the database has of facilities, computed or not."""
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT to_jsonb(facility) FROM welfare_facility facility "
            "WHERE id = ANY(%s) ORDER BY id",
            [facilities.ids],
        )
        return [
            {name: row[0][name] or None for name in self.stored}
            for row in self.env.cr.fetchall()
        ]

    def test_as_the_orm(self):
        """Column by column, with defaults and computed fields."""
        self._apply(self._row(1), self._row(2, "2019年计划", "2018-12-31", "", ""))
        imported = self.Facility.search([("region_id", "child_of", self.district.id)])
        twins = (
            self.Facility.with_user(self.officer)
            .with_context(mail_notrack=True)
            .create(
                [
                    {
                        "name": "甲",
                        "type_id": self.home_type.id,
                        "region_id": self.Region.search(
                            [("code", "=", "530102001006")]
                        ).id,
                        "state": "operating",
                        "date_state": "2018-10-09",
                        "area_indoor": 40.5,
                        "hours_weekly": 10,
                    },
                    {
                        "name": "乙",
                        "type_id": self.home_type.id,
                        "region_id": self.Region.search(
                            [("code", "=", "530102001009")]
                        ).id,
                        "state": "planned",
                        "date_state": "2018-12-31",
                        "plan_year": 2019,
                    },
                ]
            )
        )
        self.assertEqual(self._columns(imported), self._columns(twins))

    def test_what_a_rule_forbids_is_not_written_in_sets(self):
        """A rule that a bureau adds by itself holds for the statements, too."""
        self.env["ir.rule"].create(
            {
                "name": "not in this street",
                "model_id": self.env["ir.model"]._get_id("welfare.facility"),
                "domain_force": "[('region_id.code', '!=', '530102001002')]",
            }
        )
        self._apply(self._row(1))
        ledger = self._check(make_ledger([self._row(2)]), "其他.xlsx")
        with self.assertRaises(AccessError), self.env.cr.savepoint():
            ledger.action_apply()
        self.assertEqual(ledger.state, "checked")
        self.assertFalse(self._home("530102001002"))

    def test_computed_fields(self):
        """The stored computed fields are what their methods compute."""
        ledger = self._check(read_sample(LEDGER))
        ledger.action_apply()
        row = self._row(1)
        change = make_ledger(
            [[*row, 1.25]],
            heading=(
                *("街道", "社区名称", "统计用区划代码", "状态", "建成时间"),
                *("室内面积（㎡）", "每周开放时间", "福彩公益金（万元）"),
            ),
        )
        self._check(change).action_apply()
        homes = self.Facility.search([("region_id", "child_of", self.district.id)])
        self.assertEqual(len(homes), 65)
        before = self._columns(homes)
        for name, field in self.Facility._fields.items():
            if field.store and field.compute:
                self.env.add_to_compute(field, homes)
                homes.mapped(name)
        self.assertEqual(self._columns(homes), before)
        self.assertEqual(self._home("530102001001").amount_total_stated, 53500)
        # What the ORM checks in Python holds, too.
        homes._validate_fields(self.Facility._fields)

    def test_history(self):
        """Each step of a state is an entry that names the row."""
        self._apply(self._row(1, "2018年计划", "2018-01-05", "", ""))
        second = self._apply(self._row(1, date="2018-10-09"))
        home = self._home("530102001001")
        self.assertEqual(
            home.status_ids.sorted("id").mapped("state"),
            ["planned", "accepted", "operating"],
        )
        self.assertEqual(
            set(home.status_ids.sorted("id")[1:].mapped("reason")),
            {second.line_ids.display_name},
        )
        self.assertEqual(home.status_ids.create_uid, self.officer)
        self.assertEqual(
            (home.state, home.date_state.isoformat()), ("operating", "2018-10-09")
        )
        self.assertEqual(home.import_line_id, second.line_ids)
        self.assertEqual(home.write_uid, self.officer)

    def test_corrected_day(self):
        """Corrected twice: the second correction points to the first."""
        self._apply(self._row(1))
        self._apply(self._row(1, date="2018-10-08"))
        self._apply(self._row(1, date="2018年"))
        home = self._home("530102001001")
        first, second, third = home.status_ids.sorted("id")
        self.assertEqual((second.corrects_id, third.corrects_id), (first, second))
        self.assertEqual(home.date_state.isoformat(), "2018-01-01")
        self.assertTrue(home.is_date_state_approximate)

    def test_day_before_the_former_state(self):
        """A day that cannot be is refused at the check, and not at the end."""
        self._apply(self._row(1, "2018年计划", "2018-05-05", "", ""))
        self._apply(self._row(1, date="2018-10-09"))
        ledger = self._check(make_ledger([self._row(1, date="2018-05-01")]))
        self.assertEqual(ledger.error_count, 1)

    def test_blank_cell_says_nothing(self):
        self._apply(self._row(1))
        ledger = self._apply(self._row(1, area="", hours=12))
        self.assertEqual(ledger.change_count, 1)
        home = self._home("530102001001")
        self.assertEqual((home.area_indoor, home.hours_weekly), (40.5, 12))

    def test_in_several_rounds(self):
        """Rows of all kinds, each written once, however the rounds fall."""
        self._apply(self._row(1), self._row(2, "2018年计划", "2018-05-05", "", ""))
        self.patch(LedgerWriter, "BATCH", 1)
        ledger = self._apply(
            self._row(1, area=50), self._row(2), self._row(3, "在建", "2018-06-06")
        )
        self.assertEqual((ledger.create_count, ledger.change_count), (1, 2))
        self.assertEqual(self._home("530102001001").area_indoor, 50)
        self.assertEqual(self._home("530102001002").state, "operating")
        self.assertEqual(self._home("530102001003").state, "under_construction")
        lines = ledger.line_ids
        self.assertEqual(
            lines.facility_id,
            self.Facility.search([("import_line_id", "in", lines.ids)]),
        )

    def test_reserved_number(self):
        """What the check reserves is nobody's before the ledger is applied."""
        rows = [self._row(1, "2019年计划", "2018-12-31", "", ""), self._row(2)]
        ledger = self._check(make_ledger(rows))
        planned, built = ledger.line_ids.sorted("row")
        self.assertFalse(planned.facility_id + built.facility_id)
        other = self._create_facility()
        self.assertNotIn(other.id, ledger.line_ids.mapped("facility_number"))
        ledger.action_apply()
        self.assertEqual(built.facility_id.id, built.facility_number)
        self.assertEqual(planned.facility_id, self._home("530102001001"))
        planned.facility_id.sudo().unlink()
        planned.invalidate_recordset()
        self.assertFalse(planned.facility_id)
        self.assertTrue(built.facility_id)

    def test_progress(self):
        said = []
        self.patch(LedgerWriter, "BATCH", 1)
        ledger = self._check(make_ledger([self._row(1), self._row(2)]))
        LedgerWriter(ledger).apply(progress=lambda *args: said.append(args))
        self.assertEqual(said, [(1, 2), (2, 2)])

    def test_screen_sets_no_values(self):
        """A default that a screen offers is not written into thousands of homes."""
        ledger = self._check(make_ledger([self._row(1)]))
        ledger.with_context(default_note="自屏幕").action_apply()
        home = self._home("530102001001")
        self.assertFalse(home.note)

    def test_register_changed(self):
        """Any change of what was compared asks for a new check."""
        self._apply(self._row(1))
        community = self.Region.search([("code", "=", "530102001002")])
        for change in (
            lambda: self._home("530102001001").write({"area_indoor": 41}),
            lambda: self._home("530102001001")._set_state("suspended"),
            lambda: community.write(
                {"is_unit_community": True, "unit_community_reason": "家属区"}
            ),
        ):
            with self.subTest(), self.cr.savepoint(flush=False):
                ledger = self._check(make_ledger([self._row(1, area=50), self._row(2)]))
                change()
                with self.assertRaises(UserError):
                    ledger.action_apply()

    def test_other_changes_do_not_matter(self):
        self._apply(self._row(1))
        ledger = self._check(make_ledger([self._row(1, area=50)]))
        self._home("530102001001").photo_ids = [(5, 0, 0)]
        self._create_facility()
        ledger.action_apply()
        self.assertEqual(self._home("530102001001").area_indoor, 50)
