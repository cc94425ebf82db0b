import csv
import io
from datetime import date
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ..tools.area import rounded
from .compliance_checker import ComplianceChecker


def _number(value):
    """Return an exact figure as the database keeps it."""
    return None if value is None else str(rounded(value, 4))


class Newest(NamedTuple):
    """What counts of the newest result of a facility under a standard."""

    digest: str
    basis: str
    date: date


class WelfareCompliance(models.Model):
    """How a facility stood to a standard on a day (达标情况), as it was found then.

    Results are kept as they were, with the edition and the figures of the text: when a
    standard changes, another result is added. Nobody enters one; they come from the
    measurements alone.
    """

    _name = "welfare.compliance"
    _description = "Compliance with a Standard"
    _order = "date desc, id desc"

    facility_id = fields.Many2one(
        comodel_name="welfare.facility",
        required=True,
        index=True,
        ondelete="cascade",
        readonly=True,
    )
    region_id = fields.Many2one(
        comodel_name="welfare.region", required=True, ondelete="restrict", readonly=True
    )
    county_id = fields.Many2one(
        comodel_name="welfare.region",
        ondelete="restrict",
        readonly=True,
    )
    prefecture_id = fields.Many2one(
        comodel_name="welfare.region",
        ondelete="restrict",
        readonly=True,
    )
    type_id = fields.Many2one(
        comodel_name="welfare.facility.type",
        required=True,
        ondelete="restrict",
        readonly=True,
    )
    standard_id = fields.Many2one(
        comodel_name="welfare.standard",
        required=True,
        ondelete="restrict",
        readonly=True,
    )
    edition = fields.Char(required=True, readonly=True)
    size_class = fields.Char(readonly=True)
    beds = fields.Integer(
        readonly=True, aggregator=None, help="By which areas were divided."
    )
    date = fields.Date(string="As of", required=True, readonly=True)
    date_approved = fields.Date(string="Project Approved on", readonly=True)
    basis = fields.Selection(
        selection=[
            ("applies", "Applies"),
            ("unknown", "Day of approval not known"),
            ("comparison", "For comparison only"),
            ("ended", "No longer applies"),
        ],
        required=True,
        readonly=True,
        help="Why this text: it was in force on the day that counts; nobody knows when "
        "the project was approved; it is not the one that applies; or it was, before "
        "the day of approval or the text changed.",
    )
    result = fields.Selection(
        selection=[
            ("met", "Met"),
            ("advisory", "Met but for Advice"),
            ("incomplete", "Not All Measured"),
            ("not_met", "Not Met"),
            ("no_figures", "Text without Figures"),
        ],
        required=True,
        readonly=True,
    )
    met_count = fields.Integer(string="Lines Met", readonly=True)
    not_met_count = fields.Integer(string="Shall, not Met", readonly=True)
    advisory_count = fields.Integer(string="Should, not Met", readonly=True)
    unmeasured_count = fields.Integer(string="Not Measured", readonly=True)
    unverified_count = fields.Integer(
        string="Not Verified", readonly=True, help="Lines whose figure nobody checked."
    )
    line_ids = fields.One2many(
        comodel_name="welfare.compliance.line",
        inverse_name="compliance_id",
        string="Lines",
        readonly=True,
    )
    digest = fields.Char(required=True, readonly=True)
    is_latest = fields.Boolean(
        string="Newest", compute="_compute_is_latest", search="_search_is_latest"
    )

    is_outdated = fields.Boolean(
        string="To Be Checked",
        compute="_compute_is_outdated",
        help="It was the newest result, and what was entered since says something "
        "else: the next check adds a result.",
    )

    # To the newest result of a facility under a text: a check as of an earlier day is
    # none, whenever somebody asked for it.
    _latest_idx = models.Index("(facility_id, standard_id, date DESC, id DESC)")

    # === COMPUTE METHODS === #

    def _compute_is_latest(self):
        latest = self.filtered_domain([("id", "in", self._get_latest_ids())])
        for record in self:
            record.is_latest = record in latest

    def _get_latest_ids(self):
        query = SQL(
            """
            SELECT DISTINCT ON (facility_id, standard_id) id FROM welfare_compliance
            WHERE facility_id = ANY(%s)
            ORDER BY facility_id, standard_id, date DESC, id DESC
            """,
            self.facility_id.ids,
        )
        return [row_id for (row_id,) in self.env.execute_query(query)]

    @api.model
    def _search_is_latest(self, operator, value):
        if operator != "in":
            return NotImplemented
        query = SQL(
            "(SELECT DISTINCT ON (facility_id, standard_id) id FROM welfare_compliance "
            "ORDER BY facility_id, standard_id, date DESC, id DESC)"
        )
        return Domain("id", "in", query)

    def _compute_is_outdated(self):
        outdated = self._find_outdated(self.facility_id.ids)
        for record in self:
            record.is_outdated = (
                record.is_latest
                and (record.facility_id.id, record.standard_id.id) in outdated
            )

    @api.depends("facility_id", "standard_id", "date")
    @api.depends_context("lang")
    def _compute_display_name(self):
        for record in self:
            record.display_name = self.env._(
                "%(facility)s, %(standard)s, %(date)s",
                facility=record.facility_id.name,
                standard=record.standard_id.display_name,
                date=format_date(self.env, record.date),
            )

    # === CRUD METHODS === #

    # No super(): nobody gets through.
    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise AccessError(self._message_kept())

    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self._message_kept())

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise AccessError(self._message_kept())

    # === ACTION METHODS === #

    def action_print(self):
        """Print the sheet of the facility on that day."""
        report = self.env.ref("welfare_facility.welfare_standard_report")
        return report.report_action(
            self.facility_id, data={"date": fields.Date.to_string(self[:1].date)}
        )

    # === BUSINESS METHODS === #

    def _message_kept(self):
        return self.env._(
            "Results come from the measurements and are kept as they were found."
        )

    @api.model
    def _cron_check(self):
        """Check what was measured or changed since; see ``ir_cron_check_standards``."""
        # All texts, which are a few.
        standards = self.env["welfare.standard"].search([])  # pylint: disable=no-search-all
        types = standards.type_ids
        facilities = self.env["welfare.facility"]._search(
            Domain("state", "!=", "closed")
            # Those without a text by now, too: their results end.
            & (
                Domain("type_id", "in", types.ids)
                | Domain("compliance_ids", "!=", False)
            )
        )
        ids = [row_id for (row_id,) in self.env.execute_query(facilities.select())]
        self._keep(ids, fields.Date.context_today(self))

    @api.model
    def _schedule_check(self):
        """Have everything checked again when this transaction is done."""
        cron = self.env.ref(
            "welfare_facility.ir_cron_check_standards", raise_if_not_found=False
        )
        if cron:
            # sudo(): the administrator of standards does not run scheduled actions.
            cron.sudo()._trigger()

    @api.model
    def _keep(self, facility_ids, date, is_always=False, with_comparison=False):
        """Check facilities and keep what is new.

        The rows go to the database as a whole: for a record each, 10,000 facilities
        would take a minute. The caller sees to the rights.

        :param facility_ids: ids of facilities.
        :param datetime.date date: the day.
        :param bool is_always: keep also what says the same as the newest result.
        :param bool with_comparison: see :meth:`.ComplianceChecker.check`.
        :return: the results that were added.
        """
        checks = self._check(facility_ids, date, with_comparison)
        known = {} if is_always else self._get_newest(facility_ids)
        news = []
        for check in checks:
            text = check.get_digest()
            row = known.get((check.facts.id, check.standard.id))
            if not row or row.digest != text:
                news.append((check, text))
        return self.browse(self._insert(news, date))

    @api.model
    def _find_outdated(self, facility_ids):
        """Return what a check would add a result to today, by facility and standard.

        :rtype: set[tuple[int, int]]
        """
        known = self._get_newest(facility_ids)
        return {
            key
            for check in self._check(facility_ids, fields.Date.context_today(self))
            for key in ((check.facts.id, check.standard.id),)
            if key not in known or known[key].digest != check.get_digest()
        }

    @api.model
    def _check(self, facility_ids, date, with_comparison=False):
        """Check facilities, and end the results under texts that no longer apply."""
        checker = ComplianceChecker(self.env(su=True), date)
        checks = checker.check(facility_ids, with_comparison)
        found = {(check.facts.id, check.standard.id) for check in checks}
        ended = [
            (facility, standard)
            for (facility, standard), row in self._get_newest(facility_ids).items()
            if row.basis in ("applies", "unknown")
            and row.date <= date
            and (facility, standard) not in found
        ]
        return checks + checker.end(ended)

    @api.model
    def _get_newest(self, facility_ids):
        """Return the newest result by facility and standard.

        :rtype: dict[tuple[int, int], Newest]
        """
        rows = self.env.execute_query(
            SQL(
                """
                SELECT DISTINCT ON (facility_id, standard_id)
                       facility_id, standard_id, digest, basis, date
                FROM welfare_compliance WHERE facility_id = ANY(%s)
                ORDER BY facility_id, standard_id, date DESC, id DESC
                """,
                list(facility_ids),
            )
        )
        return {(facility, standard): Newest(*row) for facility, standard, *row in rows}

    def _insert(self, checks, date):
        if not checks:
            return []
        ids = [
            row_id
            for (row_id,) in self.env.execute_query(
                SQL(
                    "SELECT nextval('welfare_compliance_id_seq') "
                    "FROM generate_series(1, %s)",
                    len(checks),
                )
            )
        ]
        heads, lines = _Rows(), _Rows()
        now = self.env.cr.now()
        for row_id, (check, digest) in zip(ids, checks, strict=True):
            heads.add(self._prepare_row(row_id, check, digest, date, now))
            for each in check.lines:
                lines.add(self._prepare_line_row(row_id, each, check.facts))
        heads.send(self.env.cr, "welfare_compliance")
        lines.send(self.env.cr, "welfare_compliance_line")
        self.env["welfare.compliance.line"].invalidate_model()
        self.invalidate_model()
        return ids

    def _prepare_row(self, row_id, check, digest, date, now):
        facts = check.facts
        return {
            "id": row_id,
            "facility_id": facts.id,
            "region_id": facts.region_id,
            "county_id": facts.county_id,
            "prefecture_id": facts.prefecture_id,
            "type_id": facts.type_id,
            "standard_id": check.standard.id,
            "edition": check.standard.edition,
            "size_class": check.size_class.name or None,
            "beds": facts.beds and int(facts.beds),
            "date": date,
            "date_approved": facts.date_approved,
            "basis": check.basis,
            "result": check.result,
            "met_count": check.count("met"),
            "not_met_count": check.count("not_met", "mandatory"),
            "advisory_count": check.count("not_met", "advisory"),
            "unmeasured_count": check.count("not_measured"),
            "unverified_count": sum(not each.line.is_verified for each in check.lines),
            "digest": digest,
            "create_uid": self.env.uid,
            "create_date": now,
            "write_uid": self.env.uid,
            "write_date": now,
        }

    def _prepare_line_row(self, row_id, each, facts):
        figure, verdict = each.figure, each.verdict
        parts = figure.parts if figure else ()
        dates = [facts.dates[code] for code in parts]
        return {
            "compliance_id": row_id,
            "sequence": each.line.sequence,
            "metric_id": each.line.metric_id.id,
            "operator": each.line.operator,
            "value_min": _number(each.bounds.low),
            "value_max": _number(each.bounds.high),
            "obligation": each.line.obligation,
            "article": each.line.article or None,
            "is_verified": each.line.is_verified,
            "measured": _number(figure and figure.value),
            "numerator": _number(facts.values[parts[0]]) if len(parts) > 1 else None,
            "denominator": _number(facts.values[parts[1]]) if len(parts) > 1 else None,
            "date_measured": None if None in dates else min(dates, default=None),
            "is_registered": None in dates,
            "margin": _number(verdict.margin),
            "result": verdict.result,
            "deviation": verdict.deviation,
            "conflict": each.conflict,
            "conflict_standard_id": each.other.standard_id.id if each.other else None,
            "conflict_min": _number(each.other and each.other._get_bounds().low),
            "conflict_max": _number(each.other and each.other._get_bounds().high),
        }


class _Rows:
    """Rows on their way to the database."""

    def __init__(self):
        self._text = io.StringIO()
        self._writer = csv.writer(self._text)
        self._names = None

    def add(self, row):
        self._names = self._names or list(row)
        self._writer.writerow(row.values())

    def send(self, cr, table):
        if self._names:
            self._text.seek(0)
            cr.copy_expert(
                f"COPY {table} ({', '.join(self._names)}) FROM STDIN WITH (FORMAT csv)",
                self._text,
            )
