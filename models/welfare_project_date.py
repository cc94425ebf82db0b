from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tools import file_open, format_date

from .welfare_project_gate import STAGES


class WelfareProjectDate(models.Model):
    """A day on which a stage is, or was, to be completed (阶段时间记录).

    Of a stage the newest planned and the newest actual row count; the first planned row
    is the plan that the project slips from.
    """

    _name = "welfare.project.date"
    _description = "Day of a Stage"
    _inherit = ["welfare.history.mixin"]
    _order = "id desc"

    _history_parent = "project_id"

    project_id = fields.Many2one(
        comodel_name="welfare.project",
        required=True,
        index=True,
        ondelete="cascade",
        readonly=True,
    )
    region_id = fields.Many2one(related="project_id.region_id")
    stage = fields.Selection(selection=STAGES, required=True, readonly=True)
    kind = fields.Selection(
        selection=[("plan", "Planned"), ("actual", "Actual")],
        required=True,
        readonly=True,
    )
    date = fields.Date(string="Completed on", required=True, readonly=True)
    reason = fields.Char(readonly=True)

    def init(self):
        with file_open("welfare_facility/models/sql/welfare_project_date.sql") as file:
            self.env.cr.execute(file.read())
        return super().init()

    # === BUSINESS METHODS === #

    def _get_days(self, project, kind):
        """Return the day of each stage of a project that has one, in their order.

        :param str kind: ``plan`` or ``actual``.
        :rtype: dict[str, datetime.date]
        """
        # Read from the database: a form that is open may show older rows.
        rows = self.search([("project_id", "=", project.id), ("kind", "=", kind)])
        newest = {row.stage: row.date for row in rows.sorted("id")}
        return {stage: newest[stage] for stage, _label in STAGES if stage in newest}

    def _check_order(self, project, days):
        """Refuse days of stages that are not in the order of the stages.

        :param dict days: the day of each stage.
        :raise UserError: names the first pair that is out of order.
        """
        known = [(stage, days[stage]) for stage, _label in STAGES if days.get(stage)]
        for (before, earlier), (after, later) in zip(known, known[1:], strict=False):
            if later < earlier:
                raise UserError(
                    self.env._(
                        "%(project)s: “%(after)s” on %(later)s comes before "
                        "“%(before)s” on %(earlier)s.",
                        project=project.display_name,
                        after=project._state_label(after),
                        later=format_date(self.env, later),
                        before=project._state_label(before),
                        earlier=format_date(self.env, earlier),
                    )
                )
