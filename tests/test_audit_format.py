import hashlib
import json
import zipfile
from datetime import datetime
from io import BytesIO
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase, TransactionCase, tagged

from ..verifier import welfare_verify as verifier
from ..verifier.welfare_verify import (
    EVENT_COLUMNS,
    EVENT_SQL,
    NO_HASH,
    Seal,
    Verdict,
    describe,
    make_event_text,
    make_head,
    make_json,
    make_root,
    make_seal_hash,
    make_seal_text,
    read_head,
)


def make_event(**values):
    return {
        "occurred_at": datetime(2026, 1, 2, 3, 4, 5, 60),
        **dict.fromkeys(EVENT_COLUMNS),
        "id": 7,
        "txid": 99,
        "operation": "update",
        "table_name": "welfare_facility",
        **values,
    }


class TestFormat(BaseCase):
    """What is written in readme/AUDIT_FORMAT.md, by hand."""

    def test_the_text_of_an_event(self):
        text = make_event_text(
            3, make_event(new_values='{"b": 1.50, "name": "甲\\n", "aa": null}')
        )
        self.assertEqual(
            text,
            '["v1", "2026-01-02T03:04:05.000060", 3, 7, 99, "update", '
            '"welfare_facility", null, null, null, '
            '{"b": 1.50, "aa": null, "name": "甲\\n"}, '
            "null, null, null, null, null, null, null, null, null, null]",
        )
        self.assertEqual(text[verifier._TIME], "2026-01-02T03:04:05.000060")
        self.assertEqual(verifier._number_of(text.encode()), 3)

    def test_the_root_of_one_event(self):
        leaf = hashlib.sha256(b"x").digest()
        self.assertEqual(make_root(leaf), hashlib.sha256(b"\x01" + leaf).digest())

    def test_the_root_of_many_events(self):
        leaves = [hashlib.sha256(b"%d" % n).digest() for n in range(600)]
        nodes = [
            hashlib.sha256(b"\x01" + b"".join(leaves[at : at + 256])).digest()
            for at in (0, 256, 512)
        ]
        root = hashlib.sha256(b"\x01" + b"".join(nodes)).digest()
        self.assertEqual(make_root(b"".join(leaves)), root)

    def test_each_change_of_the_events_changes_the_root(self):
        leaves = [hashlib.sha256(b"%d" % n).digest() for n in range(300)]
        root = make_root(b"".join(leaves))
        for changed in (
            leaves[:-1],
            leaves[1:],
            [*leaves, leaves[-1]],
            [leaves[1], leaves[0], *leaves[2:]],
            [b"\0" * 32, *leaves[1:]],
        ):
            self.assertNotEqual(make_root(b"".join(changed)), root)

    def test_the_hash_of_a_seal(self):
        seal = Seal(
            *(1, 1, 2, "aa", NO_HASH, "2026-01-02T03:04:05.000060", 0, 2, 5),
            *(None, None, None),
        )
        text = (
            f'["seal v1", 1, 1, 2, "aa", "{NO_HASH}", "2026-01-02T03:04:05.000060", '
            "0, 2, 5, null]"
        )
        self.assertEqual(make_seal_text(seal), text)
        self.assertEqual(
            make_seal_hash(seal), hashlib.sha256(text.encode()).hexdigest()
        )

    def test_a_printed_head(self):
        digest = "ab12" * 16
        self.assertEqual(read_head(make_head(12, 3456, digest).upper()), (12, digest))
        self.assertEqual(read_head("12: ab12 ab12 ab12 ab12"), (12, digest[:16]))
        for wrong in ("", "12", "12:ab12", "x:" + digest, "12:" + "g" * 16, "1:2:3"):
            with self.subTest(text=wrong), self.assertRaises(ValueError):
                read_head(wrong)

    def test_each_fault_has_words(self):
        for code, (english, chinese) in verifier._WORDS.items():
            names = {part.split("}")[0] for part in english.split("{")[1:]}
            others = {part.split("}")[0] for part in chinese.split("{")[1:]}
            with self.subTest(code=code):
                self.assertEqual(names, others)
                fault = verifier.Fault(code, dict.fromkeys(names, "7"))
                for lang in ("en_US", "zh_CN"):
                    self.assertNotIn("{", describe(fault, lang))

    def test_faults_without_end_do_not_fill_the_memory(self):
        verdict = Verdict()
        for number in range(5000):
            verdict.add("number_missing", n=number)
        self.assertEqual(len(verdict.faults), verifier.MAX_FAULTS)
        self.assertEqual(verdict.fault_count, 5000)
        self.assertIn("4000", verdict.lines()[-1])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(float)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    lambda each: (
        st.lists(each, max_size=3)
        | st.dictionaries(
            st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
            each,
            max_size=4,
        )
    ),
    max_leaves=8,
)
ODD = (
    "",
    "甲\n乙\r\t\b\f",
    'a"b\\c/d',
    "\x01\x1f\x7f\x80\u2028\ufeff",
    "😀é\u0301",
    "null",
    "[1, 2]",
)
ODD_JSON = (
    "{}",
    "null",
    "[]",
    '{"n": 1.10, "big": 123456789012345678901234567890.000100, "e": 1e30, "m": -0.0}',
    '{"tiny": 1e-20, "zero": 0.00, "int": 00}'.replace("00}", "0}"),
    '{"bb": 1, "a": 2, "é": 3, "zz": 4, "": 5, "甲": 6, "B": 7}',
    '{"a": {"b": [null, true, {"c": "\\u00e9\\n\\"\\\\"}]}}',
    '{"x": "\\u0001\\u001f\\u007f\\ud83d\\ude00"}',
)


