from odoo import api, fields, models

#: The stages of a project in their order; each has a day on which it is completed.
STAGES = [
    ("initiation", "Initiation"),
    ("approval", "Approval"),
    ("procurement", "Procurement"),
    ("construction", "Construction"),
    ("acceptance", "Acceptance"),
    ("handover", "Handover"),
    ("settlement", "Final Accounts"),
    ("archiving", "Archiving"),
]


class WelfareProjectGate(models.Model):
    """What completing a stage of a project needs (阶段关口): a document or a figure.

    A gate that somebody has verified forbids the step while its evidence is missing;
    one that nobody has verified warns. It holds for projects that begin while it is
    valid, so that a new rule does not change what is under way. Which evidence is
    missing says ``welfare_project_missing`` in ``sql/welfare_project.sql``, for the
    database and for the words alike.
    """

    _name = "welfare.project.gate"
    _description = "Gate of a Project"
    _order = "stage_rank, sequence, id"

    name = fields.Char(required=True, translate=True)
    stage = fields.Selection(
        selection=STAGES, required=True, help="The stage that it completes."
    )
    stage_rank = fields.Integer(
        compute="_compute_stage_rank", store=True, aggregator=None
    )
    sequence = fields.Integer(default=10)
    evidence = fields.Selection(
        selection=[
            ("document", "A document"),
            ("figure", "A figure"),
            ("estimate", "The approved estimate"),
            ("milestones", "Milestones whose weights add up to 100"),
            ("progress", "Physical progress of 100 %"),
            ("checklist", "The acceptance checklist, passed"),
        ],
        required=True,
        default="document",
    )
    unit = fields.Char(translate=True, help="Of the figure.")
    needs_signatory = fields.Boolean(
        string="Signed by Name", help="The document counts only with its signatory."
    )
    is_supervised_only = fields.Boolean(
        string="Only with Supervision",
        help="For projects with a construction supervisor (监理) only.",
    )
    kind_ids = fields.Many2many(
        comodel_name="welfare.project.kind",
        relation="welfare_project_gate_kind_rel",
        column1="gate_id",
        column2="kind_id",
        string="Kinds of Project",
        help="Empty: all.",
    )
    clock_code = fields.Char(
        string="Clock",
        help="Code of the rule that says how long after acceptance it is due.",
    )
    date_from = fields.Date(string="Valid from", required=True)
    date_to = fields.Date(string="Valid to", help="Empty while it holds.")
    source = fields.Text(
        string="Legal Source", required=True, help="The document that says so."
    )
    is_verified = fields.Boolean(
        string="Verified",
        help="Somebody has checked this row against the document: only then it "
        "forbids.",
    )
    active = fields.Boolean(default=True)

    _check_dates = models.Constraint(
        "CHECK (date_to >= date_from)", "A gate cannot end before it begins."
    )

    # === COMPUTE METHODS === #

    @api.depends("stage")
    def _compute_stage_rank(self):
        ranks = [stage for stage, _label in STAGES]
        for gate in self:
            gate.stage_rank = ranks.index(gate.stage) + 1
