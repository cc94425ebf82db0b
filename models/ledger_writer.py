"""Writes the planned rows of a ledger into the register, in sets.

A record for each of 65,000 rows would take minutes. These statements read what was
planned from the import's own rows (``plan``), and write the facilities and their
history. The constraints and triggers of the tables hold for them as for every other
write. The computed fields that are stored come with the plan; a test compares all with
what the ORM would have written.
"""

import json

from odoo.tools import SQL
from odoo.tools.misc import clean_context

from .ledger_planner import NUMBERS, TEXTS

#: What a ledger may change in a facility that is there.
CHANGEABLE = (*NUMBERS, *TEXTS, "premises", "plan_year", "amount_total_stated")


class LedgerWriter:
    """Applies a checked import.

    :param ledger: the ``welfare.facility.import``.
    """

    #: Rows of one round of statements: progress is reported in between.
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
        rows = self.env.execute_query(
            SQL(
                "SELECT id, status FROM welfare_facility_import_line "
                "WHERE import_id = %s AND plan IS NOT NULL ORDER BY id",
                self.ledger.id,
            )
        )
        for start in range(0, len(rows), self.BATCH):
            batch = rows[start : start + self.BATCH]
            if new := [line_id for line_id, status in batch if status == "create"]:
                self._create_facilities(new)
            if changed := [line_id for line_id, status in batch if status == "change"]:
                self._change_facilities(changed)
                self._move_states(changed)
                self._correct_dates(changed)
            if progress:
                progress(start + len(batch), len(rows))
        self.env.invalidate_all(flush=False)
        self._check_access()

    def _check_access(self):
        """Make sure that the user may have written what the statements wrote."""
        self.Facility.check_access("create")
        self.Facility.check_access("write")
        written = [("import_line_id.import_id", "=", self.ledger.id)]
        Facility = self.Facility.with_context(active_test=False)
        allowed = Facility.search_count(written)
        if allowed != Facility.sudo().search_count(written):
            facilities = Facility.sudo().search(written)
            facilities.with_env(self.env).check_access("write")

    # --- statements ------------------------------------------------------------------

    def _execute(self, query, line_ids, **values):
        self.env.cr.execute(
            SQL(
                query,
                lines=SQL("line.id = ANY(%s)", line_ids),
                uid=self.env.uid,
                now=SQL("(now() AT TIME ZONE 'UTC')"),
                reason=self._reason,
                **values,
            )
        )

    @property
    def _reason(self):
        """What the history says: the row, in the words of its display name."""
        Line = self.env["welfare.facility.import.line"]
        label = Line._label(self.ledger.filename, "\x01", "\x02")
        return SQL(
            "replace(replace(%s, '\x01', COALESCE(line.sheet, '')), '\x02', "
            "line.row::text)",
            label,
        )

    def _create_facilities(self, line_ids):
        names = [
            name
            for name, field in self.Facility._fields.items()
            if field.store and field.column_type and name != "id"
        ]
        self._execute(
            """
            WITH facility AS (
                INSERT INTO welfare_facility (%(columns)s)
                SELECT %(values)s
                FROM welfare_facility_import_line AS line, jsonb_populate_record(
                    NULL::welfare_facility,
                    %(defaults)s::jsonb || (line.plan->'vals')
                    || jsonb_build_object('import_line_id', line.id)
                ) AS record
                WHERE %(lines)s
                ORDER BY line.id
                RETURNING id, import_line_id, state, date_state,
                          is_date_state_approximate
            ), status AS (
                INSERT INTO welfare_facility_status
                    (facility_id, state, date, is_approximate, reason,
                     create_uid, create_date, write_uid, write_date)
                SELECT facility.id, facility.state, facility.date_state,
                       facility.is_date_state_approximate, %(reason)s,
                       %(uid)s, %(now)s, %(uid)s, %(now)s
                FROM facility
                JOIN welfare_facility_import_line AS line
                  ON line.id = facility.import_line_id
                ORDER BY facility.id
            )
            UPDATE welfare_facility_import_line AS line
            SET facility_id = facility.id
            FROM facility
            WHERE line.id = facility.import_line_id
            """,
            line_ids,
            columns=SQL(", ").join(map(SQL.identifier, names)),
            values=SQL(", ").join(SQL.identifier("record", name) for name in names),
            defaults=json.dumps(self._prepare_defaults(names), default=str),
        )

    def _prepare_defaults(self, names):
        """Return what a new facility has that no row states."""
        now = self.env.cr.now()
        return {
            **self.Facility.default_get(names),
            "type_id": self.ledger.type_id.id,
            "is_one_per_community": self.ledger.type_id.is_one_per_community,
            "create_uid": self.env.uid,
            "create_date": now,
            "write_uid": self.env.uid,
            "write_date": now,
        }

    def _change_facilities(self, line_ids):
        self._execute(
            """
            UPDATE welfare_facility AS facility
            SET (%(columns)s) = (
                    SELECT %(values)s
                    FROM jsonb_populate_record(facility, line.plan->'vals') AS record
                ),
                import_line_id = line.id,
                write_uid = %(uid)s,
                write_date = %(now)s
            FROM welfare_facility_import_line AS line
            WHERE %(lines)s
              AND facility.id = line.facility_id
            """,
            line_ids,
            columns=SQL(", ").join(map(SQL.identifier, CHANGEABLE)),
            values=SQL(", ").join(
                SQL.identifier("record", name) for name in CHANGEABLE
            ),
        )

    def _move_states(self, line_ids):
        """Move each facility along its steps; the database checks every one."""
        step = 0
        while True:
            self._execute(
                """
                WITH facility AS (
                    UPDATE welfare_facility AS facility
                    SET state = line.plan->'steps'->>%(step)s,
                        date_state = (line.plan->>'date')::date,
                        is_date_state_approximate =
                            (line.plan->>'is_approximate')::boolean
                    FROM welfare_facility_import_line AS line
                    WHERE %(lines)s
                      AND facility.id = line.facility_id
                      AND jsonb_array_length(line.plan->'steps') > %(step)s
                    RETURNING facility.id, import_line_id, facility.state, date_state,
                              is_date_state_approximate
                )
                INSERT INTO welfare_facility_status
                    (facility_id, state, date, is_approximate, reason,
                     create_uid, create_date, write_uid, write_date)
                SELECT facility.id, facility.state, facility.date_state,
                       facility.is_date_state_approximate, %(reason)s,
                       %(uid)s, %(now)s, %(uid)s, %(now)s
                FROM facility
                JOIN welfare_facility_import_line AS line
                  ON line.id = facility.import_line_id
                ORDER BY facility.id
                """,
                line_ids,
                step=step,
            )
            if not self.env.cr.rowcount:
                return
            step += 1

    def _correct_dates(self, line_ids):
        """Give the current state another day; the history keeps both."""
        self._execute(
            """
            WITH facility AS (
                UPDATE welfare_facility AS facility
                SET date_state = (line.plan->>'date')::date,
                    is_date_state_approximate = (line.plan->>'is_approximate')::boolean
                FROM welfare_facility_import_line AS line
                WHERE %(lines)s
                  AND facility.id = line.facility_id
                  AND (line.plan->>'is_redated')::boolean
                RETURNING facility.id, import_line_id, facility.state, date_state,
                          is_date_state_approximate
            )
            INSERT INTO welfare_facility_status
                (facility_id, state, date, is_approximate, reason, corrects_id,
                 create_uid, create_date, write_uid, write_date)
            SELECT facility.id, facility.state, facility.date_state,
                   facility.is_date_state_approximate, %(reason)s, current.id,
                   %(uid)s, %(now)s, %(uid)s, %(now)s
            FROM facility
            JOIN welfare_facility_import_line AS line
              ON line.id = facility.import_line_id
            CROSS JOIN LATERAL (
                SELECT status.id
                FROM welfare_facility_status AS status
                WHERE status.facility_id = facility.id
                  AND NOT EXISTS (
                      SELECT FROM welfare_facility_status AS correction
                      WHERE correction.corrects_id = status.id
                  )
                ORDER BY status.date DESC, status.id DESC
                LIMIT 1
            ) AS current
            ORDER BY facility.id
            """,
            line_ids,
        )
