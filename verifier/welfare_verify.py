#!/usr/bin/env python3
"""Verify the audit trail of welfare_facility, without Odoo.

    welfare_verify.py --dsn "host=… dbname=… user=auditor" [--filestore DIR]
    welfare_verify.py --archive trail.zip
    welfare_verify.py --dsn … --archive 2026.zip     years that have left the database
    … --head 12:1a2b3c4d5e6f7a8b     is what was printed still in the chain?
    … --public-key key.pem           are the seals signed with this key?
    … --save trail.zip               keep the trail of a database as an archive

It reads and never writes; a login that may only read will do. What it computes is
written down in readme/AUDIT_FORMAT.md. It ends with 0 where nothing is wrong, with 1
where something is, with 2 where it could not read what it was given.

Needs Python 3.10; psycopg2 for a database, cryptography for signatures.
"""

# A program without Odoo: what it says goes to the terminal.
# pylint: disable=print-used,bad-builtin-groupby

import argparse
import contextlib
import hashlib
import itertools
import json
import os
import sys
import zipfile
import zlib
from collections import namedtuple
from datetime import datetime, timedelta
from decimal import Decimal
from operator import itemgetter

VERSION = "v1"
FANOUT = 256
DIGEST = 32
BLOCK = 5_000
NO_HASH = "0" * 64
TOLERANCE = 60
MAX_FAULTS = 1_000
MIN_HEAD = 16

# ---------------------------------------------------------------------------
# the format: readme/AUDIT_FORMAT.md
# ---------------------------------------------------------------------------

#: What stands in an event's text after version, time and number, in this order.
EVENT_COLUMNS = (
    ("id", "txid", "operation", "table_name", "model", "res_id")
    + ("old_values", "new_values", "user_id", "db_user", "db_address")
    + ("request_address", "application", "region_id", "display_name", "note")
    + ("parent_model", "parent_id")
)
_JSON_COLUMNS = ("old_values", "new_values")

_NUMBER_COLUMNS = ("id", "txid", "res_id", "user_id", "region_id", "parent_id")


def _make_event_sql():
    # What json_build_array() makes of the same, in a third of the time.
    texts = [
        f"e.{name}::text"
        if name in _NUMBER_COLUMNS + _JSON_COLUMNS
        else f"to_json(e.{name})::text"
        for name in EVENT_COLUMNS
    ]
    columns = "".join(f", ', ', coalesce({text}, 'null')" for text in texts)
    time = """to_char(e.occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.US')"""
    return f"""concat('["{VERSION}", "', {time}, '", ', {{n}}{columns}, ']')"""


#: The text of an event as PostgreSQL builds it: table alias ``e``, number ``{n}``.
EVENT_SQL = _make_event_sql()
#: Where an event's time stands in its text.
_TIME = slice(len(f'["{VERSION}", "'), len(f'["{VERSION}", "') + 26)

Seal = namedtuple(
    "Seal",
    "number first_n last_n root previous sealed_at low_id high_id xid key_id hash "
    "signature",
)
SEAL_SQL = """id, first_n, last_n, root, previous,
    to_char(sealed_at, 'YYYY-MM-DD"T"HH24:MI:SS.US'), low_id, high_id, xid,
    key_id, hash, signature"""


def make_event_text(number, values):
    """Return the text of an event as plain Python builds it.

    :param int number: its number in the chain.
    :param dict values: its columns; ``occurred_at`` as ``datetime``, the JSON columns
        as the text that PostgreSQL shows, or None.
    :rtype: str
    """
    parts = [VERSION, f"{values['occurred_at']:%Y-%m-%dT%H:%M:%S.%f}", number]
    texts = [json.dumps(part) for part in parts]
    for name in EVENT_COLUMNS:
        value = values[name]
        if name in _JSON_COLUMNS and value is not None:
            texts.append(make_json(json.loads(value, **_NUMBERS)))
        else:
            texts.append(json.dumps(value, ensure_ascii=False))
    return f"[{', '.join(texts)}]"


class _Number(str):
    """A number of a JSON text, with the digits that stand there."""


_NUMBERS = {"parse_int": _Number, "parse_float": _Number}


def make_json(value):
    """Return a JSON text as PostgreSQL shows a ``jsonb``: short keys first."""
    if isinstance(value, dict):
        items = sorted(value.items(), key=lambda item: _rank(item[0]))
        pairs = (f"{_quote(key)}: {make_json(each)}" for key, each in items)
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(make_json, value))}]"
    if isinstance(value, _Number):
        return str(value)
    return _quote(value)


def _rank(key):
    key = key.encode()
    return len(key), key


def _quote(value):
    return json.dumps(value, ensure_ascii=False)


def make_root(digests):
    """Return the Merkle root of the joined hashes of events.

    :param bytes digests: 32 bytes for each event, in the order of their numbers.
    :rtype: bytes
    """
    width = FANOUT * DIGEST
    while True:
        digests = b"".join(
            hashlib.sha256(b"\x01" + digests[start : start + width]).digest()
            for start in range(0, len(digests), width)
        )
        if len(digests) <= DIGEST:
            return digests


def make_seal_text(seal):
    """Return the text of a seal, whose hash is the head of the chain up to it.

    :param Seal seal: its hash and signature are not read.
    :rtype: str
    """
    return json.dumps([f"seal {VERSION}", *seal[: Seal._fields.index("hash")]])


def make_seal_hash(seal):
    return hashlib.sha256(make_seal_text(seal).encode()).hexdigest()


def make_head(number, count, seal_hash):
    """Return what is printed as QR: the head of the chain."""
    return f"welfare-audit:{number}:{count}:{seal_hash}"


def read_head(text):
    """Return number and hash of a printed head, as ``N:HASH`` or as its QR reads.

    :raise ValueError: it is no such text, or has fewer than 16 digits of the hash.
    """
    parts = "".join(text.lower().split()).split(":")
    number, digits = int(parts[1 if len(parts) == 4 else 0]), parts[-1]
    if len(parts) not in (2, 4) or not MIN_HEAD <= len(digits) <= 64:
        raise ValueError(text)
    int(digits, 16)
    return number, digits


