"""Installation hooks."""

from odoo.tools import SQL


def uninstall_hook(env):
    """Drop what the module made in the database outside Odoo's own registry.

    Odoo drops tables (and with them their triggers), but not functions, and no
    partitioned table.
    """
    # Before anything is deleted: what the trail has to say of it would go with it.
    env.cr.execute(
        SQL(
            """
            DROP TABLE IF EXISTS welfare_audit_event;
            DROP SEQUENCE IF EXISTS welfare_audit_event_id_seq
            """
        )
    )
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
    # Odoo deletes the records of the data one by one, in an order of its own, before it
    # drops the tables; the tables all go, so nothing needs to hold them together.
    constraints = env.execute_query(
        SQL(
            """
            SELECT conrelid::regclass::text, quote_ident(conname) FROM pg_constraint
            WHERE contype = 'f' AND conrelid::regclass::text LIKE %s
            """,
            "welfare\\_%",
        )
    )
    for table, constraint in constraints:
        env.cr.execute(
            SQL("ALTER TABLE %s DROP CONSTRAINT %s", SQL(table), SQL(constraint))
        )
