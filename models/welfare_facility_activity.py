from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain


class WelfareFacilityActivity(models.Model):
    """An activity that a facility plans (活动计划), such as a reading afternoon.

    That it was held is said, with photos and numbers of people, by an entry of the site
    log that points to it; an activity itself is only the plan.
    """

    _name = "welfare.facility.activity"
    _description = "Planned Activity"
    _inherit = ["welfare.region.mixin"]
    _order = "date desc, id desc"
    _place_fields = frozenset(("facility_id",))

    name = fields.Char(string="Activity", required=True)
    facility_id = fields.Many2one(
        comodel_name="welfare.facility",
        required=True,
        ondelete="restrict",
        index=True,
        default=lambda self: self._default_facility_id(),
    )
    region_id = fields.Many2one(
        related="facility_id.region_id", required=False, index=False
    )
    date = fields.Date(string="Planned Day", required=True)
    children_planned = fields.Integer(string="Children Expected")
    plan = fields.Text(help="Aim, course, who leads it, how safety is kept.")
    active = fields.Boolean(default=True)
    log_ids = fields.One2many(
        comodel_name="welfare.facility.log",
        inverse_name="activity_id",
        string="Entries in the Log",
        readonly=True,
    )
    is_held = fields.Boolean(
        string="Held", compute="_compute_held", search="_search_is_held"
    )
    children_served = fields.Integer(string="Children Came", compute="_compute_held")

    _check_children = models.Constraint(
        "CHECK (children_planned >= 0)", "A number of people cannot be negative."
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_facility_id(self):
        return self.env["welfare.facility.log"]._default_facility_id()

    # === COMPUTE METHODS === #

    @api.depends("log_ids.is_corrected", "log_ids.children_served")
    def _compute_held(self):
        for activity in self:
            logs = activity.log_ids.filtered(lambda log: not log.is_corrected)
            activity.is_held = bool(logs)
            activity.children_served = sum(logs.mapped("children_served"))

    def _search_is_held(self, operator, value):
        if operator != "in":
            return NotImplemented
        held = Domain("log_ids", "any", [("is_corrected", "=", False)])
        return held if True in value else ~held

    # === CRUD METHODS === #

    def write(self, vals):
        if "facility_id" in vals:
            raise AccessError(self.env._("An activity stays with its facility."))
        return super().write(vals)

    # === ACTION METHODS === #

    def action_log(self):
        """Open the entry of the log that says that it was held."""
        self.ensure_one()
        return {
            **self.facility_id.action_log(),
            "context": {
                "default_facility_id": self.facility_id.id,
                "default_kind": "activity",
                "default_activity_id": self.id,
                "default_note": self.name,
            },
        }
