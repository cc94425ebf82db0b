"""Approvals: a document on its way through two steps, beside a purchase order's two."""

from . import funds
from .case import Case

COUNT = 30
PEOPLE = ("finance", "approver_section", "approver_deputy")


def setup_approval(env):
    """Have money, two tiers, and a person for each of them."""
    account = funds.setup_account(env)
    county = account.region_id
    users = []
    for role in PEOPLE:
        group = env.ref(f"welfare_facility.welfare_group_{role}")
        users.append(
            env["res.users"].create(
                {
                    "name": role,
                    "login": f"bench {role}",
                    "group_ids": [(4, group.id)],
                    "welfare_region_ids": [(6, 0, county.ids)],
                }
            )
        )
    kind = env.ref("welfare_facility.approval_kind_allotment")
    env["welfare.approval.tier"].create(
        [
            {
                "kind_id": kind.id,
                "jurisdiction_id": county.id,
                "name": role,
                "sequence": sequence,
                "group_id": env.ref(f"welfare_facility.welfare_group_{role}").id,
                "date_from": "2010-01-01",
                "source": "bench",
            }
            for sequence, role in enumerate(PEOPLE[1:])
        ]
    )
    env.cr.commit()
    return account, users


def run_approval(env, prepared, n):
    """Make an allotment, submit it, and have it approved by two, each committed."""
    account, (finance, *approvers) = prepared
    street = account.region_id.child_ids
    for _ in range(n):
        allotment = (
            env["welfare.allotment"]
            .with_user(finance)
            .create(
                {
                    "number": f"bench {next(funds.KEYS)}",
                    "account_id": account.id,
                    "date": funds.DATE,
                    "line_ids": [(0, 0, {"region_id": street.id, "amount": 50000})],
                }
            )
        )
        env.cr.commit()
        allotment.action_submit()
        env.cr.commit()
        request = allotment.approval_request_id
        for approver in approvers:
            request.with_user(approver).action_approve(request.fingerprint)
            env.cr.commit()


CASES = (
    Case(
        "approval",
        "allotment created, submitted, approved by two, each committed",
        COUNT,
        run_approval,
        setup_approval,
        warm=True,
        against=("purchase.order, two steps",),
    ),
)