# ---------------------------------------------------------------------------
# words
# ---------------------------------------------------------------------------

Fault = namedtuple("Fault", "code values")

_WORDS = {
    "seal_missing": (
        "Seal {number} is missing.",
        "第{number}号封存不存在。",
    ),
    "seal_changed": (
        "Seal {number} was changed: it does not have the hash that it states.",
        "第{number}号封存被改动：其内容与其哈希不符。",
    ),
    "seal_unlinked": (
        "Seal {number} does not continue the one before it.",
        "第{number}号封存与上一号不衔接。",
    ),
    "seal_numbers": (
        "Seal {number} does not begin with the number after the last event before it.",
        "第{number}号封存的事件编号与上一号不连续。",
    ),
    "root_differs": (
        "The events {first}–{last} are not those that seal {number} was made of.",
        "第{first}至{last}条事件不是第{number}号封存时的事件。",
    ),
    "signature_missing": ("Seal {number} is not signed.", "第{number}号封存没有签名。"),
    "signature_wrong": (
        "The signature of seal {number} is wrong.",
        "第{number}号封存的签名不正确。",
    ),
    "key_unknown": (
        "Seal {number} was signed with the key {key}, not with the one given.",
        "第{number}号封存由另一把密钥（{key}）签名。",
    ),
    "event_missing": (
        "Event no. {n} (id {id}) was deleted.",
        "第{n}条事件（标识{id}）被删除。",
    ),
    "event_changed": (
        "Event no. {n} was changed: {what}.",
        "第{n}条事件被改动：{what}。",
    ),
    "event_doubled": (
        "Event no. {n} (id {id}) stands there more than once.",
        "第{n}条事件（标识{id}）出现多次。",
    ),
    "event_inserted": (
        "An event was inserted past the chain (id {id}): {what}.",
        "有事件绕过封存链插入（标识{id}）：{what}。",
    ),
    "number_missing": (
        "Number {n} of the chain is missing.",
        "封存链缺少编号{n}。",
    ),
    "leaf_extra": (
        "The chain numbers {count} events after its last seal.",
        "最后一号封存之后多出{count}个编号。",
    ),
    "clock_back": (
        "An event of seal {number} says {time}, but the seal before it was made at "
        "{other}: the clock was set back, or the event was inserted.",
        "第{number}号封存中有事件的时间为{time}，早于上一号封存时间{other}：时钟被拨回，"
        "或事件是后来插入的。",
    ),
    "clock_ahead": (
        "An event of seal {number} says {time}, later than its seal ({other}).",
        "第{number}号封存中有事件的时间为{time}，晚于其封存时间{other}。",
    ),
    "seal_clock": (
        "Seal {number} says {time}, the one before it {other}: the clock was set back.",
        "第{number}号封存时间为{time}，早于上一号的{other}：时钟被拨回。",
    ),
    "head_missing": (
        "The printed head (seal {number}) is not in the chain any more: the end of the "
        "trail was cut off.",
        "已打印的链头（第{number}号封存）已不在链中：审计轨迹的末尾被删除。",
    ),
    "head_differs": (
        "The printed head of seal {number} differs from the chain: the trail was "
        "written anew.",
        "第{number}号封存与已打印的链头不符：审计轨迹被整体重写。",
    ),
    "row_differs": (
        "{table}, record {id}: {columns} changed without a trace.",
        "{table} 记录{id}：{columns} 未留痕被修改。",
    ),
    "row_missing": (
        "{table}, record {id} was deleted without a trace.",
        "{table} 记录{id}：未留痕被删除。",
    ),
    "row_unknown": (
        "{table}, record {id} was made without a trace.",
        "{table} 记录{id}：未留痕新增。",
    ),
    "trigger_missing": (
        "{table} is not recorded: {what}.",
        "{table} 未被记录：{what}。",
    ),
    "function_changed": (
        "The function {function} is not the one that records: it was changed or is "
        "missing.",
        "函数 {function} 已被改动或不存在，留痕不可靠。",
    ),
    "file_missing": (
        "The file of attachment {id} is missing.",
        "附件{id}的文件不存在。",
    ),
    "file_changed": (
        "The file of attachment {id} is not the one that was recorded.",
        "附件{id}的文件不是当时留痕的文件。",
    ),
    "archive_cut": (
        "The archive is cut off or damaged: {what}.",
        "档案被截断或损坏：{what}。",
    ),
    "archive_foreign": (
        "The archive {name} is not of this trail: its head is not in the chain.",
        "档案 {name} 不属于本审计轨迹：其链头不在链中。",
    ),
    "archive_count": (
        "The archive has {found} {what} instead of {stated}.",
        "档案中的{what}为{found}，应为{stated}。",
    ),
    "not_a_table": (
        "{table} is not an ordinary table: {what}.",
        "{table} 不是普通数据表：{what}。",
    ),
}
_TEXTS = {
    "total": ("Events: {total} in {seals} seals", "事件：{total}条，封存{seals}号"),
    "first": ("First event: {time}", "最早事件：{time}"),
    "last": ("Last event: {time}", "最晚事件：{time}"),
    "head": ("Head: {head}", "链头：{head}"),
    "no_head": ("Head: none, nothing is sealed yet", "链头：无，尚未封存"),
    "waiting": ("Not sealed yet: {waiting}", "尚未封存：{waiting}条"),
    "archived": (
        "Events read from archives: {archived}",
        "自档案读取的事件：{archived}条",
    ),
    "printed": (
        "The printed head of seal {number} is in the chain.",
        "已打印的第{number}号封存仍在链中。",
    ),
    "signed": ("Signed seals: {signed}", "已签名的封存：{signed}号"),
    "files": ("Files compared: {files}", "已核对文件：{files}个"),
    "rows": ("Records compared: {rows}", "已核对记录：{rows}条"),
    "not_compared": (
        "Not looked at: {what}",
        "未核对：{what}",
    ),
    "live": ("the records themselves", "业务数据本身"),
    "stored": ("the files of attachments", "附件文件"),
    "ok": ("VERDICT: nothing is wrong.", "结论：未发现问题。"),
    "bad": ("VERDICT: {count} faults.", "结论：发现{count}处问题。"),
    "more": ("… and {count} more", "……另有{count}处"),
    "events": ("events", "事件数"),
    "seals": ("seals", "封存数"),
    "attachments": ("files", "文件数"),
    "trigger_disabled": ("the trigger is switched off", "触发器被停用"),
    "trigger_missing": ("the trigger is missing", "触发器不存在"),
    "trigger_changed": ("the trigger does something else", "触发器被改动"),
}


