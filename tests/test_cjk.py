import random

from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas

from odoo.tests import BaseCase

from odoo.addons.welfare_facility.reports import fonts
from odoo.addons.welfare_facility.reports.cjk import (
    CLOSING,
    OPENING,
    ChineseParagraph,
    break_lines,
)

TEXTS = (
    "根据《云南省民政厅关于下达2017年中央集中彩票公益金支持社会福利事业专项资金预算的通知》"
    "（五政发〔2017〕16号），安排1,234,567.89元，占61.18%；代码530102001001，"
    "面积1,200.5平方米。“儿童之家”共85个！",
    "使用 ReportLab 打印（见 https://example.org/a?b=c），金额￥50,000.00，温度25℃，"
    "比例≤30％，日期2026-11-21；《〈甲〉乙》……——完。",
    "第一项：a/b、c，d．e：The quick brown fox (jumps) over the lazy dog, twice.",
)
# What is not cut where it fits a line.
WHOLE = (
    "1,234,567.89",
    "61.18%",
    "530102001001",
    "2017年",
    "￥50,000.00",
    "2026-11-21",
    "≤30％",
    "25℃",
    "ReportLab",
    "……",
)


def measure(sign):
    return 1.0 if sign > "\u2000" else 0.5


class TestBreakLines(BaseCase):
    def assertLines(self, text, width, *expected):
        self.assertEqual(break_lines(text, width, measure), list(expected))

    def test_random_widths(self):
        generator = random.Random(1)
        for _round in range(4000):
            text = "".join(generator.sample(TEXTS, generator.randint(1, 3)))
            width = generator.uniform(4, 40)
            lines = break_lines(text, width, measure)
            self.assertEqual("".join(lines).replace(" ", ""), text.replace(" ", ""))
            for line in lines:
                inside = line[:-1] if line[-1] in CLOSING else line
                self.assertLessEqual(sum(map(measure, inside)), width + 1e-6)
                self.assertNotIn(line[0], CLOSING | {" "})
                self.assertNotIn(line[-1], OPENING | {" "})
            for whole in WHOLE:
                if sum(map(measure, whole)) <= width:
                    count = sum(line.count(whole) for line in lines)
                    self.assertEqual(count, text.count(whole), (whole, lines))

    def test_closing_sign_takes_the_sign_before_along(self):
        self.assertLines("一二三四，五", 4, "一二三", "四，五")

    def test_opening_sign_goes_to_the_next_line(self):
        self.assertLines("一二三《四》", 4, "一二三", "《四》")

    def test_word_goes_to_the_next_line(self):
        self.assertLines("金额1,234.50", 4, "金额", "1,234.50")
        self.assertLines("see the fox", 4, "see the", "fox")

    def test_unit_stays_with_its_figure_if_there_is_room(self):
        self.assertLines("共一1234.5元", 5, "共一", "1234.5元")
        self.assertLines("1234.5万元", 4, "1234.5", "万元")

    def test_word_longer_than_the_line_is_cut(self):
        self.assertLines("码530102001001，", 4, "码", "53010200", "1001，")
        self.assertLines("12345，", 2, "1234", "5，")

    def test_closing_sign_hangs_after_a_word_that_fills_the_line(self):
        self.assertLines("共1234，二", 2, "共", "1234，", "二")
        self.assertLines("1234），二", 2, "123", "4），", "二")

    def test_line_narrower_than_a_sign(self):
        self.assertLines("一二", 0.5, "一", "二")

    def test_newlines_and_spaces(self):
        self.assertLines("一\n\n二", 4, "一", "", "二")
        self.assertLines("", 4, "")
        self.assertLines("一二  三 ，", 2.5, "一二", "三 ，")
        self.assertLines("ab  cd", 1, "ab", "cd")


