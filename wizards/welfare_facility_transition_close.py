from odoo import fields, models


class WelfareFacilityTransition(models.TransientModel):
    """Closing a facility that was built asks for the fate of its assets as well."""

    _inherit = "welfare.facility.transition"

    fate = fields.Selection(
        selection=lambda self: (
            self.env["welfare.facility.closure"]
            ._fields["fate"]
            ._description_selection(self.env)
        ),
        string="Fate of the Assets",
    )
    fate_note = fields.Char(string="Details")

    # === BUSINESS METHODS === #

    def _prepare_details(self):
        return {
            **super()._prepare_details(),
            "fate": self.fate,
            "fate_note": self.fate_note,
        }
