# The imports follow the flow of public money: a later stage knows an earlier one,
# never the reverse.

# mixins
from . import welfare_progress_mixin
from . import welfare_region_mixin
from . import welfare_state_mixin
from . import welfare_currency_mixin
from . import welfare_history_mixin
from . import welfare_attachment_mixin
from . import welfare_thread_mixin
from . import welfare_approval_content_mixin
from . import welfare_approval_mixin
from . import welfare_approval_trail_mixin
from . import welfare_rule_mixin

# rules that every stage reads
from . import welfare_workday_exception
from . import welfare_import_column
from . import welfare_rule

# 1 region
from . import welfare_region
from . import welfare_import_mapping

# 2 facility
from . import welfare_facility_type
from . import welfare_facility
from . import welfare_facility_status
from . import welfare_facility_closure
from . import welfare_facility_close
from . import welfare_facility_import
from . import welfare_facility_import_file
from . import welfare_facility_import_line
from . import welfare_facility_import_heading
from . import welfare_facility_import_fund
from . import welfare_facility_metric
from . import welfare_facility_measurement
from . import welfare_standard
from . import welfare_standard_class
from . import welfare_standard_line
from . import welfare_compliance
from . import welfare_compliance_line
from . import welfare_facility_occupancy
from . import welfare_facility_standard
from . import welfare_coverage_measure
from . import welfare_coverage_target
from . import welfare_coverage_need

# 2 facility: what happens in it
from . import welfare_facility_log
from . import welfare_facility_photo
from . import welfare_rectification
from . import welfare_rectification_extension
from . import welfare_facility_activity
from . import welfare_facility_opening
from . import welfare_facility_use
from . import welfare_facility_site
from . import welfare_staff
from . import welfare_staff_post
from . import welfare_staff_record
from . import welfare_coverage_measure_staff

# 3 project
from . import welfare_project_kind
from . import welfare_project_gate
from . import welfare_project_plan
from . import welfare_project
from . import welfare_project_date
from . import welfare_project_requirement
from . import welfare_project_estimate
from . import welfare_project_milestone
from . import welfare_project_measurement
from . import welfare_project_check
from . import welfare_project_deadline
from . import welfare_facility_project
from . import welfare_facility_log_project

# 4 funding
from . import welfare_fiscal_year
from . import welfare_fund_period
from . import welfare_fund_purpose
from . import welfare_fund_classification
from . import welfare_fund_source
from . import welfare_fund_norm
from . import welfare_appropriation
from . import welfare_fund_account
from . import welfare_fund_account_posting
from . import welfare_fund_account_proof
from . import welfare_fund_entry
from . import welfare_fund_document_mixin
from . import welfare_appropriation_adjustment
from . import welfare_fund_transfer_rule
from . import welfare_allotment
from . import welfare_allotment_line
from . import welfare_fund_carry_rule
from . import welfare_fund_carry
from . import welfare_fund_carry_line
from . import welfare_fund_position
from . import welfare_fund_reconciliation
from . import welfare_fund_reconciliation_line
from . import welfare_appropriation_use
from . import welfare_facility_fund
from . import welfare_fund_account_incoming
from . import welfare_facility_closure_fund
from . import welfare_project_plan_fund
from . import welfare_project_plan_money
from . import welfare_project_fund
from . import welfare_facility_import_fund_ledger
from . import welfare_facility_import_fund_allotment
from . import welfare_facility_import_ledger

# 9 approval: serves the documents of every stage
from . import welfare_duty
from . import welfare_duty_conflict
from . import welfare_duty_exception
from . import welfare_duty_report
from . import welfare_approval_kind
from . import welfare_approval_tier
from . import welfare_approval_delegation
from . import welfare_approval_step
from . import welfare_approval_decision
from . import welfare_approval_request

# 9 audit
from . import welfare_audit_event
from . import welfare_audit_leaf
from . import welfare_audit_seal
from . import welfare_audit_verification

# extensions of the platform
from . import base
from . import ir_attachment
from . import ir_actions_report
from . import ir_http
from . import ir_cron
from . import welfare_audit_report_mark
from . import welfare_approval_refusal
from . import res_users

# on top of all reports
from . import welfare_audit_print
