from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import file_open

#: Milestones are laid down before the builders begin.
LAYING_STATES = ("initiation", "approval", "procurement")


class WelfareProjectMilestone(models.Model):
    """A part of the works (里程碑) with its weight in percent of the whole.

    Its own percentage is what was measured last on the site. From construction on the
    weights are fixed; they must add up to 100 before it begins.
    """

    _name = "welfare.project.milestone"
    _description = "Milestone"
    _order = "project_id, sequence, id"

    project_id = fields.Many2one(
        comodel_name="welfare.project", required=True, index=True, ondelete="cascade"
    )
    region_id = fields.Many2one(related="project_id.region_id")
    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    facility_id = fields.Many2one(
        comodel_name="welfare.facility",
        ondelete="restrict",
        index="btree_not_null",
        help="Where it belongs to one of several.",
    )
    weight = fields.Float(
        string="Weight (%)", digits=(5, 2), required=True, aggregator="sum"
    )
    date_planned = fields.Date(string="Planned Day")
    date_actual = fields.Date(
        string="Finished on",
        compute="_compute_percent",
        store=True,
        help="Day of the measurement that found it finished.",
    )
    percent = fields.Float(
        string="Measured (%)",
        digits=(5, 2),
        compute="_compute_percent",
        store=True,
        aggregator=None,
    )
    measurement_ids = fields.One2many(
        comodel_name="welfare.project.measurement",
        inverse_name="milestone_id",
        string="Measurements",
        readonly=True,
    )

    _check_weight = models.Constraint(
        "CHECK (weight > 0 AND weight <= 100)", "A weight lies between 0 and 100 %."
    )

    def init(self):
        with file_open(
            "welfare_facility/models/sql/welfare_project_milestone.sql"
        ) as file:
            self.env.cr.execute(file.read())
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("measurement_ids.percent", "measurement_ids.date")
    def _compute_percent(self):
        for milestone in self:
            newest = milestone.measurement_ids.sorted(
                lambda row: (row.date, row._origin.id)
            )[-1:]
            milestone.percent = newest.percent
            milestone.date_actual = newest.percent >= 100 and newest.date

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        project_ids = {vals.get("project_id") for vals in vals_list}
        projects = self.env["welfare.project"].browse(filter(None, project_ids))
        self._check_laying(projects)
        return super().create(vals_list)

    def write(self, vals):
        if vals.keys() & {"project_id", "weight", "facility_id"}:
            self._check_laying(self.project_id)
        if any(
            vals.get("project_id", row.project_id.id) != row.project_id.id
            for row in self
        ):
            raise AccessError(self.env._("A milestone stays with its project."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_while_laying(self):
        self._check_laying(self.project_id)

    # === BUSINESS METHODS === #

    @api.model
    def _check_laying(self, projects):
        """Refuse projects whose builders have begun."""
        for project in projects:
            if project.state not in LAYING_STATES:
                raise UserError(
                    self.env._(
                        "%(project)s is “%(state)s”: its milestones are fixed.",
                        project=project.display_name,
                        state=project._state_label(project.state),
                    )
                )
