from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date

from .welfare_fund_account import Line, Posting

#: What a document says of its own reversal. Documents with guarded fields of their own
#: add these to them.
REVERSAL_FIELDS = frozenset(("reversal_reason", "date_reversed"))


class WelfareFundDocumentMixin(models.AbstractModel):
    """A document that posts to the fund ledger, and is undone by reversing it (冲销).

    Nothing that was posted is deleted. A reversal posts one entry for each entry of the
    document, linked to it both ways, and the document says when and why. A model that
    takes this mixin has the states ``posted`` and ``reversed``.
    """

    _name = "welfare.fund.document.mixin"
    _description = "Document of the Fund Ledger"
    _inherit = ["welfare.state.mixin"]

    _guarded_fields = REVERSAL_FIELDS

    reversal_reason = fields.Char(
        string="Why It Was Reversed", readonly=True, copy=False
    )
    date_reversed = fields.Date(string="Reversed on", readonly=True, copy=False)

    # === ACTION METHODS === #

    def action_reverse(self):
        """Ask for the reason and the day of the reversal."""
        self.ensure_one()
        self.check_access("write")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_fund_reversal_action"
        )
        return {**action, "context": {"default_document": f"{self._name},{self.id}"}}

    def action_open_entries(self):
        """Open the entries that were posted, with those that reverse them."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_fund_entry_action"
        )
        return {
            **action,
            "domain": [("res_model", "=", self._name), ("res_id", "in", self.ids)],
        }

    # === BUSINESS METHODS === #

    def _reverse(self, reason, date=None):
        """Take back what was posted, all of it or nothing.

        :param str reason: why; it stays with the document.
        :param datetime.date date: the day on which the reversal counts; without it
            today, or the document's own day where that is later.
        :raise UserError: there is no reason, the document is not posted, or an account
            has spent or sent on what it would have to give back.
        """
        reason = (reason or "").strip()
        if not reason:
            raise UserError(self.env._("Say why the document is reversed."))
        self.env["welfare.fund.account"]._begin_posting(self)
        today = fields.Date.context_today(self)
        postings = []
        for document in self:
            day = date or max(today, document.date)
            document._set_state("reversed", reason=reason, date=day)
            postings.append(document._prepare_reversal(day))
        # At once: the accounts of all documents are locked in one order.
        self.env["welfare.fund.account"]._post(postings)
        return True

    def _get_day_in_year(self, year, date=None):
        """Return a day on which money of a year can be moved.

        :param int year: the year of the account; 0 while it is not chosen.
        :param datetime.date date: what was entered; it stays if it lies in that year.
        :return: today, or the day of that year that is nearest to it.
        :rtype: datetime.date
        """
        today = fields.Date.context_today(self)
        if not year or (date and date.year == year):
            return date or today
        if year == today.year:
            return today
        day = (12, 31) if year < today.year else (1, 1)
        return today.replace(year=year, month=day[0], day=day[1])

    def _get_year_note(self, year, date):
        """Say why a document is not dated today, or that its day does not fit."""
        if not year or not date or year == fields.Date.context_today(self).year:
            return False
        if date == self._get_day_in_year(year):
            return self.env._(
                "Money of %(year)s moves on a day of %(year)s: %(date)s is proposed.",
                year=year,
                date=format_date(self.env, date),
            )
        return self.env._("Money of %(year)s moves on a day of %(year)s.", year=year)

    def _prepare_reversal(self, date):
        """Return the posting that undoes the document's entries.

        :rtype: Posting
        """
        self.ensure_one()
        # sudo(): all of them or none. An account that the user may not read is refused
        # when it is posted.
        entries = (
            self.env["welfare.fund.entry"]
            .sudo()
            .search(
                [
                    ("res_model", "=", self._name),
                    ("res_id", "=", self.id),
                    ("kind", "!=", "reverse"),
                ],
                order="id",
            )
        )
        return Posting(
            key=f"{self._name},{self.id},reverse",
            lines=[
                Line(entry.account_id, "reverse", entry.amount, reverses=entry)
                for entry in entries
            ],
            document=self,
            date=date,
            note=self.reversal_reason,
        )

    def _prepare_state_vals(self, target, **details):
        vals = super()._prepare_state_vals(target, **details)
        if target == "reversed":
            vals |= {
                "reversal_reason": details["reason"],
                "date_reversed": details["date"],
            }
        return vals
