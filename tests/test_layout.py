import re
from datetime import datetime
from io import BytesIO

from reportlab.platypus.doctemplate import LayoutError

from odoo.tests import BaseCase
from odoo.tools.pdf import PdfReader

from odoo.addons.welfare_facility.reports.cjk import ChineseParagraph
from odoo.addons.welfare_facility.reports.layout import (
    LANDSCAPE,
    PORTRAIT,
    Column,
    Labels,
    build_document,
    escape,
    paragraph,
    plain,
    signatures,
    styles,
    table,
)

CHINESE = Labels(page="第 %(page)s 页 / 共 %(pages)s 页", printed="打印时间：%(time)s")
COLUMNS = [Column(10, "center"), Column(60), Column(30, "right")]
HEADING = ["序号", "单位", "金额（元）"]


def make_rows(count):
    return [[number, "文庙社区儿童之家", "50,000.00"] for number in range(1, count + 1)]


class LayoutCase(BaseCase):
    def build(self, *story, **options):
        """Return the reader of a document."""
        options = {"title": "资金清单", "labels": CHINESE, **options}
        return PdfReader(BytesIO(build_document(list(story), **options)))

    def get_pages(self, *story, **options):
        """Return the text of each page without spaces and newlines."""
        return [
            re.sub(r"\s", "", page.extract_text())
            for page in self.build(*story, **options).pages
        ]


class TestSignatures(LayoutCase):
    def test_the_labels_stand_in_one_line(self):
        (text,) = self.get_pages(signatures(["填表人：", "审核人：", "日期："]))
        self.assertIn("填表人：审核人：日期：", text)

    def test_the_line_is_not_divided(self):
        line = signatures(["填表人："])
        self.assertEqual(line.wrap(100, 1000), (100, line.height))
        self.assertEqual(line.split(100, 1), [])


class TestText(BaseCase):
    def test_plain(self):
        self.assertEqual([plain(None), plain(False), plain(0)], ["", "", "0"])
        self.assertEqual(plain("一\r\n二\x00\t三"), "一\n二  三")

    def test_escape(self):
        self.assertEqual(escape("<b>&\n0"), "&lt;b&gt;&amp;<br/>0")
        self.assertEqual(paragraph("<b>甲&乙").getPlainText(), "<b>甲&乙")

    def test_styles(self):
        self.assertEqual({style.wordWrap for style in styles().values()}, {"CJK"})
        with self.assertRaises(KeyError):
            paragraph("一", "unknown")


