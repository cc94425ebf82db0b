from reportlab.platypus import PageBreak

from odoo import fields, models
from odoo.fields import Datetime
from odoo.tools import format_date

from ..models.compliance_checker import ComplianceChecker
from ..tools.area import in_all_units
from ..tools.coverage import digest
from . import layout


class WelfareStandardReport(models.AbstractModel):
    """床位与面积达标表: what was measured, and how it stands to each standard.

    ``data`` may hold ``date`` (ISO), by default today. What is printed is computed from
    the measurements as they hold on that day.
    """

    _name = "report.welfare_facility.welfare_standard_report"
    _description = "Sheet of Beds and Areas"

    def _get_date(self, data):
        return fields.Date.to_date(data.get("date")) or fields.Date.context_today(self)

    def _get_filename(self, facilities, data):
        title = self.env._("Beds and Areas against Standards")
        return " ".join(
            [
                *(facilities.mapped("name") if len(facilities) == 1 else ()),
                title,
                str(self._get_date(data)),
            ]
        )

    def _render_pdf(self, facilities, data):
        """Draw a sheet for each facility.

        :return: the file.
        :rtype: bytes
        """
        date = self._get_date(data)
        checker = ComplianceChecker(self.env(su=True), date)
        story, figures = [], []
        for facts in checker.get_facts(facilities.ids):
            facility = facilities.browse(facts.id)
            checks = checker.check_facts(facts, with_comparison=True)
            if story:
                story.append(PageBreak())
            story += self._draw_facility(facility, facts, checks, date)
            figures.append([facility.name, [check.get_digest() for check in checks]])
            figures[-1].append(
                [[code, str(value)] for code, value in sorted(facts.values.items())]
            )
        seal = digest([str(date), figures])[:32]
        return layout.build_document(
            story,
            title=self.env._("Beds and Areas against Standards"),
            subtitle=self.env._(
                "%(facility)s · as of %(date)s",
                facility=facilities.name
                if len(facilities) == 1
                else self.env._("%(count)s facilities", count=len(facilities)),
                date=format_date(self.env, date),
            ),
            author=self.env.user.name,
            landscape=True,
            generated_at=Datetime.context_timestamp(self, Datetime.now()),
            footer=self.env._(
                "Digest of the figures (SHA-256): %(digest)s", digest=seal
            ),
            qr_text=f"STANDARD;{len(facilities)};{date};SHA256={seal}",
            labels=layout.Labels(
                page=self.env._("Page %(page)s of %(pages)s"),
                printed=self.env._("Printed at %(time)s"),
            ),
        )

    # === ONE FACILITY === #

    def _draw_facility(self, facility, facts, checks, date):
        story = [
            layout.paragraph(self._describe_facility(facility, facts)),
            # No heading: it would take the whole table to the next page.
            layout.paragraph(self.env._("What was measured")),
            self._draw_measurements(facility, facts, date),
        ]
        for check in checks:
            story += self._draw_check(check)
        if not checks:
            story.append(
                layout.paragraph(
                    self.env._("No standard about this kind of facility holds here.")
                )
            )
        story.append(
            layout.signatures(
                [
                    self.env._("Filled in by:"),
                    self.env._("Checked by:"),
                    self.env._("Date:"),
                ]
            )
        )
        story += [layout.paragraph(note, "small") for note in self._get_notes(checks)]
        return story

    def _describe_facility(self, facility, facts):
        approved = facility.date_approved
        return " · ".join(
            [
                facility.name,
                facility.type_id.name,
                facility.region_id.display_name,
                self.env._(
                    "project approved on %(date)s", date=format_date(self.env, approved)
                )
                if approved
                else self.env._("day of approval not known"),
            ]
        )

    def _draw_measurements(self, facility, facts, date):
        Measurement = self.env["welfare.facility.measurement"]
        sources = Measurement.browse(
            row[5] for row in Measurement._get_rows(facility.ids, date)
        )
        metrics = self.env["welfare.facility.metric"].search(
            [("code", "in", list(facts.values))]
        )
        rows = [
            [
                self.env._("No."),
                self.env._("What"),
                self.env._("Figure"),
                self.env._("In mu and hectares"),
                self.env._("Measured on"),
                self.env._("By whom, and by which paper"),
            ]
        ]
        for number, metric in enumerate(metrics, start=1):
            value, day = facts.values[metric.code], facts.dates[metric.code]
            own = sources.filtered(lambda row, m=metric: row.metric_id == m)
            groups = own.filtered("age_group")
            rows.append(
                [
                    number,
                    metric.name,
                    self.env["welfare.standard.line"]._show(metric, value),
                    self._in_other_units(value) if metric.kind == "area" else "",
                    format_date(self.env, day)
                    if day
                    else self.env._("in the register"),
                    "；".join(
                        dict.fromkeys(
                            " ".join(filter(None, (row.measured_by, row.document)))
                            for row in own
                        )
                    )
                    + self._describe_groups(groups)
                    + self._describe_rooms(own),
                ]
            )
        columns = [
            layout.Column(10, "right"),
            layout.Column(42),
            layout.Column(34, "right"),
            layout.Column(44, "right"),
            layout.Column(28),
            layout.Column(70),
        ]
        return layout.table(rows, columns, empty=self.env._("Nothing was measured."))

    def _in_other_units(self, value):
        units = in_all_units(value)
        return self.env._("%(mu)s mu, %(ha)s ha", mu=units["mu"], ha=units["ha"])

    def _describe_groups(self, rows):
        labels = dict(rows._fields["age_group"]._description_selection(self.env))
        parts = [f"{labels[row.age_group]} {row.amount:g}" for row in rows]
        return f" ({'; '.join(parts)})" if parts else ""

    def _describe_rooms(self, rows):
        count = sum(rows.mapped("room_count"))
        return self.env._(" (%(count)s rooms)", count=count) if count else ""

    def _draw_check(self, check):
        standard = check.standard
        title = self.env._(
            "%(standard)s (%(place)s)",
            standard=standard.display_name,
            place=standard._get_jurisdiction(),
        )
        story = [layout.paragraph(title, "heading")]
        note = self._describe_basis(check)
        notes = [layout.paragraph(note, "small")] if note else []
        if not check.lines:
            story.append(
                layout.paragraph(
                    self.env._(
                        "No figure of this text was retrieved: nothing can be judged "
                        "by it."
                    )
                )
            )
            return story + notes
        rows = [
            [
                self.env._("No."),
                self.env._("Requirement"),
                self.env._("Measured"),
                self.env._("Required"),
                self.env._("Margin"),
                self.env._("Result"),
                self.env._("Shall or should"),
                self.env._("Article"),
                self.env._("Confidence"),
            ]
        ]
        rows += [
            self._get_line_cells(number, each, check.facts)
            for number, each in enumerate(check.lines, start=1)
        ]
        columns = [
            layout.Column(10, "right"),
            layout.Column(40),
            layout.Column(48, "right"),
            layout.Column(30, "right"),
            layout.Column(34, "right"),
            layout.Column(24, "center"),
            layout.Column(20, "center"),
            layout.Column(26),
            layout.Column(20, "center"),
        ]
        story += [layout.table(rows, columns), *notes]
        story += [
            layout.paragraph(
                self.env._(
                    "Attention: %(reason)s",
                    reason=self._describe_conflict(each, check.facts),
                ),
                "small",
            )
            for each in check.lines
            if each.conflict not in (None, "same")
        ]
        return story

    def _describe_basis(self, check):
        notes = []
        if check.basis == "unknown":
            notes.append(
                self.env._(
                    "Nobody has entered when the project was approved: this text "
                    "is the one in force on the day of the check."
                )
            )
        elif check.basis == "comparison":
            notes.append(
                self.env._(
                    "For comparison only: this text was not in force when the "
                    "project was approved."
                )
            )
        if check.size_class:
            notes.append(
                self.env._("Size class: %(name)s", name=check.size_class.display_name)
                + (
                    ""
                    if check.size_class.is_verified
                    else self.env._(" (not verified)")
                )
            )
        return " ".join(notes)

    def _get_line_cells(self, number, each, facts):
        Line = self.env["welfare.standard.line"]
        Result = self.env["welfare.compliance.line"]
        metric, figure, verdict = each.line.metric_id, each.figure, each.verdict
        results = dict(Result._fields["result"]._description_selection(self.env))
        sides = dict(Result._fields["deviation"]._description_selection(self.env))
        obligations = dict(Line._fields["obligation"]._description_selection(self.env))
        parts = None
        if figure and len(figure.parts) > 1:
            parts = [facts.values[code] for code in figure.parts]
        result = results[verdict.result]
        if verdict.deviation:
            result = f"{result} ({sides[verdict.deviation]})"
        return [
            number,
            metric.name,
            Line._show(metric, figure.value, parts) if figure else "—",
            each.line.requirement,
            Line._show_margin(metric, verdict.margin, parts and parts[1])
            if figure
            else "—",
            result,
            obligations[each.line.obligation],
            each.line.article or "",
            self.env._("verified")
            if each.line.is_verified
            else self.env._("unverified"),
        ]

    def _describe_conflict(self, each, facts):
        Line = self.env["welfare.standard.line"]
        other = each.other
        return self.env._(
            "%(metric)s: %(reason)s",
            metric=each.line.metric_id.name,
            reason=Line._describe_conflict(
                each.line.metric_id,
                each.conflict,
                each.bounds,
                other._get_bounds(),
                other.standard_id,
                facts.beds,
            ),
        )

    def _get_notes(self, checks):
        metrics = self.env["welfare.facility.metric"].union(
            *(each.line.metric_id for check in checks for each in check.lines)
        )
        return [
            self.env._(
                "%(metric)s = %(formula)s", metric=metric.name, formula=metric.formula
            )
            for metric in metrics.sorted()
            if metric.formula
        ]
