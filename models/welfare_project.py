from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Command, Domain
from odoo.tools import SQL, file_open, format_date, format_list

from ..tools.money import split_evenly
from .compliance_checker import ComplianceChecker
from .welfare_project_gate import STAGES

#: The stages until acceptance: the facilities are being built.
BUILDING_STATES = tuple(stage for stage, _label in STAGES[:5])


class WelfareProject(models.Model):
    """One or several facilities being built (建设项目), from 立项 to 归档.

    Its state is the stage that it is in. A stage is completed on a day, with the
    evidence that its gates ask for (``welfare.project.gate``); the database refuses the
    step otherwise, see ``sql/welfare_project.sql``. Acceptance opens the facilities.
    Amounts are in yuan, progress in percent.
    """

    _name = "welfare.project"
    _description = "Construction Project"
    _inherit = [
        "welfare.region.mixin",
        "welfare.state.mixin",
        "welfare.currency.mixin",
        "mail.thread",
        "mail.activity.mixin",
    ]
    _order = "date_start desc, id desc"
    _rec_names_search = ["name", "number"]

    _initial_states = ("initiation",)
    _transitions = {
        "initiation": {"approval", "cancelled"},
        "approval": {"procurement", "cancelled"},
        "procurement": {"construction", "cancelled"},
        "construction": {"acceptance", "cancelled"},
        # What is not accepted goes back to the builders.
        "acceptance": {"handover", "construction", "cancelled"},
        "handover": {"settlement"},
        "settlement": {"archiving"},
        "archiving": {"done"},
        "done": set(),
        "cancelled": set(),
    }
    _derived_fields = frozenset(("amount_estimate", "progress"))
    _content_fields = frozenset(
        ("number", "kind_id", "region_id", "date_start", "facility_ids")
    )

    number = fields.Char(
        copy=False, tracking=True, help="Empty: the next one is given when it is saved."
    )
    name = fields.Char(required=True, tracking=True, index="trigram")
    kind_id = fields.Many2one(
        comodel_name="welfare.project.kind",
        required=True,
        ondelete="restrict",
        tracking=True,
    )
    region_id = fields.Many2one(tracking=True)
    plan_id = fields.Many2one(
        comodel_name="welfare.project.plan",
        string="Year Plan",
        index="btree_not_null",
        ondelete="restrict",
        tracking=True,
        domain="[('region_id', 'parent_of', region_id)]",
    )
    facility_ids = fields.Many2many(
        comodel_name="welfare.facility",
        relation="welfare_project_facility_rel",
        column1="project_id",
        column2="facility_id",
        string="Facilities",
        ondelete="restrict",
        copy=False,
        domain="[('region_id', 'child_of', region_id)]",
    )
    state = fields.Selection(
        selection=[*STAGES, ("done", "Completed"), ("cancelled", "Given Up")],
        string="Stage",
        required=True,
        readonly=True,
        copy=False,
        default="initiation",
        index=True,
        tracking=True,
        group_expand="_group_expand_state",
    )
    date_start = fields.Date(
        string="Begun on",
        required=True,
        default=lambda self: self._default_date_start(),
        help="Day on which it was proposed; the gates of that day hold for it.",
    )
    user_id = fields.Many2one(
        comodel_name="res.users",
        string="Responsible",
        default=lambda self: self.env.user,
        index="btree_not_null",
        tracking=True,
        help="Is reminded of what is late.",
    )
    is_supervised = fields.Boolean(
        string="With Supervision",
        tracking=True,
        help="A construction supervisor (监理) is engaged. It is not taken back once "
        "the project has been proposed.",
    )
    supervisor_id = fields.Many2one(comodel_name="res.partner", ondelete="restrict")
    builder_id = fields.Many2one(comodel_name="res.partner", ondelete="restrict")
    date_ids = fields.One2many(
        comodel_name="welfare.project.date",
        inverse_name="project_id",
        string="Days of the Stages",
        readonly=True,
    )
    requirement_ids = fields.One2many(
        comodel_name="welfare.project.requirement",
        inverse_name="project_id",
        string="Gates",
    )
    estimate_ids = fields.One2many(
        comodel_name="welfare.project.estimate",
        inverse_name="project_id",
        string="Estimates",
    )
    amount_estimate = fields.Monetary(
        string="Approved Estimate",
        compute="_compute_amount_estimate",
        store=True,
        help="The approved estimate with its approved changes.",
    )
    milestone_ids = fields.One2many(
        comodel_name="welfare.project.milestone",
        inverse_name="project_id",
        string="Milestones",
    )
    weight_total = fields.Float(
        string="Weights Together (%)", digits=(6, 2), compute="_compute_weight_total"
    )
    progress = fields.Float(
        string="Physical Progress (%)",
        digits=(5, 2),
        compute="_compute_progress",
        store=True,
        aggregator="avg",
        help="What was measured on the site, by the weights of the milestones.",
    )
    measurement_ids = fields.One2many(
        comodel_name="welfare.project.measurement",
        inverse_name="project_id",
        string="Site Measurements",
    )
    check_ids = fields.One2many(
        comodel_name="welfare.project.check",
        inverse_name="project_id",
        string="Acceptance Checklist",
    )
    deadline_ids = fields.One2many(
        comodel_name="welfare.project.deadline",
        inverse_name="project_id",
        string="Planned and Actual",
        readonly=True,
    )
    late_count = fields.Integer(
        string="Late",
        compute="_compute_late_count",
        search="_search_late_count",
        help="Days that have passed without what was due on them.",
    )
    note = fields.Text()

    _number_uniq = models.UniqueIndex(
        "(number, region_id) WHERE number IS NOT NULL",
        "This number is taken by another project of that region.",
    )

    def init(self):
        with file_open("welfare_facility/models/sql/welfare_project.sql") as file:
            self.env.cr.execute(file.read())
        return super().init()

    # === DEFAULT METHODS === #

    @api.model
    def _default_date_start(self):
        return fields.Date.context_today(self)

    # === COMPUTE METHODS === #

    @api.depends("estimate_ids.amount")
    def _compute_amount_estimate(self):
        for project in self:
            project.amount_estimate = sum(project.estimate_ids.mapped("amount"))

    @api.depends("milestone_ids.weight")
    def _compute_weight_total(self):
        for project in self:
            project.weight_total = sum(project.milestone_ids.mapped("weight"))

    @api.depends("milestone_ids.weight", "milestone_ids.percent")
    def _compute_progress(self):
        for project in self:
            project.progress = sum(
                milestone.weight * milestone.percent / 100
                for milestone in project.milestone_ids
            )

    def _compute_late_count(self):
        counts = dict(
            self.env["welfare.project.deadline"]._read_group(
                [("project_id", "in", self.ids), ("is_late", "=", True)],
                ["project_id"],
                ["__count"],
            )
        )
        for project in self:
            project.late_count = counts.get(project, 0)

    def _search_late_count(self, operator, value):
        """Find the projects with, or without, something late: ``> 0`` or ``= 0``."""
        if (operator, value) != (">", 0):
            return NotImplemented
        late = self.env["welfare.project.deadline"]._search([("is_late", "=", True)])
        return [("id", "in", late.subselect("project_id"))]

    # === CONSTRAINT METHODS === #

    @api.constrains("facility_ids", "region_id")
    def _check_facilities(self):
        for project in self:
            # sudo(): what its user cannot read is refused in words as well.
            for facility in project.sudo().facility_ids:
                inside = facility.region_id.parent_path.startswith(
                    project.sudo().region_id.parent_path
                )
                if not inside:
                    raise ValidationError(
                        self.env._(
                            "A facility does not lie in %(region)s, the place of "
                            "%(project)s.",
                            region=project.region_id.name,
                            project=project.name,
                        )
                    )

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if not vals.get("number"):
                # sudo(): a sequence is read by its users, not theirs to read.
                sequence = self.env["ir.sequence"].sudo()
                vals["number"] = sequence.next_by_code("welfare.project")
            self._refuse_taken_facilities(vals)
        projects = super().create(vals_list)
        projects._list_requirements()
        return projects

    def write(self, vals):
        for project in self:
            project._refuse_taken_facilities(vals)
        dropped = "is_supervised" in vals and not vals["is_supervised"]
        for project in self:
            if dropped and project.is_supervised and project.state != "initiation":
                raise UserError(
                    self.env._(
                        "%(project)s keeps its supervision: it was proposed with one.",
                        project=project.display_name,
                    )
                )
        result = super().write(vals)
        if vals.keys() & {"kind_id", "is_supervised", "date_start"}:
            self._list_requirements()
        return result

    # === ACTION METHODS === #

    def action_complete_stage(self):
        """Ask for the day on which the stage was completed."""
        return self._open_step("complete")

    def action_send_back(self):
        """Ask why what was built goes back to its builders."""
        return self._open_step("send_back")

    def action_cancel(self):
        """Ask why the project is given up."""
        return self._open_step("cancel")

    def action_split_milestones(self):
        """Lay down one milestone for each facility, of equal weights."""
        for project in self:
            if project.milestone_ids or not project.facility_ids:
                raise UserError(
                    self.env._(
                        "%(project)s has milestones already, or no facilities to lay "
                        "them down for.",
                        project=project.display_name,
                    )
                )
            weights = split_evenly(100, len(project.facility_ids))
            self.env["welfare.project.milestone"].create(
                [
                    {
                        "project_id": project.id,
                        "name": facility.name,
                        "facility_id": facility.id,
                        "weight": float(weight),
                    }
                    for facility, weight in zip(
                        project.facility_ids, weights, strict=True
                    )
                ]
            )
        return True

    def action_fill_checklist(self):
        """Put the lines of the standards that apply on the checklist, once each."""
        for project in self:
            project._fill_checklist()
        return True

    def action_open_deadlines(self):
        """Open what is due, planned beside actual."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_project_deadline_action"
        )
        return {
            **action,
            # Without its path: a reload of that address would show every project.
            "path": False,
            "domain": [("project_id", "in", self.ids)],
            "context": {},
        }

    def action_plan(self):
        """Ask for the planned days of the stages."""
        return self._open_step("plan")

    def _open_step(self, step):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": dict(
                self.env["welfare.project.step"]
                ._fields["step"]
                ._description_selection(self.env)
            )[step],
            "res_model": "welfare.project.step",
            "view_mode": "form",
            "target": "new",
            "context": {"default_project_id": self.id, "default_step": step},
        }

    # === BUSINESS METHODS === #

    def _get_missing_gates(self, stage=None):
        """Return the gates of a stage whose evidence is missing.

        :param str stage: the present one without it.
        :rtype: WelfareProjectGate
        """
        self.ensure_one()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL("SELECT welfare_project_missing(%s, %s)", self.id, stage or self.state)
        )
        # Everybody reads the catalogue; browse() keeps nothing back.
        gates = self.env["welfare.project.gate"].browse(row[0] for row in rows)
        return gates.sorted(lambda gate: (gate.stage_rank, gate.sequence, gate.id))

    def _complete_stage(self, date, reason=None, **details):
        """Complete the present stage and go on to the next one.

        :param datetime.date date: the day on which it was completed.
        :param str reason: remarks, in words.
        :raise UserError: evidence is missing, the day has not come, or it lies before
            that of an earlier stage.
        """
        states = [*(stage for stage, _label in STAGES), "done"]
        for project in self:
            if project.state not in states[:-1]:
                raise UserError(
                    self.env._(
                        "%(project)s is “%(state)s”: no stage follows.",
                        project=project.display_name,
                        state=project._state_label(project.state),
                    )
                )
            target = states[states.index(project.state) + 1]
            project._set_state(target, date=date, reason=reason, **details)

    def _prepare_state_vals(self, target, *, date=None, reason=None, **details):
        ranks = [*(stage for stage, _label in STAGES), "done"]
        for project in self:
            if target in ranks and ranks.index(target) > ranks.index(project.state):
                project._record_completion(date, reason)
        return super()._prepare_state_vals(target, **details)

    def _record_completion(self, date, reason):
        """Write down the day of the present stage, once its gates are passed."""
        self.ensure_one()
        Day = self.env["welfare.project.date"]
        date = date or fields.Date.context_today(self)
        if date > fields.Date.context_today(self):
            raise UserError(
                self.env._(
                    "%(date)s has not come yet.", date=format_date(self.env, date)
                )
            )
        if date < self.date_start:
            raise UserError(
                self.env._(
                    "%(date)s lies before the beginning of %(project)s on %(start)s.",
                    date=format_date(self.env, date),
                    project=self.display_name,
                    start=format_date(self.env, self.date_start),
                )
            )
        days = Day._get_days(self, "actual")
        Day._check_order(self, {**self._get_days_before(days), self.state: date})
        missing = self._get_missing_gates()
        refused = missing.filtered("is_verified")
        if refused:
            raise UserError(
                self.env._(
                    "%(project)s cannot complete “%(stage)s”. What is missing: "
                    "%(gates)s.",
                    project=self.display_name,
                    stage=self._state_label(self.state),
                    gates=format_list(self.env, refused.mapped("name")),
                )
            )
        if missing:
            self.message_post(
                body=self.env._(
                    "“%(stage)s” was completed without: %(gates)s. Nobody has verified "
                    "these rules, so they only warn.",
                    stage=self._state_label(self.state),
                    gates=format_list(self.env, missing.mapped("name")),
                )
            )
        # sudo(): the history is written here and nowhere else.
        Day.sudo().create(
            {
                "project_id": self.id,
                "stage": self.state,
                "kind": "actual",
                "date": date,
                "reason": reason,
            }
        )

    def _get_days_before(self, days):
        """Return those days that belong to the stages before the present one."""
        stages = [stage for stage, _label in STAGES]
        before = stages[: stages.index(self.state)]
        return {stage: day for stage, day in days.items() if stage in before}

    def _on_state_set(self, previous, *, date=None, reason=None, opens=True, **details):
        for project in self:
            before = previous[project]
            if (before, project.state) == ("approval", "procurement"):
                # Standards of construction bind as they stood on that day.
                undated = project.facility_ids.filtered(
                    lambda home: not home.date_approved
                )
                undated.date_approved = date
            if (before, project.state) == ("procurement", "construction"):
                project._move_facilities({"planned"}, "under_construction", date)
            if (before, project.state) == ("acceptance", "handover"):
                building = {"planned", "under_construction"}
                project._move_facilities(building, "accepted", date)
                if opens:
                    project._move_facilities(
                        {"accepted", "suspended"}, "operating", date
                    )
            if project.state in ("cancelled", "construction") and reason:
                project.message_post(body=reason)
        return super()._on_state_set(previous, **details)

    def _move_facilities(self, states, target, date):
        """Move the facilities that are in one of some states, as the project says."""
        facilities = self.facility_ids.filtered(lambda home: home.state in states)
        facilities._set_state(
            target,
            date=date,
            reason=self.env._("Project %(number)s", number=self.number),
        )

    def _plan_stages(self, days, reason):
        """Set the planned days of stages; the days before stay in the history.

        :param dict days: the planned day of each stage, or nothing.
        :param str reason: why the plan changes; needed from the second time on.
        :raise UserError: the days are out of order, or no reason is given.
        """
        self.ensure_one()
        self.check_access("write")
        Day = self.env["welfare.project.date"]
        known = Day._get_days(self, "plan")
        changed = {
            stage: day for stage, day in days.items() if day and day != known.get(stage)
        }
        if changed.keys() & known.keys() and not reason:
            raise UserError(self.env._("Say why the plan changes."))
        Day._check_order(self, {**known, **changed})
        first = min(changed.values(), default=self.date_start)
        if first < self.date_start:
            raise UserError(
                self.env._("A planned day lies before the beginning of the project.")
            )
        # sudo(): see _record_completion.
        Day.sudo().create(
            [
                {
                    "project_id": self.id,
                    "stage": stage,
                    "kind": "plan",
                    "date": day,
                    "reason": reason,
                }
                for stage, day in changed.items()
            ]
        )

    def _fill_checklist(self):
        """Add what the standards ask of each facility and the checklist lacks.

        A text of construction counts as it stood when the project was approved. What
        was measured is noted beside each line; whether it passes, people decide. A line
        that nobody has verified, or that only advises, need not be passed.
        """
        self.ensure_one()
        known = {
            (item.facility_id.id, item.standard_line_id.id) for item in self.check_ids
        }
        checker = ComplianceChecker(self.env, fields.Date.context_today(self))
        self.env["welfare.project.check"].create(
            [
                self._prepare_check_vals(check, each)
                for check in checker.check(self.facility_ids.ids)
                for each in check.lines
                if (check.facts.id, each.line.id) not in known
            ]
        )

    def _prepare_check_vals(self, check, each):
        """Return the values of one item: a line of a standard, for one facility."""
        line, figure = each.line, each.figure
        source = (check.standard.display_name, line.article)
        return {
            "project_id": self.id,
            "facility_id": check.facts.id,
            "standard_line_id": line.id,
            "name": line.display_name,
            "source": " ".join(filter(None, source)),
            "found": figure and line._show(line.metric_id, figure.value),
            "is_mandatory": line.is_verified and line.obligation == "mandatory",
        }

    def _list_requirements(self):
        """Give each project a row for each gate that holds for it.

        The database asks the catalogue, not these rows: they hold the evidence.
        """
        Gate = self.env["welfare.project.gate"]
        # sudo(): rows come and go with the gates, not by hand.
        Requirement = self.env["welfare.project.requirement"].sudo()
        for project in self:
            domain = Domain("date_from", "<=", project.date_start) & (
                Domain("date_to", "=", False)
                | Domain("date_to", ">=", project.date_start)
            )
            domain &= Domain("kind_ids", "=", False) | Domain(
                "kind_ids", "in", project.kind_id.ids
            )
            if not project.is_supervised:
                domain &= Domain("is_supervised_only", "=", False)
            gates = Gate.search(domain)
            rows = project.sudo().requirement_ids
            rows.filtered(
                lambda row, gates=gates: row.gate_id not in gates and row._is_empty()
            )._remove()
            Requirement.create(
                [
                    {"project_id": project.id, "gate_id": gate.id}
                    for gate in gates - rows.gate_id
                ]
            )

    def _refuse_taken_facilities(self, vals):
        """Say in words what the database refuses: two projects for a facility."""
        wanted = self.env["welfare.facility"]
        for command in vals.get("facility_ids") or []:
            if isinstance(command, int):
                wanted |= wanted.browse(command)
            elif command[0] == Command.SET:
                wanted |= wanted.browse(command[2])
            elif command[0] == Command.LINK:
                wanted |= wanted.browse(command[1])
        if not wanted:
            return
        # sudo(): a project of another region may have it.
        others = self.sudo().search(
            [("facility_ids", "in", wanted.ids), ("state", "in", BUILDING_STATES)]
        )
        for other in others - self:
            raise UserError(
                self.env._(
                    "%(facilities)s: project %(number)s builds it already.",
                    facilities=format_list(
                        self.env, (wanted & other.facility_ids).mapped("name")
                    ),
                    number=other.number,
                )
            )
