from collections import defaultdict

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import SQL, file_open

from ..tools.money import to_yuan


class WelfareAllotmentLine(models.Model):
    """One holder of an allotment, and what it gets."""

    _name = "welfare.allotment.line"
    _description = "Holder of an Allotment"
    _inherit = ["welfare.approval.content.mixin", "welfare.currency.mixin"]
    _order = "id"

    _approval_document = "allotment_id"
    _approval_fields = ("region_id", "facility_id", "amount", "note")
    _approval_excluded = {
        "is_norm_taken": "noted when it is posted",
        "norm_freed_by_id": "noted when another one is posted",
    }

    allotment_id = fields.Many2one(
        comodel_name="welfare.allotment",
        required=True,
        index=True,
        ondelete="cascade",
    )
    upper_region_id = fields.Many2one(
        related="allotment_id.region_id", string="Upper Region"
    )
    region_id = fields.Many2one(
        comodel_name="welfare.region",
        compute="_compute_region_id",
        store=True,
        readonly=False,
        required=True,
        precompute=True,
        index=True,
        ondelete="restrict",
        domain="[('id', 'child_of', upper_region_id)]",
    )
    facility_id = fields.Many2one(
        comodel_name="welfare.facility",
        index="btree_not_null",
        ondelete="restrict",
        domain="[('region_id', 'child_of', upper_region_id)]",
    )
    amount = fields.Monetary(required=True)
    note = fields.Char()
    is_norm_taken = fields.Boolean(string="Takes the Norm", readonly=True, copy=False)

    norm_freed_by_id = fields.Many2one(
        comodel_name="welfare.allotment",
        string="Norm Given Back by",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )

    # Whatever the year and the source: a home takes a norm once.
    _norm_uniq = models.UniqueIndex(
        "(facility_id) WHERE is_norm_taken",
        "This home has taken a norm already.",
    )
    _check_amount = models.Constraint(
        "CHECK (amount > 0 AND amount = ROUND(amount, 2) AND amount < 10000000000000)",
        "An amount is more than nothing, in yuan and fen.",
    )

    def init(self):
        with file_open(
            "welfare_facility/models/sql/welfare_allotment_line.sql"
        ) as file:
            self.env.cr.execute(file.read())
        return super().init()

    # === COMPUTE METHODS === #

    @api.depends("facility_id")
    def _compute_region_id(self):
        for line in self:
            line.region_id = line.facility_id.region_id or line.region_id

    @api.depends("facility_id.name", "region_id.name")
    def _compute_display_name(self):
        for line in self:
            line.display_name = line.facility_id.name or line.region_id.name

    # === CONSTRAINT METHODS === #

    @api.constrains("region_id", "facility_id")
    def _check_holder(self):
        self._refuse_holders()

    # === CRUD METHODS === #

    @api.model_create_multi
    def create(self, vals_list):
        allotment_ids = {vals.get("allotment_id") for vals in vals_list}
        allotments = self.env["welfare.allotment"].browse(filter(None, allotment_ids))
        allotments._check_is_initial()
        lines = super().create(
            [
                {**vals, "is_norm_taken": False, "norm_freed_by_id": False}
                for vals in vals_list
            ]
        )
        lines.allotment_id._check_is_initial()
        return lines

    def write(self, vals):
        self.allotment_id._check_is_initial()
        vals = {**vals}
        for name in ("is_norm_taken", "norm_freed_by_id"):
            vals.pop(name, None)
        allotment_id = vals.get("allotment_id")
        if allotment_id and allotment_id not in self.allotment_id.ids:
            raise AccessError(self.env._("A line stays with its allotment."))
        result = super().write(vals)
        self.allotment_id._check_is_initial()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_if_draft(self):
        self.allotment_id._check_is_initial()

    # === BUSINESS METHODS === #

    @api.model
    def _get_readable_name(self, record):
        """Return a name for a message, which must not tell what its reader may not see.

        :rtype: str
        """
        is_readable = record.sudo(False).has_access("read")
        return record[record._rec_name] if is_readable else f"#{record.id}"

    def _refuse_holders(self):
        """Refuse holders that are not below the upper account.

        :raise UserError: one lies elsewhere, or is the holder of the upper account.
        """
        regions = self.region_id | self.allotment_id.account_id.region_id
        regions.flush_model(["parent_id"])  # the path follows it
        # Past the rules: a region that its user cannot read is refused in words as
        # well. Nothing else is asked of it.
        query = SQL(
            "SELECT id, parent_path FROM welfare_region WHERE id IN %s",
            tuple(regions.ids) or (0,),
        )
        paths = dict(self.env.execute_query(query))
        for line in self:
            line._refuse_holder(paths)

    def _refuse_holder(self, paths):
        upper = self.allotment_id.account_id
        region = self.region_id
        # sudo(): a home that its user cannot read is refused in words as well.
        if self.facility_id and self.facility_id.sudo().region_id != region:
            raise UserError(
                self.env._(
                    "%(facility)s does not lie in %(region)s.",
                    facility=self._get_readable_name(self.facility_id),
                    region=self._get_readable_name(self.region_id),
                )
            )
        if not paths[region.id].startswith(paths[upper.region_id.id]):
            raise UserError(
                self.env._(
                    "%(holder)s is not part of %(region)s, whose money this is.",
                    holder=self._get_readable_name(self.region_id),
                    region=upper.region_id.name,
                )
            )
        if (region, self.facility_id) == (upper.region_id, upper.facility_id):
            raise UserError(
                self.env._(
                    "%(holder)s cannot allot to itself.", holder=upper.display_name
                )
            )

    def _get_accounts(self):
        """Return each line's account, of the upper account's appropriation and year.

        :rtype: dict[WelfareAllotmentLine, WelfareFundAccount]
        """
        upper = self.allotment_id.account_id
        accounts = upper._get_or_create_all(
            upper.appropriation_id,
            upper.year,
            [(line.region_id, line.facility_id) for line in self],
        )
        return dict(zip(self, accounts, strict=True))

    def _get_earlier_norm_lines(self):
        """Return the lines by which the homes took a norm before.

        :rtype: dict[WelfareFacility, WelfareAllotmentLine]
        """
        # sudo(): another region or another year may have given it.
        earlier = self.sudo().search(
            [
                ("facility_id", "in", self.facility_id.ids),
                ("is_norm_taken", "=", True),
                ("id", "not in", self.ids),
            ]
        )
        return {line.facility_id: line for line in earlier}

    def _write_norm_taken(self, value, freed_by=None):
        """Write what no user writes, past our own guard."""
        result = super().write(  # pylint: disable=super-method-mismatch
            {
                "is_norm_taken": value,
                "norm_freed_by_id": freed_by.id if freed_by else False,
            }
        )
        self.flush_recordset(["is_norm_taken"])
        return result

    def _take_norm(self):
        """Note which homes take the norm now, or are free to take it again.

        To be called with the lines of one allotment.
        """
        allotment = self.allotment_id
        if not self.facility_id:
            return
        earlier = self._get_earlier_norm_lines()
        if allotment.kind == "send":
            lines = self.filtered(
                lambda line: (
                    allotment.norm_id
                    and line.facility_id
                    and line.facility_id not in earlier
                )
            )
            # A home that is named twice takes it once.
            first = {line.facility_id: line for line in reversed(lines)}
            lines = self.browse().union(*first.values())
            lines._write_norm_taken(True)
        else:
            returned = defaultdict(float)
            for line in self:
                returned[line.facility_id] += line.amount
            lines = (
                self.sudo()
                .browse()
                .union(
                    *(
                        line
                        for home, line in earlier.items()
                        if to_yuan(line.amount) <= to_yuan(returned[home])
                    )
                )
            )
            lines._write_norm_taken(False, freed_by=allotment)

    def _restore_norm(self):
        """Undo what posting the lines of one allotment has noted of the norm.

        :raise UserError: a home that gave its norm back has taken one again since.
        """
        allotment = self.allotment_id
        if allotment.kind == "send":
            self.filtered("is_norm_taken")._write_norm_taken(False)
            return
        # sudo(): as in _get_earlier_norm_lines().
        freed = self.sudo().search(
            [
                ("norm_freed_by_id", "=", allotment.id),
                ("allotment_id.state", "=", "posted"),
            ]
        )
        for home, line in freed._get_earlier_norm_lines().items():
            raise UserError(
                self.env._(
                    "%(holder)s has taken a norm again since, by %(number)s: reverse "
                    "that one first.",
                    holder=self._get_readable_name(home),
                    number=self._get_readable_name(line.allotment_id),
                )
            )
        freed._write_norm_taken(True)