def _language(lang):
    return 1 if (lang or "").lower().startswith("zh") else 0


def say(code, lang=None, **values):
    """Return a line of the verdict, in Chinese where ``lang`` begins with zh."""
    return _TEXTS[code][_language(lang)].format(**values)


def describe(fault, lang=None):
    """Return a fault in words: where and what."""
    values = {
        name: say(value[1:], lang) if str(value).startswith("@") else value
        for name, value in fault.values.items()
    }
    return _WORDS[fault.code][_language(lang)].format(**values)


# ---------------------------------------------------------------------------
# verification
# ---------------------------------------------------------------------------


class Verdict:
    """What a verification has found.

    :ivar int total: sealed events
    :ivar int seals: number of seals
    :ivar Seal head: the last seal, or None
    :ivar str first, last: times of the earliest and latest event, UTC
    :ivar int waiting: events that no seal holds yet, or None where unknown
    :ivar int archived: events that the database has no more and an archive has
    :ivar int signed: seals whose signature is right
    :ivar int rows, files: how many were compared, or None where they were not
    :ivar bool printed: whether the printed head is in the chain, None if none was given
    :ivar list faults: :class:`Fault`, the first thousand of them
    :ivar int fault_count: how many there are
    """

    def __init__(self):
        self.total = self.seals = self.signed = self.archived = self.fault_count = 0
        self.head = self.first = self.last = self.waiting = None
        self.rows = self.files = self.printed = None
        self.faults = []

    def add(self, code, **values):
        self.fault_count += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(code, values))

    @property
    def head_text(self):
        head = self.head
        return head and make_head(head.number, head.last_n, head.hash)

    def lines(self, lang=None, printed=None):
        """Return the verdict in words, line by line."""
        lines = [say("total", lang, total=self.total, seals=self.seals)]
        if self.first:
            lines.append(say("first", lang, time=f"{self.first} UTC"))
            lines.append(say("last", lang, time=f"{self.last} UTC"))
        text = self.head_text
        lines.append(say("head", lang, head=text) if text else say("no_head", lang))
        if self.signed:
            lines.append(say("signed", lang, signed=self.signed))
        if self.waiting:
            lines.append(say("waiting", lang, waiting=self.waiting))
        if self.archived:
            lines.append(say("archived", lang, archived=self.archived))
        if self.printed:
            lines.append(say("printed", lang, number=printed))
        for code, missing, count in (
            ("rows", "live", self.rows),
            ("files", "stored", self.files),
        ):
            if count is None:
                lines.append(say("not_compared", lang, what=say(missing, lang)))
            else:
                lines.append(say(code, lang, **{code: count}))
        if not self.fault_count:
            return [*lines, say("ok", lang)]
        lines.append(say("bad", lang, count=self.fault_count))
        lines += [f"  - {describe(fault, lang)}" for fault in self.faults]
        if self.fault_count > len(self.faults):
            lines.append(say("more", lang, count=self.fault_count - len(self.faults)))
        return lines


def verify(source, *, head=None, public_key=None, tolerance=TOLERANCE, progress=None):
    """Verify a trail from its first event to its last.

    Memory does not grow with the trail. What is missing or wrong is a fault of the
    verdict; only what cannot be read raises.

    :param source: :class:`Database` or :class:`Archive`.
    :param head: number and hash of a printed head, from :func:`read_head`.
    :param public_key: Ed25519 key that every seal must be signed with.
    :param int tolerance: minutes by which clocks and transactions may differ.
    :param progress: function of (events done, events in all).
    :rtype: Verdict
    """
    return _Verification(
        source, head, public_key, timedelta(minutes=tolerance), progress
    ).run()


