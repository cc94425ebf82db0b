from werkzeug.exceptions import NotFound

from odoo.http import Controller, content_disposition, request, route

from ..models.ledger_sheets import make_error_list, make_template
from ..wizards.welfare_standard_import import STANDARD_COLUMNS

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class WelfareLedgerController(Controller):
    """Workbooks for those who bring ledgers in."""

    @route(
        "/welfare_facility/import/<int:import_id>/errors",
        type="http",
        auth="user",
    )
    def import_errors(self, import_id):
        """Return the rows of an import that have errors or warnings."""
        # Another region's import does not exist for this user.
        ledger = request.env["welfare.facility.import"].search([("id", "=", import_id)])
        if not ledger:
            raise NotFound()
        stem = ledger.filename.rpartition(".")[0] or ledger.filename
        name = request.env._("%(file)s - errors", file=stem)
        return self._send(make_error_list(ledger), name)

    @route("/welfare_facility/import/template", type="http", auth="user")
    def import_template(self):
        """Return an empty ledger with the headings that are understood."""
        request.env["welfare.import.column"].check_access("read")
        content = make_template(request.env)
        return self._send(content, request.env._("Ledger to fill in"))

    @route("/welfare_facility/standard/template", type="http", auth="user")
    def standard_template(self):
        """Return an empty list of standards with the headings that are understood."""
        request.env["welfare.import.column"].check_access("read")
        content = make_template(request.env, {"standard": STANDARD_COLUMNS})
        return self._send(content, request.env._("Standards to fill in"))

    def _send(self, content, name):
        return request.make_response(
            content,
            headers=[
                ("Content-Type", XLSX),
                ("Content-Length", len(content)),
                ("Content-Disposition", content_disposition(f"{name}.xlsx")),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
