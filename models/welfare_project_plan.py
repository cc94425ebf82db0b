from odoo import api, fields, models


class WelfareProjectPlan(models.Model):
    """What a place plans to build in a year (年度建设计划), beside what came of it.

    Such as “2019: 13 homes”. The planned money is added by the funding stage.
    """

    _name = "welfare.project.plan"
    _description = "Year Plan"
    _inherit = [
        "welfare.region.mixin",
        "welfare.state.mixin",
        "welfare.currency.mixin",
        "mail.thread",
    ]
    _order = "year desc, id desc"

    _initial_states = ("draft",)
    _transitions = {"draft": {"decided"}, "decided": set()}
    _content_fields = frozenset(("year", "region_id", "facility_type_id", "home_count"))

    name = fields.Char(required=True, tracking=True)
    year = fields.Integer(
        required=True, aggregator=None, default=lambda self: self._default_year()
    )
    facility_type_id = fields.Many2one(
        comodel_name="welfare.facility.type", required=True, ondelete="restrict"
    )
    kind_id = fields.Many2one(
        comodel_name="welfare.project.kind",
        string="Kind of Its Projects",
        ondelete="restrict",
        default=lambda self: self._default_kind_id(),
        required=True,
    )
    home_count = fields.Integer(string="Facilities Planned", required=True)
    state = fields.Selection(
        selection=[("draft", "Draft"), ("decided", "Decided")],
        required=True,
        readonly=True,
        copy=False,
        default="draft",
        tracking=True,
    )
    source = fields.Text(help="The document that says so.")
    project_ids = fields.One2many(
        comodel_name="welfare.project", inverse_name="plan_id", string="Projects"
    )
    project_count = fields.Integer(compute="_compute_counts")
    begun_count = fields.Integer(
        string="Begun", compute="_compute_counts", help="Facilities under construction."
    )
    built_count = fields.Integer(
        string="Accepted", compute="_compute_counts", help="Facilities accepted."
    )
    lacking_count = fields.Integer(
        string="Still Lacking",
        compute="_compute_counts",
        help="Planned, and not accepted yet.",
    )

    _check_home_count = models.Constraint(
        "CHECK (home_count > 0)", "A plan builds at least one facility."
    )
    _check_year = models.Constraint(
        "CHECK (year BETWEEN 1990 AND 2100)", "This is no year of a plan."
    )

    # === DEFAULT METHODS === #

    @api.model
    def _default_year(self):
        return fields.Date.context_today(self).year

    @api.model
    def _default_kind_id(self):
        return self.env["welfare.project.kind"].search([], limit=1)

    # === COMPUTE METHODS === #

    @api.depends("project_ids.state", "project_ids.facility_ids", "home_count")
    def _compute_counts(self):
        for plan in self:
            projects = plan.project_ids
            building = projects.filtered(
                lambda project: project.state in ("construction", "acceptance")
            )
            built = projects.filtered(
                lambda project: (
                    project.state in ("handover", "settlement", "archiving", "done")
                )
            )
            plan.project_count = len(projects)
            plan.begun_count = len(building.facility_ids)
            plan.built_count = len(built.facility_ids)
            plan.lacking_count = max(0, plan.home_count - plan.built_count)

    # === ACTION METHODS === #

    def action_decide(self):
        """Fix what was planned."""
        self.check_access("write")
        self._set_state("decided")
        return True

    def action_create_projects(self):
        """Begin a project for each facility planned for the year that has none."""
        self.ensure_one()
        self.check_access("write")
        facilities = self.env["welfare.facility"].search(
            [
                ("region_id", "child_of", self.region_id.id),
                ("type_id", "=", self.facility_type_id.id),
                ("plan_year", "=", self.year),
                ("state", "in", ("planned", "under_construction")),
                ("project_ids", "=", False),
            ]
        )
        self.env["welfare.project"].create(
            [
                {
                    "name": self.env._("Building of %(name)s", name=facility.name),
                    "kind_id": self.kind_id.id,
                    "region_id": facility.region_id.id,
                    "plan_id": self.id,
                    "facility_ids": [facility.id],
                    "date_start": max(
                        facility.date_state,
                        fields.Date.to_date(f"{self.year}-01-01"),
                    ),
                }
                for facility in facilities
            ]
        )
        return self.action_open_projects()

    def action_open_projects(self):
        """Open the projects of the plan."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_project_action"
        )
        return {
            **action,
            "domain": [("plan_id", "in", self.ids)],
            "context": {"default_plan_id": self[:1].id},
        }
