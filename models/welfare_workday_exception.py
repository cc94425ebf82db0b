from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import ormcache

from ..tools.workdays import MissingCalendarYear, WorkCalendar


class WelfareWorkdayException(models.Model):
    """A day that differs from the weekly pattern: a holiday or a make-up working day.

    The State Council names them year by year (国务院办公厅节假日安排通知). A year
    without any entry is unknown, and a clock that runs into it refuses instead of
    guessing.
    """

    _name = "welfare.workday.exception"
    _description = "Holiday or Make-up Working Day"
    _order = "date desc"

    date = fields.Date(required=True)
    kind = fields.Selection(
        selection=[("holiday", "Holiday"), ("workday", "Make-up Working Day")],
        required=True,
        default="holiday",
    )
    name = fields.Char(string="Occasion", required=True, translate=True)

    _date_uniq = models.Constraint("UNIQUE (date)", "This day has an entry already.")

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        exceptions = super().create(vals_list)
        self.env.registry.clear_cache()
        return exceptions

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        result = super().unlink()
        self.env.registry.clear_cache()
        return result

    # === BUSINESS METHODS === #

    @api.model
    def _keep_edits(self):
        """Let an upgrade add the days of new years and leave the rest as it was edited.

        A ``.csv`` file of data cannot say so itself; called by the data.
        """
        names = self.env["ir.model.data"].search([("model", "=", self._name)])
        names.filtered(lambda name: not name.noupdate).noupdate = True

    @api.model
    @ormcache()
    def _get_calendar(self):
        """Return the official calendar.

        :rtype: WorkCalendar
        """
        # sudo(): all roles count by one calendar, which is kept for all of them.
        rows = self.sudo().search_fetch([], ["date", "kind"])
        return WorkCalendar((row.date, row.kind == "workday") for row in rows)

    @api.model
    def _add_workdays(self, date, count):
        """Return the day on which a period of working days ends.

        :param datetime.date date: the day of the event, which itself does not count
            (民法典第201条).
        :param int count: working days.
        :rtype: datetime.date
        :raise UserError: the holidays of a year on the way are not known.
        """
        try:
            return self._get_calendar().add_workdays(date, count)
        except MissingCalendarYear as error:
            raise UserError(self._message_missing_year(error.year)) from error

    @api.model
    def _count_workdays(self, start, end):
        """Return how many working days lie after one day, up to and with another.

        :rtype: int
        :raise UserError: the holidays of a year on the way are not known.
        """
        try:
            return self._get_calendar().workdays_between(start, end)
        except MissingCalendarYear as error:
            raise UserError(self._message_missing_year(error.year)) from error

    @api.model
    def _message_missing_year(self, year):
        return self.env._(
            "The holidays of %(year)s are not entered: an administrator enters them "
            "under Configuration / Holidays before a working-day clock can run there.",
            year=year,
        )
