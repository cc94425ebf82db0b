from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError
from odoo.tools import format_date


class WelfareStaffRecord(models.Model):
    """A training that a person took, or a record check that was made (培训、从业查询).

    Of a check the day and the result are kept, and nothing of what was found.
    """

    _name = "welfare.staff.record"
    _description = "Training or Record Check"
    _inherit = ["welfare.region.mixin"]
    _order = "date desc, id desc"
    _place_fields = frozenset(("staff_id",))

    staff_id = fields.Many2one(
        comodel_name="welfare.staff", required=True, ondelete="cascade", index=True
    )
    region_id = fields.Many2one(
        related="staff_id.region_id", required=False, index=False
    )
    kind = fields.Selection(
        selection=[("training", "Training"), ("check", "Record Check")],
        required=True,
        default="training",
    )
    date = fields.Date(required=True)
    hours = fields.Float(string="Hours of Training", digits=(5, 1))
    result = fields.Selection(
        selection=[("clear", "Nothing Found"), ("found", "Entry Found")]
    )

    _check_result = models.Constraint(
        "CHECK ((kind = 'check') = (result IS NOT NULL))",
        "A record check has a result, and a training has none.",
    )
    _check_hours = models.Constraint(
        "CHECK (hours >= 0)", "Hours of training cannot be negative."
    )

    # === COMPUTE METHODS === #

    @api.depends("kind", "date", "staff_id.name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for record in self:
            day = record.date and format_date(self.env, record.date)
            parts = (record.staff_id.name, kinds.get(record.kind), day)
            record.display_name = " · ".join(part for part in parts if part)

    # === CONSTRAINT METHODS === #

    @api.constrains("date")
    def _check_date(self):
        today = self.env["welfare.staff"]._today()
        if any(record.date > today for record in self):
            raise ValidationError(self.env._("This day has not come yet."))

    # === CRUD METHODS === #

    def write(self, vals):
        if "staff_id" in vals:
            raise AccessError(self.env._("A record stays with its person."))
        return super().write(vals)
