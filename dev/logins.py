"""The people of the demo database, one per role or post; each password is the login."""

LOGINS = (
    ("finance", "finance officer", "财务人员"),
    ("procurement", "procurement officer", "采购人员"),
    ("manager", "facility manager", "设施管理员"),
    ("keeper", "keeper of one home, by telephone", "儿童之家管理员"),
    ("section", "approver: section head", "科室负责人"),
    ("approver", "approver: deputy director", "分管领导"),
    ("head", "approver: head of the bureau", "局长"),
    ("auditor", "auditor", "审计人员"),
    ("administrator", "administrator of the application", "系统管理员"),
)


def table():
    """Return the logins as lines to print."""
    lines = [f"    {'login = password':<18}role"]
    lines += [f"    {login:<18}{role} ({chinese})" for login, role, chinese in LOGINS]
    return "\n".join([*lines, f"    {'admin':<18}Odoo's own administrator"])
