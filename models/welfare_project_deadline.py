from odoo import api, fields, models
from odoo.tools import SQL, file_open, format_date

from .welfare_project_gate import STAGES

#: What is later than its day; a warranty only ends.
CLOCK_KINDS = ("stage", "milestone", "clock")


class WelfareProjectDeadline(models.Model):
    """What is due in a project and when (项目时间表), planned beside actual.

    A view of the stages and milestones with their planned days, of the clocks that run
    from acceptance, and of the warranties. How long a clock or a warranty runs is a row
    of ``welfare.rule`` whose code ends in its unit: ``_days``, ``_months``, ``_years``.
    One of ``_seasons`` is shown without a day: where the heating season ends is a local
    rule. The newest row that held at the place on the day of acceptance counts.
    """

    _name = "welfare.project.deadline"
    _description = "Day of a Project"
    _inherit = ["welfare.region.mixin"]
    _auto = False
    _log_access = False
    _order = "date_due, id"
    _depends = {
        "welfare.project": ["state", "name", "region_id", "user_id", "date_start"],
        "welfare.project.date": ["project_id", "stage", "kind", "date"],
        "welfare.project.milestone": ["date_planned", "date_actual", "name"],
        "welfare.project.requirement": ["date_document", "gate_id"],
        "welfare.project.gate": ["clock_code", "stage"],
        "welfare.rule": ["code", "value", "active", "state", "date_from", "date_to"],
    }

    kind = fields.Selection(
        selection=[
            ("stage", "Stage"),
            ("milestone", "Milestone"),
            ("clock", "Legal Period"),
            ("warranty", "Warranty"),
        ],
        readonly=True,
    )
    project_id = fields.Many2one(comodel_name="welfare.project", readonly=True)
    region_id = fields.Many2one(readonly=True)
    user_id = fields.Many2one(
        comodel_name="res.users", string="Responsible", readonly=True
    )
    stage = fields.Selection(selection=STAGES, readonly=True)
    milestone_id = fields.Many2one(
        comodel_name="welfare.project.milestone", readonly=True
    )
    gate_id = fields.Many2one(comodel_name="welfare.project.gate", readonly=True)
    rule_id = fields.Many2one(comodel_name="welfare.rule", readonly=True)
    what = fields.Char(compute="_compute_what")
    date_first = fields.Date(
        string="First Planned for", readonly=True, help="Before the plan changed."
    )
    date_due = fields.Date(string="Due on", readonly=True)
    date_done = fields.Date(string="Done on", readonly=True)
    days_late = fields.Integer(
        readonly=True,
        aggregator=None,
        help="From the day it was due to the day it was done, or to today; less than "
        "nothing before it is due.",
    )
    is_late = fields.Boolean(
        string="Late", readonly=True, help="Not done, and its day has passed."
    )
    is_open = fields.Boolean(string="To Come", readonly=True, help="Not done yet.")

    # === COMPUTE METHODS === #

    @api.depends("kind", "stage", "milestone_id.name", "gate_id.name", "rule_id.name")
    @api.depends_context("lang")
    def _compute_what(self):
        labels = dict(self._fields["stage"]._description_selection(self.env))
        for row in self:
            row.what = (
                row.milestone_id.name
                or row.gate_id.name
                or row.rule_id.name
                or labels.get(row.stage)
            )

    @api.depends("what", "project_id.name")
    def _compute_display_name(self):
        for row in self:
            row.display_name = f"{row.project_id.name} · {row.what}"

    # === ACTION METHODS === #

    def action_open_project(self):
        """Open the project itself."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "welfare.project",
            "res_id": self.project_id.id,
            "view_mode": "form",
        }

    # === CRON === #

    @api.model
    def _cron_remind(self):
        """Give the responsible people an activity for what is late or about to end.

        Once for each day that is due: one that was ticked off does not come again, a
        plan that changes brings a new one.
        """
        today = fields.Date.context_today(self)
        rows = self.search([("is_late", "=", True)])
        rule = self.env["welfare.rule"]._get_rule(
            "project_remind_days", self.env["welfare.region"], today
        )
        if rule:
            soon = fields.Date.add(today, days=int(rule.value))
            rows |= self.search(
                [
                    ("is_open", "=", True),
                    ("kind", "in", ("clock", "warranty")),
                    ("date_due", ">=", today),
                    ("date_due", "<=", soon),
                ]
            )
        known = self.env["mail.activity"].with_context(active_test=False)
        activities = known.search_fetch(
            [
                ("res_model", "=", rows.project_id._name),
                ("res_id", "in", rows.project_id.ids),
            ],
            ["res_id", "summary"],
        )
        told = {(activity.res_id, activity.summary) for activity in activities}
        for row in rows:
            row._remind(told)
        return len(rows)

    def _remind(self, told):
        """Schedule the activity for one day, unless there was one already.

        :param set told: project and summary of each there was; this one is added.
        """
        self.ensure_one()
        project = self.project_id
        user = project.user_id
        if not user.active:
            return
        note = self.with_context(lang=user.lang)
        summary = note.env._(
            "%(what)s: due on %(date)s",
            what=note.what,
            date=format_date(note.env, self.date_due),
        )
        if (project.id, summary) not in told:
            told.add((project.id, summary))
            project.activity_schedule(
                "mail.mail_activity_data_todo",
                date_deadline=self.date_due,
                summary=summary,
                user_id=user.id,
            )

    # === BUSINESS METHODS === #

    @property
    def _table_query(self):
        with file_open(
            "welfare_facility/models/sql/welfare_project_deadline.sql"
        ) as file:
            return SQL(file.read(), today=fields.Date.context_today(self))
