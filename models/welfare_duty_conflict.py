from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL


class WelfareDutyConflict(models.Model):
    """Two duties that one person must not have (不相容岗位).

    ``in_chain``: nobody does both along the chain of one payment, whatever roles he has
    had when. ``in_roles``: who holds the role of the one does not do the other at all.

    That nobody approves what he himself has made or asked for, and nobody approves the
    same document twice, is no row: it always holds. The row of approving with itself
    only names what an exception for a tiny office may allow.
    """

    _name = "welfare.duty.conflict"
    _description = "Incompatible Duties"
    _inherit = ["welfare.rule.mixin"]
    _order = "duty_id, other_id, id"

    _approval_fields = (
        *("duty_id", "other_id", "in_chain", "in_roles"),
        *("date_from", "date_to", "source"),
    )

    duty_id = fields.Many2one(
        comodel_name="welfare.duty", required=True, index=True, ondelete="restrict"
    )
    other_id = fields.Many2one(
        comodel_name="welfare.duty",
        string="Other Duty",
        required=True,
        index=True,
        ondelete="restrict",
    )
    in_chain = fields.Boolean(
        string="Along a Payment",
        default=True,
        help="Nobody does both along the chain of one payment.",
    )
    in_roles = fields.Boolean(
        string="As Roles", help="Who has the role of the one does not do the other."
    )
    active = fields.Boolean(default=True)

    _duties_uniq = models.UniqueIndex(
        "(LEAST(duty_id, other_id), GREATEST(duty_id, other_id)) "
        "WHERE active AND state = 'effective'",
        "These duties are in the matrix already.",
    )

    # === COMPUTE METHODS === #

    @api.depends("duty_id.name", "other_id.name")
    def _compute_display_name(self):
        for row in self:
            names = filter(None, (row.duty_id.name, row.other_id.name))
            row.display_name = " × ".join(names)

    # === BUSINESS METHODS === #

    @api.model
    def _get_in_force(self):
        """Return the rows that hold today, which are a few.

        :rtype: WelfareDutyConflict
        """
        return self.search(self._domain_in_force(fields.Date.context_today(self)))

    @api.model
    def _find_others(self, code, user):
        """Yield the duties that do not go together with one, as the matrix is today.

        In one query, since every step of every document asks it: each conflict, the
        code of the other duty, whether it holds along a chain, and whether its role
        bars the user.
        """
        self.flush_model()
        self.env["welfare.duty"].flush_model()
        query = SQL(
            """
            SELECT rule.id, other.code, rule.in_chain,
                   rule.in_roles AND other.group_id = ANY (%(groups)s)
            FROM welfare_duty duty
            JOIN welfare_duty_conflict rule ON duty.id IN (rule.duty_id, rule.other_id)
            JOIN welfare_duty other
                ON other.id IN (rule.duty_id, rule.other_id) AND other.id <> duty.id
            WHERE duty.code = %(code)s AND rule.active AND %(in_force)s
            ORDER BY other.sequence, rule.id
            """,
            groups=list(user.sudo()._get_group_ids()),
            code=code,
            in_force=self._sql_in_force(fields.Date.context_today(self)),
        )
        rows = self.env.execute_query(query)
        for conflict_id, *rest in rows:
            yield self.browse(conflict_id), *rest

    @api.model
    def _check(self, code, user, document, region):
        """Refuse a duty that does not go together with what a person did or may do.

        :param str code: the duty that the person is about to do.
        :param document: with which document; its chain is asked.
        :param region: where; an exception holds in its region and below.
        :return: the exceptions without which it would be refused.
        :rtype: WelfareDutyException
        :raise UserError: in words.
        """
        acts = [act for act in document._get_chain_acts() if act.user == user]
        used = self.env["welfare.duty.exception"].sudo()
        # sudo(): the matrix holds for everybody.
        others = self.sudo()._find_others(code, user)
        for row, code_of_other, in_chain, holds in others:
            found = in_chain and [act for act in acts if act.duty == code_of_other]
            if not found and not holds:
                continue
            exception = row._get_exception(user, region)
            if exception:
                used |= exception
                continue
            duties = row.duty_id | row.other_id
            names = {
                "name": user.sudo().name,
                "duty": duties.filtered(lambda duty: duty.code == code).name,
                "other": duties.filtered(lambda duty: duty.code != code).name,
            }
            if found:
                raise UserError(
                    self.env._(
                        "%(name)s has done “%(other)s” with %(document)s: that does "
                        "not go together with “%(duty)s”.",
                        document=found[0].document.display_name,
                        **names,
                    )
                )
            raise UserError(
                self.env._(
                    "%(name)s has the role of “%(other)s”: that does not go together "
                    "with “%(duty)s”.",
                    **names,
                )
            )
        return used

    def _get_exception(self, user, region):
        """Return the exception that holds for a person and a place today, or none."""
        self.ensure_one()
        return (
            self.env["welfare.duty.exception"]
            .sudo()
            .search(
                [
                    ("conflict_id", "=", self.id),
                    ("user_id", "=", user.id),
                    ("region_id", "parent_of", region.id),
                    ("state", "=", "effective"),
                    ("date_from", "<=", fields.Date.context_today(self)),
                    ("date_to", ">=", fields.Date.context_today(self)),
                ],
                limit=1,
            )
        )

    @api.model
    def _find_role_conflicts(self):
        """Return who holds roles that do not go together, in the caller's regions.

        :return: dictionaries with ``user``, ``conflict``, ``duty``, ``other``,
            ``exception`` (empty where nobody has authorized it) and ``is_blocking``
            (the program refuses the one duty to who has the other role).
        :rtype: list[dict]
        """
        # sudo(): the groups of others are not readable.
        Users = self.env["res.users"].sudo()
        regions = self.env.user.welfare_region_ids
        conflicts = []
        for row in self.sudo()._get_in_force():
            first, second = row.duty_id.group_id, row.other_id.group_id
            if not first or not second or first == second:
                continue
            users = Users.search(
                Domain("all_group_ids", "in", first.ids)
                & Domain("all_group_ids", "in", second.ids)
                & Domain("welfare_region_ids", "child_of", regions.ids)
            )
            conflicts += [
                {
                    "user": user.sudo(False),
                    "conflict": row.sudo(False),
                    "duty": row.duty_id.name,
                    "other": row.other_id.name,
                    "exception": row._get_exception(
                        user, user.welfare_region_ids[:1]
                    ).sudo(False),
                    "is_blocking": row.in_roles,
                }
                for user in users
            ]
        return conflicts

    @api.model
    def _find_chain_conflicts(self, documents):
        """Return what persons did along the chains that does not go together.

        :param documents: records that take ``welfare.approval.mixin``.
        :return: dictionaries with ``user``, ``conflict``, ``exception``, and of either
            side ``duty``, ``document``, ``at``, and ``other_duty``,
            ``other_document``, ``other_at``. The documents are records.
        :rtype: list[dict]
        """
        rows = self.sudo()._get_in_force()
        duties = self.env["welfare.duty"].search([])  # pylint: disable=no-search-all
        names = {duty.code: duty.name for duty in duties}
        conflicts = []
        for document in documents:
            acts = sorted(set(document._get_chain_acts()), key=lambda act: act.at)
            for index, act in enumerate(acts):
                for later in acts[index + 1 :]:
                    if later.user != act.user:
                        continue
                    if document not in (act.document, later.document):
                        continue
                    row = rows.filtered(
                        lambda row, one=act, two=later: (
                            row.in_chain
                            and sorted((row.duty_id.code, row.other_id.code))
                            == sorted((one.duty, two.duty))
                        )
                    )
                    if (
                        not row
                        or act.duty == later.duty
                        and (act.document != later.document)
                    ):
                        continue
                    region = document._get_approval_region()
                    conflicts.append(
                        {
                            "user": act.user.sudo(False),
                            "conflict": row.sudo(False),
                            "exception": row._get_exception(act.user, region).sudo(
                                False
                            ),
                            "duty": names[act.duty],
                            "document": act.document.sudo(False),
                            "at": act.at,
                            "other_duty": names[later.duty],
                            "other_document": later.document.sudo(False),
                            "other_at": later.at,
                        }
                    )
        return conflicts
