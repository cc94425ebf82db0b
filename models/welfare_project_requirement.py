from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import SQL, file_open

#: The evidence itself; who recorded it and when is noted by the server.
EVIDENCE_FIELDS = frozenset(
    ("attachment_ids", "number", "date_document", "signatory", "figure")
)


class WelfareProjectRequirement(models.Model):
    """What a project has for one of its gates (关口材料): a document or a figure.

    Once the stage is completed the evidence stays as it is; what was missing then can
    still be added.
    """

    _name = "welfare.project.requirement"
    _description = "Evidence for a Gate"
    _inherit = ["welfare.attachment.mixin"]
    _order = "stage_rank, sequence, id"

    _attachment_fields = ("attachment_ids",)

    project_id = fields.Many2one(
        comodel_name="welfare.project",
        required=True,
        readonly=True,
        index=True,
        ondelete="cascade",
    )
    region_id = fields.Many2one(related="project_id.region_id")
    gate_id = fields.Many2one(
        comodel_name="welfare.project.gate",
        required=True,
        readonly=True,
        ondelete="restrict",
    )
    stage = fields.Selection(related="gate_id.stage")
    stage_rank = fields.Integer(related="gate_id.stage_rank", store=True)
    sequence = fields.Integer(related="gate_id.sequence", store=True)
    evidence = fields.Selection(related="gate_id.evidence")
    unit = fields.Char(related="gate_id.unit")
    needs_signatory = fields.Boolean(related="gate_id.needs_signatory")
    is_verified = fields.Boolean(related="gate_id.is_verified")
    legal_source = fields.Text(related="gate_id.source", string="Legal Source")
    number = fields.Char(string="Document Number")
    date_document = fields.Date(string="Day of the Document")
    signatory = fields.Char(
        help="Who signed it, such as the chief supervision engineer (总监理工程师)."
    )
    figure = fields.Float(digits=(16, 2), aggregator=None)
    attachment_ids = fields.Many2many(
        comodel_name="ir.attachment",
        relation="welfare_project_requirement_file_rel",
        column1="requirement_id",
        column2="attachment_id",
        string="Files",
        ondelete="restrict",
        copy=False,
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Recorded by",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    date_recorded = fields.Datetime(string="Recorded on", readonly=True, copy=False)
    is_fulfilled = fields.Boolean(string="There", compute="_compute_is_fulfilled")

    _gate_uniq = models.Constraint(
        "UNIQUE (project_id, gate_id)", "A project has one row for each gate."
    )
    _check_figure = models.Constraint(
        "CHECK (figure >= 0 AND figure < 10000000000000)",
        "A figure is not less than nothing.",
    )

    def init(self):
        path = "welfare_facility/models/sql/welfare_project_requirement.sql"
        with file_open(path) as file:
            self.env.cr.execute(file.read())
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("gate_id.name")
    def _compute_display_name(self):
        for requirement in self:
            requirement.display_name = requirement.gate_id.name

    @api.depends(*EVIDENCE_FIELDS, "project_id.is_supervised", "project_id.state")
    def _compute_is_fulfilled(self):
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT requirement.id FROM welfare_project_requirement requirement
                JOIN welfare_project_gate gate ON gate.id = requirement.gate_id
                WHERE requirement.id IN %s AND gate.id NOT IN (
                    SELECT welfare_project_missing(requirement.project_id, gate.stage)
                )
                """,
                tuple(self._origin.ids) or (0,),
            )
        )
        fulfilled = {row[0] for row in rows}
        for requirement in self:
            requirement.is_fulfilled = requirement._origin.id in fulfilled

    # === CONSTRAINT METHODS === #

    @api.constrains("date_document")
    def _check_date_document(self):
        today = fields.Date.context_today(self)
        for requirement in self:
            if requirement.date_document and requirement.date_document > today:
                raise ValidationError(
                    self.env._(
                        "%(gate)s: the day of the document has not come yet.",
                        gate=requirement.gate_id.name,
                    )
                )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._sign(vals) for vals in vals_list])

    def write(self, vals):
        for name in vals.keys() & {"project_id", "gate_id"}:
            if any(row[name].id != vals[name] for row in self):
                raise AccessError(
                    self.env._("Evidence stays with its gate and project.")
                )
        if vals.keys() & EVIDENCE_FIELDS:
            for requirement in self:
                requirement._check_is_open()
        return super().write(self._sign(vals))

    @api.ondelete(at_uninstall=False)
    def _unlink_if_empty(self):
        if not all(requirement._is_empty() for requirement in self):
            raise UserError(self.env._("Evidence is kept."))

    # === BUSINESS METHODS === #

    def _sign(self, vals):
        """Note who recorded evidence and when, whatever the caller says."""
        vals = {**vals}
        vals.pop("user_id", None)
        vals.pop("date_recorded", None)
        if vals.keys() & EVIDENCE_FIELDS:
            vals.update(user_id=self.env.uid, date_recorded=fields.Datetime.now())
        return vals

    def _is_empty(self):
        return not self.date_recorded

    def _remove(self):
        """Drop rows of gates that do not hold any more and have no evidence."""
        self.unlink()

    def _check_is_open(self):
        """Refuse to change the evidence of a stage that is completed."""
        self.ensure_one()
        project = self.project_id
        stages = list(dict(project._fields["state"].selection))
        is_past = stages.index(project.state) > stages.index(self.stage)
        if is_past and not self._is_empty():
            raise UserError(
                self.env._(
                    "%(gate)s: the stage is completed, its evidence stays as it is.",
                    gate=self.gate_id.name,
                )
            )
