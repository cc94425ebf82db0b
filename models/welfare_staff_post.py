from odoo import api, fields, models
from odoo.exceptions import ValidationError

#: The level of the region that a post serves, where law names one.
POST_LEVELS = {"children_director": "village", "children_supervisor": "township"}


class WelfareStaffPost(models.Model):
    """A post that a person held from a day to a day (任职).

    There is a 儿童主任 in each village or community and a 儿童督导员 in each township
    or street; who held which post on a past day can always be asked.
    """

    _name = "welfare.staff.post"
    _description = "Post"
    _inherit = ["welfare.region.mixin"]
    _order = "date_from desc, id desc"

    staff_id = fields.Many2one(
        comodel_name="welfare.staff", required=True, ondelete="cascade", index=True
    )
    kind = fields.Selection(
        selection=[
            ("children_director", "Children's Director"),
            ("children_supervisor", "Children's Supervisor"),
            ("social_worker", "Social Worker"),
            ("caretaker", "Caretaker of a Home"),
        ],
        string="Post",
        required=True,
        default="children_director",
    )
    region_id = fields.Many2one(string="Serves")
    date_from = fields.Date(string="From", required=True)
    date_to = fields.Date(string="To", help="Empty while it is held.")

    _kind_region_idx = models.Index("(kind, region_id)")
    _check_dates = models.Constraint(
        "CHECK (date_to >= date_from)", "A post does not end before it begins."
    )

    # === COMPUTE METHODS === #

    @api.depends("staff_id.name", "kind", "region_id.name")
    @api.depends_context("lang")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        for post in self:
            parts = (post.staff_id.name, kinds.get(post.kind), post.region_id.name)
            post.display_name = " · ".join(part for part in parts if part)

    # === CONSTRAINT METHODS === #

    @api.constrains("kind", "region_id")
    def _check_level(self):
        levels = dict(
            self.env["welfare.region"]._fields["level"]._description_selection(self.env)
        )
        for post in self:
            level = POST_LEVELS.get(post.kind, post.region_id.level)
            if post.region_id.level != level:
                raise ValidationError(
                    self.env._(
                        "%(post)s: this post is one of the level “%(level)s”.",
                        post=post.display_name,
                        level=levels[level],
                    )
                )

    @api.constrains("staff_id", "region_id")
    def _check_place(self):
        for post in self:
            post.staff_id.check_access("read")

    # === BUSINESS METHODS === #

    def _holds_on(self, date):
        """Tell whether the post is held on a day."""
        self.ensure_one()
        return self.date_from <= date and (not self.date_to or self.date_to >= date)
