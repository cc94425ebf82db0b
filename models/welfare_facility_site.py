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

    # === BUSINESS METHODS === #

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
                wanted=SQL("TRUE")
                if ids is None
                else SQL("facility.id IN %s", tuple(ids) or (0,)),
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
        summary = self.env._("Nothing logged for long: look after it and write")
        for facility in self.browse(self._find_silent()):
            asked = facility.activity_ids.filtered(
                lambda activity: activity.automated and activity.summary == summary
            )
            user = facility._get_watcher()
            if user and not asked:
                facility.activity_schedule(
                    "mail.mail_activity_data_todo", summary=summary, user_id=user.id
                )