class _Verification:
    def __init__(self, source, head, public_key, tolerance, progress):
        self.source = source
        self.printed = head
        self.key = public_key
        self.key_id = public_key and make_key_id(public_key)
        self.tolerance = tolerance
        self.progress = progress or (lambda done, total: None)
        self.verdict = Verdict()

    def run(self):
        verdict = self.verdict
        self.source.check_frame(verdict)
        total = self.source.count()
        self.blocks = iter(self.source.blocks(verdict))
        self.digests, self.times = bytearray(), []
        self.base = 1  # number of the first event in self.digests
        previous = None
        for seal in self.source.seals():
            self._check_seal(seal, previous)
            self._check_events(seal, previous)
            previous = seal
            verdict.seals += 1
            verdict.total = seal.last_n
            self.progress(seal.last_n, total)
        verdict.head = previous
        # What follows the last seal has no hash to agree with.
        for _block in self.blocks:
            pass
        self.source.check_rest(verdict, previous)
        self._check_printed()
        self.progress(total, total)
        return verdict

    # --- seals ---

    def _check_seal(self, seal, previous):
        add = self.verdict.add
        number = previous.number + 1 if previous else 1
        for missing in range(number, min(seal.number, number + MAX_FAULTS)):
            add("seal_missing", number=missing)
        if make_seal_hash(seal) != seal.hash:
            add("seal_changed", number=seal.number)
        if seal.previous != (previous.hash if previous else NO_HASH):
            add("seal_unlinked", number=seal.number)
        first = previous.last_n + 1 if previous else 1
        if seal.first_n != first or seal.last_n < seal.first_n:
            add("seal_numbers", number=seal.number)
        if previous and self._is_before(seal.sealed_at, previous.sealed_at):
            add(
                "seal_clock",
                number=seal.number,
                time=seal.sealed_at,
                other=previous.sealed_at,
            )
        self._check_signature(seal)
        if self.printed and self.printed[0] == seal.number:
            self.verdict.printed = seal.hash.startswith(self.printed[1])

    def _check_signature(self, seal):
        if not self.key:
            return
        if not seal.signature:
            self.verdict.add("signature_missing", number=seal.number)
        elif seal.key_id != self.key_id:
            self.verdict.add("key_unknown", number=seal.number, key=seal.key_id)
        elif not _is_signed(self.key, seal):
            self.verdict.add("signature_wrong", number=seal.number)
        else:
            self.verdict.signed += 1

    def _check_printed(self):
        if self.printed and not self.verdict.printed:
            code = "head_missing" if self.verdict.printed is None else "head_differs"
            self.verdict.add(code, number=self.printed[0])
            self.verdict.printed = False

    # --- events ---

    def _check_events(self, seal, previous):
        """Compare the events of a seal with its root, and their times with its own."""
        digests, earliest, latest = self._take(seal.first_n, seal.last_n)
        if not digests or make_root(digests).hex() != seal.root:
            self.verdict.add(
                "root_differs",
                number=seal.number,
                first=seal.first_n,
                last=seal.last_n,
            )
        if not earliest:
            return
        verdict = self.verdict
        verdict.first = min(verdict.first or earliest, earliest)
        verdict.last = max(verdict.last or latest, latest)
        if previous and self._is_before(earliest, previous.sealed_at):
            verdict.add(
                "clock_back",
                number=seal.number,
                time=earliest,
                other=previous.sealed_at,
            )
        if self._is_before(seal.sealed_at, latest):
            verdict.add(
                "clock_ahead", number=seal.number, time=latest, other=seal.sealed_at
            )

    def _take(self, first, last):
        """Return the hashes of some events, and the earliest and latest time."""
        if first < self.base or last < first:  # the seals are in disorder
            return b"", None, None
        while last >= self.base + len(self.digests) // DIGEST:
            block = next(self.blocks, None)
            if block is None:
                break
            digests, times = block
            self.digests += digests
            self.times += times
        begin, end = first - self.base, last - self.base + 1
        digests = bytes(self.digests[begin * DIGEST : end * DIGEST])
        times = [time for time in self.times[begin:end] if time]
        del self.digests[: end * DIGEST], self.times[:end]
        self.base = last + 1
        if not times:
            return digests, None, None
        return digests, min(times).decode(), max(times).decode()

    def _is_before(self, time, other):
        """Tell whether a time is earlier than another by more than is tolerated."""
        if time >= other:
            return False
        try:
            time, other = map(datetime.fromisoformat, (time, other))
        except ValueError:
            return True
        return other - time > self.tolerance


def hash_lines(lines):
    """Return the joined hashes of events' texts, and the times that they state."""
    sha256 = hashlib.sha256
    return (
        b"".join([sha256(line).digest() for line in lines]),
        [line[_TIME] for line in lines],
    )


# ---------------------------------------------------------------------------
# signatures
# ---------------------------------------------------------------------------


def read_public_key(path):
    """Return the Ed25519 key of a PEM file, public or private.

    :raise ValueError: the file holds no such key.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    with open(path, "rb") as file:
        text = file.read()
    if b"PRIVATE" in text:
        key = serialization.load_pem_private_key(text, None).public_key()
    else:
        key = serialization.load_pem_public_key(text)
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise ValueError(f"{path} is no Ed25519 key")
    return key


def make_key_id(public_key):
    """Return what a seal calls its key: the beginning of the SHA-256 of it."""
    from cryptography.hazmat.primitives import serialization

    raw = public_key.public_bytes(
        serialization.Encoding.Raw, serialization.PublicFormat.Raw
    )
    return hashlib.sha256(raw).hexdigest()[:16]


def _is_signed(public_key, seal):
    from cryptography.exceptions import InvalidSignature

    try:
        public_key.verify(bytes.fromhex(seal.signature), make_seal_text(seal).encode())
    except InvalidSignature:
        return False
    return True


# ---------------------------------------------------------------------------
# a database
# ---------------------------------------------------------------------------

# OFFSET 0: else PostgreSQL looks for the least event id from the first leaf of all on.
_LEAVES_SQL = """
SELECT min(event_id), max(event_id),
       string_agg(hash, ''::bytea ORDER BY id)
  FROM (SELECT * FROM welfare_audit_leaf
         WHERE id BETWEEN %(first)s AND %(last)s OFFSET 0) l
"""
# Not sorted: the rows come nearly in order, and Python does it in no time.
_EVENTS_SQL = f"""
SELECT l.id, CASE WHEN e.id IS NOT NULL THEN {EVENT_SQL.format(n="l.id")} END{{more}}
  FROM (SELECT id, event_id, hash FROM welfare_audit_leaf
         WHERE id BETWEEN %(first)s AND %(last)s) l
  LEFT JOIN (SELECT * FROM welfare_audit_event
              WHERE id BETWEEN %(low)s AND %(high)s) e ON e.id = l.event_id
"""
_BLOCK_SQL = _EVENTS_SQL.format(more="")
_FAULTY_SQL = _EVENTS_SQL.format(more=", l.event_id, l.hash") + "ORDER BY l.id"
# An event without a leaf below the mark came after everything below it was sealed.
_INSERTED_SQL = """
SELECT e.id, to_char(e.occurred_at, 'YYYY-MM-DD HH24:MI:SS'), e.operation, e.table_name,
       e.res_id
  FROM (SELECT * FROM welfare_audit_event WHERE id BETWEEN %(low)s AND %(high)s) e
  LEFT JOIN (SELECT event_id FROM welfare_audit_leaf
              WHERE event_id BETWEEN %(low)s AND %(high)s) l ON l.event_id = e.id
 WHERE l.event_id IS NULL
 ORDER BY e.id
"""
_FRAME_SQL = """
SELECT t.name, c.oid IS NULL, c.relkind, c.relrowsecurity, c.relhasrules
  FROM unnest(ARRAY['welfare_audit_event', 'welfare_audit_leaf',
                    'welfare_audit_seal']) t(name)
  LEFT JOIN pg_class c ON c.oid = to_regclass(t.name)