class TestDocument(LayoutCase):
    def test_text(self):
        (page,) = self.get_pages(
            paragraph("拨付￥50,000.00，占61.18%。"),
            subtitle="五财社〔2026〕16号",
            footer="页脚",
            generated_at=datetime(2026, 11, 21, 9, 5),
        )
        for text in (
            "资金清单",
            "五财社〔2026〕16号",
            "拨付￥50,000.00，占61.18%。",
            "页脚",
            "打印时间：2026-11-2109:05",
            "第1页/共1页",
        ):
            self.assertIn(text, page)

    def test_labels_default_to_english(self):
        document = build_document([], title="t", generated_at=datetime(2026, 1, 2))
        page = PdfReader(BytesIO(document)).pages[0].extract_text()
        self.assertIn("Page 1 of 1", page)
        self.assertIn("Printed at 2026-01-02 00:00", page)

    def test_no_time_no_label(self):
        self.assertNotIn("打印时间", self.get_pages(paragraph("一"))[0])

    def test_paper(self):
        for landscape, paper in ((False, PORTRAIT), (True, LANDSCAPE)):
            box = self.build(landscape=landscape).pages[0].mediabox
            self.assertAlmostEqual(float(box.width), paper.width, 2)
            self.assertAlmostEqual(float(box.height), paper.height, 2)
        # 版心 156 × 225 mm, GB/T 9704-2012.
        self.assertAlmostEqual(PORTRAIT.body_width / 72 * 25.4, 156)
        self.assertAlmostEqual(PORTRAIT.body_height / 72 * 25.4, 225)
        self.assertAlmostEqual(LANDSCAPE.body_width, PORTRAIT.body_height)
        self.assertAlmostEqual(LANDSCAPE.body_height, PORTRAIT.body_width)

    def test_properties(self):
        reader = self.build(author="五华区民政局", subtitle="2026年度")
        self.assertEqual(reader.metadata.title, "资金清单")
        self.assertEqual(reader.metadata.author, "五华区民政局")
        self.assertEqual(reader.metadata.subject, "2026年度")
        self.assertEqual(reader.trailer["/Root"]["/Lang"], "zh-CN")

    def test_fonts_are_embedded(self):
        story = [
            ChineseParagraph("正<b>粗</b><i>斜</i>", styles()["normal"]),
            table([HEADING, *make_rows(2)], COLUMNS),
        ]
        reader = self.build(*story, qr_text="一")
        fonts = reader.pages[0]["/Resources"]["/Font"]
        self.assertEqual(len(fonts), 2)
        for font in fonts.values():
            font = font.get_object()
            self.assertIn("NotoSansSC", font["/BaseFont"])
            self.assertIn("/FontFile2", font["/FontDescriptor"])

    def test_same_input_gives_same_bytes(self):
        def build():
            return build_document(
                [table([HEADING, *make_rows(80)], COLUMNS)],
                title="资金清单",
                qr_text="https://example.org/1",
                generated_at=datetime(2026, 11, 21),
            )

        self.assertEqual(build(), build())

    def test_qr_code_is_drawn_once(self):
        rows = [HEADING, *make_rows(100)]
        plain_size, qr_size = (
            len(build_document([table(rows, COLUMNS)], title="t", qr_text=text))
            for text in (None, "https://example.org/" + "a" * 64)
        )
        self.assertGreater(qr_size, plain_size)
        self.assertLess(qr_size, plain_size + 12000)
        reader = self.build(table(rows, COLUMNS), qr_text="一")
        for page in reader.pages:
            self.assertEqual(len(page["/Resources"]["/XObject"]), 1)

    def test_long_margins_stay_on_the_page(self):
        (page,) = self.get_pages(title="很长的标题" * 20, footer="很长的页脚" * 60)
        self.assertIn("第1页/共1页", page)
        self.assertLess(page.count("页脚"), 60)


