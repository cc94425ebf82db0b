from odoo import fields, models


class WelfareFacilityClosure(models.Model):
    """Why a facility was closed, and what became of its assets (撤销、停办记录).

    Every facility that had been built needs one to be closed; the database asks for it.
    What is owed to those who gave the money is added by the funding stage.
    """

    _name = "welfare.facility.closure"
    _description = "Closing of a Facility"
    _inherit = ["welfare.history.mixin", "welfare.currency.mixin"]
    _order = "date desc, id desc"

    _history_parent = "facility_id"

    facility_id = fields.Many2one(
        comodel_name="welfare.facility",
        required=True,
        index=True,
        ondelete="cascade",
        readonly=True,
    )
    region_id = fields.Many2one(related="facility_id.region_id")
    date = fields.Date(string="Closed on", required=True, readonly=True)
    reason = fields.Char(required=True, readonly=True)
    fate = fields.Selection(
        selection=[
            ("transferred", "Transferred to another facility or office"),
            ("stored", "Kept in store"),
            ("returned", "Returned to the owner"),
            ("disposed", "Disposed of, as the rules on state assets ask"),
            ("none", "There were none"),
        ],
        string="Fate of the Assets",
        required=True,
        readonly=True,
    )
    fate_note = fields.Char(
        string="Details", readonly=True, help="Where they are, under which paper."
    )