"""


# Each table of which the trail tells: what there is of it, and what emptied it last.
_TABLES_SQL = """
SELECT e.table_name, e.emptied, c.oid IS NOT NULL,
       (SELECT jsonb_object_agg(tgname, tgenabled) FROM pg_trigger
         WHERE tgrelid = c.oid AND NOT tgisinternal),
       ARRAY(SELECT attname::text FROM pg_attribute
              WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
                AND atttypid <> 'bytea'::regtype AND attname <> ALL (%(secret)s))
  FROM (SELECT table_name, max(id) FILTER (WHERE operation = 'truncate') AS emptied
          FROM welfare_audit_event
         WHERE operation IN ('insert', 'update', 'delete', 'truncate')
         GROUP BY table_name) e
  LEFT JOIN pg_class c ON c.oid = to_regclass(quote_ident(e.table_name))
 ORDER BY e.table_name COLLATE "C"
"""
#: Columns of other addons' tables that the trail never holds and nobody need read.
_SECRET = ["password", "totp_secret", "index_content"]
# All that happened to every record, one after another; in one pass, since a trail has
# many tables. In tables of relations, which have no id, the row says which it is.
_HISTORY_SQL = """
SELECT e.table_name, CASE WHEN t.has_id THEN e.res_id END,
       CASE WHEN NOT t.has_id
            THEN coalesce(new_values, old_values)::text COLLATE "C" END,
       e.operation, e.note, e.new_values::text
  FROM welfare_audit_event e
  JOIN unnest(%(tables)s::text[], %(emptied)s::bigint[], %(has_id)s::boolean[])
       t(name, emptied, has_id) ON t.name = e.table_name AND e.id > t.emptied
 WHERE e.operation IN ('insert', 'update', 'delete')
   AND (e.res_id IS NOT NULL OR NOT t.has_id)
 ORDER BY e.table_name COLLATE "C", 2, 3, e.id
"""
_RECORDS_SQL = """
SELECT id, to_jsonb(r)::text FROM (SELECT {columns} FROM {table} WHERE {condition}) r
 ORDER BY id
"""
_PAIRS_SQL = """
SELECT to_jsonb(r)::text COLLATE "C", NULL FROM {table} r ORDER BY 1
"""
# What the trail recorded of an attachment counts, not what the row says now.
_FILES_SQL = """
SELECT a.id, coalesce((SELECT e.new_values ->> 'checksum' FROM welfare_audit_event e
                        WHERE e.model = 'ir.attachment' AND e.res_id = a.id
                          AND e.new_values ? 'checksum'
                        ORDER BY e.id DESC LIMIT 1), a.checksum),
       a.store_fname, CASE WHEN a.store_fname IS NULL THEN a.db_datas END
  FROM ir_attachment a
 WHERE a.id > %(after)s AND starts_with(a.res_model, 'welfare.')
   AND (a.store_fname IS NOT NULL OR a.db_datas IS NOT NULL)
 ORDER BY a.id LIMIT 1000
