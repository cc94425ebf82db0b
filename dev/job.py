"""The first job without a browser: a ledger in, the printed table out."""

import shutil
import tempfile
from pathlib import Path

from .console import Failure, note, step

# --------------------------------------------------------------------------------------
# What is asked of the addon. Runs inside Odoo with `env`; `source` is the path of the
# ledger, `target` the path for the PDF or None.
# --------------------------------------------------------------------------------------
SCRIPT = """
from pathlib import Path

source, target = Path({source!r}), {target!r}
result = env["welfare.facility.import"]._run_file(
    {name!r}, source.read_bytes(), apply=True
)
print("RESULT", result)
if target:
    pdf, _kind = env["ir.actions.report"]._render_reportlab_pdf(
        "welfare_facility.welfare_coverage_target_report",
        env["welfare.coverage.target"].search([]).ids,
    )
    Path(target).write_bytes(pdf)
env.cr.commit()
"""
# --------------------------------------------------------------------------------------


def run(odoo, database, source, report):
    """Import a ledger into a database and print the table.

    :param Path source: the ledger
    :param Path report: where the PDF goes, or None
    """
    with tempfile.TemporaryDirectory() as folder:
        pdf = Path(folder) / "report.pdf"
        script = SCRIPT.format(
            source=str(source.resolve()),
            name=source.name,
            target=str(pdf) if report else None,
        )
        with step(f"{database}: importing {source.name}"):
            log = odoo.shell(database, script, log="import")
        for line in log.text.splitlines():
            if line.startswith("RESULT "):
                note(line.removeprefix("RESULT "))
        log.require("The import")
        if report:
            if not pdf.exists():
                raise Failure(f"Nothing was printed, the log is {log.path}")
            shutil.copyfile(pdf, report)
            note(f"printed {report}")
