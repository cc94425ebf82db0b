from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Command, Domain
from odoo.tools import format_amount, format_list

from ..tools.money import to_yuan

#: The columns of the facility sheet that tell what a home had of a source, and where
#: the rows of an import keep it.
SOURCE_COLUMNS = {
    "amount_district": "built_district",
    "amount_lottery": "built_lottery",
}


class WelfareFacilityImportFund(models.Model):
    """From a registered document to the allotment among the homes that a ledger names.

    A funding row names no holder. The facility sheet of the same ledger says which home
    had how much of which source, and when it was built. Where the homes that were built
    in the year of a document add up to it, to the 分, they are the lines of a draft.
    Where they do not, or could not be posted as they are, that is said in words and
    left to a person; nothing is guessed.
    """

    _inherit = "welfare.facility.import.fund"

    allotment_note = fields.Text(string="Allotment", compute="_compute_allotment")
    is_allottable = fields.Boolean(
        string="Can Be Allotted",
        compute="_compute_allotment",
        help="The homes of the ledger add up to the document: a draft can be made.",
    )

    # === COMPUTE METHODS === #

    # What is registered and allotted changes without the row.
    @api.depends_context("uid", "lang")
    def _compute_allotment(self):
        for row, plan in self._plan_allotments().items():
            row.allotment_note = plan["note"]
            row.is_allottable = "vals" in plan

    # === ACTION METHODS === #

    def action_draft_allotments(self):
        """Make drafts of allotments of the documents that the homes add up to.

        The others are left as they are; their rows say why. Doing it again, or two at
        once, makes nothing twice. The drafts are approved and posted like any other.

        :return: an action that opens the allotments of these documents.
        """
        Allotment = self.env["welfare.allotment"]
        Allotment.check_access("create")
        # Who comes second waits, and then finds the drafts of the first one.
        self.env["welfare.fund.account"]._begin_posting(self.appropriation_id)
        self.env.invalidate_all()
        # One after the other: each finds what was drafted before it, for another row of
        # the same document or for the same home.
        for row in self.sorted(lambda row: bool(row.adjustment_id)):
            plan = row._plan_allotments()[row]
            if "vals" in plan:
                draft = Allotment.create(plan["vals"])
                draft._write_guarded({"import_fund_id": row.id})
        self.invalidate_recordset(["allotment_note", "is_allottable"])
        return self.action_open_allotments()

    def action_open_allotments(self):
        """Open the allotments of the documents that these rows have become."""
        return self.appropriation_id.action_open_allotments()

    # === BUSINESS METHODS === #

    def _plan_allotments(self):
        """Tell what becomes of the money of each row.

        :return: by row, ``note`` in words, and ``vals`` of the draft of an allotment
            where one can be made. Rows of one document have the same plan.
        :rtype: dict
        """
        columns = self._get_source_columns()
        allotments = self._get_allotments(self.appropriation_id)
        plans = {}
        rows_by_document = self.grouped(
            lambda row: (row.import_id, row.appropriation_id)
        )
        for rows in rows_by_document.values():
            try:
                plan = rows[0]._plan_allotment(columns, allotments)
            except UserError as problem:
                plan = {"note": str(problem)}
            plans |= dict.fromkeys(rows, plan)
        return plans

    @api.model
    def _get_source_columns(self):
        """Return which column of a facility sheet tells of a source.

        A column whose headings mean several sources, or none, tells of no source.

        :return: fields of ``welfare.facility.import.line``, by source.
        :rtype: dict
        """
        found = self.env["welfare.import.column"]._get_columns("facility")
        headings = {
            name: found[code]._get_headings()
            for code, name in SOURCE_COLUMNS.items()
            if code in found
        }
        Source = self.env["welfare.fund.source"]
        by_heading = Source._get_by_name({h for hs in headings.values() for h in hs})
        columns = {}
        for name, texts in headings.items():
            sources = Source.union(*map(by_heading.get, texts))
            if len(sources) == 1:
                columns[sources] = name
        return columns

    @api.model
    def _get_allotments(self, appropriations):
        """Return what was sent on from the office that holds each appropriation."""
        allotments = defaultdict(self.env["welfare.allotment"].browse)
        for allotment in allotments.default_factory().search(
            [
                ("account_id.appropriation_id", "in", appropriations.ids),
                ("state", "!=", "reversed"),
            ],
            order="id",
        ):
            appropriation = allotment.account_id.appropriation_id
            if allotment.region_id == appropriation.region_id:
                allotments[appropriation] += allotment
        return allotments

    def _plan_allotment(self, columns, allotments):
        """Plan the allotment of the document that one row has become.

        :raise UserError: none can be made; the message says why.
        """
        appropriation = self.appropriation_id
        allotted = allotments[appropriation]
        if self.import_id.state != "applied":
            return {"note": False}
        if not appropriation:
            raise UserError(self.env._("First it becomes an appropriation."))
        if allotted:
            texts = [
                self.env._(
                    "%(number)s: %(state)s",
                    number=allotment.number,
                    state=allotment._state_label(allotment.state),
                )
                for allotment in allotted
            ]
            return {"note": format_list(self.env, texts)}
        self._check_registered()
        self._check_alone()
        lines = self._get_homes(columns)
        vals = self._prepare_allotment_vals(lines)
        self._check_postable(vals)
        return {
            "vals": vals,
            "note": self.env._(
                "Homes of the ledger: %(count)s, together %(amount)s. A draft can be "
                "made.",
                count=len(lines),
                amount=self._describe(appropriation.amount_current),
            ),
        }

    def _check_registered(self):
        """Refuse a document that is not what counts yet, or any more."""
        appropriation = self.appropriation_id
        adjustments = appropriation.adjustment_ids + appropriation.reallocation_ids
        if appropriation.state != "registered":
            raise UserError(
                self.env._(
                    "%(number)s is “%(state)s”: what is registered can be allotted.",
                    number=appropriation.number,
                    state=appropriation._state_label(appropriation.state),
                )
            )
        for adjustment in adjustments.filtered(lambda each: each.state == "draft"):
            raise UserError(
                self.env._(
                    "%(number)s adjusts %(grant)s and is not posted yet.",
                    number=adjustment.number,
                    grant=appropriation.number,
                )
            )

    def _check_alone(self):
        """Refuse where another document gave money of that source and year.

        The homes of a ledger state a source, not a document.
        """
        grant = self.appropriation_id
        others = grant.search(
            [
                ("region_id", "=", grant.region_id.id),
                ("year", "=", grant.year),
                ("source_id", "=", grant.source_id.id),
                ("id", "!=", grant.id),
            ]
        )
        rows = self.import_id.fund_ids.filtered("is_open")
        sources = grant.source_id._get_by_name(set(rows.mapped("source")))
        rows = rows.filtered(
            lambda row: (row.year, sources[row.source]) == (grant.year, grant.source_id)
        )
        numbers = [*others.mapped("number"), *rows.mapped("number")]
        if numbers:
            raise UserError(
                self.env._(
                    "%(numbers)s is of the same source and year, and the ledger does "
                    "not say which home has its money from which: name the homes by "
                    "hand.",
                    numbers=format_list(self.env, numbers),
                )
            )

    def _get_homes(self, columns):
        """Return the rows of the homes that add up to the document, with amounts.

        :param dict columns: see :meth:`_get_source_columns`.
        :rtype: dict[WelfareFacilityImportLine, decimal.Decimal]
        :raise UserError: they do not, or the sheet does not tell.
        """
        appropriation = self.appropriation_id
        source, year = appropriation.source_id, appropriation.year
        column = columns.get(source)
        if not column:
            raise UserError(
                self.env._(
                    "The ledger has no column for what homes had of %(fund)s: name the "
                    "homes by hand.",
                    fund=source.name,
                )
            )
        lines = (
            self.env["welfare.facility.import.line"]
            .search(
                [
                    ("import_id", "=", self.import_id.id),
                    ("year_built", "=", year),
                    (column, ">", 0),
                ],
                order="id",
            )
            .filtered("facility_id")
        )
        amounts = {line: to_yuan(line[column]) for line in lines}
        if not amounts:
            raise UserError(
                self.env._(
                    "The ledger names no home of %(year)s with money of this source: "
                    "name the homes by hand.",
                    year=year,
                )
            )
        stated = sum(amounts.values())
        if stated != to_yuan(appropriation.amount_current):
            raise UserError(
                self.env._(
                    "Homes of %(year)s with money of this source in the ledger: "
                    "%(count)s, together %(stated)s. The document comes to %(amount)s: "
                    "name the homes by hand.",
                    year=year,
                    count=len(amounts),
                    stated=self._describe(float(stated)),
                    amount=self._describe(appropriation.amount_current),
                )
            )
        return amounts

    def _prepare_allotment_vals(self, amounts):
        """Return the values of the draft, as somebody would enter it."""
        appropriation = self.appropriation_id
        account = appropriation.account_ids.filtered(
            lambda account: (
                account.region_id == appropriation.region_id
                and account.year == appropriation.year
                and not account.facility_id
            )
        )
        Allotment = self.env["welfare.allotment"]
        Norm = self.env["welfare.fund.norm"]
        date = Allotment._get_day_in_year(account.year)
        return {
            "number": self.env._(
                "%(number)s, by the ledger", number=appropriation.number
            ),
            "account_id": account.id,
            "date": date,
            "norm_id": Norm.search(
                Norm._domain_in_force(date)
                & Domain("source_id", "=", appropriation.source_id.id)
                & Domain("facility_type_id", "=", self.import_id.type_id.id),
                limit=1,
            ).id,
            "line_ids": [
                Command.create(
                    {"facility_id": line.facility_id.id, "amount": float(amount)}
                )
                for line, amount in amounts.items()
            ],
        }

    def _check_postable(self, vals):
        """Refuse a draft that could not be posted as it is."""
        proposal = self.env["welfare.allotment"].new(vals)
        # First: a home that lies elsewhere now may not be read.
        proposal.line_ids._refuse_holders()
        deviations = proposal._get_deviations()
        if proposal.norm_id:
            # sudo(): as where the norm is taken, another region may have drafted it.
            drafted = proposal.line_ids.sudo().search(
                [
                    ("facility_id", "in", proposal.line_ids.facility_id.ids),
                    ("allotment_id.norm_id", "!=", False),
                    ("allotment_id.kind", "=", "send"),
                    ("allotment_id.state", "=", "draft"),
                ]
            )
            deviations += [
                self.env._(
                    "%(holder)s is about to take a norm, by %(number)s.",
                    holder=line.display_name,
                    number=line._get_readable_name(line.allotment_id),
                )
                for line in drafted
            ]
        if deviations:
            raise UserError(
                "\n".join(
                    [*deviations, self.env._("Enter it by hand, with the reason.")]
                )
            )
        proposal._check_before_approval()
        self.env["welfare.fund.period"]._check_open(proposal.region_id, proposal.date)

    def _describe(self, amount):
        return format_amount(self.env, amount, self.currency_id)
