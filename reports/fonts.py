"""The embedded typeface of every printed document.

Noto Sans SC (OFL-1.1, licence beside the files), cut down to GB 2312, all 8,105
characters of 《通用规范汉字表》 and the signs of official documents. ReportLab embeds
the glyphs that a document uses, so every copy looks the same everywhere.
"""

from pathlib import Path
from threading import Lock

from reportlab.lib.fonts import addMapping
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

NORMAL = "WelfareSans"
BOLD = "WelfareSans-Bold"

_FOLDER = Path(__file__).resolve().parent.parent / "static" / "fonts"
_FILES = {
    NORMAL: _FOLDER / "NotoSansSC-Regular.subset.ttf",
    BOLD: _FOLDER / "NotoSansSC-Bold.subset.ttf",
}
# ReportLab's registry is one per process and Odoo serves requests from threads.
_lock = Lock()


def register_fonts():
    """Make the family ``WelfareSans`` known to ReportLab, once per process.

    Chinese type has no italic: ``<i>`` gives the upright face of the same weight.

    :raise FileNotFoundError: if a font file is missing from ``static/fonts``.
    """
    with _lock:
        registered = pdfmetrics.getRegisteredFontNames()
        for name, path in _FILES.items():
            if name in registered:
                continue
            if not path.is_file():
                raise FileNotFoundError(f"The font file {path} is missing")
            pdfmetrics.registerFont(TTFont(name, str(path)))
        # The upright pair comes last: each mapping also names the face's own style.
        for italic in (1, 0):
            addMapping(NORMAL, 0, italic, NORMAL)
            addMapping(NORMAL, 1, italic, BOLD)


def missing_glyphs(text):
    """Return the signs of a text that the typeface cannot print.

    They would come out as an empty box; a report can say so instead of losing part
    of a name.

    :param str text: plain text.
    :return: the signs, in the order of their first use.
    :rtype: str
    """
    register_fonts()
    known = pdfmetrics.getFont(NORMAL).face.charToGlyph
    return "".join(
        dict.fromkeys(
            sign for sign in text if sign.isprintable() and ord(sign) not in known
        )
    )
