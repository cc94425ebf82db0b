"""Approving: what an approver waits for when his inbox is full."""

from .case import Case

PENDING = 10_000
#: Copies of one submitted request, as many documents and steps.
FILL = """
WITH document AS (
    INSERT INTO welfare_duty_exception (
        user_id, conflict_id, region_id, date_from, date_to, reason, state,
        create_uid, write_uid, create_date, write_date
    )
    SELECT user_id, conflict_id, region_id, date_from, date_to, reason, state,
           create_uid, write_uid, create_date, write_date
    FROM welfare_duty_exception, generate_series(2, %(count)s)
    WHERE id = %(document)s
    RETURNING id
), request AS (
    INSERT INTO welfare_approval_request (
        name, kind_id, res_model, res_id, fingerprint, content, summary, amount,
        currency_id, region_id, requester_id, state, submitted_at,
        create_uid, write_uid, create_date, write_date
    )
    SELECT name, kind_id, res_model, document.id, fingerprint, content, summary, amount,
           currency_id, region_id, requester_id, state, submitted_at,
           create_uid, write_uid, create_date, write_date
    FROM welfare_approval_request, document WHERE welfare_approval_request.id = %(one)s
    RETURNING id
)
INSERT INTO welfare_approval_step (
    request_id, sequence, name, group_id, mode, needed, sla_days, state, started_at,
    create_uid, write_uid, create_date, write_date
)
SELECT request.id, step.sequence, step.name, step.group_id, step.mode, step.needed,
       step.sla_days, step.state, step.started_at,
       step.create_uid, step.write_uid, step.create_date, step.write_date
FROM request, welfare_approval_step step WHERE step.request_id = %(one)s
"""


def _create_person(env, group, region):
    return env["res.users"].create(
        {
            "name": group,
            "login": f"bench_{group}",
            "group_ids": [(6, 0, env.ref(f"welfare_facility.{group}").ids)],
            "welfare_region_ids": [(6, 0, region.ids)],
        }
    )


def setup(env):
    """Submit one exception in earnest, and copy it until 10,000 wait."""
    region = env["welfare.region"].search([("parent_id", "=", False)], limit=1)
    asker = _create_person(env, "welfare_group_administrator", region)
    head = _create_person(env, "welfare_group_approver_head", region)
    document = env["welfare.duty.exception"].create(
        {
            "user_id": env.ref("base.user_root").id,
            "conflict_id": env["welfare.duty.conflict"].search([], limit=1).id,
            "region_id": region.id,
            "date_from": "2026-01-01",
            "date_to": "2026-12-31",
            "reason": "只有两个人",
        }
    )
    env.cr.commit()
    document.with_user(asker).action_submit()
    env.flush_all()
    # The guards let nobody copy requests and their steps.
    env.cr.execute(
        "ALTER TABLE welfare_approval_request DISABLE TRIGGER USER;"
        "ALTER TABLE welfare_approval_step DISABLE TRIGGER USER"
    )
    env.cr.execute(
        FILL,
        {
            "count": PENDING,
            "document": document.id,
            "one": document.approval_request_id.id,
        },
    )
    env.cr.commit()
    env.cr.execute("ANALYZE")
    return head.id


def run_inbox(env, prepared, n):
    Request = env["welfare.approval.request"].with_user(prepared)
    for _ in range(n):
        env.invalidate_all()
        page = Request.get_inbox()
    if page["length"] != PENDING or len(page["records"]) != 80:
        raise ValueError(f"The inbox shows {page['length']}")


CASES = (
    Case(
        "approvals: inbox of 10,000",
        "page",
        20,
        run_inbox,
        setup,
        warm=True,
        against=(),
    ),
)