@tagged("post_install", "-at_install")
class TestCanonicalText(TransactionCase):
    """PostgreSQL and plain Python build the same text of an event."""

    def _build(self, values):
        """Return the text as PostgreSQL builds it, and the columns as it shows them."""
        columns = ", ".join(
            f"%({name})s::{kind} AS {name}"
            for name, kind in (
                ("id", "bigint"),
                ("occurred_at", "timestamp"),
                ("txid", "bigint"),
                ("operation", "varchar"),
                ("table_name", "varchar"),
                ("model", "varchar"),
                ("res_id", "bigint"),
                ("old_values", "jsonb"),
                ("new_values", "jsonb"),
                ("user_id", "integer"),
                ("db_user", "varchar"),
                ("db_address", "varchar"),
                ("request_address", "varchar"),
                ("application", "varchar"),
                ("region_id", "integer"),
                ("display_name", "varchar"),
                ("note", "varchar"),
                ("parent_model", "varchar"),
                ("parent_id", "bigint"),
            )
        )
        text = EVENT_SQL.format(n="5::bigint")
        self.env.cr.execute(
            f"SELECT {text}, old_values::text, new_values::text "
            f"FROM (SELECT {columns}) e",
            values,
        )
        text, old, new = self.env.cr.fetchone()
        return text, make_event_text(
            5, {**values, "old_values": old, "new_values": new}
        )

    def test_odd_texts(self):
        for odd in ODD:
            with self.subTest(text=odd):
                sql, python = self._build(
                    make_event(display_name=odd, note=odd, db_user=odd)
                )
                self.assertEqual(sql, python)

    def test_odd_values(self):
        for odd in ODD_JSON:
            with self.subTest(values=odd):
                sql, python = self._build(make_event(old_values=odd, new_values=odd))
                self.assertEqual(sql, python)

    def test_odd_times_and_numbers(self):
        for odd in (
            {"occurred_at": datetime(1999, 12, 31, 23, 59, 59)},
            {"occurred_at": datetime(2026, 1, 1, 0, 0, 0, 100)},
            {"id": 2**62, "txid": -1, "res_id": 0, "region_id": -5},
        ):
            sql, python = self._build(make_event(**odd))
            self.assertEqual(sql, python)

    def test_the_session_has_no_say(self):
        values = make_event(new_values='{"a": 1.50}', note="甲")
        expected = self._build(values)[0]
        for setting in (
            "datestyle = 'German, DMY'",
            "timezone = 'Asia/Shanghai'",
            "extra_float_digits = -5",
            "intervalstyle = 'iso_8601'",
            "standard_conforming_strings = on",
            "lc_numeric = 'C'",
        ):
            with self.subTest(setting=setting):
                self.env.cr.execute(f"SET LOCAL {setting}")
                self.assertEqual(self._build(values)[0], expected)

    @settings(max_examples=150, deadline=None)
    @given(JSON)
    def test_any_values(self, value):
        text = json.dumps(value)
        self.env.cr.execute("SELECT %s::jsonb::text", [text])
        (shown,) = self.env.cr.fetchone()
        again = make_json(json.loads(shown, **verifier._NUMBERS))
        self.assertEqual(again, shown)


