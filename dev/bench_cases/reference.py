"""What everything is compared with: Odoo's own documents, and PostgreSQL itself."""

from .case import Case, connection

COUNT = 30


# === purchase.order ===


def setup_purchase(env):
    product = env["product.product"].create({"name": "Service", "type": "service"})
    partner = env["res.partner"].create({"name": "Supplier"})
    env.cr.commit()
    return partner, product


def run_purchase(env, prepared, n, is_anew=False):
    partner, product = prepared
    for _ in range(n):
        line = {"product_id": product.id, "product_qty": 1, "price_unit": 50000}
        order = env["purchase.order"].create(
            {"partner_id": partner.id, "order_line": [(0, 0, line)]}
        )
        if is_anew:
            env.cr.commit()
            env.invalidate_all()
        order.button_confirm()
        env.cr.commit()


def run_purchase_anew(env, prepared, n):
    """As a person does it: to confirm what was saved is a request of its own."""
    run_purchase(env, prepared, n, is_anew=True)


def setup_double_validation(env):
    """Let orders be confirmed by a buyer and approved by a manager."""
    partner, product = setup_purchase(env)
    env.company.write(
        {"po_double_validation": "two_step", "po_double_validation_amount": 1}
    )
    buyer, manager = (
        env["res.users"].create(
            {"name": name, "login": name, "group_ids": [(4, env.ref(group).id)]}
        )
        for name, group in (
            ("bench buyer", "purchase.group_purchase_user"),
            ("bench manager", "purchase.group_purchase_manager"),
        )
    )
    env.cr.commit()
    return partner, product, buyer, manager


def run_double_validation(env, prepared, n):
    partner, product, buyer, manager = prepared
    for _ in range(n):
        line = {"product_id": product.id, "product_qty": 1, "price_unit": 50000}
        order = (
            env["purchase.order"]
            .with_user(buyer)
            .create({"partner_id": partner.id, "order_line": [(0, 0, line)]})
        )
        order.button_confirm()
        env.cr.commit()
        order.with_user(manager).button_approve()
        env.cr.commit()


# === account.payment ===


def setup_payment(env):
    journal = env["account.journal"].search([("type", "=", "bank")], limit=1)
    partner = env["res.partner"].create({"name": "Supplier"})
    env.cr.commit()
    return journal, partner


def run_payment(env, prepared, n):
    journal, partner = prepared
    for _ in range(n):
        payment = env["account.payment"].create(
            {
                "payment_type": "outbound",
                "partner_type": "supplier",
                "partner_id": partner.id,
                "journal_id": journal.id,
                "amount": 50000,
            }
        )
        payment.action_post()
        env.cr.commit()


# === A posting without Odoo ===

FUND = """
CREATE TABLE bench_fund (
    id integer PRIMARY KEY,
    received numeric NOT NULL,
    paid numeric NOT NULL CHECK (paid <= received)
);
CREATE TABLE bench_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fund_id integer NOT NULL REFERENCES bench_fund,
    amount numeric NOT NULL,
    posted_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO bench_fund VALUES (1, 1e12, 0);
"""


def setup_raw(env):
    raw, statements = connection(env)
    with raw, raw.cursor() as cursor:
        cursor.execute(FUND)
    statements.clear()
    return raw, statements


def setup_raw_trail(env):
    """The same tables, captured by the trail as every table of the addon is."""
    from odoo.addons.welfare_facility.models.audit_capture import Capture

    raw, statements = setup_raw(env)
    schema = "public"
    with raw, raw.cursor() as cursor:
        for table in ("bench_fund", "bench_entry"):
            capture = Capture(table=table, model=table)
            cursor.execute(
                f"CREATE FUNCTION {capture.function}() RETURNS trigger "
                f"AS $bench${capture.body(schema)}$bench$ LANGUAGE plpgsql"
            )
            for name, trigger in capture.triggers().items():
                declaration = trigger.format(table=table, function=capture.function)
                cursor.execute(f"CREATE TRIGGER {name} {declaration}")
    statements.clear()
    return raw, statements


def run_raw(env, prepared, n):
    """Guard the balance and write the entry, each pair committed."""
    raw, statements = prepared
    statements.clear()
    for _ in range(n):
        with raw, raw.cursor() as cursor:
            cursor.execute("UPDATE bench_fund SET paid = paid + 50000 WHERE id = 1")
            cursor.execute(
                "INSERT INTO bench_entry (fund_id, amount) VALUES (1, 50000)"
            )
    return len(statements)


CASES = (
    Case(
        "purchase.order",
        "order created, confirmed, committed",
        COUNT,
        run_purchase,
        setup_purchase,
        warm=True,
        against=(),
    ),
    Case(
        "purchase.order, two requests",
        "order created, committed; read again, confirmed, committed",
        COUNT,
        run_purchase_anew,
        setup_purchase,
        warm=True,
        against=(),
    ),
    Case(
        "purchase.order, two steps",
        "order created, confirmed by one, approved by another, each committed",
        COUNT,
        run_double_validation,
        setup_double_validation,
        warm=True,
        against=(),
    ),
    Case(
        "account.payment",
        "payment created, posted, committed",
        COUNT,
        run_payment,
        setup_payment,
        warm=True,
        against=(),
    ),
    Case(
        "raw posting",
        "guarded update + insert, committed",
        COUNT * 10,
        run_raw,
        setup_raw,
        warm=True,
        against=(),
    ),
    Case(
        "raw posting, trail",
        "guarded update + insert on captured tables, committed",
        COUNT * 10,
        run_raw,
        setup_raw_trail,
        warm=True,
        against=("raw posting",),
    ),
)
