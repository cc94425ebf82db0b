from datetime import UTC, datetime, time, timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import format_date


class WelfareDutyReport(models.AbstractModel):
    """What is to be known about incompatible duties (不相容岗位情况).

    Who holds roles that do not go together, who has done both along a payment, and who
    was allowed to. Nothing is stored: it is asked each time.
    """

    _name = "welfare.duty.report"
    _description = "Report of Incompatible Duties"

    @api.model
    def get_report(self, date_from=False, date_to=False):
        """Return the report of a period, in the user's regions.

        :param str date_from: first day; the first of this year without one.
        :param str date_to: last day; today without one.
        :return: ``date_from``, ``date_to``, ``conflict_ids`` (the matrix), and lists
            of dictionaries of texts: ``roles``, ``deeds``, ``exceptions``.
        :rtype: dict
        :raise AccessError: for who is neither auditor nor administrator.
        """
        self._check_reader()
        today = fields.Date.context_today(self)
        date_from = fields.Date.to_date(date_from) or today.replace(month=1, day=1)
        date_to = fields.Date.to_date(date_to) or today
        conflicts = self.env["welfare.duty.conflict"]._get_in_force()
        return {
            "date_from": date_from,
            "date_to": date_to,
            "conflict_ids": conflicts.ids,
            "roles": self._get_roles(),
            "deeds": self._get_deeds(date_from, date_to),
            "exceptions": self._get_exceptions(date_from, date_to),
        }

    def _check_reader(self):
        groups = ("welfare_group_auditor", "welfare_group_administrator")
        if not any(
            self.env.user.has_group(f"welfare_facility.{group}") for group in groups
        ):
            raise AccessError(
                self.env._("Auditors and administrators read this report.")
            )

    def _get_roles(self):
        return [
            {
                # sudo(): names of persons; the rows are those of the user's regions.
                "user": row["user"].sudo().name,
                "regions": row["user"].sudo().welfare_region_ids.mapped("name"),
                "duties": row["conflict"].display_name,
                "is_blocking": row["is_blocking"],
                "exception": self._describe_exception(row["exception"]),
            }
            for row in self.env["welfare.duty.conflict"]._find_role_conflicts()
        ]

    def _get_deeds(self, date_from, date_to):
        """Return who did, along one payment, what does not go together."""
        Request = self.env["welfare.approval.request"]
        requests = Request.search(
            Domain("submitted_at", ">=", self._get_midnight(date_from))
            & Domain(
                "submitted_at", "<", self._get_midnight(date_to + timedelta(days=1))
            )
        )
        deeds = {}
        for model, group in requests.grouped("res_model").items():
            documents = self.env[model].browse(set(group.mapped("res_id"))).exists()
            documents = documents._filtered_access("read")
            found = self.env["welfare.duty.conflict"]._find_chain_conflicts(documents)
            for row in found:
                # Both documents of a pair find it: it is told once.
                deeds[row["user"], row["conflict"], row["at"], row["other_at"]] = {
                    "user": row["user"].sudo().name,
                    "duties": row["conflict"].display_name,
                    "first": row["document"].sudo().display_name,
                    "first_duty": row["duty"],
                    "first_at": row["at"],
                    "second": row["other_document"].sudo().display_name,
                    "second_duty": row["other_duty"],
                    "second_at": row["other_at"],
                    "exception": self._describe_exception(row["exception"]),
                }
        return sorted(deeds.values(), key=lambda deed: deed["second_at"])

    def _get_exceptions(self, date_from, date_to):
        exceptions = self.env["welfare.duty.exception"].search(
            Domain("state", "!=", "draft")
            & Domain("date_from", "<=", date_to)
            & Domain("date_to", ">=", date_from)
        )
        Decision = self.env["welfare.approval.decision"]
        used = dict(
            Decision._read_group(
                [("exception_ids", "in", exceptions.ids)],
                ["exception_ids"],
                ["__count"],
            )
        )
        labels = dict(exceptions._fields["state"]._description_selection(self.env))
        return [
            {
                "id": exception.id,
                "user": exception.sudo().user_id.name,
                "duties": exception.conflict_id.display_name,
                "region": exception.region_id.name,
                "date_from": exception.date_from,
                "date_to": exception.date_to,
                "reason": exception.reason,
                "approved_by": exception.sudo()
                .approval_request_id.decision_ids.filtered(
                    lambda row: row.decision == "approve"
                )
                .user_id.mapped("name"),
                "state": labels[exception.state],
                "used": used.get(exception, 0),
            }
            for exception in exceptions
        ]

    def _get_midnight(self, day):
        """Return when a day begins where the reader is, in UTC."""
        midnight = self.env.tz.localize(datetime.combine(day, time.min))
        return midnight.astimezone(UTC).replace(tzinfo=None)

    def _describe_exception(self, exception):
        if not exception:
            return ""
        return self.env._(
            "Authorized until %(date)s: %(reason)s",
            date=format_date(self.env, exception.sudo().date_to),
            reason=exception.sudo().reason,
        )
