from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from .welfare_fund_account import BALANCES


class WelfareFundPosition(models.Model):
    """What each account has on a day, and how its money moves (资金执行情况).

    A view of the accounts, counted by the database: today's balances, or those at the
    end of the past day that the context names as ``welfare_as_of`` (YYYY-MM-DD). Each
    row says its day. What counts as idle or behind schedule is a row of
    ``welfare.rule``; where none holds, nothing is said to be so. The rules for homes
    and institutions (``fund_home_…``) are rows of their own: none is delivered while
    there is no document by which a home pays, and whatever it received would look idle.
    """

    _name = "welfare.fund.position"
    _description = "Fund Position"
    _inherit = ["welfare.region.mixin"]
    _auto = False
    _log_access = False
    _order = "year desc, appropriation_id.id desc, region_id.id, id"
    _depends = {
        "welfare.fund.account": [
            *(*BALANCES, "granted", "year", "region_id", "facility_id")
        ],
        "welfare.appropriation": ["purpose_ids", "state"],
        "welfare.fund.source": ["level", "nature"],
        "welfare.region": ["name", "level", "parent_path"],
        "welfare.facility": ["name"],
        "welfare.rule": [
            *("value", "active", "state", "date_from", "date_to", "jurisdiction_id"),
        ],
    }

    account_id = fields.Many2one(comodel_name="welfare.fund.account", readonly=True)
    date = fields.Date(string="As of", readonly=True)
    year = fields.Integer(readonly=True, aggregator=None)
    appropriation_id = fields.Many2one(
        comodel_name="welfare.appropriation", readonly=True
    )
    source_id = fields.Many2one(comodel_name="welfare.fund.source", readonly=True)
    source_level = fields.Selection(
        selection=lambda self: self._selection_source("level"),
        string="Level of the Source",
        readonly=True,
    )
    nature = fields.Selection(
        selection=lambda self: self._selection_source("nature"), readonly=True
    )
    purpose = fields.Char(readonly=True)
    region_id = fields.Many2one(string="Place of the Holder", readonly=True)
    facility_id = fields.Many2one(comodel_name="welfare.facility", readonly=True)
    holder = fields.Char(readonly=True)
    holder_level = fields.Selection(
        selection="_selection_holder_level", string="Level of the Holder", readonly=True
    )
    currency_id = fields.Many2one(comodel_name="res.currency", readonly=True)
    granted = fields.Monetary(
        readonly=True,
        help="What came in from outside, not from an account above or from the year "
        "before: it can be added up over all levels and years.",
    )
    received = fields.Monetary(
        readonly=True,
        help="Everything that came in. Money that was sent down counts at each level.",
    )
    sent = fields.Monetary(string="Sent Down", readonly=True)
    carried = fields.Monetary(string="Carried or Lapsed", readonly=True)
    reserved = fields.Monetary(readonly=True)
    committed = fields.Monetary(readonly=True)
    accrued = fields.Monetary(readonly=True)
    paid = fields.Monetary(readonly=True)
    available = fields.Monetary(readonly=True)
    executed_rate = fields.Float(
        string="Executed (%)",
        digits=(5, 1),
        readonly=True,
        aggregator=None,
        help="Paid out and sent down, of what was received.",
    )
    time_rate = fields.Float(
        string="Time Gone (%)",
        digits=(5, 1),
        readonly=True,
        aggregator=None,
        help="How much of the budget year has passed.",
    )
    forecast = fields.Monetary(
        string="Executed by Year's End",
        readonly=True,
        help="If it goes on as it has so far this year; never more than was received.",
    )
    days_idle = fields.Integer(
        string="Days without an Entry",
        readonly=True,
        aggregator=None,
        help="While there is money left.",
    )
    is_idle = fields.Boolean(string="Idle", readonly=True)
    expected_rate = fields.Float(
        string="Should Be Executed (%)",
        digits=(5, 1),
        readonly=True,
        aggregator=None,
        help="What the rules ask for at the last of their days that has passed.",
    )
    is_behind = fields.Boolean(
        string="Behind Schedule",
        readonly=True,
        help="Less is executed than the rules ask for, of money that is there for "
        "longer than it may take to send it on.",
    )

    # === SELECTION METHODS === #

    @api.model
    def _selection_source(self, name):
        return self.env["welfare.fund.source"]._fields[name].selection

    @api.model
    def _selection_holder_level(self):
        return [
            *self.env["welfare.region"]._selection_level(),
            ("facility", self.env._("Home or Institution")),
        ]

    # === COMPUTE METHODS === #

    @api.depends("account_id", "date")
    def _compute_display_name(self):
        for position in self:
            position.display_name = position.account_id.display_name

    # === ACTION METHODS === #

    def action_open_account(self):
        """Open the account itself, with its entries."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "welfare.fund.account",
            "res_id": self.account_id.id,
            "view_mode": "form",
        }

    # === BUSINESS METHODS === #

    @api.model
    def _get_date(self):
        """Return the past day that is asked for, or ``None`` for today."""
        # A list where it comes from the search bar; of several days the last counts.
        days = self.env.context.get("welfare_as_of") or None
        if isinstance(days, list | tuple):
            days = days[-1]
        try:
            day = fields.Date.to_date(days)
        except (TypeError, ValueError):
            raise UserError(self.env._("%(day)s is no day.", day=days)) from None
        return day if day and day < fields.Date.context_today(self) else None

    @property
    def _table_query(self):
        date = self._get_date()
        day = date or fields.Date.context_today(self)
        balance = SQL("account") if date is None else SQL("past")
        return SQL(
            """
            SELECT position.*,
                   CASE WHEN received > 0
                        THEN 100 * executed / received ELSE 0 END AS executed_rate,
                   100 * time_share AS time_rate,
                   CASE WHEN time_share > 0
                        THEN ROUND(LEAST(received, executed / time_share), 2)
                        ELSE 0 END AS forecast,
                   is_open AND days_idle > idle_limit AS is_idle,
                   is_open AND received > 0 AND available > 0
                       AND 100 * executed < expected_rate * received
                       AND days_there > COALESCE(days_allowed, 0) AS is_behind
            FROM (
                SELECT account.id, account.id AS account_id, %(day)s::date AS date,
                       account.year, account.appropriation_id, account.source_id,
                       source.level AS source_level, source.nature,
                       account.region_id, account.facility_id, account.currency_id,
                       COALESCE(facility.name, region.name) AS holder,
                       CASE WHEN account.facility_id IS NULL THEN region.level
                            ELSE 'facility' END AS holder_level,
                       %(balances)s,
                       %(balance)s.granted, %(balance)s.available,
                       %(balance)s.paid + %(balance)s.sent AS executed,
                       %(purpose)s AS purpose,
                       appropriation.state <> 'closed' AS is_open,
                       %(time_share)s AS time_share,
                       %(days_idle)s AS days_idle,
                       %(idle_limit)s AS idle_limit,
                       %(days_there)s AS days_there,
                       %(days_allowed)s AS days_allowed,
                       %(expected_rate)s AS expected_rate
                FROM welfare_fund_account account
                %(past)s
                JOIN welfare_appropriation appropriation
                    ON appropriation.id = account.appropriation_id
                JOIN welfare_fund_source source ON source.id = account.source_id
                JOIN welfare_region region ON region.id = account.region_id
                LEFT JOIN welfare_facility facility ON facility.id = account.facility_id
            ) position
            """,
            day=day,
            balance=balance,
            balances=SQL(", ").join(
                SQL("%s.%s", balance, SQL.identifier(name)) for name in BALANCES
            ),
            purpose=self._sql_purpose(),
            time_share=self._sql_time_share(day),
            days_idle=self._sql_days_idle(day, balance),
            idle_limit=self.env["welfare.rule"]._sql_value(
                SQL(
                    "rule.code = CASE WHEN account.facility_id IS NULL "
                    "THEN 'fund_idle_days' ELSE 'fund_home_idle_days' END"
                ),
                day,
            ),
            days_there=self._sql_days_there(day),
            days_allowed=self.env["welfare.rule"]._sql_value(
                SQL("rule.code = 'fund_sent_on_days'"), day
            ),
            expected_rate=self._sql_expected_rate(day),
            past=self._sql_past(date) if date else SQL(),
        )

    # The scalar subqueries below are counted only for the rows and columns that a list
    # shows, so that a page of it costs the same however long the ledger is.

    def _sql_past(self, date):
        """The balances at the end of a past day: today's less what came later.

        No account has an entry before its year. Of a year that is over little came
        later, whatever its accounts hold.
        """
        names = [*BALANCES, "granted"]
        return SQL(
            """
            JOIN LATERAL (
                SELECT *, received - sent - carried - reserved - committed - accrued
                          - paid AS available
                FROM (
                    SELECT %(balances)s FROM (
                        SELECT %(sums)s,
                               SUM(entry.d_received) FILTER (
                                   WHERE COALESCE(original.kind, entry.kind)
                                         IN ('receive', 'reduce')
                               ) AS granted
                        FROM welfare_fund_entry entry
                        LEFT JOIN welfare_fund_entry original
                            ON original.id = entry.reverses_id
                        WHERE entry.account_id = account.id AND entry.date > %(date)s
                    ) later
                ) balance
            ) past ON account.year <= %(year)s AND EXISTS (
                SELECT FROM welfare_fund_entry entry
                WHERE entry.account_id = account.id AND entry.date <= %(date)s
            )
            """,
            balances=SQL(", ").join(
                SQL(
                    "account.%(name)s - COALESCE(later.%(name)s, 0) AS %(name)s",
                    name=SQL.identifier(name),
                )
                for name in names
            ),
            sums=SQL(", ").join(
                SQL(
                    "SUM(entry.%s) AS %s",
                    SQL.identifier(f"d_{name}"),
                    SQL.identifier(name),
                )
                for name in BALANCES
            ),
            date=date,
            year=date.year,
        )

    def _sql_purpose(self):
        return SQL(
            """(
                SELECT string_agg(
                    COALESCE(purpose.name ->> %s, purpose.name ->> 'en_US'), '、'
                    ORDER BY purpose.sequence, purpose.id
                )
                FROM welfare_appropriation_welfare_fund_purpose_rel rel
                JOIN welfare_fund_purpose purpose
                  ON purpose.id = rel.welfare_fund_purpose_id
                WHERE rel.welfare_appropriation_id = account.appropriation_id
            )""",
            self.env.lang or "en_US",
        )

    def _sql_time_share(self, day):
        return SQL(
            """LEAST(1, GREATEST(0,
                (%(day)s::date - make_date(account.year, 1, 1) + 1)::numeric
                / (make_date(account.year + 1, 1, 1) - make_date(account.year, 1, 1))
            ))""",
            day=day,
        )

    def _sql_days_idle(self, day, balance):
        return SQL(
            """CASE WHEN %(balance)s.available > 0 THEN %(day)s::date - (
                SELECT MAX(entry.date) FROM welfare_fund_entry entry
                WHERE entry.account_id = account.id AND entry.date <= %(day)s
            ) END""",
            balance=balance,
            day=day,
        )

    def _sql_days_there(self, day):
        """For how long there has been money: since it was received first."""
        return SQL(
            """%(day)s::date - (
                SELECT MIN(entry.date) FROM welfare_fund_entry entry
                WHERE entry.account_id = account.id AND entry.date <= %(day)s
            )""",
            day=day,
        )

    def _sql_expected_rate(self, day):
        """What should be executed at the last day of the rules that has passed."""
        return self.env["welfare.rule"]._sql_value(
            SQL(
                r"""CASE WHEN rule.code ~ (
                    CASE WHEN account.facility_id IS NULL
                    THEN '^fund_progress_\d{4}$' ELSE '^fund_home_progress_\d{4}$' END
                ) THEN account.year * 10000 + RIGHT(rule.code, 4)::int
                    <= to_char(%s::date, 'YYYYMMDD')::int ELSE FALSE END""",
                day,
            ),
            day,
            order=SQL("rule.code DESC"),
        )