class MemorySource:
    """A trail for :func:`verifier.verify` that lies nowhere."""

    def __init__(self, lines, seals):
        self.lines, self._seals = lines, seals

    def check_frame(self, verdict):
        pass

    def count(self):
        return len(self.lines)

    def seals(self):
        return iter(self._seals)

    def blocks(self, verdict):
        for start in range(0, len(self.lines), 7):
            yield verifier.hash_lines(self.lines[start : start + 7])

    def check_rest(self, verdict, head):
        pass

    def texts(self):
        yield b"\n".join(self.lines)

    def hashes(self):
        yield verifier.hash_lines(self.lines)[0]

    def files(self):
        return ()


def make_trail(sizes, minutes=1):
    """Return the lines and seals of a trail, with so many events in each seal."""
    lines, seals = [], []
    for number, size in enumerate(sizes, start=1):
        first = len(lines) + 1
        for n in range(first, first + size):
            values = make_event(
                id=n, occurred_at=datetime(2026, 1, 1, 0, number * minutes)
            )
            lines.append(make_event_text(n, values).encode())
        digests = verifier.hash_lines(lines[first - 1 :])[0]
        seal = Seal(
            *(number, first, len(lines), make_root(digests).hex()),
            seals[-1].hash if seals else NO_HASH,
            f"2026-01-01T00:{number * minutes:02}:01.000000",
            *(0, len(lines), 1, None, None, None),
        )
        seals.append(seal._replace(hash=make_seal_hash(seal)))
    return lines, seals


class TestVerify(BaseCase):
    """The chain itself, wherever it lies."""

    def _codes(self, lines, seals, **options):
        verdict = verifier.verify(MemorySource(lines, seals), **options)
        return [fault.code for fault in verdict.faults]

    def test_a_sound_trail(self):
        lines, seals = make_trail([1, 3, 20, 2, 300])
        verdict = verifier.verify(MemorySource(lines, seals))
        self.assertEqual(verdict.faults, [])
        self.assertEqual((verdict.total, verdict.seals), (326, 5))
        self.assertEqual(verdict.head, seals[-1])
        self.assertEqual(verdict.first, "2026-01-01T00:01:00.000000")
        self.assertEqual(verdict.last, "2026-01-01T00:05:00.000000")

    def test_an_empty_trail(self):
        verdict = verifier.verify(MemorySource([], []))
        self.assertEqual((verdict.faults, verdict.total), ([], 0))

    def test_what_is_done_to_events(self):
        lines, seals = make_trail([5, 5, 5])
        changed = [*lines[:6], lines[6].replace(b"update", b"delete"), *lines[7:]]
        self.assertEqual(self._codes(changed, seals), ["root_differs"])
        for others in (lines[:6] + lines[7:], lines[:3] + lines[2:], lines[:-1]):
            self.assertIn("root_differs", self._codes(others, seals))

    def test_what_is_done_to_seals(self):
        lines, seals = make_trail([5, 5, 5])
        self.assertEqual(
            self._codes(lines, [seals[0], seals[2]]),
            ["seal_missing", "seal_unlinked", "seal_numbers"],
        )
        for name, value in (
            ("root", "00"),
            ("sealed_at", "2026-01-01T00:02:02.000000"),
        ):
            changed = [seals[0], seals[1]._replace(**{name: value}), seals[2]]
            self.assertIn("seal_changed", self._codes(lines, changed))

    def test_a_printed_head(self):
        lines, seals = make_trail([5, 5, 5])
        for seal in seals:
            head = (seal.number, seal.hash[:16])
            self.assertEqual(self._codes(lines, seals, head=head), [])
        head = (3, seals[2].hash)
        self.assertEqual(
            self._codes(lines[:10], seals[:2], head=head), ["head_missing"]
        )
        anew = make_trail([5, 4, 6])
        self.assertEqual(self._codes(*anew, head=head), ["head_differs"])

    def test_clocks(self):
        lines, seals = make_trail([1, 1], minutes=10)
        early = lines[1].replace(b"00:20:00", b"00:05:00")
        for tolerance, expected in ((60, []), (2, ["clock_back"])):
            found = self._codes([lines[0], early], seals, tolerance=tolerance)
            self.assertEqual(found[1:], expected)
        late = lines[1].replace(b"00:20:00", b"09:00:00")
        self.assertIn("clock_ahead", self._codes([lines[0], late], seals))
        back = seals[1]._replace(sealed_at="2025-01-01T00:00:00.000000")
        self.assertIn("seal_clock", self._codes(lines, [seals[0], back]))

    def test_signatures(self):
        from cryptography.hazmat.primitives.asymmetric import ed25519

        lines, seals = make_trail([2, 2])
        key, other = (ed25519.Ed25519PrivateKey.generate() for _ in range(2))
        previous, signed = NO_HASH, []
        for seal in seals:
            seal = seal._replace(
                previous=previous, key_id=verifier.make_key_id(key.public_key())
            )
            seal = seal._replace(
                hash=make_seal_hash(seal),
                signature=key.sign(make_seal_text(seal).encode()).hex(),
            )
            previous = seal.hash
            signed.append(seal)
        verdict = verifier.verify(
            MemorySource(lines, signed), public_key=key.public_key()
        )
        self.assertEqual((verdict.faults, verdict.signed), ([], 2))
        for trail, public, expected in (
            (seals, key, "signature_missing"),
            (signed, other, "key_unknown"),
            (
                [signed[0]._replace(signature="00" * 64), signed[1]],
                key,
                "signature_wrong",
            ),
        ):
            codes = self._codes(lines, trail, public_key=public.public_key())
            self.assertIn(expected, codes)


