import secrets

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command


class WelfareUserAccess(models.TransientModel):
    """Lets the administrator say who works here, in which roles and regions.

    The administrator of this application is not the administrator of the server: Odoo's
    own right to edit users would let him take any role, and change the access rights
    themselves. This is all of it that he needs.
    """

    _name = "welfare.user.access"
    _description = "Roles and Regions of a User"

    user_id = fields.Many2one(
        comodel_name="res.users",
        domain="[('share', '=', False)]",
        help="Empty for somebody who is new.",
    )
    name = fields.Char()
    login = fields.Char()
    role_ids = fields.Many2many(
        comodel_name="res.groups",
        string="Roles",
        domain=lambda self: self._get_role_domain(),
        compute="_compute_access",
        store=True,
        readonly=False,
    )
    region_ids = fields.Many2many(
        comodel_name="welfare.region",
        string="Regions",
        compute="_compute_access",
        store=True,
        readonly=False,
    )

    # === COMPUTE METHODS === #

    @api.depends("user_id")
    def _compute_access(self):
        roles = self._get_roles()
        for access in self:
            # sudo(): groups of others are not readable; only the roles are taken.
            user_sudo = access.user_id.sudo()
            access.role_ids = user_sudo.group_ids & roles
            access.region_ids = user_sudo.welfare_region_ids

    # === ACTION METHODS === #

    def action_apply(self):
        """Give the user exactly these roles and regions.

        :raise AccessError: the caller is no administrator, changes himself, or wants to
            change somebody who keeps the server.
        """
        self.ensure_one()
        self._check_may_apply()
        if not self.user_id and not (self.name and self.login):
            raise UserError(self.env._("Enter name and login."))
        roles = self.role_ids & self._get_roles()
        if self.role_ids != roles:
            raise AccessError(self.env._("Only the roles of this application."))
        # Made here, shown once and kept nowhere.
        password = secrets.token_urlsafe(9)
        Users_sudo = self.env["res.users"].with_context(no_reset_password=True).sudo()
        user_sudo = Users_sudo.browse(self.user_id.id) or Users_sudo.create(
            {"name": self.name, "login": self.login, "password": password}
        )
        taken = self._get_roles() - roles
        user_sudo.write(
            {
                "group_ids": [Command.unlink(group.id) for group in taken]
                + [Command.link(group.id) for group in roles],
                "welfare_region_ids": [Command.set(self.region_ids.ids)],
            }
        )
        close = {"type": "ir.actions.act_window_close"}
        if self.user_id:
            return close
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "sticky": True,
                "message": self.env._(
                    "%(login)s can log in with the password %(password)s, which is "
                    "shown only here; it is to be changed after the first login.",
                    login=self.login,
                    password=password,
                ),
                "next": close,
            },
        }

    # === BUSINESS METHODS === #

    def _check_may_apply(self):
        if not self.env.user.has_group("welfare_facility.welfare_group_administrator"):
            raise AccessError(self.env._("Only the administrator gives access."))
        if self.user_id == self.env.user:
            raise AccessError(self.env._("Nobody changes the own access."))
        # sudo(): what another user may do is not readable.
        if self.user_id and self.user_id.sudo().has_group("base.group_erp_manager"):
            raise AccessError(
                self.env._("Who keeps the server is changed in its settings.")
            )

    @api.model
    def _get_role_domain(self):
        category = self.env.ref("welfare_facility.module_category_welfare")
        return [("privilege_id.category_id", "=", category.id)]

    @api.model
    def _get_roles(self):
        # sudo(): the groups are a fixed list of this module.
        return self.env["res.groups"].sudo().search(self._get_role_domain())
