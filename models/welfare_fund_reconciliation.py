import base64
import hashlib
from collections import defaultdict
from decimal import Decimal

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import format_amount, format_date, format_list

from ..tools.money import to_yuan
from ..tools.textvalue import match_key

#: How the columns of the budget system's lists are read; their headings are data.
BUDGET_COLUMNS = {
    "indicator": {"kind": "code"},
    "number": {"kind": "text", "required": True},
    "year": {"kind": "date"},
    "project": {"kind": "code"},
    "amount": {"kind": "money", "unit": "元"},
    "reduced": {"kind": "money", "unit": "元"},
    "available": {"kind": "money", "unit": "元"},
    "paid": {"kind": "money", "unit": "元"},
    "in_transit": {"kind": "money", "unit": "元"},
}
PAYMENT_COLUMNS = {
    "indicator": {"kind": "code"},
    "number": {"kind": "text", "required": True},
    "date": {"kind": "date"},
    "amount": {"kind": "money", "unit": "元", "required": True, "negative": True},
    "payee": {"kind": "text"},
    "state": {"kind": "text"},
    "notice": {"kind": "text"},
}


def _without_pairs(there, here):
    """Return what is left of two lists of payments without those of one amount in both.

    :param list there: pairs of a day and an amount, as ``here``.
    :rtype: tuple[list, list]
    """
    here = list(here)
    only_there = []
    for payment in there:
        equal = next((other for other in here if other[1] == payment[1]), None)
        if equal:
            here.remove(equal)
        else:
            only_there.append(payment)
    return only_there, here


