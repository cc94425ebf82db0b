from odoo import models
from odoo.fields import Datetime
from odoo.tools import format_date, format_list

from . import layout
from .register import Column, figure, word

#: Photos of an entry that the printed page shows.
_MAX_PHOTOS = 3


class WelfareFacilityLogReport(models.AbstractModel):
    """现场日志: the chosen entries day by day, with small photos on paper.

    What was corrected stands there too, and is not added up.
    """

    _name = "report.welfare_facility.welfare_facility_log_report"
    _description = "Site Log"
    _inherit = ["report.welfare_facility.register"]
    _register_code = "SITE-LOG"

    def _get_title(self):
        return self.env._("Site Log")

    def _get_columns(self, logs):
        return [
            Column(self.env._("Day"), 21, lambda log: log.date, "date"),
            Column(self.env._("Facility"), 38, lambda log: log.facility_id.name),
            word(self.env._("Kind"), 18, logs, "kind"),
            Column(self.env._("What"), 62, self._describe),
            figure(self.env._("Hours opened"), 15, "hours_opened", "hours", True),
            figure(
                self.env._("Children served"), 15, "children_served", "integer", True
            ),
            Column(
                self.env._("Photos"),
                52,
                lambda log: log.photo_count or None,
                "integer",
                is_added=True,
                draw=self._draw_photos,
            ),
            Column(self.env._("Author"), 20, lambda log: log.create_uid.sudo().name),
            Column(self.env._("Recorded at"), 22, self._say_recorded),
        ]

    def _describe(self, log):
        if not log.is_corrected:
            return log.note or None
        return self.env._("[Corrected later] %(note)s", note=log.note or "")

    def _say_recorded(self, log):
        # All of China keeps one time.
        moment = Datetime.context_timestamp(
            log.with_context(tz="Asia/Shanghai"), log.create_date
        )
        return f"{moment:%Y-%m-%d %H:%M}"

    def _draw_photos(self, log):
        photos = log.photo_ids[:_MAX_PHOTOS]
        if not photos:
            return None
        (row,) = layout.photos(photos._get_thumbnails(300), height=14)
        return row

    def _get_lines(self, logs):
        return logs.sorted(lambda log: (log.date, log.id))

    def _is_counted(self, line):
        return not line.is_corrected

    def _get_count(self, count):
        return self.env._("%(count)s entries", count=count)

    def _get_subtitle(self, logs):
        period = self.env._(
            "%(first)s to %(last)s",
            first=format_date(self.env, min(logs.mapped("date"))),
            last=format_date(self.env, max(logs.mapped("date"))),
        )
        facilities = logs.facility_id
        if len(facilities) > 3:
            return period
        names = format_list(self.env, facilities.mapped("name"))
        return f"{names} · {period}"


class WelfareFacilityLogWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_facility_log_workbook"
    _description = "Workbook of the Site Log"
    _inherit = ["report.welfare_facility.welfare_facility_log_report"]
