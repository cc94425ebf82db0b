from collections import defaultdict

from odoo import api, fields, models
from odoo.tools import format_amount, format_list

from ..tools.textvalue import match_key


class WelfareFacilityImportFund(models.Model):
    """From a row of the bureau's own funding sheet to the document of the fund ledger.

    A row becomes the draft of an appropriation, or of an adjustment where its summary
    says so. What cannot be told from the row (its source, its day, what it adds to) is
    said in words and left to a person; nothing is guessed.
    """

    _inherit = "welfare.facility.import.fund"

    appropriation_id = fields.Many2one(
        comodel_name="welfare.appropriation", compute="_compute_registered"
    )
    adjustment_id = fields.Many2one(
        comodel_name="welfare.appropriation.adjustment", compute="_compute_registered"
    )
    ledger_note = fields.Text(
        string="In the Fund Ledger", compute="_compute_registered"
    )
    is_open = fields.Boolean(
        string="Not in the Fund Ledger", compute="_compute_registered"
    )

    # === COMPUTE METHODS === #

    # What is registered changes without the row.
    @api.depends_context("uid", "lang")
    def _compute_registered(self):
        for record in self.import_id:
            rows = self.filtered(lambda row, r=record: row.import_id == r)
            for row, plan in rows._plan_registration().items():
                document = plan.get("document")
                is_adjustment = document and "adjustment" in document._name
                row.adjustment_id = document if is_adjustment else False
                row.appropriation_id = (
                    document.appropriation_id if is_adjustment else document or False
                )
                row.ledger_note = plan["note"]
                row.is_open = not document

    # === BUSINESS METHODS === #

    def _plan_registration(self):
        """Tell what becomes of each row of one import.

        :return: by row, ``note`` in words, and one of ``document`` (it is there
            already), ``model`` with ``vals`` (the draft to be made), or neither
            (somebody has to look at it first).
        :rtype: dict
        """
        rows = self.import_id.fund_ids
        known = self._get_registered(rows)
        words = self.env["welfare.import.column"]._get_columns("funding")
        words = words["note"]._get_words() if "note" in words else {}
        plans = {}
        # First what grants money, then what adds to it.
        adjusting = {row: row._get_adjustment_kind(words) for row in rows}
        sources = self.env["welfare.fund.source"]._get_by_name(
            set(rows.mapped("source"))
        )
        grants = self._get_grants(rows)
        for row in rows.sorted(lambda row: bool(adjusting[row])):
            if row in known:
                plans[row] = row._plan_known(known[row])
                continue
            source = sources[row.source]
            problem = row._get_problem(source)
            if problem:
                plans[row] = {"note": problem}
            elif adjusting[row]:
                plans[row] = row._plan_adjustment(
                    source, adjusting[row], grants[row.region_id, row.year, source]
                )
            else:
                plans[row] = row._plan_appropriation(source)
        return {row: plans[row] for row in self}

    def _get_registered(self, rows):
        """Return the documents that the rows have become, or that have their number."""
        found = {}
        for model, year in (
            ("welfare.appropriation", "year"),
            ("welfare.appropriation.adjustment", "appropriation_id.year"),
        ):
            Document = self.env[model]
            for document in Document.search([("import_fund_id", "in", rows.ids)]):
                found[document.import_fund_id] = document
            by_number = {
                (document.mapped(year)[0], match_key(document.number)): document
                for document in Document.search(
                    [
                        ("region_id", "=", self.import_id.region_id.id),
                        (year, "in", rows.mapped("year")),
                    ]
                )
            }
            for row in rows:
                document = by_number.get((row.year, row.number_key))
                if document:
                    found.setdefault(row, document)
        return found

    def _get_adjustment_kind(self, words):
        """Return what the summary says the row does to an earlier grant, if any."""
        kinds = {kind for word, kind in words.items() if word in (self.note or "")}
        return kinds.pop() if len(kinds) == 1 else None

    def _get_grants(self, rows):
        """Return the appropriations that the rows may adjust.

        :return: by region, year and source.
        """
        grants = defaultdict(self.env["welfare.appropriation"].browse)
        for grant in grants.default_factory().search(
            [
                ("region_id", "in", rows.region_id.ids),
                ("year", "in", rows.mapped("year")),
            ]
        ):
            grants[grant.region_id, grant.year, grant.source_id] += grant
        return grants

    def _get_problem(self, source):
        """Return why the row cannot become a document by itself, in words."""
        problem = None
        if self.status == "error":
            problem = self.env._("The row has an error.")
        elif not source:
            problem = self.env._(
                "No source of funds goes by the name “%(name)s”: the administrator can "
                "add it to those of the source.",
                name=self.source,
            )
        elif not self.date:
            problem = self.env._("The row has no day: register it by hand.")
        elif self.date.year > self.year:
            problem = self.env._("The day of the row lies after its budget year.")
        return problem

    def _plan_known(self, document):
        number = document.number
        label = document._state_label(document.state)
        amount = document[
            "amount" if "adjustment" in document._name else "amount_initial"
        ]
        if not self.currency_id.is_zero(amount - self.amount):
            return {
                "document": document,
                "note": self.env._(
                    "%(number)s is there with another amount: %(amount)s.",
                    number=number,
                    amount=format_amount(self.env, amount, self.currency_id),
                ),
            }
        return {
            "document": document,
            "note": self.env._("%(number)s: %(state)s", number=number, state=label),
        }

    def _plan_appropriation(self, source):
        vals = {
            "number": self.number,
            "title": self.note,
            "year": self.year,
            "date": self.date,
            "source_id": source.id,
            "region_id": self.region_id.id,
            "amount_initial": self.amount,
            "import_fund_id": self.id,
        }
        if self.amount_norm:
            vals["conditions"] = self.env._(
                "Norm per home: %(amount)s",
                amount=format_amount(self.env, self.amount_norm, self.currency_id),
            )
        return {
            "model": "welfare.appropriation",
            "vals": vals,
            "note": self.env._("Becomes an appropriation."),
        }

    def _plan_adjustment(self, source, kind, grants):
        """Plan an adjustment of the one grant of that year and source."""
        if len(grants) > 1:
            return {
                "note": self.env._(
                    "It adjusts one of %(numbers)s: say which, by hand.",
                    numbers=format_list(self.env, grants.mapped("number")),
                )
            }
        if not grants:
            return {
                "note": self.env._(
                    "It adjusts a grant of %(fund)s of %(year)s that is not there yet.",
                    year=self.year,
                    fund=source.name,
                )
            }
        return {
            "model": "welfare.appropriation.adjustment",
            "vals": {
                "appropriation_id": grants.id,
                "kind": kind,
                "number": self.number,
                "date": self.date,
                "amount": self.amount,
                "reason": self.note,
                "import_fund_id": self.id,
            },
            "note": self.env._(
                "Becomes an adjustment of %(number)s.", number=grants.number
            ),
        }

    def _make_documents(self):
        """Make the drafts that the rows ask for, and link what is there already.

        :return: how many drafts were made.
        :rtype: int
        """
        count = 0
        # Twice: an adjustment may adjust a grant that the same sheet brings in.
        for _round in range(2):
            vals_by_model = defaultdict(list)
            for row, plan in self._plan_registration().items():
                document = plan.get("document")
                if document and not document.import_fund_id:
                    document._write_guarded({"import_fund_id": row.id})
                if "model" in plan:
                    vals_by_model[plan["model"]].append(plan["vals"])
            for model, vals_list in vals_by_model.items():
                self.env[model].create(vals_list)
                count += len(vals_list)
        self.invalidate_recordset(
            ["appropriation_id", "adjustment_id", "ledger_note", "is_open"]
        )
        return count
