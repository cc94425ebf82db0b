"""Writes the planned rows of a ledger into the register, in sets.

A record for each of 65,000 rows would take minutes. These statements read what was
planned from the import's own rows, and write the facilities and their history. The
constraints and triggers of the tables hold for them as for every other write. The
computed fields that are stored come with the statements; a test compares all with what
the ORM would have written.
"""

import json
from functools import cached_property

from odoo.tools import SQL
from odoo.tools.misc import clean_context

from .ledger_planner import STATED

NOW = SQL("(now() AT TIME ZONE 'UTC')")


class LedgerWriter:
    """Applies a checked import.

    :param ledger: the ``welfare.facility.import``.
    """

    #: Rows of one round of statements at most: progress is reported in between.
    BATCH = 5000

    def __init__(self, ledger):
        self.env = ledger.env
        self.ledger = ledger
        # A value offered by the screen is no default of the register.
        self.Facility = self.env["welfare.facility"].with_context(  # pylint: disable=context-overridden
            clean_context(self.env.context)
        )

    def apply(self, progress=None):
        """Write what was planned.

        :param progress: called with (rows done, rows in all), or ``None``.
        """
        self.env.flush_all()
        rounds = self._get_rounds()
        total, done = sum(count for *_ids, count, _changed in rounds), 0
        for first, last, count, changed in rounds:
            self._create_facilities(first, last)
            if changed:
                self._change_facilities(first, last)
                self._move_states(first, last)
                self._correct_dates(first, last)
            done += count
            if progress:
                progress(done, total)
        self.env.invalidate_all(flush=False)
        self._check_access(total)

    def _check_access(self, count):
        """Make sure that the user may have written what the statements wrote.

        :param int count: how many facilities that are.
        """
        self.Facility.check_access("create")
        self.Facility.check_access("write")
        written = [("import_line_id.import_id", "=", self.ledger.id)]
        if self.Facility.search_count(written) != count:
            # sudo(): only to find what the user does not; it is named by the refusal.
            facilities = self.Facility.sudo().search(written).with_env(self.env)
            facilities.check_access("write")

    def _get_rounds(self):
        """Return the first and the last id of each round, how many rows it has, and
        how many of them change a facility that is there already.
        """
        return self.env.execute_query(
            SQL(
                """
                SELECT MIN(id), MAX(id), COUNT(*),
                       COUNT(*) FILTER (WHERE status = 'change')
                FROM welfare_facility_import_line
                WHERE import_id = %s AND status IN ('create', 'change')
                  AND institution IS NULL
                GROUP BY id / %s
                ORDER BY 1
                """,
                self.ledger.id,
                self.BATCH,
            )
        )

    # --- statements ------------------------------------------------------------------

    def _execute(self, query, status, first, last, **values):
        """Execute a statement for the rows of one status between two ids."""
        self.env.cr.execute(
            SQL(
                query,
                lines=SQL(
                    "line.import_id = %s AND line.status = %s "
                    "AND line.institution IS NULL "
                    "AND line.id BETWEEN %s AND %s",
                    self.ledger.id,
                    status,
                    first,
                    last,
                ),
                uid=self.env.uid,
                now=NOW,
                history=self._history,
                **values,
            )
        )

    @cached_property
    def _history(self):
        """Add what became of each ``facility`` of a statement to its history.

        The reason is the row, in the words of its display name.
        """
        Line = self.env["welfare.facility.import.line"]
        return SQL(
            """
            INSERT INTO welfare_facility_status
                (facility_id, state, date, is_approximate, corrects_id, reason,
                 create_uid, create_date)
            SELECT facility.id, facility.state, date_state, is_date_state_approximate,
                   corrects_id,
                   replace(replace(%(label)s, '\x01', COALESCE(line.sheet, '')),
                           '\x02', line.row::text),
                   %(uid)s, %(now)s
            FROM facility
            JOIN welfare_facility_import_line AS line
              ON line.id = facility.import_line_id
            ORDER BY facility.id
            """,
            label=Line._label(self.ledger.filename, "\x01", "\x02"),
            uid=self.env.uid,
            now=NOW,
        )

    def _create_facilities(self, first, last):
        defaults = self._prepare_defaults()
        values = {
            **{name: SQL.identifier("usual", name) for name in defaults},
            **{name: SQL.identifier("line", name) for name in STATED},
            "id": SQL("line.facility_number"),
            "name": SQL("region.name || %s", self._site_name),
            "region_id": SQL("region.id"),
            "township_id": SQL("region.parent_id"),
            "state": SQL("line.state"),
            "date_state": SQL("line.date"),
            "is_date_state_approximate": SQL("line.is_approximate"),
            "amount_total_stated": SQL(
                "COALESCE(line.amount_district_stated, 0) "
                "+ COALESCE(line.amount_lottery_stated, 0)"
            ),
            "import_line_id": SQL("line.id"),
        }
        self._execute(
            """
            WITH facility AS (
                INSERT INTO welfare_facility (%(columns)s)
                SELECT %(values)s
                FROM welfare_facility_import_line AS line
                JOIN welfare_region AS region ON region.code = line.code
                CROSS JOIN jsonb_populate_record(
                    NULL::welfare_facility, %(defaults)s::jsonb
                ) AS usual
                WHERE %(lines)s
                ORDER BY line.id
                RETURNING id, import_line_id, state, date_state,
                          is_date_state_approximate, NULL::integer AS corrects_id
            )
            %(history)s
            """,
            "create",
            first,
            last,
            columns=SQL(", ").join(map(SQL.identifier, values)),
            values=SQL(", ").join(values.values()),
            defaults=json.dumps(defaults, default=str),
        )

    @property
    def _site_name(self):
        """What a new facility is called, behind the name of its community."""
        return self.ledger.type_id.site_name or self.ledger.type_id.name

    def _prepare_defaults(self):
        """Return what a new facility has that no row states."""
        now = self.env.cr.now()
        names = [
            name
            for name, field in self.Facility._fields.items()
            if field.store and field.column_type and name != "id"
        ]
        return {
            **self.Facility.default_get(names),
            "type_id": self.ledger.type_id.id,
            "is_one_per_community": self.ledger.type_id.is_one_per_community,
            "create_uid": self.env.uid,
            "create_date": now,
            "write_uid": self.env.uid,
            "write_date": now,
        }

    def _change_facilities(self, first, last):
        self._execute(
            """
            UPDATE welfare_facility AS facility
            SET %(stated)s,
                amount_total_stated =
                    COALESCE(line.amount_district_stated,
                             facility.amount_district_stated, 0)
                    + COALESCE(line.amount_lottery_stated,
                               facility.amount_lottery_stated, 0),
                import_line_id = line.id,
                write_uid = %(uid)s,
                write_date = %(now)s
            FROM welfare_facility_import_line AS line
            WHERE %(lines)s
              AND facility.id = line.facility_number
            """,
            "change",
            first,
            last,
            stated=SQL(", ").join(
                SQL(
                    "%(name)s = COALESCE(line.%(name)s, facility.%(name)s)",
                    name=SQL.identifier(name),
                )
                for name in STATED
            ),
        )

    def _move_states(self, first, last):
        """Move each facility along its steps; the database checks every one."""
        step = 1
        while True:
            self._execute(
                """
                WITH facility AS (
                    UPDATE welfare_facility AS facility
                    SET state = split_part(line.steps, ',', %(step)s),
                        date_state = line.date,
                        is_date_state_approximate = line.is_approximate
                    FROM welfare_facility_import_line AS line
                    WHERE %(lines)s
                      AND facility.id = line.facility_number
                      AND split_part(line.steps, ',', %(step)s) <> ''
                    RETURNING facility.id, import_line_id, facility.state, date_state,
                              is_date_state_approximate, NULL::integer AS corrects_id
                )
                %(history)s
                """,
                "change",
                first,
                last,
                step=step,
            )
            if not self.env.cr.rowcount:
                return
            step += 1

    def _correct_dates(self, first, last):
        """Give the current state another day; the history keeps both."""
        self._execute(
            """
            WITH facility AS (
                UPDATE welfare_facility AS facility
                SET date_state = line.date,
                    is_date_state_approximate = line.is_approximate
                FROM welfare_facility_import_line AS line
                WHERE %(lines)s
                  AND facility.id = line.facility_number
                  AND line.is_redated
                RETURNING facility.id, import_line_id, facility.state, date_state,
                          is_date_state_approximate, (
                              SELECT status.id
                              FROM welfare_facility_status AS status
                              WHERE status.facility_id = facility.id
                                AND NOT EXISTS (
                                    SELECT FROM welfare_facility_status AS correction
                                    WHERE correction.corrects_id = status.id
                                )
                              ORDER BY status.date DESC, status.id DESC
                              LIMIT 1
                          ) AS corrects_id
            )
            %(history)s
            """,
            "change",
            first,
            last,
        )