class TestArchive(BaseCase):
    """What is kept outside the database."""

    def setUp(self):
        super().setUp()
        self.lines, self.seals = make_trail([4, 300, 9])
        self.content = self._save(self.lines, self.seals)
        block = patch.object(verifier, "BLOCK", 100)
        block.start()
        self.addCleanup(block.stop)

    def _save(self, lines, seals):
        stream = BytesIO()
        verifier.save_archive(MemorySource(lines, seals), stream)
        return stream.getvalue()

    def _codes(self, content, **options):
        verdict = verifier.verify(verifier.Archive(BytesIO(content)), **options)
        return [fault.code for fault in verdict.faults]

    def _rewrite(self, changes):
        """Return the archive with members replaced, their checksums right again."""
        stream = BytesIO()
        with (
            zipfile.ZipFile(BytesIO(self.content)) as old,
            zipfile.ZipFile(stream, "w") as new,
        ):
            for name in old.namelist():
                content = old.read(name)
                new.writestr(name, changes.get(name, lambda text: text)(content))
        return stream.getvalue()

    def test_a_sound_archive(self):
        self.assertEqual(self._codes(self.content), [])
        last = self.seals[-1]
        self.assertEqual(self._codes(self.content, head=(3, last.hash)), [])

    def test_a_truncated_file(self):
        for size in (0, 10, len(self.content) // 2, len(self.content) - 1):
            self.assertIn("archive_cut", self._codes(self.content[:size]))

    def test_a_damaged_file(self):
        content = bytearray(self.content)
        middle = content.index(b"events.jsonl") + 400
        content[middle : middle + 20] = b"\0" * 20
        self.assertIn("archive_cut", self._codes(bytes(content)))

    def test_the_last_lines_are_gone(self):
        found = self._codes(
            self._rewrite(
                {"events.jsonl": lambda text: text[: text.rindex(b"\n[") + 1]}
            )
        )
        self.assertIn("number_missing", found)
        self.assertIn("root_differs", found)
        self.assertIn("archive_count", found)

    def test_a_line_in_the_middle_is_gone(self):
        def cut(text):
            lines = text.splitlines(keepends=True)
            del lines[150]
            return b"".join(lines)

        content = self._rewrite({"events.jsonl": cut})
        verdict = verifier.verify(verifier.Archive(BytesIO(content)))
        faults = [fault for fault in verdict.faults if fault.code == "number_missing"]
        self.assertEqual([fault.values["n"] for fault in faults], [151])
        self.assertNotIn("event_changed", [fault.code for fault in verdict.faults])

    def test_a_line_is_changed(self):
        content = self._rewrite(
            {"events.jsonl": lambda text: text.replace(b" 200, 200, ", b" 200, 201, ")}
        )
        verdict = verifier.verify(verifier.Archive(BytesIO(content)))
        faults = [fault for fault in verdict.faults if fault.code == "event_changed"]
        self.assertEqual([fault.values["n"] for fault in faults], [200])

    def test_a_line_is_added(self):
        def add(text):
            lines = text.splitlines(keepends=True)
            lines.insert(50, lines[49])
            return b"".join(lines)

        self.assertIn(
            "event_doubled", self._codes(self._rewrite({"events.jsonl": add}))
        )

    def test_a_seal_is_gone(self):
        found = self._codes(
            self._rewrite(
                {"seals.jsonl": lambda text: b"\n".join(text.split(b"\n")[::2])}
            )
        )
        self.assertIn("seal_missing", found)

    def test_the_end_is_gone_and_the_rest_made_right(self):
        """Only what was printed tells."""
        short = self._save(self.lines[:304], self.seals[:2])
        self.assertEqual(self._codes(short), [])
        found = self._codes(short, head=(3, self.seals[2].hash[:16]))
        self.assertEqual(found, ["head_missing"])
