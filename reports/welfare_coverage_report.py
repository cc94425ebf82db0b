from dataclasses import dataclass

from reportlab.platypus import PageBreak

from odoo import models
from odoo.fields import Datetime
from odoo.tools import format_date, groupby

from ..tools.coverage import digest
from . import layout, workbook

# A printed list of names longer than this says how many more there are.
_MAX_NAMES = 60
_PLACES = {"decimal": 2, "hours": 1}


@dataclass(frozen=True)
class _Sheet:
    """What is printed of one region: its table, the target it is judged by, words."""

    title: str
    subtitle: str
    table: object
    communities: list
    notes: list


class WelfareCoverageDocument(models.AbstractModel):
    """儿童之家建设情况表: how far each street and the whole district are.

    The same content as a PDF and as a workbook. What it is printed from, targets or
    regions, the models below say.
    """

    _name = "report.welfare_facility.coverage_document"
    _description = "Coverage Table"

    # === WHAT IS PRINTED === #

    def _get_sheets(self, records, data):
        """Return what to print of each record, in their order.

        :rtype: list[_Sheet]
        """
        raise NotImplementedError

    def _get_filename(self, records, data):
        """Return the name of the file, without its ending."""
        sheets = [sheet.title for sheet in self._get_sheets(records[:1], data)]
        return sheets[0] if len(records) == 1 else self.env._("State of Construction")

    def _prepare_sheet(self, table, target, is_own):
        """Gather what is printed of a region.

        :param CoverageTable table: the figures.
        :param target: the ``welfare.coverage.target`` to judge by, or none.
        :param bool is_own: whether the print is of this very target.
        """
        communities = []
        if table.region.level not in ("province", "prefecture"):
            communities = table.measure._get_communities(table.region, table.date)
        return _Sheet(
            title=self._get_title(table),
            subtitle=self._get_subtitle(table),
            table=table,
            communities=communities,
            notes=self._get_notes(table, target, is_own, communities),
        )

    def _get_subtitle(self, table):
        return self.env._(
            "%(region)s · as of %(date)s · areas in m²",
            region=table.region.complete_name,
            date=format_date(self.env, table.date),
        )

    def _get_title(self, table):
        return self.env._(
            "%(region)s: %(type)s, State of Construction",
            region=table.region.name,
            type=table.measure.facility_type_id.name or table.measure.name,
        )

    def _get_notes(self, table, target, is_own, communities):
        """The figures of the document beside ours, with the formula in words."""
        coverage = table.total
        notes = [
            self.env._(
                "Computed: %(formula)s",
                formula=table.measure._describe_formula(coverage),
            )
        ]
        if coverage.hours_known:
            notes.append(
                self.env._(
                    "Open hours a week: the average of the %(known)s whose hours are "
                    "known, of %(built)s built.",
                    known=coverage.hours_known,
                    built=coverage.built,
                )
            )
        if target.is_target_stated and coverage.denominator:
            notes += self._get_target_notes(table, target)
        if is_own:
            notes += self._get_stated_notes(target)
        if not table.has_communities:
            notes += self._get_name_notes(communities)
        return notes

    def _get_target_notes(self, table, target):
        rate = target._get_target_rate()
        note = self.env._(
            "Target: at least %(rate)s %% by %(year)s, that is %(required)s; "
            "%(gap)s more are needed.",
            rate=f"{rate:g}",
            year=target.target_year or target.date.year,
            required=table.total.required(rate),
            gap=table.total.gap(rate),
        )
        if target.region_id != table.region:
            note += " " + self.env._(
                "It is the target of %(region)s.", region=target.region_id.name
            )
        forecast = target._describe_forecast(table.total, table.date)
        # In one line on paper: a table of one street is to stay on one page.
        return [note, " ".join(forecast.split("\n"))] if forecast else [note]

    def _get_stated_notes(self, target):
        notes = []
        if target.is_stated:
            notes.append(
                self.env._(
                    "Stated by the document: %(rate)s %%.",
                    rate=f"{target.stated_value:g}",
                )
                if target.unit == "percent"
                else self.env._(
                    "Stated by the document: %(number)s.",
                    number=f"{target.stated_value:g}",
                )
            )
        if target.flag_reason:
            notes.append(self.env._("Attention: %(reason)s", reason=target.flag_reason))
        if target.source:
            notes.append(self.env._("Source: %(words)s", words=target.source))
        return notes

    def _get_name_notes(self, communities):
        """Name the communities that are left out, with the reason, and the lacking."""
        excluded = [each for each in communities if each["status"] == "excluded"]
        lacking = [
            each for each in communities if each["status"] in ("missing", "planned")
        ]
        notes = []
        for reason, members in groupby(excluded, key=lambda each: each["reason"]):
            notes.append(
                self.env._(
                    "Left out (%(count)s), %(reason)s: %(names)s",
                    count=len(members),
                    reason=reason,
                    names=self._join_names(members),
                )
            )
        if lacking:
            notes.append(
                self.env._(
                    "Without one (%(count)s): %(names)s",
                    count=len(lacking),
                    names=self._join_names(lacking),
                )
            )
        return notes

    def _join_names(self, communities):
        """Return the names by street, so that each can be found."""
        shown = communities[:_MAX_NAMES]
        groups = [
            self.env._(
                "%(street)s: %(communities)s",
                street=street,
                communities="、".join(each["name"] for each in members),
            )
            for street, members in groupby(shown, key=lambda each: each["parent_name"])
        ]
        # The signs between Chinese names, whatever the language of the paper.
        text = "；".join(groups)
        if len(communities) > len(shown):
            text += " " + self.env._(
                "… and %(count)s more.", count=len(communities) - len(shown)
            )
        return text

    def _get_digest(self, sheets):
        """Return the SHA-256 of the printed figures, whatever the language."""
        return digest(
            [
                [
                    sheet.table.measure.code,
                    sheet.table.region.code,
                    sheet.table.date.isoformat(),
                    [
                        [
                            part.code,
                            part.coverage.total,
                            part.coverage.excluded,
                            part.coverage.built,
                            part.coverage.planned,
                            part.coverage.area_indoor,
                            part.coverage.area_outdoor,
                            part.coverage.hours,
                        ]
                        for part in sheet.table.parts
                    ],
                ]
                for sheet in sheets
            ]
        )

    def _get_seal(self, sheets):
        """Return what the QR code says: kind, place, day and digest, in ASCII."""
        table = sheets[0].table
        more = f"+{len(sheets) - 1}" if len(sheets) > 1 else ""
        return (
            f"COVERAGE-TABLE;{table.region.code}{more};{table.date.isoformat()};"
            f"SHA256={self._get_digest(sheets)[:32]}"
        )

    # === COLUMNS === #

    def _get_part_heading(self, table):
        """Return the two rows of the heading, and the cells that are merged in it."""
        levels = dict(table.region._fields["level"]._description_selection(self.env))
        part_level = table.parts[0].level if table.parts else "township"
        facility = table.measure.facility_type_id.name or ""
        rows = [
            [
                self.env._("No."),
                levels[part_level],
                self.env._("Communities"),
                "",
                "",
                facility,
                "",
                "",
                self.env._("Rate (%)"),
                self.env._("Area (m²)"),
                "",
                self.env._("Open hours a week"),
            ],
            [
                "",
                "",
                self.env._("In all"),
                self.env._("Unit communities"),
                self.env._("To be built"),
                self.env._("Built"),
                self.env._("Planned or under construction"),
                self.env._("Missing"),
                "",
                self.env._("Indoors"),
                self.env._("Outdoors"),
                "",
            ],
        ]
        merged_down = [(0, column, 2, 1) for column in (0, 1, 8, 11)]
        return rows, [*merged_down, (0, 2, 1, 3), (0, 5, 1, 3), (0, 9, 1, 2)]

    def _get_part_columns(self, table):
        """Return kind and width of each column."""
        kinds = ["integer", "text", *["integer"] * 6]
        kinds += ["percent", "decimal", "decimal", "hours"]
        widths = (10, 40, 15, 22, 15, 15, 24, 15, 20, 24, 24, 29)
        return list(zip(kinds, widths, strict=True))

    def _get_part_rows(self, table):
        rows = [
            [number, part.name, *self._get_figures(table.measure, part.coverage)]
            for number, part in enumerate(table.parts, start=1)
        ]
        if rows:
            figures = self._get_figures(table.measure, table.total)
            rows.append(["", self.env._("Total"), *figures])
        return rows

    def _get_figures(self, measure, coverage):
        return [
            coverage.total,
            coverage.excluded,
            coverage.denominator,
            coverage.built,
            coverage.planned,
            coverage.missing,
            coverage.rate,
            coverage.area_indoor,
            coverage.area_outdoor,
            coverage.hours_average,
        ]

    def _get_community_columns(self, measure):
        """Return kind and width of each column; the township's is not printed."""
        kinds = ["integer", *["text"] * 4, "date", "integer"]
        kinds += ["decimal", "decimal", "hours", "text"]
        widths = (9, 0, 37, 24, 48, 24, 20, 20, 20, 20, 60)
        return list(zip(kinds, widths, strict=True))

    def _get_community_heading(self, measure):
        return [
            self.env._("No."),
            self.env._("Township or Street"),
            self.env._("Community or Village"),
            self.env._("Status"),
            self.env._("Facility"),
            self.env._("In this State since"),
            self.env._("Planned for"),
            self.env._("Indoor area (m²)"),
            self.env._("Outdoor area (m²)"),
            self.env._("Open hours a week"),
            self.env._("Reason for leaving it out"),
        ]

    def _get_community_rows(self, measure, communities):
        labels = self._get_status_labels(measure)
        return [
            [
                number,
                each["parent_name"],
                each["name"],
                labels[each["status"]],
                each["facility_name"],
                each["since"],
                each["plan_year"] or None,
                each["area_indoor"] or None,
                each["area_outdoor"] or None,
                each["hours"] or None,
                each["reason"] if each["status"] == "excluded" else None,
            ]
            for number, each in enumerate(communities, start=1)
        ]

    def _get_status_labels(self, measure):
        return {
            "built": self.env._("Built"),
            "planned": self.env._("Planned or under construction"),
            "missing": self.env._("Missing"),
            "excluded": self.env._("None is set up"),
        }

    # === PDF === #

    def _render_pdf(self, records, data):
        """Draw the tables, one to a page.

        :return: the file.
        :rtype: bytes
        """
        sheets = self._get_sheets(records, data)
        if len(sheets) == 1:
            title, subtitle = sheets[0].title, sheets[0].subtitle
            story = self._draw_sheet(sheets[0])
        else:
            title, subtitle = self.env._("State of Construction"), None
            story = []
            for sheet in sheets:
                story += [
                    layout.paragraph(sheet.title, "heading"),
                    layout.paragraph(sheet.subtitle, "small"),
                    *self._draw_sheet(sheet),
                    PageBreak(),
                ]
            story.pop()
        return layout.build_document(
            story,
            title=title,
            subtitle=subtitle,
            author=self.env.user.name,
            landscape=True,
            generated_at=Datetime.context_timestamp(self, Datetime.now()),
            footer=self.env._(
                "Digest of the figures (SHA-256): %(digest)s",
                digest=self._get_digest(sheets)[:32],
            ),
            qr_text=self._get_seal(sheets),
            labels=layout.Labels(
                page=self.env._("Page %(page)s of %(pages)s"),
                printed=self.env._("Printed at %(time)s"),
            ),
        )

    def _draw_sheet(self, sheet):
        if sheet.table.has_communities:
            table = self._draw_communities(sheet)
        else:
            table = self._draw_parts(sheet)
        return [
            table,
            layout.signatures(
                [
                    self.env._("Filled in by:"),
                    self.env._("Checked by:"),
                    self.env._("Date:"),
                ]
            ),
            *(layout.paragraph(note, "small") for note in sheet.notes),
        ]

    def _draw_parts(self, sheet):
        heading, spans = self._get_part_heading(sheet.table)
        rows = self._get_part_rows(sheet.table)
        return layout.table(
            [*heading, *([self._format(cell) for cell in row] for row in rows)],
            [
                layout.Column(width, "left" if kind == "text" else "right")
                for kind, width in self._get_part_columns(sheet.table)
            ],
            header_rows=len(heading),
            spans=spans,
            total_rows=1 if rows else 0,
            empty=self.env._("There are no communities in this region."),
        )

    def _draw_communities(self, sheet):
        kinds, widths = zip(
            *self._get_community_columns(sheet.table.measure), strict=True
        )
        columns = [
            layout.Column(width, "left" if kind == "text" else "right")
            for kind, width in zip(kinds, widths, strict=True)
        ]
        del columns[1]
        rows = [
            self._get_community_heading(sheet.table.measure),
            *(
                list(map(self._format_plain, kinds, row))
                for row in self._get_community_rows(
                    sheet.table.measure, sheet.communities
                )
            ),
        ]
        # Without the township: it is the one in the title.
        return layout.table(
            [[*row[:1], *row[2:]] for row in rows],
            columns,
            empty=self.env._("There are no communities in this region."),
        )

    def _format(self, value):
        """Return a figure as it is printed; what there is none of gets a dash."""
        if value is None:
            return "—"
        if isinstance(value, (int, str)):
            return value
        return f"{value:,}"

    def _format_plain(self, kind, value):
        if value is None:
            return ""
        return f"{value:,.{_PLACES[kind]}f}" if kind in _PLACES else value

    # === WORKBOOK === #

    def _render_xlsx(self, records, data):
        """Write the tables, each with the list of its communities.

        :return: the file.
        :rtype: bytes
        """
        sheets = self._get_sheets(records, data)
        seal = self._get_seal(sheets)
        book = workbook.Workbook(
            title=self._get_filename(records, data),
            author=self.env.user.name,
            comments=seal,
        )
        for sheet in sheets:
            table = sheet.table
            heading, spans = self._get_part_heading(table)
            rows = self._get_part_rows(table)
            book.add_sheet(
                table.region.name,
                title=sheet.title,
                subtitle=sheet.subtitle,
                heading=heading,
                spans=spans,
                columns=[
                    workbook.Column(kind)
                    for kind, _width in self._get_part_columns(table)
                ],
                rows=rows,
                total_rows=1 if rows else 0,
                notes=sheet.notes,
                footer=seal,
            )
            communities = sheet.communities or table.measure._get_communities(
                table.region, table.date
            )
            book.add_sheet(
                self.env._("%(region)s communities", region=table.region.name),
                title=sheet.title,
                subtitle=sheet.subtitle,
                heading=[self._get_community_heading(table.measure)],
                columns=[
                    # A year is no number to add up.
                    workbook.Column("text" if kind == "integer" and index else kind)
                    for index, (kind, _width) in enumerate(
                        self._get_community_columns(table.measure)
                    )
                ],
                rows=self._get_community_rows(table.measure, communities),
                footer=seal,
            )
        return book.close()


