import time

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import config

from ..tools.audit_key import find_archives, find_key_file, read_private_key
from ..verifier.welfare_verify import (
    Database,
    describe,
    read_head,
    say,
    verify,
)

#: Minutes by which clocks and transactions may differ, where no rule says otherwise.
_TOLERANCE_RULE = "audit_clock_tolerance"


class WelfareAuditVerification(models.Model):
    """Somebody has verified the audit trail (审计核验): when, and what was found.

    The chain is computed anew from the events, the records are compared with the last
    that the trail says of them, the attachments' files with the checksums in it. The
    same program does so without Odoo: ``verifier/welfare_verify.py``.
    """

    _name = "welfare.audit.verification"
    _description = "Verification of the Audit Trail"
    _inherit = ["welfare.state.mixin", "welfare.progress.mixin"]
    _order = "id desc"

    _initial_states = ("draft",)
    _transitions = {"draft": {"sound", "faulty"}, "sound": set(), "faulty": set()}
    _guarded_fields = frozenset(
        ("head", "seal_number", "event_count", "waiting_count", "record_count")
        + ("file_count", "fault_count", "first_event_at", "last_event_at", "verdict")
        + ("verified_at", "seconds")
    )
    _content_fields = frozenset(("printed_head", *_guarded_fields))

    state = fields.Selection(
        selection=[
            ("draft", "Not Verified Yet"),
            ("sound", "Nothing Wrong"),
            ("faulty", "Faults Found"),
        ],
        string="Verdict",
        required=True,
        readonly=True,
        copy=False,
        default="draft",
    )
    printed_head = fields.Char(
        string="Earlier Head",
        help="What stands under a report or in the seal book, or what its QR code "
        "says: number of the seal, a colon, at least 16 digits of its hash. It is told "
        "whether it is still in the chain.",
    )
    verified_at = fields.Datetime(readonly=True, copy=False)
    head = fields.Char(readonly=True, copy=False)
    seal_number = fields.Integer(
        string="Seals", readonly=True, copy=False, aggregator=None
    )
    event_count = fields.Integer(
        string="Events", readonly=True, copy=False, aggregator=None
    )
    waiting_count = fields.Integer(
        string="Not Sealed Yet", readonly=True, copy=False, aggregator=None
    )
    record_count = fields.Integer(
        string="Records Compared", readonly=True, copy=False, aggregator=None
    )
    file_count = fields.Integer(
        string="Files Compared", readonly=True, copy=False, aggregator=None
    )
    fault_count = fields.Integer(
        string="Faults", readonly=True, copy=False, aggregator=None
    )
    first_event_at = fields.Datetime(string="First Event", readonly=True, copy=False)
    last_event_at = fields.Datetime(string="Last Event", readonly=True, copy=False)
    seconds = fields.Float(
        string="Duration (seconds)", readonly=True, copy=False, aggregator=None
    )
    verdict = fields.Text(string="Findings", readonly=True, copy=False)

    # === COMPUTE METHODS === #

    @api.depends("verified_at", "state")
    def _compute_display_name(self):
        for record in self:
            day = fields.Datetime.context_timestamp(
                record, record.verified_at or fields.Datetime.now()
            )
            record.display_name = (
                f"{day:%Y-%m-%d %H:%M} {record._state_label(record.state)}"
            )

    # === CONSTRAINT METHODS === #

    @api.constrains("printed_head")
    def _check_printed_head(self):
        for record in self:
            record._read_printed_head()

    # === ACTION METHODS === #

    def action_verify(self):
        """Seal what is waiting, verify the whole trail, and keep the verdict.

        :raise UserError: it was verified already.
        """
        self.ensure_one()
        self.check_access("write")
        self._check_is_initial()
        began = time.monotonic()
        self.env["welfare.audit.seal"]._seal_events()
        verdict = self._verify()
        head = verdict.head
        self._write_guarded(
            {
                "verified_at": fields.Datetime.now(),
                "head": verdict.head_text,
                "seal_number": head.number if head else 0,
                "event_count": verdict.total,
                "waiting_count": verdict.waiting,
                "record_count": verdict.rows,
                "file_count": verdict.files,
                "fault_count": verdict.fault_count,
                "first_event_at": _to_datetime(verdict.first),
                "last_event_at": _to_datetime(verdict.last),
                "seconds": time.monotonic() - began,
                "verdict": "\n".join(self._describe(verdict)),
            }
        )
        self._set_state("faulty" if verdict.fault_count else "sound")
        return True

    # === BUSINESS METHODS === #

    def _verify(self):
        """Return the verdict on what is committed now.

        :rtype: welfare_facility.verifier.welfare_verify.Verdict
        """
        # A transaction of its own: it shows what is committed, and is left as it was.
        with self.env.registry.cursor() as cr:
            verdict = self._verify_trail(cr, config.filestore(cr.dbname))
            cr.rollback()
        self._add_trigger_faults(verdict)
        return verdict

    def _verify_trail(self, cr, filestore):
        """Return the verdict on the trail that a cursor shows."""
        path = find_key_file(config["config"])
        return verify(
            Database(cr, filestore, find_archives(config["config"])),
            head=self._read_printed_head(),
            public_key=path and read_private_key(path).public_key(),
            tolerance=self._get_tolerance(),
            progress=self._progress(self.env._("Verifying the audit trail")),
        )

    def _add_trigger_faults(self, verdict):
        """Add what only the registry knows: which tables must be captured."""
        known = {
            fault.values["table"]
            for fault in verdict.faults
            if fault.code == "trigger_missing"
        }
        for found in self.env["welfare.audit.event"]._find_missing_triggers():
            if found["fault"] == "function":
                verdict.add("function_changed", function=found["trigger"])
            elif found["table"] not in known:
                verdict.add(
                    "trigger_missing",
                    table=found["table"],
                    what=f"@trigger_{found['fault']}",
                    trigger=found["trigger"],
                )

    def _read_printed_head(self):
        if not self.printed_head:
            return None
        try:
            return read_head(self.printed_head)
        except ValueError as error:
            raise ValidationError(
                self.env._(
                    "“%(text)s” is no head of a seal: write its number, a colon and at "
                    "least 16 digits of its hash, or what the QR code says.",
                    text=self.printed_head,
                )
            ) from error

    def _get_tolerance(self):
        rule = self.env["welfare.rule"]._get_rule(
            _TOLERANCE_RULE, self.env["welfare.region"], fields.Date.today()
        )
        if not rule:
            raise UserError(
                self.env._(
                    "There is no rule “%(code)s”, which says by how many minutes "
                    "clocks may differ.",
                    code=_TOLERANCE_RULE,
                )
            )
        return int(rule.value)

    def _describe(self, verdict):
        """Return the findings in words, in the language of the stand-alone verifier."""
        lang = self.env.lang
        lines = []
        if verdict.printed:
            lines.append(say("printed", lang, number=self._read_printed_head()[0]))
        if verdict.archived:
            lines.append(say("archived", lang, archived=verdict.archived))
        lines += [describe(fault, lang) for fault in verdict.faults]
        more = verdict.fault_count - len(verdict.faults)
        if more:
            lines.append(say("more", lang, count=more))
        return lines


def _to_datetime(text):
    return text and fields.Datetime.to_datetime(text.replace("T", " ")[:19])
