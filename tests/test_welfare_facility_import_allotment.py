from decimal import Decimal

from psycopg2.errors import UniqueViolation

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from ..models.welfare_fund_account import Line, Posting
from .common import approve, make_ledger, reverse
from .test_welfare_facility_import import LEDGER, LedgerCase, read_sample

HEADING = (
    *("街道", "社区名称", "统计用区划代码", "状态", "建成时间"),
    *("区级财政（元）", "市级福彩公益金（元）"),
)
FUND_HEADING = ("年度", "资金来源", "文号", "下达日期", "金额（元）", "摘要")
DISTRICT, LOTTERY = "区级财政", "市级福彩公益金"


class SheetCase(LedgerCase):
    """五华区 with a finance officer of its own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.finance = cls._create_user("finance", cls.district, login="wuhua_finance")
        cls.Allotment = cls.env["welfare.allotment"]
        cls.county = cls.env.ref("welfare_facility.fund_source_county")
        cls.lottery = cls.env.ref("welfare_facility.fund_source_lottery_prefecture")

    def _create_norm(self, **vals):
        return self.env["welfare.fund.norm"].create(
            {
                "source_id": self.lottery.id,
                "facility_type_id": self.home_type.id,
                "amount": 50_000,
                "date_from": "2017-01-01",
                "date_to": "2019-12-31",
                "source": "市级文件",
                "is_verified": True,
                **vals,
            }
        )

    def _import(self, homes, funds):
        """Apply a ledger of few rows.

        :param homes: code, state, day, district budget and lottery fund.
        :param funds: year, source, number, day and amount, and perhaps a summary.
        """
        places = {
            region.code: region
            for region in self.Region.search([("code", "in", [h[0] for h in homes])])
        }
        rows = [
            (places[code].parent_id.name, places[code].name, code, *rest)
            for code, *rest in homes
        ]
        ledger = self._check(
            make_ledger(rows, HEADING, more=[("资金台账", [FUND_HEADING, *funds])]),
            "台账.xlsx",
            date="2018-12-31",
        )
        self.assertFalse(ledger.error_count, ledger._describe_result())
        ledger.action_apply()
        return ledger

    def _register(self, ledger):
        """Have the funding rows of an applied ledger registered, with approval."""
        ledger.with_user(self.finance).action_register_funds()
        grants = ledger.fund_ids.appropriation_id.with_user(self.finance)
        for grant in grants.filtered("source_id.purpose_ids"):
            grant.purpose_ids = grant.source_id.purpose_ids[0]
        approve(grants.filtered(lambda g: g.state == "draft")).action_register()
        self.env.invalidate_all()
        adjustments = ledger.fund_ids.adjustment_id.with_user(self.finance)
        if adjustments:
            approve(adjustments).action_post()
        self.env.invalidate_all()

    def _draft(self, ledger, user=None):
        """Press the button; return the drafts that were made by it."""
        before = self.Allotment.search([])
        ledger.with_user(user or self.finance).action_draft_allotments()
        self.env.invalidate_all()
        return self.Allotment.search([]) - before

    def _row(self, ledger, number):
        rows = ledger.fund_ids.filtered(lambda row: row.number == number)
        return rows.with_user(self.finance)

    def assertOpen(self, row, *words):
        """The row says in words why nothing is drafted."""
        self.assertFalse(row.is_allottable)
        for word in words:
            self.assertIn(word, row.allotment_note)


class TestSheetScenario(SheetCase):
    def test_the_ledger_of_the_district(self):
        """Import, register, draft, approve, post: the homes have their money."""
        self._create_norm()
        content = read_sample(LEDGER)
        ledger = self._check(content)
        ledger.action_apply()
        row = self._row(ledger, "五财行〔2015〕21号")
        self.assertOpen(row, "becomes an appropriation")
        self._register(ledger)
        self.assertTrue(row.is_allottable)
        self.assertIn("19", row.allotment_note)
        self.assertIn("700,000", row.allotment_note)
        self.assertEqual(ledger.with_user(self.finance).allottable_count, 5)

        drafts = self._draft(ledger)
        self.assertEqual(set(drafts.mapped("state")), {"draft"})
        self.assertEqual(drafts.create_uid, self.finance)
        self.assertEqual(drafts.import_id, ledger)
        by_key = {(draft.source_id, draft.account_id.year): draft for draft in drafts}
        self.assertEqual(
            {
                key: (draft.home_count, Decimal(str(draft.amount_total)))
                for key, draft in by_key.items()
            },
            {
                (self.county, 2015): (19, 700_000),
                (self.county, 2016): (11, 400_000),
                (self.county, 2017): (11, 400_000),
                (self.county, 2018): (11, 400_000),
                (self.lottery, 2017): (3, 150_000),
            },
        )
        # What the sheet says of each home, whatever the year: nobody twice, and of the
        # district's money nothing is left over.
        of_county = drafts.filtered(lambda draft: draft.source_id == self.county)
        homes = self.Facility.search([("amount_district_stated", ">", 0)])
        self.assertEqual(len(of_county.line_ids), 52)
        self.assertEqual(
            {line.facility_id: line.amount for line in of_county.line_ids},
            {home: home.amount_district_stated for home in homes},
        )
        for draft in drafts:
            for line in draft.line_ids:
                day = line.facility_id.date_state
                self.assertEqual(day.year, draft.account_id.year)
        lottery = by_key[self.lottery, 2017]
        self.assertEqual(set(lottery.line_ids.mapped("amount")), {50_000})
        self.assertTrue(lottery.norm_id)
        self.assertFalse(of_county.norm_id)

        # What does not add up is said, and left to a person.
        for number, words in {
            "昆民〔2018〕73号": (": 1,", "50,000", "150,000", "by hand"),
            "昆民〔2019〕41号": ("no home", "2019", "by hand"),
            "五财行〔2019〕12号": ("no home", "2019", "by hand"),
            "五财行〔2019〕57号": ("no home", "2019", "by hand"),
        }.items():
            with self.subTest(number=number):
                self.assertOpen(self._row(ledger, number), *words)
        self.assertIn("Draft", row.allotment_note)
        self.assertFalse(ledger.with_user(self.finance).allottable_count)
        self.assertFalse(self._draft(ledger), "nothing is made twice")

        # A draft as any other: nothing is posted by itself, nor without approval.
        home = lottery.line_ids[0].facility_id
        self.assertFalse(home.amount_received)
        with self.assertRaises(UserError):
            lottery.with_user(self.finance).action_post()
        approve(lottery.with_user(self.finance)).action_post()
        self.assertEqual(lottery.state, "posted")
        self.assertFalse(lottery.is_deviation)
        self.assertTrue(all(lottery.line_ids.mapped("is_norm_taken")))
        self.env.invalidate_all()
        self.assertEqual(home.amount_received, 50_000)
        self.assertFalse(lottery.account_id.available)
        self.assertEqual(self.env["welfare.fund.account"]._find_differences(), [])
        self.assertIn("Posted", self._row(ledger, "昆民〔2017〕88号").allotment_note)

        # The same ledger once more is another import of the same documents.
        again = self._check(
            make_ledger(
                [("华山街道", "翠湖西路社区", "530102001001", "已建成", "2018-10-09")],
                HEADING[:5],
                more=[
                    (
                        "资金台账",
                        [
                            FUND_HEADING,
                            (2015, DISTRICT, "五财行〔2015〕21号", "", 700_000, ""),
                            (2020, DISTRICT, "五财行〔2020〕1号", "2020-02-01", 5, ""),
                        ],
                    )
                ],
            ),
            "台账.xlsx",
        )
        again.action_apply()
        self.assertOpen(self._row(again, "五财行〔2015〕21号"), "Draft")
        self.assertFalse(self._draft(again))


class TestSheet(SheetCase):
    """What is drafted, what is not, and who may."""

    HOMES = (
        ("530102001001", "已建成", "2017-03-01", 300_000.1, 50_000),
        ("530102001002", "已建成", "2017-09-30", 99_999.9, 50_000),
    )
    GRANT = (2017, DISTRICT, "甲〔2017〕1号", "2017-03-15", 400_000)
    LOTTERY = (2017, LOTTERY, "甲〔2017〕2号", "2017-08-01", 100_000)

    def test_to_the_fen(self):
        codes = iter(
            self.Region.search(
                [
                    ("id", "child_of", self.district.id),
                    ("level", "=", "village"),
                    ("is_unit_community", "=", False),
                ]
            ).mapped("code")
        )
        for year, amount in ((2015, 400_000), (2016, 400_000.01), (2017, 399_999.99)):
            with self.subTest(amount=amount):
                ledger = self._import(
                    [
                        (next(codes), "已建成", f"{year}-05-01", 300_000.1, ""),
                        (next(codes), "已建成", f"{year}-06-01", 99_999.9, ""),
                    ],
                    [(year, DISTRICT, f"甲{year}号", f"{year}-02-01", amount)],
                )
                self._register(ledger)
                self.assertEqual(ledger.fund_ids.is_allottable, amount == 400_000)

    def test_adjustments_count(self):
        """A grant of 300,000 and 100,000 more is what the homes add up to."""
        ledger = self._import(
            self.HOMES,
            [
                (2017, DISTRICT, "甲1号", "2017-03-15", 300_000),
                (2017, DISTRICT, "甲2号", "2017-05-15", 100_000, "追加建设经费"),
            ],
        )
        finance = ledger.with_user(self.finance)
        finance.action_register_funds()
        grant, supplement = ledger.fund_ids
        approve(grant.appropriation_id.with_user(self.finance)).action_register()
        self.env.invalidate_all()
        finance.action_register_funds()
        self.env.invalidate_all()
        # The supplement is a draft yet: the grant is not what it is going to be.
        self.assertOpen(grant, "甲2号", "not posted")
        self.assertFalse(self._draft(ledger))
        approve(supplement.adjustment_id.with_user(self.finance)).action_post()
        self.env.invalidate_all()
        self.assertTrue(grant.is_allottable and supplement.is_allottable)
        # Either row makes the draft of the one document.
        draft = self._draft(ledger)
        self.assertEqual(draft.amount_total, 400_000)
        self.assertEqual(draft.import_fund_id, grant)

    def test_row_by_row(self):
        ledger = self._import(self.HOMES, [self.GRANT, self.LOTTERY])
        self._register(ledger)
        row = self._row(ledger, "甲〔2017〕2号")
        row.action_draft_allotments()
        draft = self.Allotment.search([("import_fund_id", "in", ledger.fund_ids.ids)])
        self.assertEqual(draft.import_fund_id, row)
        self.assertEqual(draft.source_id, self.lottery)

    def test_what_is_not_built_does_not_count(self):
        """Neither a home that is planned, nor one without a day of its own."""
        ledger = self._import(
            [
                ("530102001001", "已建成", "2018-12-31", 100, ""),
                ("530102001002", "已建成", "", 100, ""),
                ("530102001003", "在建", "2018-12-31", 100, ""),
            ],
            [(2018, DISTRICT, "甲1号", "2018-03-15", 300)],
        )
        self._register(ledger)
        self.assertOpen(ledger.fund_ids, ": 1,", "100.00", "300.00")
        # The register itself has taken the sheet's day for the second one.
        self.assertEqual(self._home("530102001002").date_state.year, 2018)

    def test_what_the_register_has_already(self):
        """The sheet counts, not what applying it changed."""
        first = self._import(self.HOMES, [])
        homes = [*self.HOMES, ("530102001003", "已建成", "2016-01-01", 7, "")]
        ledger = self._import(homes, [self.GRANT])
        self.assertEqual((first.create_count, ledger.unchanged_count), (2, 2))
        # What somebody writes into the register later is not the ledger's word.
        self._home("530102001001").amount_district_stated = 1
        self._register(ledger)
        self.assertEqual(self._draft(ledger).amount_total, 400_000)

    def test_two_documents_of_a_source_and_year(self):
        """Both come to what the homes add up to: which one is theirs?"""
        other = (*self.GRANT[:2], "甲〔2017〕9号", *self.GRANT[3:])
        ledger = self._import(self.HOMES, [self.GRANT, other])
        self._register(ledger)
        self.assertOpen(ledger.fund_ids[0], "甲〔2017〕9号", "by hand")
        self.assertOpen(ledger.fund_ids[1], "甲〔2017〕1号", "by hand")
        self.assertFalse(self._draft(ledger))

    def test_a_row_that_is_still_open(self):
        """A row without a day may be of the same money."""
        ledger = self._import(
            self.HOMES, [self.GRANT, (2017, "区财政", "甲〔2017〕9号", "", 1)]
        )
        self._register(ledger)
        self.assertOpen(ledger.fund_ids[0], "甲〔2017〕9号")
        self.assertOpen(ledger.fund_ids[1], "becomes an appropriation")

    def test_a_source_without_a_column(self):
        ledger = self._import(
            self.HOMES, [(2017, "省级福彩公益金", "甲1号", "2017-03-15", 100_000)]
        )
        self._register(ledger)
        self.assertOpen(ledger.fund_ids, "no column", "province")
        # A column of two sources tells of neither.
        column = self.env.ref("welfare_facility.import_column_facility_amount_lottery")
        column.synonyms += "\n省级福彩公益金"
        self.env.invalidate_all()
        self.assertOpen(ledger.fund_ids, "no column")

    def test_states_of_the_document(self):
        ledger = self._import(self.HOMES, [self.GRANT])
        row = ledger.fund_ids.with_user(self.finance)
        ledger.with_user(self.finance).action_register_funds()
        self.env.invalidate_all()
        self.assertOpen(row, "Draft", "registered")
        grant = row.appropriation_id
        approve(grant).action_register()
        self.env.invalidate_all()
        self.assertTrue(row.is_allottable)
        approve(grant, state_reason="已办结").action_close()
        self.env.invalidate_all()
        self.assertOpen(row, "Closed")

    def test_what_is_allotted_already(self):
        """By hand, in whatever state; what was reversed or deleted is free again."""
        ledger = self._import(self.HOMES, [self.GRANT])
        self._register(ledger)
        row = ledger.fund_ids.with_user(self.finance)
        by_hand = self.Allotment.with_user(self.finance).create(
            {
                "number": "下达1号",
                "account_id": row.appropriation_id.account_ids.id,
                "date": "2017-06-01",
                "line_ids": [
                    (0, 0, {"facility_id": home.id, "amount": 200_000})
                    for home in self.Facility.search([])
                ],
            }
        )
        self.env.invalidate_all()
        self.assertOpen(row, "下达1号", "Draft")
        approve(by_hand).action_post()
        self.env.invalidate_all()
        self.assertOpen(row, "下达1号", "Posted")
        reverse(by_hand.sudo(), date="2017-07-01")
        self.env.invalidate_all()
        self.assertTrue(row.is_allottable)
        draft = self._draft(ledger)
        draft.with_user(self.finance).unlink()
        self.env.invalidate_all()
        self.assertTrue(row.is_allottable)
        draft = self._draft(ledger)
        approve(draft.with_user(self.finance)).action_post()
        reverse(draft)
        self.env.invalidate_all()
        self.assertEqual(len(self._draft(ledger)), 1)

    def test_what_could_not_be_posted(self):
        """Money that is not there any more, and a year that is closed."""
        ledger = self._import(self.HOMES, [self.GRANT])
        self._register(ledger)
        row = ledger.fund_ids.with_user(self.finance)
        account = row.appropriation_id.account_ids
        reserve = Posting(
            "test,sheet",
            [Line(account, "reserve", Decimal("0.01"))],
            account.appropriation_id,
            fields.Date.to_date("2017-06-01"),
        )
        entry = account._post([reserve]).sudo()
        self.env.invalidate_all()
        self.assertOpen(row, "399,999.99 left")
        release = reserve._replace(
            key="test,sheet,release",
            lines=[Line(account, "release", Decimal("0.01"), resolves=entry)],
        )
        account._post([release])
        self.env.invalidate_all()
        self.assertTrue(row.is_allottable)
        year = self.env["welfare.fiscal.year"].search([("year", "=", 2017)])
        approve(year).action_close()
        self.env.invalidate_all()
        self.assertOpen(row, "2017", "closed")
        self.assertFalse(self._draft(ledger))

    def test_a_home_that_went_elsewhere(self):
        """It lies in another district now, whose money this is not."""
        ledger = self._import(self.HOMES, [self.GRANT])
        self._register(ledger)
        self._home("530102001001").region_id = self.community_b
        self.env.invalidate_all()
        row = ledger.fund_ids.with_user(self.finance)
        self.assertOpen(row, self.district.name)
        self.assertNotIn(self.community_b.name, row.allotment_note)

    def test_the_norm(self):
        """A home that has taken it elsewhere is named, and so is another amount."""
        self._create_norm()
        ledger = self._import(self.HOMES, [self.GRANT, self.LOTTERY])
        self._register(ledger)
        row = self._row(ledger, "甲〔2017〕2号")
        self.assertTrue(row.is_allottable)
        home = self._home("530102001001")
        elsewhere = self.env["welfare.appropriation"].create(
            {
                "number": "另1号",
                "year": 2018,
                "date": "2018-03-01",
                "source_id": self.lottery.id,
                "region_id": self.district.id,
                "amount_initial": 50_000,
                "purpose_ids": self.lottery.purpose_ids[0].ids,
            }
        )
        approve(elsewhere).action_register()
        other = self.Allotment.with_user(self.finance).create(
            {
                "number": "下达1号",
                "account_id": elsewhere.account_ids.id,
                "date": "2018-06-01",
                "norm_id": self._create_norm().id,
                "line_ids": [(0, 0, {"facility_id": home.id, "amount": 50_000})],
            }
        )
        self.env.invalidate_all()
        self.assertOpen(row, home.name, "下达1号", "about to")
        approve(other).action_post()
        self.env.invalidate_all()
        self.assertOpen(row, home.name, "下达1号", "already")
        self.assertEqual(len(self._draft(ledger)), 1, "that of the district's money")

    def test_another_amount_than_the_norm(self):
        self._create_norm(amount=49_999)
        ledger = self._import(self.HOMES, [self.LOTTERY])
        self._register(ledger)
        self.assertOpen(ledger.fund_ids, "49,999")
        self.assertFalse(self._draft(ledger))

    def test_no_norm_in_force(self):
        self._create_norm(date_from="2018-01-01")
        ledger = self._import(self.HOMES, [self.LOTTERY])
        self._register(ledger)
        self.assertFalse(self._draft(ledger).norm_id)

    def test_who_may(self):
        ledger = self._import(self.HOMES, [self.GRANT])
        with self.assertRaises(UserError):
            self._check(make_ledger()).with_user(self.finance).action_draft_allotments()
        self._register(ledger)
        for role in ("procurement", "manager", "approver", "auditor", "administrator"):
            user = self._create_user(role, self.district, login=f"wuhua_2_{role}")
            with self.subTest(role=role):
                for records in (ledger, ledger.fund_ids):
                    with self.assertRaises(AccessError):
                        records.with_user(user).action_draft_allotments()
                # Who reads the funds reads what can be done with them.
                self.assertTrue(ledger.fund_ids.with_user(user).allotment_note)
        stranger = self._create_user("finance", self.county_a, login="stranger")
        for records in (ledger, ledger.fund_ids):
            with self.assertRaises(AccessError):
                records.with_user(stranger).action_draft_allotments()
        self.assertFalse(self.Allotment.search([]))
        # A street's officer sees neither the district's ledger nor its draft.
        street = self.district.child_ids[0]
        below = self._create_user("finance", street, login="street")
        draft = self._draft(ledger)
        self.assertFalse(self.Allotment.with_user(below).search([]))
        with self.assertRaises(AccessError):
            draft.with_user(below).read(["number"])

    def test_the_mark_is_not_forged(self):
        """Where a draft comes from is written by the action alone, and once."""
        ledger = self._import(self.HOMES, [self.GRANT])
        self._register(ledger)
        row = ledger.fund_ids
        vals = {
            "number": "下达1号",
            "account_id": row.appropriation_id.account_ids.id,
            "date": "2017-06-01",
        }
        Allotment = self.Allotment.with_user(self.finance)
        with self.assertRaises(UserError):
            Allotment.create({**vals, "import_fund_id": row.id})
        by_default = Allotment.with_context(default_import_fund_id=row.id).create(vals)
        self.assertFalse(by_default.import_fund_id)
        by_default.unlink()
        self.env.invalidate_all()
        draft = self._draft(ledger)
        for user in (self.finance, self.env.ref("base.user_admin")):
            with self.assertRaises(UserError):
                draft.with_user(user).sudo().write({"import_fund_id": False})
        self.assertFalse(draft.copy().import_fund_id)
        other = draft.copy()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(UniqueViolation),
            self.cr.savepoint(),
        ):
            other._write_guarded({"import_fund_id": row.id})

    def test_the_mark_is_not_what_is_approved(self):
        """Trail and fingerprint: the trail has it, the fingerprint has not."""
        ledger = self._import(self.HOMES, [self.GRANT])
        self._register(ledger)
        draft = self._draft(ledger)
        self.assertNotIn("import_fund_id", draft._get_approval_content())
        events = self.env["welfare.audit.event"].search(
            [("table_name", "=", draft._table), ("res_id", "=", draft.id)]
        )
        marked = [event.new_values.get("import_fund_id") for event in events]
        self.assertIn(str(ledger.fund_ids.id), map(str, marked))

    def test_an_edited_draft_is_its_own(self):
        """Who looks at it may change it; the row goes on to name it."""
        ledger = self._import(self.HOMES, [self.GRANT])
        self._register(ledger)
        draft = self._draft(ledger).with_user(self.finance)
        draft.write({"number": "五妇儿〔2017〕3号", "date": "2017-10-08"})
        draft.line_ids[0].unlink()
        self.env.invalidate_all()
        self.assertOpen(ledger.fund_ids, "五妇儿〔2017〕3号")
