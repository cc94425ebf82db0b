from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError


class WelfareProjectPlanFund(models.Model):
    """Money that a year plan counts on, from one source under one document.

    Beside it stands what the homes of the plan received from that source in that year.
    Several rows of one source are filled in the order of their days. Once the plan is
    decided rows are only added: what comes on top later (追加) is a row of its own.
    """

    _name = "welfare.project.plan.fund"
    _description = "Planned Money"
    _inherit = ["welfare.currency.mixin"]
    _order = "plan_id, date, id"

    plan_id = fields.Many2one(
        comodel_name="welfare.project.plan",
        required=True,
        index=True,
        ondelete="cascade",
    )
    region_id = fields.Many2one(related="plan_id.region_id")
    source_id = fields.Many2one(
        comodel_name="welfare.fund.source", required=True, ondelete="restrict"
    )
    number = fields.Char(string="Document Number")
    date = fields.Date(required=True)
    amount = fields.Monetary(string="Amount Planned", required=True)
    amount_received = fields.Monetary(
        string="Received",
        compute="_compute_amount_received",
        help="By the homes of the plan, from that source, in the plan's year.",
    )

    _check_amount = models.Constraint(
        "CHECK (amount > 0 AND amount = ROUND(amount, 2) AND amount < 10000000000000)",
        "An amount is more than nothing, in yuan and fen.",
    )

    def init(self):
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION welfare_project_plan_fund_keep()
            RETURNS trigger AS $$
            BEGIN
                IF EXISTS (
                    SELECT FROM welfare_project_plan
                    WHERE id = OLD.plan_id AND state <> 'draft'
                ) OR (TG_OP = 'UPDATE' AND NEW.plan_id <> OLD.plan_id) THEN
                    RAISE EXCEPTION 'welfare: the money of plan % is decided',
                        OLD.plan_id USING ERRCODE = 'check_violation';
                END IF;
                RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
            END;
            $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS welfare_project_plan_fund_keep
                ON welfare_project_plan_fund;
            CREATE TRIGGER welfare_project_plan_fund_keep
                BEFORE UPDATE OR DELETE ON welfare_project_plan_fund
                FOR EACH ROW EXECUTE FUNCTION welfare_project_plan_fund_keep()
            """
        )
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("plan_id", "source_id", "date", "amount")
    @api.depends_context("uid")
    def _compute_amount_received(self):
        for plan in self.plan_id:
            received = plan._get_received_by_source()
            rows = plan.fund_ids.sorted(lambda row: (row.date, row.id))
            for source in rows.source_id:
                left = received.get(source, 0.0)
                own = rows.filtered(lambda row, source=source: row.source_id == source)
                for row in own:
                    # What is more than was planned stands on the last row.
                    share = left if row == own[-1] else min(left, row.amount)
                    row.amount_received = share
                    left -= share
        self.filtered(lambda row: not row.plan_id).amount_received = 0

    # === CRUD METHODS === #

    def write(self, vals):
        self._check_draft()
        if any(vals.get("plan_id", row.plan_id.id) != row.plan_id.id for row in self):
            raise AccessError(self.env._("Planned money stays with its plan."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        self._check_draft()

    # === BUSINESS METHODS === #

    def _check_draft(self):
        if any(plan.state != "draft" for plan in self.plan_id):
            raise UserError(
                self.env._(
                    "The plan is decided: what comes on top is a row of its own."
                )
            )
