"""What a case of ./bench is made of."""

import dataclasses
from collections.abc import Callable


@dataclasses.dataclass(frozen=True)
class Case:
    """Something to be measured, in a database of its own.

    :ivar str name: how it is called on the command line
    :ivar str unit: what one unit of the work is
    :ivar int n: how many units a run does
    :ivar run: function of (env, what set-up returned, n) that does the work
    :ivar setup: function of (env) that prepares it; not measured
    :ivar bool warm: whether one unit is done first and not measured, so that what
        Odoo reads once and keeps is not counted
    :ivar against: names of the cases that it is compared with
    """

    name: str
    unit: str
    n: int
    run: Callable
    setup: Callable = lambda env: None
    warm: bool = False
    against: tuple = ("purchase.order", "account.payment", "raw posting")


def connection(env):
    """Return a connection without Odoo, and a list that counts its statements."""
    import psycopg2
    import psycopg2.extensions

    from odoo.sql_db import connection_info_for

    statements = []

    class CountingCursor(psycopg2.extensions.cursor):
        def execute(self, query, variables=None):
            statements.append(query)
            return super().execute(query, variables)

        def copy_expert(self, sql, file, size=8192):
            statements.append(sql)
            return super().copy_expert(sql, file, size)

    _name, parameters = connection_info_for(env.cr.dbname)
    return psycopg2.connect(cursor_factory=CountingCursor, **parameters), statements