"""


class Database:
    """The trail in a database, read through a cursor.

    :param cursor: of psycopg2 or of Odoo, in a transaction that shows one state of the
        database (REPEATABLE READ) and nothing of search paths of others.
    :param str filestore: folder of the attachments' files, or None.
    :param archives: paths of archives; what the database has no more is read there.
    """

    def __init__(self, cursor, filestore=None, archives=()):
        self.cursor = cursor
        self.filestore = filestore
        self.archives = archives

    def _rows(self, query, **values):
        self.cursor.execute(query, values)
        return self.cursor.fetchall()

    def check_frame(self, verdict):
        """Find a view, a rule or row security that would show another trail."""
        # Nobody's functions in place of PostgreSQL's own.
        self.cursor.execute(
            "SELECT set_config('search_path', "
            "'pg_catalog, ' || quote_ident(current_schema()), true)"
        )
        # Statistics of a table just restored are missing; a nested loop over a block
        # would take minutes. The price that PostgreSQL then puts on some plans would
        # make it compile them.
        self.cursor.execute("SET LOCAL enable_nestloop = off")
        self.cursor.execute("SET LOCAL jit = off")
        self.cursor.execute("SET LOCAL cursor_tuple_fraction = 1")
        for name, is_missing, kind, is_secured, has_rules in self._rows(_FRAME_SQL):
            what = [
                word
                for word, is_so in (
                    ("missing", is_missing),
                    ("relkind", kind not in ("r", "p", None)),
                    ("row level security", is_secured),
                    ("rules", has_rules),
                )
                if is_so
            ]
            if what:
                verdict.add("not_a_table", table=name, what=", ".join(what))
            if is_missing:
                raise OSError(f"there is no table {name}")

    def count(self):
        """Return the greatest number that the chain has given."""
        ((count,),) = self._rows("SELECT coalesce(max(id), 0) FROM welfare_audit_leaf")
        return count

    def seals(self):
        after = 0
        while True:
            rows = self._rows(
                f"SELECT {SEAL_SQL} FROM welfare_audit_seal WHERE id > %(after)s "
                "ORDER BY id LIMIT 1000",
                after=after,
            )
            yield from (Seal(*row) for row in rows)
            if not rows:
                return
            after = rows[-1][0]

    def blocks(self, verdict):
        """Yield hashes and times of the events in the order of the chain.

        Faults that tell more than the root of a seal does are added on the way.
        """
        for leaves, lines, stored, archived in self._read_blocks(verdict):
            verdict.archived += len(archived)
            if lines is not None:
                digests, times = hash_lines(lines)
                if digests == stored:
                    yield digests, times
                    continue
            events = (
                (number, event_id, bytes(digest), _encode(text) or archived.get(number))
                for number, text, event_id, digest in self._rows(_FAULTY_SQL, **leaves)
            )
            yield _examine(verdict, leaves["first"], leaves["last"], events)

    def _read_blocks(self, verdict):
        """Yield of each block where it lies, its texts, the hashes in the chain, and
        those of the texts, by number, that came from an archive.

        The texts are None where events are missing or there more than once.
        """
        heads = (
            {seal.number: seal.hash for seal in self.seals()} if self.archives else {}
        )
        past = [_Past(path, heads, verdict) for path in self.archives]
        count = self.count()
        for first in range(1, count + 1, BLOCK):
            size = min(BLOCK, count - first + 1)
            leaves = {"first": first, "last": first + size - 1}
            ((low, high, stored),) = self._rows(_LEAVES_SQL, **leaves)
            leaves.update(low=low, high=high)
            rows = sorted(self._rows(_BLOCK_SQL, **leaves), key=itemgetter(0))
            missing = {number for number, text in rows if text is None}
            archived = {}
            for archive in past if missing else ():
                archived.update(archive.take(missing - archived.keys()))
            lines = None
            if len(rows) == size and missing <= archived.keys():
                lines = [_encode(text) or archived[number] for number, text in rows]
            yield leaves, lines, stored and bytes(stored), archived

    def texts(self):
        """Yield the texts of the events in the order of the chain, block by block, as
        bytes: a line each.
        """
        verdict = Verdict()
        for _leaves, lines, _stored, _archived in self._read_blocks(verdict):
            if lines is None:
                raise OSError("the chain has gaps; verify it first")
            yield b"\n".join(lines)

    def hashes(self):
        """Yield the hashes that the chain holds, joined, block by block."""
        for first in range(1, self.count() + 1, BLOCK):
            ((stored,),) = self._rows(
                "SELECT string_agg(hash, ''::bytea ORDER BY id) "
                "FROM welfare_audit_leaf WHERE id BETWEEN %(first)s AND %(last)s",
                first=first,
                last=first + BLOCK - 1,
            )
            yield bytes(stored)

    def check_rest(self, verdict, head):
        """Look at what the chain does not hold: inserted events, the live records,
        the files."""
        count = self.count()
        if head and count > head.last_n:
            verdict.add("leaf_extra", count=count - head.last_n)
        self._check_inserted(verdict, head.low_id if head else 0)
        self._check_records(verdict)
        if self.filestore:
            self._check_files(verdict)

    def _check_inserted(self, verdict, mark):
        ((low, high),) = self._rows("SELECT min(id), max(id) FROM welfare_audit_event")
        verdict.waiting = 0
        step = BLOCK * 20
        for start in range(low or 0, (high or -1) + 1, step):
            for event_id, time, operation, table, res_id in self._rows(
                _INSERTED_SQL, low=start, high=start + step - 1
            ):
                if event_id > mark:
                    verdict.waiting += 1
                else:
                    what = f"{time} {operation} {table} {res_id}"
                    verdict.add("event_inserted", id=event_id, what=what)

    # --- the records themselves ---

    def _stream(self, name, query, **values):
        """Yield the rows of a query, a block in memory at a time."""
        self.cursor.execute(f"DECLARE {name} NO SCROLL CURSOR FOR {query}", values)
        while rows := self._rows(f"FETCH {BLOCK} FROM {name}"):
            yield from rows
        self.cursor.execute(f"CLOSE {name}")

    def _check_records(self, verdict):
        """Compare every record with the last that the trail says of it."""
        verdict.rows = 0
        tables = {}
        for name, emptied, is_there, triggers, columns in self._rows(
            _TABLES_SQL, secret=_SECRET
        ):
            if is_there:
                tables[name] = (emptied or 0, columns)
                self._check_triggers(verdict, name, triggers or {})
        history = itertools.groupby(
            self._stream(
                "welfare_history",
                _HISTORY_SQL,
                tables=list(tables),
                emptied=[emptied for emptied, _columns in tables.values()],
                has_id=["id" in columns for _emptied, columns in tables.values()],
            ),
            key=itemgetter(0),
        )
        # Of what was emptied and not filled again there is no history.
        told = next(history, None)
        for table, (_emptied, columns) in tables.items():
            events = ()
            is_told = told is not None and told[0] == table
            if is_told:
                events = told[1]
            self._check_table(verdict, table, columns, events)
            if is_told:
                told = next(history, None)

    def _check_triggers(self, verdict, table, triggers):
        for kind in ("insert", "update", "delete", "truncate"):
            state = triggers.get(f"welfare_audit_{kind}")
            if state not in ("O", "A"):
                what = "@trigger_disabled" if state else "@trigger_missing"
                verdict.add("trigger_missing", table=table, what=what)

    def _check_table(self, verdict, table, columns, events):
        """Compare the records of a table with its events, both sorted by record."""
        has_id = "id" in columns
        condition = "true"
        if table == "ir_attachment":
            condition = "starts_with(res_model, 'welfare.')"
        query = (_RECORDS_SQL if has_id else _PAIRS_SQL).format(
            table=_identifier(table),
            columns=", ".join(map(_identifier, columns)),
            condition=condition,
        )
        records = self._stream("welfare_records", query)
        # What was there before the trail began has no event at all, and a smaller id
        # than what came with one.
        has_begun = False
        record = next(records, None)
        for key, is_created, is_deleted, values in _fold(events):
            while record and record[0] < key:
                verdict.rows += 1
                if has_begun and has_id:
                    verdict.add("row_unknown", table=table, id=record[0])
                record = next(records, None)
            has_begun = has_begun or is_created
            if record and record[0] == key:
                verdict.rows += 1
                if is_deleted:
                    verdict.add("row_unknown", table=table, id=key)
                elif has_id:
                    self._check_values(verdict, table, key, values, record[1])
                record = next(records, None)
            elif not is_deleted and _is_ours(table, values):
                verdict.add("row_missing", table=table, id=key)
        while record:
            verdict.rows += 1
            if has_begun and has_id:
                verdict.add("row_unknown", table=table, id=record[0])
            record = next(records, None)

    def _check_values(self, verdict, table, key, values, text):
        now = json.loads(text, parse_float=Decimal)
        columns = sorted(
            name for name in values if name in now and values[name] != now[name]
        )
        if columns:
            verdict.add("row_differs", table=table, id=key, columns=", ".join(columns))

    # --- files ---

    def _attachments(self):
        """Yield id, recorded checksum, path and content of the attachments in use."""
        after = 0
        while rows := self._rows(_FILES_SQL, after=after):
            yield from rows
            after = rows[-1][0]

    def _path(self, name):
        # As Odoo does: a name in the database must not lead out of the folder.
        return os.path.join(self.filestore, name.replace("..", "").lstrip("/"))

    def _check_files(self, verdict):
        verdict.files = 0
        for record, checksum, name, content in self._attachments():
            verdict.files += 1
            try:
                if name:
                    with open(self._path(name), "rb") as file:
                        found = _hash_file(file)
                else:
                    found = hashlib.sha1(bytes(content)).hexdigest()
            except OSError:
                verdict.add("file_missing", id=record)
                continue
            if found != checksum:
                verdict.add("file_changed", id=record)

    def files(self):
        """Yield checksum and path of each file in the file store, once."""
        if not self.filestore:
            return
        done = set()
        for _record, checksum, name, _content in self._attachments():
            if name and checksum not in done and os.path.exists(self._path(name)):
                done.add(checksum)
                yield checksum, self._path(name)


def _fold(events):
    """Yield what the events of one record after another come to.

    :param events: rows of _HISTORY_SQL of one table.
    :return: id of the record or text of its row, whether it was made in the trail,
        whether it is gone, and the last values that the trail holds of it.
    """
    for key, group in itertools.groupby(events, key=itemgetter(1, 2)):
        values, is_created, operation = {}, False, None
        for _table, _id, _pair, operation, note, text in group:
            is_created = is_created or operation == "insert"
            if text and operation != "delete":
                changed = json.loads(text, parse_float=Decimal)
                values.update(changed)
                if note == "identity":  # what was masked cannot be compared
                    for name in changed:
                        del values[name]
        yield (
            key[1] if key[0] is None else key[0],
            is_created,
            operation == "delete",
            values,
        )


def _is_ours(table, values):
    """Tell whether a record is still one that the trail follows."""
    if table != "ir_attachment":
        return True
    return (values.get("res_model", "welfare.") or "").startswith("welfare.")


def _identifier(name):
    return '"' + name.replace('"', '""') + '"'


def _examine(verdict, first, last, events):
    """Find what is wrong with some events, one by one.

    :param events: (number, id, hash in the chain, text or None), by number.
    :return: as :func:`hash_lines`, with nothing but zeros for what is missing.
    """
    digests = bytearray(DIGEST * (last - first + 1))
    times = [b""] * (last - first + 1)
    expected = first
    for number, event_id, stored, line in events:
        for missing in range(expected, number):
            verdict.add("number_missing", n=missing)
        if number < expected:
            verdict.add("event_doubled", n=number, id=event_id)
            continue
        expected = number + 1
        if line is None:
            verdict.add("event_missing", n=number, id=event_id)
            continue
        digest = hashlib.sha256(line).digest()
        at = number - first
        digests[at * DIGEST : (at + 1) * DIGEST] = digest
        times[at] = line[_TIME]
        if digest != stored:
            verdict.add("event_changed", n=number, what=_summarize(line))
    for missing in range(expected, last + 1):
        verdict.add("number_missing", n=missing)
    return bytes(digests), times


def _summarize(line):
    """Return what an event says it is, as far as its text can be read."""
    text = line.decode(errors="replace")
    try:
        values = dict(zip(EVENT_COLUMNS, json.loads(text)[3:], strict=True))
    except ValueError:
        return text[:100]
    time = text[_TIME].replace("T", " ")[:19]
    place = " ".join(
        str(values[name]) for name in ("operation", "table_name", "res_id")
    )
    return f"{time} {place}"


# ---------------------------------------------------------------------------
# an archive
# ---------------------------------------------------------------------------


def save_archive(source, path, progress=None):
    """Keep the trail of a database as an archive: see readme/AUDIT_FORMAT.md.

    :param Database source: where it is.
    :param path: of the file, or a binary stream.
    :return: the head as printed, and the number of events.
    :rtype: tuple[str | None, int]
    :raise OSError: the chain has gaps.
    """
    count, head, seals = 0, None, 0
    total = source.count()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("seals.jsonl", "w", force_zip64=True) as file:
            for head in source.seals():
                file.write(json.dumps(head).encode() + b"\n")
                seals += 1
        with archive.open("events.jsonl", "w", force_zip64=True) as file:
            for text in source.texts():
                file.write(text + b"\n")
                count += text.count(b"\n") + 1
                if progress:
                    progress(count, total)
        with archive.open("hashes", "w", force_zip64=True) as file:
            for hashes in source.hashes():
                file.write(hashes)
        files = 0
        for checksum, file in source.files():
            archive.write(file, f"files/{checksum}")
            files += 1
        # Last: what is cut off lacks it.
        manifest = {
            "format": f"welfare-audit-archive {VERSION}",
            "events": count,
            "seals": seals,
            "files": files,
            "head": head and make_head(head.number, head.last_n, head.hash),
        }
        archive.writestr("manifest.json", json.dumps(manifest, indent=1))
    return manifest["head"], count


#: What reading a damaged archive raises.
_DAMAGE = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, EOFError)


class Archive:
    """The trail in an archive; nothing else is asked.

    :param path: of the file.
    """

    def __init__(self, path):
        self.path = path
        self.manifest = {}
        self.found = {"events": 0, "seals": 0, "files": 0}
        self.damage = None

    def check_frame(self, verdict):
        try:
            self.zip = zipfile.ZipFile(self.path)
            self.manifest = json.loads(self.zip.read("manifest.json"))
        except _DAMAGE as error:
            verdict.add("archive_cut", what=str(error))
            self.zip = None

    def count(self):
        return self.manifest.get("events", 0)

    def _lines(self, name):
        if self.zip is None:
            return
        with self.zip.open(name) as file:
            yield from file

    def seals(self):
        try:
            for line in self._lines("seals.jsonl"):
                self.found["seals"] += 1
                yield Seal(*json.loads(line))
        except (*_DAMAGE, TypeError) as error:
            self.damage = str(error)

    def blocks(self, verdict):
        if self.zip is None:
            return
        try:
            with self.zip.open("hashes") as hashes:
                yield from self._blocks(verdict, hashes)
        except (*_DAMAGE, OSError) as error:
            verdict.add("archive_cut", what=str(error))

    def _blocks(self, verdict, hashes):
        lines = self._lines("events.jsonl")
        first = 1
        held = []  # lines that came too early, since others are missing
        while stored := hashes.read(BLOCK * DIGEST):
            size = len(stored) // DIGEST
            block = [line[:-1] for line in itertools.islice(lines, size - len(held))]
            self.found["events"] += len(block)
            block = held + block
            digests, times = hash_lines(block)
            last = first + size - 1
            if digests == stored:
                held = []
            else:
                numbered = sorted((_number_of(line), line) for line in block)
                held = [line for number, line in numbered if number > last]
                digests, times = _examine(
                    verdict,
                    first,
                    last,
                    (
                        (number, None, stored[at * DIGEST : (at + 1) * DIGEST], line)
                        for number, line in numbered
                        if number <= last and (at := number - first) >= 0
                    ),
                )
            yield digests, times
            first = last + 1
        extra = len(held) + sum(1 for _line in lines)
        if extra:
            self.found["events"] += extra - len(held)
            verdict.add("leaf_extra", count=extra)

    def check_rest(self, verdict, head):
        if self.zip is None:
            return
        if self.damage:
            verdict.add("archive_cut", what=self.damage)
        self._check_files(verdict)
        for what in self.found:
            stated, found = self.manifest.get(what), self.found[what]
            if stated != found:
                word = "@attachments" if what == "files" else f"@{what}"
                verdict.add("archive_count", what=word, found=found, stated=stated)
        text = head and make_head(head.number, head.last_n, head.hash)
        if self.manifest.get("head") != text:
            verdict.add("archive_cut", what=f"head {self.manifest.get('head')}")

    def _check_files(self, verdict):
        verdict.files = 0
        for name in self.zip.namelist():
            if not name.startswith("files/"):
                continue
            self.found["files"] += 1
            verdict.files += 1
            checksum = name.removeprefix("files/")
            try:
                with self.zip.open(name) as file:
                    found = _hash_file(file)
            except _DAMAGE as error:
                found = error
            if found != checksum:
                verdict.add("file_changed", id=checksum)


class _Past:
    """The events of an archive, beside a database that has not all of them any more.

    :param path: of the archive.
    :param dict heads: the hashes of the seals of the database, by their number.
    :param Verdict verdict: told what is wrong with the archive.
    """

    def __init__(self, path, heads, verdict):
        self.path = path
        self.name = os.path.basename(path)
        self.heads = heads
        self.verdict = verdict
        self.lines = self._read()
        self.next = next(self.lines, None)

    def _read(self):
        """Yield the events with their numbers."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                # Last in the file: what is cut off lacks it.
                manifest = json.loads(archive.read("manifest.json"))
                number, digits = read_head(manifest["head"])
                if self.heads.get(number) != digits:
                    self.verdict.add("archive_foreign", name=self.name)
                with archive.open("events.jsonl") as lines:
                    for line in lines:
                        yield _number_of(line), line.rstrip(b"\n")
        except (*_DAMAGE, OSError, AttributeError, TypeError) as error:
            self.verdict.add("archive_cut", what=f"{self.name}: {error}")

    def take(self, numbers):
        """Return those of some events that are there, by number.

        :param set numbers: all of them greater than those that were asked for before.
        """
        found = {}
        if not numbers:
            return found
        last = max(numbers)
        while self.next and self.next[0] <= last:
            number, line = self.next
            if number in numbers:
                found[number] = line
            self.next = next(self.lines, None)
        return found


