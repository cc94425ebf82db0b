from contextlib import contextmanager

from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import config, file_open, format_datetime

from ..reports import layout
from ..tools.audit_key import find_archives, find_key_file, read_private_key
from ..verifier.welfare_verify import (
    EVENT_SQL,
    NO_HASH,
    Database,
    Seal,
    Verdict,
    make_head,
    make_key_id,
    make_root,
    make_seal_hash,
    make_seal_text,
    read_head,
    save_archive,
)

#: Events that one seal holds at the most, so that a transaction stays short.
BATCH = 50_000

# What the transaction sees is committed. What it does not see yet comes with a later
# seal: low_id stays below it as long as it may still come.
_NUMBER_EVENTS = f"""
INSERT INTO welfare_audit_leaf (id, event_id, hash)
SELECT e.n, e.id, sha256(convert_to({EVENT_SQL.format(n="e.n")}, 'UTF8'))
  FROM (SELECT %(last_n)s + row_number() OVER (ORDER BY id) AS n, waiting.*
          FROM (SELECT event.* FROM welfare_audit_event event
                 WHERE id > %(low_id)s AND NOT EXISTS (
                       SELECT FROM welfare_audit_leaf WHERE event_id = event.id)
                 ORDER BY id LIMIT %(batch)s) waiting) e
RETURNING id, event_id, hash
"""
# The xid of a seal is that of its own transaction: given after its snapshot was taken,
# so whoever had drawn a number up to high_id had a smaller one by then. (The xmax
# of the snapshot would not do: it follows the last transaction that has ended, and a
# later one may be running.) When none is left that is older than the seal, nothing more
# comes up to its high_id. A restored database begins its transactions anew: its first
# seals fulfil this one after another again, those of the other server do no harm.
_CONTEXT = """
SELECT pg_current_xact_id()::text::bigint,
       to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),
       (SELECT high_id FROM welfare_audit_seal
         WHERE xid <= pg_snapshot_xmin(pg_current_snapshot())::text::bigint
         ORDER BY id DESC LIMIT 1)
"""


