import json
from urllib.parse import parse_qs, urlsplit

from werkzeug.exceptions import BadRequest, InternalServerError, NotFound

from odoo.exceptions import UserError
from odoo.http import content_disposition, request, route, serialize_exception
from odoo.tools.misc import html_escape

from odoo.addons.web.controllers.report import ReportController

#: The addon's own kinds of report, by their name in the address.
_DRAWN = {
    "reportlab": ("reportlab-pdf", "application/pdf"),
    "xlsxwriter": (
        "xlsxwriter-xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
}
_DRAWN_TYPES = {report_type: name for name, (report_type, _mime) in _DRAWN.items()}


def _read_object(text):
    """Return the JSON object of a parameter; anything else is a forged request."""
    try:
        value = json.loads(text or "{}")
    except ValueError as error:
        raise BadRequest() from error
    if not isinstance(value, dict):
        raise BadRequest()
    return value


def _is_readonly(_controller, _rule, _arguments):
    return False


class WelfareReportController(ReportController):
    """Serves the reports that the addon draws itself."""

    # Odoo's is readonly, but a print leaves an event in the audit trail.
    @route(readonly=_is_readonly)
    def report_routes(self, reportname, docids=None, converter=None, **data):
        if converter not in _DRAWN:
            return super().report_routes(
                reportname, docids=docids, converter=converter, **data
            )
        report_type, mimetype = _DRAWN[converter]
        context = {**request.env.context, **_read_object(data.pop("context", None))}
        data.update(_read_object(data.pop("options", None)))
        Report = request.env["ir.actions.report"].with_context(**context)
        report = Report._get_report_from_name(reportname)
        if report.report_type != report_type:
            raise NotFound()
        ids = [int(part) for part in (docids or "").split(",") if part.isdigit()]
        render = getattr(Report, f"_render_{report_type.replace('-', '_')}")
        content, extension = render(report, ids, data=data)
        name = Report._get_drawn_filename(report, ids, data=data)
        return request.make_response(
            content,
            headers=[
                ("Content-Type", mimetype),
                ("Content-Length", len(content)),
                ("Content-Disposition", content_disposition(f"{name}.{extension}")),
            ],
        )

    @route()
    def report_download(self, data, context=None, token=None, readonly=True):
        url, report_type = json.loads(data)
        if report_type not in _DRAWN_TYPES:
            return super().report_download(data, context, token, readonly)
        # /report/<kind>/<report name>/<ids>?options=…, as the client builds it.
        parts = urlsplit(url)
        _empty, _report, _converter, report_name, docids = parts.path.split("/")
        options = parse_qs(parts.query).get("options", [None])[0]
        try:
            return self.report_routes(
                report_name,
                docids=docids,
                converter=_DRAWN_TYPES[report_type],
                context=context,
                options=options,
            )
        except UserError as error:
            # The form in which the client's download() shows a message in words.
            body = {
                "code": 0,
                "message": "Odoo Server Error",
                "data": serialize_exception(error),
            }
            response = request.make_response(html_escape(json.dumps(body)))
            raise InternalServerError(response=response) from error
