from odoo import fields, models
from odoo.exceptions import UserError


class WelfareFacilityImport(models.Model):
    """The funding sheet of an applied ledger goes on into the fund ledger."""

    _inherit = "welfare.facility.import"

    open_fund_count = fields.Integer(
        string="Not in the Fund Ledger", compute="_compute_open_fund_count"
    )

    allottable_count = fields.Integer(
        string="Can Be Allotted", compute="_compute_open_fund_count"
    )

    # === COMPUTE METHODS === #

    def _compute_open_fund_count(self):
        for record in self:
            record.open_fund_count = len(record.fund_ids.filtered("is_open"))
            record.allottable_count = len(record.fund_ids.filtered("is_allottable"))

    # === ACTION METHODS === #

    def action_register_funds(self):
        """Make drafts of appropriations and adjustments of the funding rows.

        What is there already is linked; what cannot be told from a row stays open, and
        the row says why. Doing it again makes nothing twice.

        :raise UserError: the ledger was not applied.
        """
        self.ensure_one()
        if self.state != "applied":
            raise UserError(self.env._("Apply the ledger first."))
        self.env["welfare.appropriation"].check_access("create")
        self.fund_ids._make_documents()
        return self.action_open_appropriations()

    def action_open_appropriations(self):
        """Open the appropriations that these rows have become, or add to."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_appropriation_action"
        )
        appropriations = self.fund_ids.appropriation_id
        return {**action, "domain": [("id", "in", appropriations.ids)]}

    def action_draft_allotments(self):
        """Make drafts of allotments where the ledger's homes add up to a document.

        :raise UserError: the ledger was not applied.
        """
        self.ensure_one()
        if self.state != "applied":
            raise UserError(self.env._("Apply the ledger first."))
        return self.fund_ids.action_draft_allotments()

    def action_open_allotments(self):
        """Open the allotments of the documents that these rows have become."""
        self.ensure_one()
        return self.fund_ids.action_open_allotments()
