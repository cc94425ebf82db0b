from odoo import api, fields, models


class WelfareFacilityTransition(models.TransientModel):
    """Closing what lottery money paid for asks what was decided about that money."""

    _inherit = "welfare.facility.transition"

    currency_id = fields.Many2one(related="facility_id.currency_id", related_sudo=False)
    amount_lottery = fields.Monetary(
        string="Lottery Money", compute="_compute_amount_lottery"
    )
    duty = fields.Selection(
        selection=lambda self: (
            self.env["welfare.facility.closure"]
            ._fields["duty"]
            ._description_selection(self.env)
        ),
        string="Duty to the Lottery Fund",
    )
    duty_number = fields.Char(string="Document of the Grantor")

    # === COMPUTE METHODS === #

    @api.depends("facility_id")
    def _compute_amount_lottery(self):
        for wizard in self:
            facility = wizard.facility_id
            wizard.amount_lottery = (
                facility.id
                and facility.has_access("read")
                and facility._get_lottery_amount()
            )

    # === BUSINESS METHODS === #

    def _prepare_details(self):
        return {
            **super()._prepare_details(),
            "duty": self.duty,
            "duty_number": self.duty_number,
        }