class WelfareAuditSeal(models.Model):
    """A seal over the events since the one before it (封存): one link of the chain.

    The id is its number. The hash of a seal is the head of the chain up to it; whoever
    keeps a head outside the database (on paper, by mail) can prove later that nothing
    up to it was changed, cut off or written anew. See readme/AUDIT_FORMAT.md.
    """

    _name = "welfare.audit.seal"
    _description = "Seal of the Audit Trail"
    _auto = False
    _log_access = False
    _allow_sudo_commands = False
    _order = "id desc"
    _rec_names_search = ["hash"]

    number = fields.Integer(compute="_compute_number")
    first_n = fields.Integer(string="From Event No.", readonly=True, aggregator=None)
    last_n = fields.Integer(string="To Event No.", readonly=True, aggregator=None)
    event_count = fields.Integer(string="Events", compute="_compute_event_count")
    sealed_at = fields.Datetime(readonly=True)
    hash = fields.Char(string="Head (SHA-256)", readonly=True)
    previous = fields.Char(string="Hash of the Seal before", readonly=True)
    root = fields.Char(string="Merkle Root", readonly=True)
    key_id = fields.Char(string="Signed with Key", readonly=True)
    signature = fields.Char(string="Signature (Ed25519)", readonly=True)

    def init(self):
        with file_open("welfare_facility/models/sql/welfare_audit_seal.sql") as file:
            self.env.cr.execute(file.read())
        return super().init()

    # === COMPUTE METHODS === #

    def _compute_number(self):
        for seal in self:
            seal.number = seal.id

    @api.depends("hash", "last_n")
    def _compute_display_name(self):
        for seal in self:
            seal.display_name = seal._make_mark()

    @api.depends("first_n", "last_n")
    def _compute_event_count(self):
        for seal in self:
            seal.event_count = seal.last_n - seal.first_n + 1

    # === CRUD METHODS === #

    # No super(): nobody gets through.
    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise AccessError(self._message_append_only())

    def write(self, vals):  # pylint: disable=method-required-super
        raise AccessError(self._message_append_only())

    def unlink(self):  # pylint: disable=method-required-super
        raise AccessError(self._message_append_only())  # pylint: disable=no-raise-unlink

    def _message_append_only(self):
        return self.env._("Seals are made by the sealing alone, and stay.")

    # === ACTION METHODS === #

    @api.model
    def action_seal(self):
        """Seal what has happened since the last seal.

        :raise AccessError: the user may not read the seals.
        """
        self.check_access("read")
        self._seal_events()
        return True

    @api.model
    def action_export(self):
        """Download the whole trail as an archive.

        :raise AccessError: the user is no auditor of all regions.
        """
        self._check_export()
        return {
            "type": "ir.actions.act_url",
            "url": "/welfare_facility/audit/archive",
            "target": "download",
        }

    # === BUSINESS METHODS === #

    @api.model
    def _check_export(self):
        """Refuse the archive to all but auditors who see every region: it holds the
        events of all of them.

        :raise AccessError: the user is none.
        """
        Region = self.env["welfare.region"]
        # sudo(): how many there are, to compare; it is told nobody.
        sees_all = Region.search_count([]) == Region.sudo().search_count([])
        is_auditor = self.env.user.has_group("welfare_facility.welfare_group_auditor")
        if not (is_auditor and sees_all):
            raise AccessError(
                self.env._(
                    "The archive holds what happened in every region. Only an auditor "
                    "of all regions may take it."
                )
            )

    @api.model
    def _save_archive(self, file):
        """Seal what is waiting, and write the trail into a binary file.

        :return: the number of the last seal.
        :raise UserError: the chain has gaps.
        """
        self._seal_events()
        self.env["welfare.audit.event"]._record(
            "export", self._name, note=self.env._("Archive of the audit trail")
        )
        with self.env.registry.cursor() as cr:
            try:
                archives = find_archives(config["config"])
                source = Database(cr, config.filestore(cr.dbname), archives)
                source.check_frame(Verdict())
                head = save_archive(source, file)[0]
            except OSError as error:
                raise UserError(
                    self.env._("The trail cannot be kept as it is: verify it first.")
                ) from error
            finally:
                cr.rollback()
        return read_head(head)[0] if head else 0

    @api.model
    def _cron_seal(self):
        self._seal_events()

    @api.model
    def _seal_events(self):
        """Seal every committed event that no seal holds yet.

        Nobody who writes waits for it, and it waits for nobody. Two of them do not run
        at once: the later one leaves it to the other.

        :return: how many events were sealed.
        :rtype: int
        :raise OSError, ValueError: the key is named and cannot be read.
        """
        key = self._get_key()
        with self.env.registry.cursor() as cr:
            return self._seal_waiting(cr, key)

    @api.model
    def _seal_waiting(self, cr, key):
        """Make seals until nothing waits any more, each in a transaction.

        :param cr: a cursor that nothing else uses.
        :param key: the private key, or None.
        """
        count = 0
        cr.execute("SELECT pg_try_advisory_lock(hashtext('welfare_audit_seal'))")
        if not cr.fetchone()[0]:
            return count
        try:
            # A new snapshot: it shows what the sealer before has committed.
            cr.commit()  # pylint: disable=invalid-commit
            while sealed := self._seal_batch(cr, key):
                cr.commit()  # pylint: disable=invalid-commit
                count += sealed
        finally:
            cr.rollback()
            cr.execute("SELECT pg_advisory_unlock(hashtext('welfare_audit_seal'))")
        return count

    @api.model
    def _seal_batch(self, cr, key):
        """Make one seal; return how many events it holds, 0 where there was none."""
        cr.execute(
            "SELECT id, last_n, hash, low_id FROM welfare_audit_seal "
            "ORDER BY id DESC LIMIT 1"
        )
        number, last_n, previous, low_id = cr.fetchone() or (0, 0, NO_HASH, 0)
        cr.execute(_NUMBER_EVENTS, {"last_n": last_n, "low_id": low_id, "batch": BATCH})
        leaves = sorted(cr.fetchall())
        if not leaves:
            return 0
        high_id = max(event_id for _n, event_id, _digest in leaves)
        cr.execute(_CONTEXT)
        xid, sealed_at, settled_id = cr.fetchone()
        seal = Seal(
            number=number + 1,
            first_n=last_n + 1,
            last_n=last_n + len(leaves),
            root=make_root(b"".join(digest for _n, _id, digest in leaves)).hex(),
            previous=previous,
            sealed_at=sealed_at,
            low_id=max(low_id, min(settled_id or 0, high_id)),
            high_id=high_id,
            xid=xid,
            key_id=key and make_key_id(key.public_key()),
            hash=None,
            signature=None,
        )
        seal = seal._replace(
            hash=make_seal_hash(seal),
            signature=key and key.sign(make_seal_text(seal).encode()).hex(),
        )
        cr.execute(
            """
            INSERT INTO welfare_audit_seal (
                id, first_n, last_n, root, previous, sealed_at, low_id, high_id, xid,
                key_id, hash, signature
            ) VALUES %s
            """,
            [tuple(seal)],
        )
        return len(leaves)

    @api.model
    def _get_key(self):
        path = find_key_file(config["config"])
        return read_private_key(path) if path else None

    @contextmanager
    def _as_committed(self):
        """Lend the model in a transaction that sees the seals just made; this one still
        shows the database as it was when it began.
        """
        with self.env.registry.cursor() as cr:
            yield self.with_env(self.env(cr=cr))

    @api.model
    def _get_last(self):
        """Return the last seal, an empty record where nothing is sealed yet."""
        # sudo(): the head says nothing of what happened; it stands on every report.
        return self.sudo().search([], limit=1)

    def _make_head(self):
        """Return the head as a QR code says it and as the verifier takes it."""
        self.ensure_one()
        return make_head(self.id, self.last_n, self.hash)

    def _make_mark(self):
        """Return the head in short, to be read and typed by people."""
        self.ensure_one()
        return self._describe_head(self)

    @api.model
    def _describe_head(self, seal):
        """Return the head of a seal in this transaction's language.

        :param seal: a seal, perhaps read in another transaction, which may not know the
            language yet.
        """
        digits = seal.hash[:16]
        return self.env._(
            "Seal %(number)s · %(count)s events · %(hash)s",
            number=seal.id,
            count=f"{seal.last_n:,}",
            hash=" ".join(digits[at : at + 4] for at in range(0, 16, 4)),
        )

    @api.model
    def _get_print_mark(self):
        """Seal what is waiting, and return the head for the foot of a printed page.

        :rtype: layout.Mark | None
        """
        self._seal_events()
        with self._as_committed() as Seal:
            seal = Seal._get_last()
            if not seal:
                return None
            # Capitals and digits make a coarser code than small letters.
            return layout.Mark(self._describe_head(seal), seal._make_head().upper())

    # === OUTSIDE === #

    @api.model
    def _cron_mail_head(self):
        """Send the head to the address outside that the system parameter names."""
        # sudo(): one setting of the system's, which the job alone reads.
        parameters = self.env["ir.config_parameter"].sudo()
        address = parameters.get_param("welfare_facility.audit_digest_email") or ""
        self._seal_events()
        with self._as_committed() as Seal:
            seal = Seal._get_last()
            if "@" in address and seal:
                seal._mail_head(address)

    def _mail_head(self, address):
        """Send the head of the chain up to this seal to an address."""
        self.ensure_one()
        database = self.env.cr.dbname
        lines = [
            self.env._(
                "Head of the audit trail of %(database)s, made at %(time)s:",
                database=database,
                time=format_datetime(self.env, self.sealed_at),
            ),
            self._make_mark(),
            self._make_head(),
            self.env._(
                "Keep this message. With it the verifier tells whether the trail was "
                "cut off or written anew since."
            ),
        ]
        # sudo(): mails are the system's; nothing but the head is in it.
        self.env["mail.mail"].sudo().create(
            {
                "email_to": address,
                "subject": self.env._(
                    "Audit trail of %(database)s: seal %(number)s",
                    database=database,
                    number=self.id,
                ),
                "body_html": Markup().join(
                    Markup("<p>{}</p>").format(line) for line in lines
                ),
            }
        )
