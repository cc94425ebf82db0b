"""A ledger of 10,000 homes: read, checked and applied, beside what reads and writes the
same values without any rule, and beside Odoo's own import."""

import io

ROWS = 10_000
MOST_ROWS = 65_000  # a sheet of an .xls has no more than 65,536
HEADINGS = (
    "序号",
    "街道办事处",
    "社区名称",
    "统计用区划代码",
    "状态",
    "建成时间",
    "区级财政（万元）",
    "福彩公益金（万元）",
    "资金合计（万元）",
    "室内面积（㎡）",
    "室外面积（㎡）",
    "每周开放时间（小时）",
    "备注",
)
STREETS_OF_A_COUNTY, COMMUNITIES_OF_A_STREET = 50, 50


def _rows(count):
    """Yield what the ledger says of each community, as a clerk would write it."""
    for number in range(count):
        street, community = divmod(number, COMMUNITIES_OF_A_STREET)
        county, street = divmod(street, STREETS_OF_A_COUNTY)
        code = f"9901{county + 1:02}{street + 1:03}{community + 1:03}"
        is_built = number % 5
        yield (
            number + 1,
            f"第{street + 1}街道办事处",
            f"第{community + 1}社区",
            code if number % 3 else int(code),
            "已建成" if is_built else "2019年计划",
            43000 + number % 500 if is_built else "",
            4.1 if is_built else "",
            5 if is_built and not number % 4 else "",
            (9.1 if not number % 4 else 4.1) if is_built else "",
            40.5 + number % 30 if is_built else "",
            30 if is_built else "",
            10 + number % 30 if is_built else "随居委会上班时间",
            "依托社区办公用房" if not number % 7 else "",
        )


def make_ledger(count):
    """Return an .xls ledger with so many rows."""
    import xlwt

    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("儿童之家台账")
    sheet.write(0, 0, "儿童之家建设台账")
    sheet.write(1, 0, "填报单位：民政局  截止日期：2018年12月31日  金额单位：万元")
    for column, heading in enumerate(HEADINGS):
        sheet.write(2, column, heading)
    date_style = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for number, row in enumerate(_rows(count), start=3):
        for column, value in enumerate(row):
            if value == "":
                continue
            if column == 5:
                sheet.write(number, column, value, date_style)
            else:
                sheet.write(number, column, value)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def make_regions(env, count):
    """Create the communities that the ledger names; return the region they lie in."""
    Region = env["welfare.region"]
    province = Region.create({"code": "990000000000", "name": "试验省"})
    codes = [f"{row[3]}" for row in _rows(count)]
    parents = {province.code[:2]: province}
    for digits in (4, 6, 9):
        level = list(dict.fromkeys(code[:digits] for code in codes))
        shorter = {4: 2, 6: 4, 9: 6}[digits]
        records = Region.create(
            [
                {
                    "code": prefix.ljust(12, "0"),
                    "name": f"第{int(prefix[6:] or prefix[2:])}"
                    + {4: "市", 6: "区", 9: "街道"}[digits],
                    "parent_id": parents[prefix[:shorter]].id,
                }
                for prefix in level
            ]
        )
        parents.update(zip(level, records, strict=True))
    for start in range(0, len(codes), 5000):
        Region.create(
            [
                {
                    "code": code,
                    "name": f"第{int(code[9:])}社区",
                    "parent_id": parents[code[:9]].id,
                }
                for code in codes[start : start + 5000]
            ]
        )
    env.cr.commit()
    env.invalidate_all()
    return province
