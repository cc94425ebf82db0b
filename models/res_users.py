from odoo import fields, models


class ResUsers(models.Model):
    _inherit = "res.users"

    # Not in SELF_WRITEABLE_FIELDS: nobody widens the own view.
    welfare_region_ids = fields.Many2many(
        comodel_name="welfare.region",
        relation="welfare_region_res_users_rel",
        column1="user_id",
        column2="region_id",
        string="Regions",
        help="The user sees what lies in these regions and below. Without a region the "
        "user sees nothing.",
    )

    def _get_invalidation_fields(self):
        # Record rules are cached per user, with the regions evaluated: without this a
        # change of regions would act only after the next restart.
        return super()._get_invalidation_fields() | {"welfare_region_ids"}
