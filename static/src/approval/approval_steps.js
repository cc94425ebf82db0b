import { Component, onWillStart, onWillUpdateProps, useState } from "@odoo/owl";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardFieldProps } from "@web/views/fields/standard_field_props";
import { formatDay, formatMinute } from "./format";

/** How each state of a step looks: icon, colour and, for who does not see them, a word. */
const LOOKS = {
    approved: { icon: "fa-check", color: "success", label: _t("Approved") },
    current: { icon: "fa-user-o", color: "primary", label: _t("Waits for a decision") },
    waiting: { icon: "fa-circle-o", color: "secondary", label: _t("To come") },
    rejected: { icon: "fa-times", color: "danger", label: _t("Rejected") },
    returned: { icon: "fa-reply", color: "warning", label: _t("Returned for change") },
    skipped: { icon: "fa-minus", color: "secondary", label: _t("Not reached") },
};

/** The way of a request: who has decided when, whose turn it is, who is to come. */
export class ApprovalSteps extends Component {
    static template = "welfare_facility.ApprovalSteps";
    static props = { details: Object };

    get steps() {
        const { requester, submitted_at, steps } = this.props.details;
        const submitted = {
            name: _t("Submitted"),
            look: LOOKS.approved,
            lines: [{ text: requester, at: formatMinute(submitted_at) }],
        };
        return [submitted, ...steps.map((step) => this.describe(step))];
    }

    describe(step) {
        const lines = step.decisions.map((row) => ({
            text: row.on_behalf ? _t("%(user)s for %(other)s", { user: row.user, other: row.on_behalf }) : row.user,
            at: formatMinute(row.at),
            comment: row.comment,
        }));
        if (["current", "waiting"].includes(step.state) && step.people.length) {
            const people = step.people.slice(0, 3).join(_t(", "));
            const count = step.people.length;
            lines.push({ text: count > 3 ? _t("%(names)s and %(count)s more", { names: people, count: count - 3 }) : people });
        }
        return {
            name: step.name,
            look: LOOKS[step.state],
            isCurrent: step.state === "current",
            isOverdue: step.is_overdue,
            deadline: step.state === "current" && step.deadline && formatDay(step.deadline),
            note: step.mode === "all" && _t("All of them: %(done)s of %(needed)s", { done: step.decisions.length, needed: step.needed }),
            rule: step.rule,
            lines,
        };
    }
}

/**
 * The way of a request in a form: of the request itself (a widget), or on a document of its
 * newest one (a widget of `approval_request_id`).
 */
export class ApprovalStepsBox extends Component {
    static template = "welfare_facility.ApprovalStepsBox";
    static components = { ApprovalSteps };
    static props = { ...standardFieldProps, name: { type: String, optional: true } };

    setup() {
        this.orm = useService("orm");
        this.state = useState({ details: null });
        onWillStart(() => this.load(this.props));
        onWillUpdateProps((props) => this.load(props));
    }

    async load({ record, name }) {
        const id = name ? record.data[name]?.id : record.resId;
        this.state.details = id
            ? await this.orm.call("welfare.approval.request", "get_details", [id])
            : null;
    }
}

registry.category("fields").add("welfare_approval_steps", {
    component: ApprovalStepsBox,
    displayName: _t("Steps of Approval"),
    supportedTypes: ["many2one"],
});

registry.category("view_widgets").add("welfare_approval_steps", { component: ApprovalStepsBox });
