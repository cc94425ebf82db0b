"""What the rows of a funding sheet say, and which of them the register has already."""

from collections import defaultdict

from odoo.tools import format_amount, format_date

from ..tools.textvalue import match_key

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

    def plan(self, table):
        """Tell what becomes of each row of a table.

        :param table: a :class:`~..tools.ledger.Table`, whose rows were not read yet.
        :return: an iterator of the values of a ``welfare.facility.import.fund`` and
            what there is to say of the row: pairs of level (``error`` or ``warning``),
            sentence and cell.
        """
        if table.missing:
            return
        for row in table.iter_rows():
            values = row.values
            remarks = [
                (problem.level, self.env._(problem.message), problem.cell)
                for problem in row.problems
            ]
            vals = {
                "sheet": table.sheet.name,
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
                "status": "create",
            }
            if row.has_errors:
                vals["status"] = "error"
            else:
                self._compare(vals, remarks, row)
            yield vals, remarks

    def _compare(self, vals, remarks, row):
        """Tell whether a document is known, and warn of what looks wrong."""
        amounts = self.amounts[vals["year"], vals["number_key"]]
        fen = self._fen(vals["amount"])
        place = f"{vals['sheet']} {vals['cell']}"
        if fen in amounts and amounts[fen]:
            vals["status"] = "error"
            message = self.env._(
                "%(number)s with %(amount)s stands in %(first)s already.",
                number=vals["number"],
                amount=self._describe(fen),
                first=amounts[fen],
            )
            remarks.append(("error", message, row.cell("number")))
            return
        if fen in amounts:
            vals["status"] = "unchanged"
        elif amounts:
            message = self.env._(
                "%(number)s is there with another amount: %(amounts)s.",
                number=vals["number"],
                amounts=", ".join(map(self._describe, amounts)),
            )
            remarks.append(("warning", message, row.cell("amount")))
        amounts[fen] = place
        if vals["date"] and vals["date"].year > vals["year"]:
            message = self.env._(
                "The document is of %(date)s, the money of %(year)s.",
                date=format_date(self.env, vals["date"]),
                year=vals["year"],
            )
            remarks.append(("warning", message, row.cell("date")))

    def _fen(self, amount):
        return round(amount * 100)

    def _describe(self, fen):
        return format_amount(self.env, fen / 100, self.currency)
