import tempfile

from werkzeug.exceptions import Forbidden
from werkzeug.http import parse_options_header
from werkzeug.wsgi import wrap_file

from odoo.exceptions import AccessError
from odoo.http import Controller, Response, content_disposition, request, route

from .ledger import WelfareLedgerController


class WelfareAuditController(Controller):
    """The audit trail as a file, to be kept and verified outside."""

    @route("/welfare_facility/audit/archive", type="http", auth="user")
    def audit_archive(self):
        """Return the whole trail with its seals and files; see AUDIT_FORMAT.md."""
        Seal = request.env["welfare.audit.seal"]
        try:
            Seal._check_export()
        except AccessError as error:
            raise Forbidden(str(error)) from error
        file = tempfile.TemporaryFile()  # pylint: disable=consider-using-with
        head = Seal._save_archive(file)
        size = file.tell()
        file.seek(0)
        name = request.env._("Audit trail up to seal %(number)s", number=head)
        return Response(
            wrap_file(request.httprequest.environ, file),
            direct_passthrough=True,
            headers=[
                ("Content-Type", "application/zip"),
                ("Content-Length", size),
                ("Content-Disposition", content_disposition(f"{name}.zip")),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )


class WelfareAuditLedgerController(WelfareLedgerController):
    """Leaves an event of each workbook that is taken."""

    @route()
    def import_errors(self, import_id):
        return self._recorded(
            super().import_errors(import_id), "welfare.facility.import", [import_id]
        )

    @route()
    def import_template(self):
        return self._recorded(super().import_template(), "welfare.import.column")

    @route()
    def standard_template(self):
        return self._recorded(super().standard_template(), "welfare.import.column")

    def _recorded(self, response, model, ids=()):
        _kind, options = parse_options_header(response.headers["Content-Disposition"])
        request.env["welfare.audit.event"]._record(
            "export", model, ids, options["filename"]
        )
        return response
