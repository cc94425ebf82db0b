"""Installation hooks."""


def uninstall_hook(env):
    """Drop what the module made in the database outside Odoo's own registry.

    Odoo drops tables (and with them their triggers), but not functions.
    """
    env.cr.execute("DROP FUNCTION IF EXISTS welfare_state_guard() CASCADE")
