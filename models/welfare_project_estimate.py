from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import file_open


class WelfareProjectEstimate(models.Model):
    """The approved estimate of a project (概算), and each approved change of it.

    What is approved is the sum of the rows. A wrong row is put right by a further one.
    """

    _name = "welfare.project.estimate"
    _description = "Estimate of a Project"
    _inherit = [
        "welfare.history.mixin",
        "welfare.attachment.mixin",
        "welfare.currency.mixin",
    ]
    _order = "date, id"
    _rec_name = "number"

    _history_parent = "project_id"
    _attachment_fields = ("attachment_ids",)

    project_id = fields.Many2one(
        comodel_name="welfare.project", required=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one(related="project_id.region_id")
    kind = fields.Selection(
        selection=[("approval", "Approved Estimate"), ("change", "Approved Change")],
        required=True,
        default="approval",
    )
    number = fields.Char(
        string="Document Number", required=True, help="Of the paper that approves it."
    )
    date = fields.Date(required=True, default=lambda self: self._default_date())
    amount = fields.Monetary(
        required=True, help="Of a change: what is added, or with a minus taken away."
    )
    reason = fields.Char()
    attachment_ids = fields.Many2many(
        comodel_name="ir.attachment",
        relation="welfare_project_estimate_file_rel",
        column1="estimate_id",
        column2="attachment_id",
        string="Files",
        ondelete="restrict",
        copy=False,
    )

    _approval_uniq = models.UniqueIndex(
        "(project_id) WHERE kind = 'approval'",
        "The estimate has been approved already: enter a change.",
    )
    _check_amount = models.Constraint(
        "CHECK (amount <> 0 AND amount = ROUND(amount, 2) "
        "AND ABS(amount) < 10000000000000 AND (amount > 0 OR kind = 'change'))",
        "An estimate is more than nothing, in yuan and fen.",
    )
    _check_reason = models.Constraint(
        "CHECK (kind = 'approval' OR reason IS NOT NULL)",
        "A change of the estimate says why.",
    )

    def init(self):
        with file_open(
            "welfare_facility/models/sql/welfare_project_estimate.sql"
        ) as file:
            self.env.cr.execute(file.read())
        return super().init()

    # === DEFAULT METHODS === #

    @api.model
    def _default_date(self):
        return fields.Date.context_today(self)

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_wrong(vals)
        return super().create(vals_list)

    # === BUSINESS METHODS === #

    def _refuse_wrong(self, vals):
        """Refuse in words what the database refuses."""
        project = self.env["welfare.project"].browse(vals.get("project_id"))
        if not project.exists():
            return
        if vals.get("kind") == "change":
            if not project.estimate_ids:
                raise UserError(
                    self.env._(
                        "%(project)s has no approved estimate that could change.",
                        project=project.display_name,
                    )
                )
            left = project.amount_estimate + (vals.get("amount") or 0)
            if project.currency_id.compare_amounts(left, 0) <= 0:
                raise UserError(
                    self.env._("What is left of an estimate is more than nothing.")
                )
        date = fields.Date.to_date(vals.get("date")) or self._default_date()
        if date > self._default_date():
            raise UserError(self.env._("An approval is not of a day to come."))
