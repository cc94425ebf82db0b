"""The cases of ./bench. A new one is a Case in a module here, listed in CASES."""

from . import (
    approval_steps,
    approvals,
    audit,
    audit_seal,
    coverage,
    funds,
    ledgers,
    reference,
    regions,
    standards,
    site_log,
)

CASES = {
    case.name: case
    for case in (
        *reference.CASES,
        *regions.CASES,
        *coverage.CASES,
        *standards.CASES,
        *site_log.CASES,
        *ledgers.CASES,
        *funds.CASES,
        *approval_steps.CASES,
        *approvals.CASES,
        *audit.CASES,
        *audit_seal.CASES,
    )
}
