from odoo import api, fields, models


class WelfareFundReopen(models.TransientModel):
    """Asks why closed books are opened again."""

    _name = "welfare.fund.reopen"
    _description = "Open Books Again"

    document = fields.Reference(
        string="To Be Opened",
        selection="_selection_document",
        required=True,
        readonly=True,
    )
    reason = fields.Char(required=True)

    # === SELECTION METHODS === #

    @api.model
    def _selection_document(self):
        return [
            (name, self.env[name]._description)
            for name in ("welfare.fiscal.year", "welfare.fund.period")
        ]

    # === ACTION METHODS === #

    def action_apply(self):
        """Submit it; the document's own rules say whether it may."""
        self.ensure_one()
        self.document._ask_approval(reopening_reason=self.reason)
        return {"type": "ir.actions.act_window_close"}

    # === BUSINESS METHODS === #

    @api.model
    def _open(self, document):
        """Return the action that opens this dialog for a document."""
        document.ensure_one()
        document.check_access("write")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_fund_reopen_action"
        )
        return {
            **action,
            "context": {"default_document": f"{document._name},{document.id}"},
        }
