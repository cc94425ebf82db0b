import json

from werkzeug.exceptions import InternalServerError, NotFound

from odoo.exceptions import UserError
from odoo.http import content_disposition, request, route, serialize_exception
from odoo.tools.misc import html_escape
from odoo.tools.safe_eval import safe_eval, time

from odoo.addons.web.controllers.report import ReportController


class WelfareReportController(ReportController):
    """Serves the reports that reportlab draws."""

    @route()
    def report_routes(self, reportname, docids=None, converter=None, **data):
        if converter != "reportlab":
            return super().report_routes(
                reportname, docids=docids, converter=converter, **data
            )
        context = {
            **request.env.context,
            **json.loads(data.pop("context", None) or "{}"),
        }
        data.update(json.loads(data.pop("options", None) or "{}"))
        Report = request.env["ir.actions.report"].with_context(context)
        report = Report._get_report_from_name(reportname)
        if report.report_type != "reportlab-pdf":
            raise NotFound()
        ids = [int(part) for part in (docids or "").split(",") if part.isdigit()]
        content, extension = Report._render_reportlab_pdf(report, ids, data=data)
        name = report.name
        if report.print_report_name and len(ids) == 1:
            record = request.env[report.model].browse(ids)
            name = safe_eval(report.print_report_name, {"object": record, "time": time})
        return request.make_response(
            content,
            headers=[
                ("Content-Type", "application/pdf"),
                ("Content-Length", len(content)),
                ("Content-Disposition", content_disposition(f"{name}.{extension}")),
            ],
        )

    @route()
    def report_download(self, data, context=None, token=None, readonly=True):
        url, report_type = json.loads(data)
        if report_type != "reportlab-pdf":
            return super().report_download(data, context, token, readonly)
        # /report/reportlab/<report name>/<ids>, as the client's getReportUrl builds it.
        _empty, _report, _converter, report_name, docids = url.split("?")[0].split("/")
        try:
            return self.report_routes(
                report_name, docids=docids, converter="reportlab", context=context
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