class TestChineseParagraph(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        fonts.register_fonts()

    def paragraph(self, text, **options):
        options = {"fontName": fonts.NORMAL, "fontSize": 10, **options}
        return ChineseParagraph(text, ParagraphStyle("test", **options))

    def get_lines(self, paragraph, width):
        paragraph.wrap(width, 1000)
        return [
            "".join(word.text for word in line.words) for line in paragraph.blPara.lines
        ]

    def draw(self, paragraph, width=100):
        """Return the text operators that draw a paragraph."""
        canvas = Canvas("unused.pdf", initialFontName=fonts.NORMAL)
        paragraph.wrapOn(canvas, width, 1000)
        paragraph.drawOn(canvas, 0, 0)
        return "\n".join(canvas._code)

    def test_same_lines_as_plain_text(self):
        for text in TEXTS:
            for width in (43, 61, 87, 120, 300):
                expected = break_lines(
                    text, width, lambda sign: stringWidth(sign, fonts.NORMAL, 10)
                )
                for word_wrap in (None, "CJK"):
                    paragraph = self.paragraph(text, wordWrap=word_wrap)
                    lines = self.get_lines(paragraph, width)
                    self.assertEqual([line.rstrip(" ") for line in lines], expected)

    def test_fragments(self):
        paragraph = self.paragraph("一二<b>三四</b>，五<br/><br/>合计<b>1,2</b>34.50元")
        self.assertEqual(
            self.get_lines(paragraph, 41),
            ["一二三", "四，五", "", "合计", "1,234.50", "元"],
        )
        faces = [word.fontName for word in paragraph.blPara.lines[0].words]
        self.assertEqual(faces, [fonts.NORMAL, fonts.BOLD])

    def test_empty(self):
        self.assertEqual(self.paragraph("").wrap(100, 100), (100, 0))

    def test_page_break_keeps_text_and_line_breaks(self):
        text = "The quick <b>儿童</b>之家，共85个<br/>第二行合计1,234.50元。"
        expected = self.get_lines(self.paragraph(text), 60)
        for height in range(24, 12 * len(expected), 12):
            whole = self.paragraph(text)
            whole.wrap(60, height)
            first, second = whole.split(60, height)
            lines = self.get_lines(first, 60) + self.get_lines(second, 60)
            self.assertEqual(lines, expected)

    def test_alignment(self):
        for alignment, share in ((0, 0), (1, 0.5), (2, 1)):
            code = self.draw(self.paragraph("一二三", alignment=alignment))
            shift = f"{70 * share:g} 0 Td"
            self.assertEqual(shift in code, bool(share), code)

    def test_justification_widens_chinese_only(self):
        text = "一二三四五1,234,567.89，六七"
        paragraph = self.paragraph(text, alignment=4)
        code = self.draw(paragraph, 120)
        # Two of the four gaps that may be widened stand before the figure.
        extra = paragraph.blPara.lines[0].extraSpace
        self.assertGreater(extra, 0)
        self.assertIn(" Tc", code)
        self.assertNotIn(" Tw", code)
        # Nothing stays widened after the line.
        self.assertEqual(code.split(" Tc")[-2].split()[-1], "0")
        self.assertNotIn(" Tc", self.draw(self.paragraph(text), 120))

    def test_bullet(self):
        paragraph = self.paragraph(
            "<bullet>一、</bullet>二三四五", bulletFontName=fonts.NORMAL
        )
        self.assertEqual(self.get_lines(paragraph, 45), ["二", "三四五"])


class TestFonts(BaseCase):
    def test_register_twice(self):
        fonts.register_fonts()
        fonts.register_fonts()

    def test_missing_glyphs(self):
        self.assertEqual(fonts.missing_glyphs("张三，￥1,234.50（㎡）\n"), "")
        self.assertEqual(fonts.missing_glyphs("𠮷林𠮷☑"), "𠮷☑")

    def test_missing_file(self):
        files = {"WelfareSans-Missing": fonts._FOLDER / "missing.ttf"}
        self.patch(fonts, "_FILES", files)
        with self.assertRaisesRegex(FileNotFoundError, "missing.ttf"):
            fonts.register_fonts()
