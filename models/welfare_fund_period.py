from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, date_utils, file_open, format_date


class WelfareFundPeriod(models.Model):
    """Days on which the books of a place are closed (账期锁定、冻结期).

    A month or a quarter that is closed takes no entry that counts on one of its days.
    While a freeze lasts, for an audit or at the year's end, nothing at all is posted,
    whatever day it counts on. Both hold for the accounts of the region and of all
    places in it, and are kept by the database, see ``sql/welfare_fund_period.sql``.

    Others approve the closing (签核), and the opening again with its reason; a period
    that was closed once is never deleted.
    """

    _name = "welfare.fund.period"
    _description = "Closed Period"
    _inherit = ["welfare.region.mixin", "welfare.approval.mixin", "welfare.state.mixin"]
    _order = "date_from desc, id desc"

    _initial_states = ("open",)
    _transitions = {"open": {"closed"}, "closed": {"reopened"}, "reopened": {"closed"}}
    _guarded_fields = frozenset(("reopening_reason",))
    _content_fields = frozenset(("region_id", "kind", "date_from", "date_to"))

    _approval_kinds = {
        ("open", "closed"): "period_close",
        ("closed", "reopened"): "period_reopen",
        ("reopened", "closed"): "period_close",
    }
    _approval_given = {"period_reopen": ("reopening_reason",)}
    _approval_fields = ("region_id", "kind", "date_from", "date_to")
    _approval_excluded = {"note": "a remark that closes nothing"}

    region_id = fields.Many2one(
        default=lambda self: self._default_region_id(),
        help="The accounts of this region and of all places in it.",
    )
    kind = fields.Selection(
        selection=[
            ("month", "Month"),
            ("quarter", "Quarter"),
            ("audit", "Freeze for an Audit"),
            ("year_end", "Freeze at the Year's End"),
        ],
        required=True,
        default="month",
    )
    date_from = fields.Date(
        string="From",
        compute="_compute_date_from",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    date_to = fields.Date(
        string="To",
        compute="_compute_date_to",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
    )
    state = fields.Selection(
        selection=[("open", "Open"), ("closed", "Closed"), ("reopened", "Open Again")],
        required=True,
        readonly=True,
        copy=False,
        default="open",
    )
    reopening_reason = fields.Char(
        string="Why It Was Opened Again", readonly=True, copy=False
    )
    note = fields.Char(string="Remark")

    _period_uniq = models.Constraint(
        "UNIQUE (region_id, kind, date_from)",
        "This region has that period already.",
    )
    _check_dates = models.Constraint(
        """CHECK (date_to >= date_from AND CASE kind
            WHEN 'month' THEN
                date_from = date_trunc('month', date_from::timestamp)
                AND date_to = date_from + interval '1 month' - interval '1 day'
            WHEN 'quarter' THEN
                date_from = date_trunc('quarter', date_from::timestamp)
                AND date_to = date_from + interval '3 months' - interval '1 day'
            ELSE true END)""",
        "A month and a quarter have their first day and their last; a freeze cannot "
        "end before it begins.",
    )

    def init(self):
        with file_open("welfare_facility/models/sql/welfare_fund_period.sql") as file:
            self.env.cr.execute(file.read())
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("region_id.name", "kind", "date_from", "date_to")
    def _compute_display_name(self):
        for period in self:
            day = period.date_from
            if period.kind == "month" and day:
                words = self.env._(
                    "Month %(month)s of %(year)s", month=day.month, year=day.year
                )
            elif period.kind == "quarter" and day:
                words = self.env._(
                    "Quarter %(quarter)s of %(year)s",
                    quarter=(day.month + 2) // 3,
                    year=day.year,
                )
            else:
                words = self.env._(
                    "Freeze from %(begin)s to %(end)s",
                    begin=format_date(self.env, day),
                    end=format_date(self.env, period.date_to),
                )
            period.display_name = f"{period.region_id.name or ''} {words}"

    @api.depends("kind")
    def _compute_date_from(self):
        today = fields.Date.context_today(self)
        for period in self:
            if period.kind in ("month", "quarter"):
                day = period.date_from or date_utils.subtract(today, months=1)
                period.date_from = date_utils.start_of(day, period.kind)
            else:
                period.date_from = period.date_from or today

    @api.depends("kind", "date_from")
    def _compute_date_to(self):
        for period in self:
            if period.kind in ("month", "quarter") and period.date_from:
                period.date_to = date_utils.end_of(period.date_from, period.kind)
            else:
                period.date_to = period.date_to or period.date_from

    # === ACTION METHODS === #

    def action_close(self):
        """Close the period; it must have been approved."""
        self.check_access("write")
        self._set_state("closed")

    def action_ask_reopen(self):
        """Ask why the period is opened again, and for the approval of that."""
        return self.env["welfare.fund.reopen"]._open(self)

    def action_reopen(self):
        """Open a closed period again; it must have been approved."""
        self.check_access("write")
        self._set_state("reopened")

    # === BUSINESS METHODS === #

    @api.model
    def _check_open(self, region, day):
        """Refuse a day on which nothing may be posted at a place.

        :raise UserError: see :meth:`_refuse`.
        """
        self._flush_closed()
        closed = self._sql_closed(SQL("%s", region.id), SQL("%s::date", day))
        [row] = self.env.execute_query(SQL("SELECT %s", closed))
        self._refuse(*row)

    @api.model
    def _flush_closed(self):
        self.flush_model()
        self.env["welfare.fiscal.year"].flush_model()

    @api.model
    def _sql_closed(self, region, day):
        """Return what is closed at a place on a day.

        :param SQL region: the id of the place.
        :param SQL day: the day.
        :return: two expressions, either of which may be NULL: the year that is not
            open, and the id of the period that is closed.
        :rtype: SQL
        """
        return SQL(
            """
            CASE WHEN NOT EXISTS (
                SELECT FROM welfare_fiscal_year fiscal_year
                WHERE fiscal_year.year = EXTRACT(year FROM %(day)s)::integer
                  AND fiscal_year.state = 'open'
            ) THEN EXTRACT(year FROM %(day)s)::integer END,
            welfare_fund_period_closed(%(region)s, %(day)s)
            """,
            region=region,
            day=day,
        )

    @api.model
    def _refuse(self, year, period_id):
        """Refuse in words what :meth:`_sql_closed` has found, if anything.

        :raise UserError: the fiscal year is closed or not entered, or a period is
            closed, or frozen today.
        """
        if year:
            raise UserError(
                self.env._(
                    "Nothing can be posted into %(year)s: the fiscal year is closed or "
                    "not entered.",
                    year=year,
                )
            )
        if period_id:
            # sudo(): the office above may have closed it; the name says what.
            period = self.sudo().browse(period_id)
            raise UserError(
                self.env._(
                    "Nothing can be posted: %(period)s is closed.",
                    period=period.display_name,
                )
            )
