"""What the rows of a funding sheet say, and which of them the register has already."""

import hashlib
from collections import defaultdict

from odoo.tools import format_amount, format_date, format_list

from ..tools.textvalue import match_key
from .ledger_planner import PlannedRow

#: How the columns of the funding sheet are read; their headings are data.
FUNDING_COLUMNS = {
    "year": {"kind": "date", "required": True, "fill_down": True},
    "source": {"kind": "text", "required": True},
    "number": {"kind": "text", "required": True},
    "date": {"kind": "date"},
    "amount": {"kind": "money", "required": True},
    "amount_norm": {"kind": "money"},
    "note": {"kind": "text"},
}


class FundingPlanner:
    """Compares the rows of a funding sheet with those that were imported before.

    A document is known by its year, its number and its amount. Nothing is written.

    :param region: the ``welfare.region`` whose ledger it is.
    """

    def __init__(self, region):
        self.env = region.env
        self.currency = self.env.ref("base.CNY")
        Fund = self.env["welfare.facility.import.fund"]
        registered = Fund.search_fetch(
            [("region_id", "=", region.id), ("is_registered", "=", True)],
            ["year", "number_key", "amount"],
        )
        # By year and number: the amounts, each with where it stands.
        self.amounts = defaultdict(dict)
        for fund in registered:
            self.amounts[fund.year, fund.number_key][self._fen(fund.amount)] = None

    def basis(self):
        """Return a digest of all that the plan depends on.

        :rtype: str
        """
        known = sorted((key, sorted(amounts)) for key, amounts in self.amounts.items())
        return hashlib.sha256(repr(known).encode()).hexdigest()

    def get_total(self, table):
        """Return the total that a sheet states for all of its rows, or ``None``.

        :rtype: decimal.Decimal | None
        """
        totals = [total for total in table.totals if "amount" in total.stated]
        if not totals:
            return None
        return max(totals, key=lambda total: total.level).stated["amount"]

    def plan(self, table, vals_list):
        """Tell what there is to look at in a table, and collect its rows.

        :param table: a :class:`~..tools.ledger.Table`, whose rows were not read yet.
        :param list vals_list: receives the values of ``welfare.facility.import.fund``.
        :return: an iterator of :class:`~.ledger_planner.PlannedRow`.
        """
        sheet = table.sheet.name
        if table.missing:
            yield from map(self._remark, table.problems)
            return
        for row in table.iter_rows():
            values = row.values
            vals = {
                "sheet": sheet,
                "row": row.number,
                "cell": row.cell("number"),
                "year": values["year"] and values["year"].year,
                "source": values["source"],
                "number": values["number"],
                "number_key": match_key(values["number"] or ""),
                "date": values.get("date") or False,
                "amount": float(values["amount"] or 0),
                "amount_norm": float(values.get("amount_norm") or 0),
                "note": values.get("note"),
                "status": "error" if row.has_errors else "create",
            }
            vals_list.append(vals)
            if not row.has_errors:
                yield from self._compare(vals, row)
        # Those of the rows among them: each is told once, with its cell.
        yield from map(self._remark, table.problems)

    def _remark(self, problem):
        remark = PlannedRow(
            problem.sheet, problem.row or 0, problem.cell or "", status="skip"
        )
        remark.tell(problem, self.env._(problem.message))
        return remark

    def _compare(self, vals, row):
        """Tell whether a document is known, and warn of what looks wrong."""
        amounts = self.amounts[vals["year"], vals["number_key"]]
        fen = self._fen(vals["amount"])
        remark = PlannedRow(
            vals["sheet"],
            vals["row"],
            row.cell("number"),
            place=vals["number"],
            status="skip",
        )
        if amounts.get(fen):
            vals["status"] = "error"
            remark.refuse(
                self.env._(
                    "%(number)s with %(amount)s stands in %(first)s already.",
                    number=vals["number"],
                    amount=self._describe(fen),
                    first=amounts[fen],
                )
            )
        elif fen in amounts:
            vals["status"] = "unchanged"
        elif amounts:
            remark.warn(
                self.env._(
                    "%(number)s is there with another amount: %(amounts)s.",
                    number=vals["number"],
                    amounts=format_list(
                        self.env, [self._describe(known) for known in amounts]
                    ),
                )
            )
        amounts.setdefault(fen, None)
        amounts[fen] = amounts[fen] or f"{vals['sheet']} {vals['cell']}"
        if vals["date"] and vals["date"].year > vals["year"]:
            remark.warn(
                self.env._(
                    "A document of %(date)s cannot grant money of %(year)s.",
                    date=format_date(self.env, vals["date"]),
                    year=vals["year"],
                )
            )
        if remark.messages:
            yield remark

    def _fen(self, amount):
        return round(amount * 100)

    def _describe(self, fen):
        return format_amount(self.env, fen / 100, self.currency)
