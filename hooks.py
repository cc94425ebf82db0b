"""Installation hooks."""

from odoo.tools import SQL


def uninstall_hook(env):
    """Drop what the module made in the database outside Odoo's own registry.

    Odoo drops tables (and with them their triggers), but not functions.
    """
    functions = env.execute_query(
        SQL(
            """
            SELECT oid::regprocedure::text FROM pg_proc
            WHERE proname LIKE %s AND pronamespace = current_schema()::regnamespace
            """,
            "welfare\\_%",
        )
    )
    for (function,) in functions:
        # The name comes from the catalogue, already quoted by regprocedure.
        env.cr.execute(SQL("DROP FUNCTION IF EXISTS %s CASCADE", SQL(function)))
