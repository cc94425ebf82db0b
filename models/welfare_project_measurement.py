from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_date


class WelfareProjectMeasurement(models.Model):
    """How far a milestone was found to be on the site on a day (现场计量), in percent.

    The newest row counts. A wrong one is put right by a further one, which says why
    when less is found than before.
    """

    _name = "welfare.project.measurement"
    _description = "Site Measurement"
    _inherit = ["welfare.history.mixin", "welfare.attachment.mixin"]
    _order = "date desc, id desc"

    _history_parent = "project_id"
    _attachment_fields = ("photo_ids",)

    milestone_id = fields.Many2one(
        comodel_name="welfare.project.milestone",
        required=True,
        index=True,
        ondelete="cascade",
    )
    project_id = fields.Many2one(
        related="milestone_id.project_id",
        store=True,
        precompute=True,
        index=True,
        ondelete="cascade",
    )
    region_id = fields.Many2one(related="milestone_id.project_id.region_id")
    date = fields.Date(
        string="Measured on", required=True, default=lambda self: self._default_date()
    )
    percent = fields.Float(
        string="Measured (%)", digits=(5, 2), required=True, aggregator=None
    )
    note = fields.Char()
    photo_ids = fields.Many2many(
        comodel_name="ir.attachment",
        relation="welfare_project_measurement_photo_rel",
        column1="measurement_id",
        column2="attachment_id",
        string="Photos",
        ondelete="restrict",
        copy=False,
    )

    _check_percent = models.Constraint(
        "CHECK (percent >= 0 AND percent <= 100)",
        "Progress lies between 0 and 100 %.",
    )

    def init(self):
        self.env.cr.execute(
            """
            DROP TRIGGER IF EXISTS welfare_project_measurement_check
                ON welfare_project_measurement;
            CREATE TRIGGER welfare_project_measurement_check
                BEFORE INSERT ON welfare_project_measurement
                FOR EACH ROW EXECUTE FUNCTION welfare_project_measurement_check()
            """
        )
        return super().init()

    # === DEFAULT METHODS === #

    @api.model
    def _default_date(self):
        return fields.Date.context_today(self)

    # === COMPUTE METHODS === #

    @api.depends("milestone_id.name", "percent")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.milestone_id.name}: {row.percent:g} %"

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._refuse_wrong(vals)
        return super().create(vals_list)

    # === BUSINESS METHODS === #

    def _refuse_wrong(self, vals):
        """Refuse in words what the database refuses."""
        milestone = self.env["welfare.project.milestone"].browse(
            vals.get("milestone_id")
        )
        if not milestone.exists():
            return
        project = milestone.project_id
        date = fields.Date.to_date(vals.get("date")) or self._default_date()
        percent = vals.get("percent") or 0
        if project.state != "construction":
            raise UserError(
                self.env._(
                    "%(project)s is “%(state)s”: there is nothing to measure.",
                    project=project.display_name,
                    state=project._state_label(project.state),
                )
            )
        if not 0 <= percent <= 100:
            raise UserError(
                self.env._(
                    "%(milestone)s: %(percent)s %% is no progress between 0 and 100.",
                    milestone=milestone.name,
                    percent=percent,
                )
            )
        if date > self._default_date() or date < project.date_start:
            raise UserError(
                self.env._(
                    "%(date)s: a measurement lies between the beginning of the project "
                    "and today.",
                    date=format_date(self.env, date),
                )
            )
        if percent < milestone.percent and not vals.get("note"):
            raise UserError(
                self.env._(
                    "%(milestone)s was found at %(before)s %% before: say why it is "
                    "less now.",
                    milestone=milestone.name,
                    before=milestone.percent,
                )
            )
