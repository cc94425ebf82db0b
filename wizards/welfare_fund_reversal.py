from odoo import api, fields, models


class WelfareFundReversal(models.TransientModel):
    """Asks why a posted document is reversed, and on which day that counts."""

    _name = "welfare.fund.reversal"
    _description = "Reverse a Document"

    document = fields.Reference(
        string="Source Document",
        selection="_selection_document",
        required=True,
        readonly=True,
    )
    date = fields.Date(
        string="Counts on",
        required=True,
        default=lambda self: self._default_date(),
        help="A day of an open fiscal year, not before the document's own.",
    )
    reason = fields.Char(required=True)

    # === DEFAULT METHODS === #

    @api.model
    def _default_date(self):
        return fields.Date.context_today(self)

    # === SELECTION METHODS === #

    @api.model
    def _selection_document(self):
        return self.env["welfare.fund.document.mixin"]._selection_models()

    # === ACTION METHODS === #

    def action_apply(self):
        """Submit the reversal; the document's own rules say whether it may."""
        self.ensure_one()
        self.document._ask_reversal(self.reason, self.date)
        return {"type": "ir.actions.act_window_close"}