class WelfareCoverageReport(models.AbstractModel):
    """The table of a target: its region on its day, beside what the document says."""

    _name = "report.welfare_facility.welfare_coverage_report"
    _description = "Coverage Table of a Target"
    _inherit = ["report.welfare_facility.coverage_document"]

    def _get_sheets(self, records, data):
        return [
            self._prepare_sheet(target._get_table(), target, is_own=True)
            for target in records
        ]

    def _get_filename(self, records, data):
        if len(records) == 1:
            return records._get_report_filename()
        return super()._get_filename(records, data)


class WelfareCoverageRegionReport(models.AbstractModel):
    """The table of a region on any day, by default today.

    ``data`` may hold ``date`` (ISO) and ``measure_id``.
    """

    _name = "report.welfare_facility.welfare_coverage_region_report"
    _description = "Coverage Table of a Region"
    _inherit = ["report.welfare_facility.coverage_document"]

    def _get_sheets(self, records, data):
        measure, date = self._get_choice(data)
        Target = self.env["welfare.coverage.target"]
        sheets = []
        for region in records:
            target = Target._find_targets(measure, region, date)[region.id]
            year = max(target.target_year, date.year)
            table = measure._get_table(region, date, year)
            sheets.append(self._prepare_sheet(table, target, is_own=False))
        return sheets

    def _get_filename(self, records, data):
        _measure, date = self._get_choice(data)
        if len(records) == 1:
            return self.env._(
                "Table of construction %(region)s %(date)s",
                region=records.name,
                date=date,
            )
        return super()._get_filename(records, data)

    def _get_choice(self, data):
        """Return the measure and the day that were asked for."""
        return self.env["welfare.coverage.measure"]._read_choice(
            data.get("measure_id"), data.get("date")
        )


class WelfareCoverageWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_coverage_workbook"
    _description = "Coverage Workbook of a Target"
    _inherit = ["report.welfare_facility.welfare_coverage_report"]


class WelfareCoverageRegionWorkbook(models.AbstractModel):
    _name = "report.welfare_facility.welfare_coverage_region_workbook"
    _description = "Coverage Workbook of a Region"
    _inherit = ["report.welfare_facility.welfare_coverage_region_report"]
