from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .welfare_facility import BUILT_STATES

#: States in which something should be written into the log: work goes on, or children
#: come.
_LIVE_STATES = ("under_construction", "operating")


class WelfareFacility(models.Model):
    """What the site log says of a facility."""

    _inherit = "welfare.facility"

    log_count = fields.Integer(compute="_compute_log")
    date_last_log = fields.Date(string="Last Entry in the Log", compute="_compute_log")
    is_silent = fields.Boolean(
        string="Nothing Logged for Long",
        compute="_compute_is_silent",
        search="_search_is_silent",
        help="Being built or operating, and without an entry for as many days as the "
        "rule says.",
    )

    opening_ids = fields.One2many(
        comodel_name="welfare.facility.opening",
        inverse_name="facility_id",
        string="Opening Hours",
    )
    hours_announced = fields.Float(
        string="Announced Hours a Week",
        digits=(5, 2),
        compute="_compute_hours_announced",
        help="The weekly lines that hold today.",
    )
    is_idle = fields.Boolean(
        string="Open Less than Required",
        compute="_compute_is_idle",
        search="_search_is_idle",
        help="Built, and open fewer hours a week than the rule asks for: by the "
        "announced hours, or by the register where none were announced. Hours that "
        "nobody knows count as none.",
    )
    use_rate_label = fields.Char(
        string="Use",
        compute="_compute_use_rate_label",
        help="Hours opened ÷ hours required since the first day of this month a year "
        "ago, up to yesterday.",
    )

    # === COMPUTE METHODS === #

    @api.depends_context("uid")
    def _compute_log(self):
        figures = {
            facility.id: (count, date)
            for facility, count, date in self.env["welfare.facility.log"]._read_group(
                [("facility_id", "in", self.ids)],
                ["facility_id"],
                ["__count", "date:max"],
            )
        }
        for facility in self:
            facility.log_count, facility.date_last_log = figures.get(
                facility._origin.id, (0, False)
            )

    @api.depends("state")
    def _compute_is_silent(self):
        silent = set(self._find_silent(self.ids))
        for facility in self:
            facility.is_silent = facility._origin.id in silent

    def _search_is_silent(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("id", "in" if True in value else "not in", self._find_silent())

    @api.depends(
        "opening_ids.hours",
        "opening_ids.weekday",
        "opening_ids.date_from",
        "opening_ids.date_to",
    )
    def _compute_hours_announced(self):
        today = self.env["welfare.facility.log"]._default_date()
        for facility in self:
            facility.hours_announced = sum(
                line.hours
                for line in facility.opening_ids
                if line.weekday != "day"
                and line.date_from <= today
                and (not line.date_to or line.date_to >= today)
            )

    @api.depends("state", "hours_weekly", "hours_announced")
    def _compute_is_idle(self):
        idle = set(self._find_idle(self.ids))
        for facility in self:
            facility.is_idle = facility._origin.id in idle

    def _search_is_idle(self, operator, value):
        if operator != "in":
            return NotImplemented
        return Domain("id", "in" if True in value else "not in", self._find_idle())

    @api.depends_context("uid")
    def _compute_use_rate_label(self):
        today = self.env["welfare.facility.log"]._default_date()
        rows = self.env["welfare.facility.use"]._read_group(
            [
                ("facility_id", "in", self.ids),
                ("date", ">=", today.replace(year=today.year - 1, day=1)),
                ("hours_required", ">", 0),
            ],
            ["facility_id"],
            ["hours_opened:sum", "hours_required:sum"],
        )
        rates = {
            facility.id: f"{100 * opened / required:.1f} %"
            for facility, opened, required in rows
        }
        for facility in self:
            facility.use_rate_label = rates.get(facility._origin.id, False)

    # === ACTION METHODS === #

    def action_log(self):
        """Open a new entry of the log for this facility."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Write into the Log"),
            "res_model": "welfare.facility.log",
            "view_mode": "form",
            "context": {
                "default_facility_id": self.id,
                "default_kind": "opening" if self.state in BUILT_STATES else "progress",
            },
        }

    def action_open_log(self):
        """Open the facility's log as a timeline."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_facility_log_action_timeline"
        )
        return {
            **action,
            "domain": [("facility_id", "in", self.ids)],
            "context": {"default_facility_id": self.id},
        }

    def action_open_use(self):
        """Open the use of the facility, month by month."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_facility_use_action"
        )
        return {
            **action,
            "domain": [("facility_id", "in", self.ids)],
            "context": {},
        }

    # === BUSINESS METHODS === #

    @api.model
    def _find_idle(self, ids=None):
        """Return the ids of built facilities that are open less than the rule asks for.

        Where no rule holds, none is.

        :rtype: list[int]
        """
        self.flush_model(["state", "hours_weekly", "region_id"])
        self.env["welfare.facility.opening"].flush_model()
        today = self.env["welfare.facility.log"]._default_date()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT facility.id
                FROM welfare_facility facility
                JOIN welfare_region region ON region.id = facility.region_id
                -- Where people live is open day and night.
                JOIN welfare_facility_type type
                  ON type.id = facility.type_id AND type.is_one_per_community
                WHERE facility.state IN %(built)s AND %(wanted)s
                  AND COALESCE(
                      (SELECT SUM(line.hour_to - line.hour_from)
                       FROM welfare_facility_opening line
                       WHERE line.facility_id = facility.id AND line.weekday <> 'day'
                         AND line.date_from <= %(today)s
                         AND (line.date_to IS NULL OR line.date_to >= %(today)s)),
                      facility.hours_weekly, 0
                  ) < %(hours)s
                """,
                built=BUILT_STATES,
                wanted=_among(ids),
                today=today,
                hours=self.env["welfare.rule"]._sql_value(
                    SQL("rule.code = 'opening_hours_weekly'"), today
                ),
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _find_silent(self, ids=None):
        """Return the ids of live facilities without an entry for too long.

        One that has just got into its state is given the same time. Where no rule
        holds, none is silent.

        :rtype: list[int]
        """
        self.flush_model(["state", "date_state", "region_id"])
        self.env["welfare.facility.log"].flush_model(["facility_id", "date"])
        today = self.env["welfare.facility.log"]._default_date()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT facility.id
                FROM welfare_facility facility
                JOIN welfare_region region ON region.id = facility.region_id
                WHERE facility.state IN %(live)s AND %(wanted)s
                  AND %(today)s - GREATEST(
                      facility.date_state,
                      (SELECT MAX(entry.date) FROM welfare_facility_log entry
                       WHERE entry.facility_id = facility.id)
                  ) >= %(days)s
                """,
                live=_LIVE_STATES,
                wanted=_among(ids),
                today=today,
                days=self.env["welfare.rule"]._sql_value(
                    SQL("rule.code = 'log_silent_days'"), today
                ),
            )
        )
        return [row[0] for row in rows]

    def _get_watcher(self):
        """Return the user who is told of what is due: the responsible person's, or the
        one who wrote into the log last.

        :rtype: res.users
        """
        self.ensure_one()
        user = self.responsible_id.user_ids[:1]
        if not user:
            last = self.env["welfare.facility.log"].search(
                [("facility_id", "=", self.id)], order="id desc", limit=1
            )
            user = last.create_uid
        return user if user.active and not user._is_superuser() else user.browse()

    @api.model
    def _cron_watch_sites(self):
        """Ask for an entry in the log of each facility that is silent, once."""
        for facility in self.browse(self._find_silent()):
            user = facility._get_watcher()
            words = self.with_context(lang=user.lang).env
            summary = words._("Nothing logged for long: look after it and write")
            asked = facility.activity_ids.filtered(
                lambda activity, summary=summary: (
                    activity.automated and activity.summary == summary
                )
            )
            if user and not asked:
                facility.activity_schedule(
                    "mail.mail_activity_data_todo", summary=summary, user_id=user.id
                )


def _among(ids):
    """Return the condition that a facility is one of some, or any."""
    return SQL("TRUE") if ids is None else SQL("facility.id IN %s", tuple(ids) or (0,))
