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
    document, linked to it both ways, and the document says when and why, as it was
    approved. A model that takes this mixin has the states ``posted`` and ``reversed``,
    and kinds of approval for either.
    """

    _name = "welfare.fund.document.mixin"
    _description = "Document of the Fund Ledger"
    _inherit = ["welfare.approval.mixin", "welfare.state.mixin"]

    _guarded_fields = REVERSAL_FIELDS

    reversal_reason = fields.Char(
        string="Why It Was Reversed", readonly=True, copy=False
    )
    date_reversed = fields.Date(string="Reversed on", readonly=True, copy=False)

    # === ACTION METHODS === #

    def action_ask_reversal(self):
        """Ask for the reason and the day of the reversal, and for its approval."""
        self.ensure_one()
        self.check_access("write")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_fund_reversal_action"
        )
        return {**action, "context": {"default_document": f"{self._name},{self.id}"}}

    def action_reverse(self):
        """Take back what was posted, all of it or nothing.

        :raise UserError: it is not approved, the document is not posted, or an account
            has spent or sent on what it would have to give back.
        """
        self.env["welfare.fund.account"]._begin_posting(self)
        self._set_state("reversed")
        # At once: the accounts of all documents are locked in one order.
        self.env["welfare.fund.account"]._post(
            [document._prepare_reversal() for document in self]
        )
        return True

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

    def _ask_reversal(self, reason, date=None):
        """Submit the reversal for approval.

        :param str reason: why; it stays with the document.
        :param datetime.date date: the day on which the reversal counts; without it
            today, or the document's own day where that is later.
        :raise UserError: there is no reason, the document is not posted, or the day is
            before its own, or the books are closed on it.
        """
        self.ensure_one()
        if self.state != "posted":
            raise UserError(
                self.env._(
                    "%(document)s is “%(state)s”: only what was posted is reversed.",
                    document=self.display_name,
                    state=self._state_label(self.state),
                )
            )
        date = date or max(fields.Date.context_today(self), self.date)
        if date < self.date:
            raise UserError(
                self.env._(
                    "A reversal does not count before the document: %(date)s.",
                    date=format_date(self.env, self.date),
                )
            )
        self.env["welfare.fund.period"]._check_open(self.region_id, date)
        return self._ask_approval(reversal_reason=reason, date_reversed=date)

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

    def _prepare_reversal(self):
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
            date=self.date_reversed,
            note=self.reversal_reason,
        )