class TestTable(LayoutCase):
    def test_heading_on_each_page(self):
        pages = self.get_pages(table([HEADING, *make_rows(90)], COLUMNS))
        self.assertEqual(len(pages), 3)
        for number, page in enumerate(pages, start=1):
            self.assertEqual(page.count("单位"), 1)
            self.assertIn(f"第{number}页/共3页", page)
        self.assertEqual("".join(pages).count("50,000.00"), 90)
        self.assertIn("90文庙社区儿童之家50,000.00", pages[-1])

    def test_many_rows_of_several_tables(self):
        story = [table([HEADING, *make_rows(700)], COLUMNS, zebra=True) for _i in "ab"]
        pages = self.get_pages(*story)
        self.assertEqual("".join(pages).count("文庙社区儿童之家"), 1400)

    def test_merged_heading(self):
        rows = [["单位", "资金（元）", ""], ["", "预算数", "支出数"], *make_rows(60)]
        pages = self.get_pages(
            table(rows, COLUMNS, 2, spans=[(0, 0, 2, 1), (0, 1, 1, 2)])
        )
        for page in pages:
            self.assertEqual(page.count("资金（元）"), 1)
            self.assertEqual(page.count("支出数"), 1)

    def test_merged_rows_stay_together(self):
        rows = [HEADING, *make_rows(60)]
        spans = [(row, 1, 10, 1) for row in range(1, 61, 10)]
        pages = self.get_pages(table(rows, COLUMNS, spans=spans))
        # 36 rows fit, so the fourth group of ten moves to the next page.
        self.assertEqual([page.count("50,000.00") for page in pages], [30, 30])

    def test_merged_cell_makes_room_for_its_text(self):
        form = [["审批意见", "第一行\n二\n三\n四\n五", ""], ["签字", "", ""]]
        short, high = (
            table(rows, COLUMNS, 0, spans=[(0, 1, 2, 2)]).wrap(400, 400)[1]
            for rows in ([["一", "二", ""], ["三", "", ""]], form)
        )
        self.assertGreater(high, short)

    def test_wrong_shapes(self):
        rows = [HEADING, *make_rows(2)]
        with self.assertRaisesRegex(ValueError, "2 cells for 3"):
            table([["一", "二"]], COLUMNS)
        for spans in (
            [(0, 0, 2, 1)],  # from the heading into the body
            [(2, 2, 1, 2)],
            [(2, 0, 2, 1)],
            [(1, 0, 0, 1)],
            [(1, 0, 2, 2), (2, 1, 1, 1)],
        ):
            with self.assertRaises(ValueError, msg=spans):
                table(rows, COLUMNS, spans=spans)

    def test_cells(self):
        rows = [
            HEADING,
            [None, "甲<b>&乙", False],
            ["", ChineseParagraph("<b>粗体</b>段落", styles()["cell"]), 0],
            ["", "第一行\n第二行", "合计"],
        ]
        (page,) = self.get_pages(table(rows, COLUMNS, total_rows=1))
        for text in ("甲<b>&乙", "粗体段落", "第一行", "第二行", "合计"):
            self.assertIn(text, page)
        self.assertNotIn("None", page)
        self.assertNotIn("False", page)

    def test_empty(self):
        def get_page(rows, **options):
            return self.get_pages(table(rows, COLUMNS, **options))[0]

        self.assertIn("没有记录", get_page([HEADING], empty="没有记录"))
        self.assertIn("没有记录", get_page([], header_rows=0, empty="没有记录"))
        rows = [HEADING, *make_rows(1)]
        self.assertNotIn("没有记录", get_page(rows, empty="没有记录"))
        self.assertIn("单位", get_page([HEADING]))

    def test_figure_is_never_cut(self):
        for figure in ("-123,456,789,012.35", "12530102MJ00000186", "2026-11-21"):
            for align in ("left", "right"):
                columns = [Column(10, align), Column(90)]
                reader = self.build(table([[figure, ""], ["二", ""]], columns, 0))
                self.assertIn(figure, reader.pages[0].extract_text())

    def test_text_is_cut_rather_than_shrunk(self):
        columns = [Column(10, "right"), Column(90)]
        cells = ["上年结转资金及其他来源说明", ""]
        self.assertGreater(table([cells], columns, 0).wrap(400, 400)[1], 40)

    def test_long_text_continues_on_the_next_page(self):
        rows = [HEADING, *make_rows(3), ["9", "注" * 3000, "7.00"]]
        pages = self.get_pages(table(rows + make_rows(3), COLUMNS))
        self.assertGreater(len(pages), 2)
        self.assertEqual("".join(pages).count("注"), 3000)
        self.assertEqual("".join(pages).count("7.00"), 1)
        for page in pages:
            self.assertIn("金额（元）", page)

    def test_flowable_larger_than_a_page(self):
        cell = ChineseParagraph("很长，" * 3000, styles()["cell"])
        with self.assertRaises(LayoutError):
            self.get_pages(table([["一"], [cell]], [Column(1)]))

    def test_short_row_moves_as_a_whole(self):
        filler = paragraph("一\n" * 38)
        rows = [HEADING, ["", "第一行\n第二行\n第三行", ""]]
        pages = self.get_pages(filler, table(rows, COLUMNS))
        self.assertEqual(len(pages), 2)
        self.assertNotIn("单位", pages[0])
        self.assertIn("第一行第二行第三行", pages[1])
