"""The first job without a browser: a ledger in, the printed table out."""

import json
import shutil
import tempfile
from pathlib import Path

from .console import Failure, note, step

# What is asked of the addon. Runs inside Odoo with `env`. It says what came of it in
# one line; only a ledger that was read without errors is committed.
SCRIPT = """
import json
from pathlib import Path
from odoo.exceptions import UserError

source, target = Path({source!r}), {target!r}
env = env(context=dict(env.context, lang=env.ref("base.user_admin").lang))
said = {{}}
try:
    ledger = env["welfare.facility.import"]._import_file({name!r}, source.read_bytes())
    said["text"] = ledger._describe_result()
    said["failed"] = bool(ledger.error_count)
except UserError as error:
    said = {{"text": str(error), "failed": True}}
if said["failed"]:
    env.cr.rollback()
else:
    env.cr.commit()
    if target:
        Target = env["welfare.coverage.target"]
        # Without a target of the region its coverage on the ledger's day is printed;
        # such a target is not kept: nothing is committed after it.
        targets = Target.search([("region_id", "=", ledger.region_id.id)]) or (
            Target.create(
                {{
                    "region_id": ledger.region_id.id,
                    "date": ledger.date or ledger.create_date.date(),
                }}
            )
        )
        pdf, _kind = env["ir.actions.report"]._render_reportlab_pdf(
            "welfare_facility.welfare_coverage_report", targets.ids
        )
        Path(target).write_bytes(pdf)
        env.cr.rollback()
print("RESULT " + json.dumps(said))
"""


def run(odoo, database, source, report):
    """Import a ledger into a database and print the table.

    :param Path source: the ledger
    :param Path report: where the PDF goes, or None
    :raise Failure: the ledger has errors; then nothing is saved
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
        results = [
            json.loads(line.removeprefix("RESULT "))
            for line in log.text.splitlines()
            if line.startswith("RESULT ")
        ]
        if not results:
            log.require("The import")
        if results[-1]["failed"]:
            raise Failure(f"Nothing was imported.\n{results[-1]['text']}")
        note(results[-1]["text"])
        if report:
            shutil.copyfile(pdf, report)
            note(f"printed {report}")