def _encode(text):
    return None if text is None else text.encode()


def _number_of(line):
    """Return the number that an event's text states, 0 where it cannot be read."""
    try:
        return int(line[_TIME.stop + 3 : _TIME.stop + 30].partition(b",")[0])
    except ValueError:
        return 0


def _hash_file(file):
    """Return the SHA-1 of a file: it is what Odoo calls an attachment's checksum."""
    digest = hashlib.sha1()
    while part := file.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()


# ---------------------------------------------------------------------------
# command line
# ---------------------------------------------------------------------------


@contextlib.contextmanager
def open_database(dsn, filestore=None, archives=()):
    """Lend the trail of a database, read in one transaction that writes nothing."""
    import psycopg2

    connection = psycopg2.connect(dsn)
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        connection.set_client_encoding("UTF8")
        yield Database(connection.cursor(), filestore, archives)
    finally:
        connection.close()


def _options(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dsn", help="how to reach the database")
    parser.add_argument(
        "--archive",
        metavar="FILE",
        action="append",
        default=[],
        help="an exported archive; with --dsn, of years that have left the database: "
        "any number of them",
    )
    parser.add_argument(
        "--filestore", metavar="DIR", help="Odoo's folder of the database's files"
    )
    parser.add_argument(
        "--head", metavar="N:HASH", help="a printed head, or what its QR code says"
    )
    parser.add_argument("--public-key", metavar="FILE", help="Ed25519 key, PEM")
    parser.add_argument(
        "--tolerance",
        type=int,
        default=TOLERANCE,
        metavar="MINUTES",
        help="by which clocks and long transactions may differ (%(default)s)",
    )
    parser.add_argument("--save", metavar="FILE", help="keep the trail as an archive")
    parser.add_argument(
        "--lang", default=os.environ.get("LANG", ""), help="zh for Chinese"
    )
    options = parser.parse_args(arguments)
    if not options.dsn and len(options.archive) != 1:
        parser.error("name a database, or one archive")
    return options


def main(arguments=None):
    options = _options(arguments)
    try:
        head = read_head(options.head) if options.head else None
        key = read_public_key(options.public_key) if options.public_key else None
        with contextlib.ExitStack() as stack:
            if options.dsn:
                source = stack.enter_context(
                    open_database(options.dsn, options.filestore, options.archive)
                )
            else:
                source = Archive(*options.archive)
            verdict = verify(
                source, head=head, public_key=key, tolerance=options.tolerance
            )
            if options.save and options.dsn:
                save_archive(source, options.save)
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print("\n".join(verdict.lines(options.lang, head and head[0])))
    return 1 if verdict.fault_count else 0


if __name__ == "__main__":
    sys.exit(main())
