"""Writes the planned rows of institutions: hundreds, so by the ORM and its rules."""

from odoo.tools import SQL


class InstitutionWriter:
    """Applies the rows of institutions of a checked import.

    :param ledger: the ``welfare.facility.import``.
    """

    def __init__(self, ledger):
        self.env = ledger.env
        self.ledger = ledger

    def apply(self):
        """Register the new institutions and add what was measured."""
        rows = self.env.execute_query(
            SQL(
                "SELECT id, facility_number, institution "
                "FROM welfare_facility_import_line "
                "WHERE import_id = %s AND institution IS NOT NULL ORDER BY id",
                self.ledger.id,
            )
        )
        if not rows:
            return
        Facility = self.env["welfare.facility"]
        metrics = {
            metric.code: metric
            for metric in self.env["welfare.facility.metric"].search([])
        }
        vals_list, created = [], []
        for line_id, facility_id, plan in rows:
            facility = Facility.browse(facility_id)
            if not facility:
                facility = Facility.create(plan["vals"])
                created.append((line_id, facility.id))
            elif plan["vals"]:
                facility.write(plan["vals"])
            facility._write_guarded({"import_line_id": line_id})
            vals_list += [
                self._prepare_vals(plan, facility, metrics[code], *figure)
                for code, *figure in plan["figures"]
            ]
        self.env["welfare.facility.measurement"].create(vals_list)
        self.env.flush_all()
        for line_id, facility_id in created:
            self.env.cr.execute(
                SQL(
                    "UPDATE welfare_facility_import_line SET facility_number = %s "
                    "WHERE id = %s",
                    facility_id,
                    line_id,
                )
            )
        self.env["welfare.facility.import.line"].invalidate_model()

    def _prepare_vals(self, plan, facility, metric, value, rooms, corrects_id):
        vals = {
            "facility_id": facility.id,
            "metric_id": metric.id,
            "amount": float(value),
            "room_count": rooms,
            "date": plan["date"],
            "measured_by": plan["measured_by"] or self.env.user.name,
            "document": plan["document"] or self.ledger.filename,
            "corrects_id": corrects_id,
        }
        return {**vals, "unit": "m2"} if metric.kind == "area" else vals