class WelfareFundReconciliation(models.Model):
    """The fund ledger beside the lists of the budget system (预算管理一体化对账).

    The list of appropriations (指标) and, where there is one, that of payments (支付)
    are matched with the fund ledger by 指标ID, then by 文号. The differences are listed
    both ways, with what is in transit; nothing is posted. The files stay with their
    SHA-256, and what was compared does not change any more.
    """

    _name = "welfare.fund.reconciliation"
    _description = "Reconciliation with the Budget System"
    _inherit = [
        "welfare.region.mixin",
        "welfare.state.mixin",
        "welfare.currency.mixin",
        "welfare.thread.mixin",
    ]
    _order = "date desc, id desc"

    _initial_states = ("draft",)
    _transitions = {"draft": {"compared"}, "compared": set()}
    _guarded_fields = frozenset(("sha256", "payment_sha256", "remarks"))
    _content_fields = frozenset(
        ("region_id", "year", "date", "file", "filename", "line_ids")
        + ("payment_file", "payment_filename")
    )

    region_id = fields.Many2one(
        default=lambda self: self._default_region_id(),
        help="The office whose appropriations the lists show.",
    )
    year = fields.Integer(
        string="Budget Year",
        required=True,
        aggregator=None,
        default=lambda self: self._default_date().year,
    )
    date = fields.Date(
        string="As of",
        required=True,
        default=lambda self: self._default_date(),
        help="The day to which the lists speak; the fund ledger is that of its end.",
    )
    file = fields.Binary(
        string="List of Appropriations", required=True, attachment=True
    )
    filename = fields.Char(required=True)
    sha256 = fields.Char(string="SHA-256 of the Appropriations", readonly=True)
    payment_file = fields.Binary(string="List of Payments", attachment=True)
    payment_filename = fields.Char()
    payment_sha256 = fields.Char(string="SHA-256 of the Payments", readonly=True)
    state = fields.Selection(
        selection=[("draft", "New"), ("compared", "Compared")],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
    )
    remarks = fields.Text(string="What Could not Be Read", readonly=True, copy=False)
    line_ids = fields.One2many(
        comodel_name="welfare.fund.reconciliation.line",
        inverse_name="reconciliation_id",
        string="Appropriations",
        readonly=True,
        copy=False,
    )
    equal_count = fields.Integer(string="In Agreement", compute="_compute_counts")
    differs_count = fields.Integer(string="Amounts Differ", compute="_compute_counts")
    only_there_count = fields.Integer(string="Only There", compute="_compute_counts")
    only_here_count = fields.Integer(string="Only Here", compute="_compute_counts")

    # === DEFAULT METHODS === #

    @api.model
    def _default_date(self):
        return fields.Date.context_today(self)

    # === COMPUTE METHODS === #

    @api.depends("year", "date", "region_id.name")
    def _compute_display_name(self):
        for record in self:
            record.display_name = (
                f"{record.region_id.name} {record.year} "
                f"({format_date(self.env, record.date)})"
            )

    @api.depends("line_ids.kind")
    def _compute_counts(self):
        counts = defaultdict(int)
        for record, kind, count in self.env[
            "welfare.fund.reconciliation.line"
        ]._read_group(
            [("reconciliation_id", "in", self.ids)],
            ["reconciliation_id", "kind"],
            ["__count"],
        ):
            counts[record, kind] = count
        for record in self:
            for kind in ("equal", "differs", "only_there", "only_here"):
                record[f"{kind}_count"] = counts[record, kind]

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._hash_files()
        return records

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {"file", "payment_file"}:
            self._hash_files()
        return result

    # === ACTION METHODS === #

    def action_compare(self):
        """Compare the lists with the fund ledger, and keep what was found.

        :raise UserError: a file cannot be read, or is no such list.
        """
        self.ensure_one()
        self.check_access("write")
        self._check_is_initial()
        there, remarks = self._read_lists()
        here = self._get_here()
        # sudo(): nobody makes or deletes lines by hand; the rights were checked.
        self.line_ids.sudo().unlink()
        self.env["welfare.fund.reconciliation.line"].sudo().create(
            self._prepare_lines(there, here)
        )
        self._write_guarded({"remarks": "\n".join(remarks) or False})
        self._set_state("compared")
        return True

    def action_open_lines(self):
        """Open the appropriations, those of one kind if the context names it."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_fund_reconciliation_line_action"
        )
        kind = self.env.context.get("line_kind")
        return {
            **action,
            "domain": [("reconciliation_id", "=", self.id)],
            "context": {f"search_default_filter_{kind}": True} if kind else {},
        }

    # === BUSINESS METHODS === #

    def _hash_files(self):
        for record in self:
            record._write_guarded(
                {
                    name: file and hashlib.sha256(base64.b64decode(file)).hexdigest()
                    for name, file in (
                        ("sha256", record.file),
                        ("payment_sha256", record.payment_file),
                    )
                }
            )

    # --- there -----------------------------------------------------------------------

    def _read_table(self, table_type, columns, filename, content):
        """Return the rows of a list, and what could not be read in it, in words."""
        table = self.env["welfare.import.column"]._read_table(
            table_type, columns, filename, base64.b64decode(content)
        )
        remarks = [
            f"{filename} › {problem.sheet} {problem.cell or problem.row or ''}: "
            f"{self.env._(problem.message)}"
            for problem in table.problems
        ]
        rows = [row for row in table.rows if not row.has_errors]
        return rows, remarks

    def _read_lists(self):
        """Return what the lists say, by 指标ID and 文号, and what could not be read.

        :rtype: tuple[dict, list]
        """
        self.ensure_one()
        rows, remarks = self._read_table(
            "budget", BUDGET_COLUMNS, self.filename, self.file
        )
        there = {}
        for row in rows:
            values = defaultdict(lambda: None, row.values)
            if values["year"] and values["year"].year != self.year:
                continue
            item = self._get_item(there, values)
            item["rows"].append(str(row.number))
            for name in ("amount", "paid", "in_transit"):
                item[name] += self._get_figure(values, name)
        if self.payment_file:
            payments, more = self._read_table(
                "payment", PAYMENT_COLUMNS, self.payment_filename, self.payment_file
            )
            remarks += more
            for row in payments:
                values = defaultdict(lambda: None, row.values)
                item = self._get_item(there, values)
                item["payments"] = (item["payments"] or []) + [
                    (values["date"], values["amount"])
                ]
        return there, remarks

    def _get_item(self, there, values):
        key = values["indicator"] or "", match_key(values["number"])
        return there.setdefault(
            key,
            {
                "indicator": values["indicator"] or "",
                "number": values["number"],
                "rows": [],
                "amount": Decimal(0),
                "paid": Decimal(0),
                "in_transit": Decimal(0),
                "payments": None,
            },
        )

    def _get_figure(self, values, name):
        """Return a figure; what is granted follows from the others where it lacks."""
        if name != "amount":
            return values[name] or Decimal(0)
        if values["amount"] is not None:
            return values["amount"] - (values["reduced"] or 0)
        parts = [values[part] for part in ("available", "paid", "in_transit")]
        if all(part is None for part in parts):
            raise UserError(
                self.env._(
                    "%(file)s says of %(number)s neither what was granted nor what is "
                    "left of it.",
                    file=self.filename,
                    number=values["number"],
                )
            )
        return sum((part for part in parts if part is not None), Decimal(0))

    # --- here ------------------------------------------------------------------------

    def _get_here(self):
        """Return what the fund ledger says of the year's money, by appropriation.

        :rtype: dict
        """
        here = defaultdict(
            lambda: {
                "amount": Decimal(0),
                "paid": Decimal(0),
                "owed": Decimal(0),
                "payments": [],
            }
        )
        domain = Domain("account_id.region_id", "child_of", self.region_id.id)
        domain &= Domain("account_id.year", "=", self.year)
        domain &= Domain("date", "<=", self.date)
        Entry = self.env["welfare.fund.entry"]
        for account, received, sent, paid, owed in Entry._read_group(
            domain,
            ["account_id"],
            [f"d_{name}:sum" for name in ("received", "sent", "paid", "accrued")],
        ):
            own = here[self._get_appropriation(account)]
            # What the region sent down arrived in the region: what is left is what
            # came to it from outside, be it granted, sent by an office above, or
            # carried on.
            own["amount"] += to_yuan(received or 0.0) - to_yuan(sent or 0.0)
            own["paid"] += to_yuan(paid or 0.0)
            own["owed"] += to_yuan(owed or 0.0)
        for entry in Entry.search(
            domain & Domain("kind", "=", "pay") & Domain("reversal_ids", "=", False),
            order="date, id",
        ):
            own = here[self._get_appropriation(entry.account_id)]
            own["payments"].append((entry.date, to_yuan(entry.amount)))
        drafts = self.env["welfare.appropriation"].search(
            [
                ("region_id", "child_of", self.region_id.id),
                ("year", "=", self.year),
                ("state", "=", "draft"),
            ]
        )
        for draft in drafts:
            # They are there to be matched; nothing was posted.
            here[draft] = here[draft]
        return here

    def _get_appropriation(self, account):
        # sudo(): it may be held by an office above, which the user does not see. Its
        # number stands on his own account.
        return account.sudo().appropriation_id

    # --- both ------------------------------------------------------------------------

    def _match(self, there, here):
        """Match by 指标ID, then by 文号.

        :return: pairs of an appropriation, which may be empty, and what the lists say
            of it.
        :rtype: list[tuple]
        """
        by_code, by_number = {}, {}
        for appropriation in here:
            for code in (appropriation.budget_codes or "").split():
                by_code[code] = appropriation
            # The budget system has what was added later under its own number, too.
            later = appropriation.adjustment_ids + appropriation.reallocation_ids
            for number in [appropriation.number, *later.mapped("number")]:
                by_number.setdefault(match_key(number), appropriation)
        items = defaultdict(list)
        unmatched = []
        for (code, number), item in there.items():
            appropriation = by_code.get(code) or by_number.get(number)
            if appropriation:
                items[appropriation].append(item)
            else:
                unmatched.append(item)
        none = self.env["welfare.appropriation"]
        return (
            list(items.items())
            + [(none, [item]) for item in unmatched]
            + [
                (appropriation, [])
                for appropriation in here
                if appropriation not in items
            ]
        )

    def _prepare_lines(self, there, here):
        vals_list = []
        for appropriation, items in self._match(there, here):
            own = here[appropriation] if appropriation else None
            if not items and not any(own.values()) and appropriation.state == "draft":
                # A draft of which the lists know nothing either.
                continue
            vals = {
                "reconciliation_id": self.id,
                "appropriation_id": appropriation.id,
                "number": appropriation.number or items[0]["number"],
                "indicator": " ".join(
                    item["indicator"] for item in items if item["indicator"]
                ),
                "rows": format_list(
                    self.env, [row for item in items for row in item["rows"]]
                ),
            }
            sums = {
                name: sum((item[name] for item in items), Decimal(0))
                for name in ("amount", "paid", "in_transit")
            }
            vals |= {f"{name}_there": float(total) for name, total in sums.items()}
            if own:
                vals |= {
                    f"{name}_here": float(own[name])
                    for name in ("amount", "paid", "owed")
                }
            vals["kind"], texts = self._compare(appropriation, own, items, sums)
            vals["message"] = "\n".join(texts)
            vals_list.append(vals)
        return vals_list

    def _compare(self, appropriation, own, items, sums):
        """Return how an appropriation compares, and what there is to say, in words."""
        if not own:
            return "only_there", [
                self.env._("The fund ledger has no such document number.")
            ]
        if not items:
            return "only_here", [
                self.env._("The budget system's list does not have it.")
            ]
        texts = []
        if appropriation.state == "draft":
            texts.append(self.env._("It is still a draft here: nothing was posted."))
        if sums["amount"] != own["amount"]:
            texts.append(
                self.env._(
                    "Granted there %(there)s, here %(here)s.",
                    there=self._describe(sums["amount"]),
                    here=self._describe(own["amount"]),
                )
            )
        if sums["paid"] != own["paid"]:
            difference = own["paid"] - sums["paid"]
            texts.append(
                self.env._(
                    "Paid there %(there)s, here %(here)s.",
                    there=self._describe(sums["paid"]),
                    here=self._describe(own["paid"]),
                )
            )
            if difference == sums["in_transit"]:
                texts.append(self.env._("The difference is what is in transit there."))
        lists = [item["payments"] for item in items if item["payments"] is not None]
        if lists:
            texts += self._compare_payments(sum(lists, []), own, sums)
        return ("differs" if texts else "equal"), texts

    def _compare_payments(self, there, own, sums):
        """Return how the list of payments differs, in words.

        From the list of appropriations in its sum; from the payments of the fund
        ledger, where there are any, one by one. A payment is known by its amount:
        both systems date it by days of their own.
        """
        texts = []
        total = sum((amount for _date, amount in there), Decimal(0))
        if total != sums["paid"]:
            texts.append(
                self.env._(
                    "The list of payments adds up to %(total)s, the list of "
                    "appropriations states %(paid)s as paid.",
                    total=self._describe(total),
                    paid=self._describe(sums["paid"]),
                )
            )
        if own["payments"]:
            only_there, only_here = _without_pairs(there, own["payments"])
            if only_there:
                texts.append(
                    self.env._(
                        "Payments only there: %(payments)s.",
                        payments=self._describe_payments(only_there),
                    )
                )
            if only_here:
                texts.append(
                    self.env._(
                        "Payments only here: %(payments)s.",
                        payments=self._describe_payments(only_here),
                    )
                )
        return texts

    def _describe_payments(self, payments):
        return format_list(
            self.env,
            [
                f"{format_date(self.env, date)} {self._describe(amount)}".strip()
                for date, amount in payments
            ],
        )

    def _describe(self, amount):
        return format_amount(self.env, float(amount), self.currency_id)
