# pure functions
from . import test_money
from . import test_workdays
from . import test_cjk
from . import test_layout
from . import test_workbook
from . import test_textvalue
from . import test_ledger
from . import test_division_code
from . import test_coverage
from . import test_photo
from . import test_area
from . import test_standard_figures

# installation, access, and what every stage uses
from . import test_installation
from . import test_permission_matrix
from . import test_res_users
from . import test_welfare_state_mixin
from . import test_welfare_workday_exception

# 1 region
from . import test_welfare_region
from . import test_welfare_region_import
from . import test_welfare_rule

# 2 facility
from . import test_welfare_facility
from . import test_welfare_facility_import
from . import test_welfare_import_mapping
from . import test_welfare_facility_import_fund
from . import test_ledger_files
from . import test_ledger_sheets
from . import test_ledger_writer
from . import test_ledger_concurrency
from . import test_welfare_facility_measurement
from . import test_welfare_standard
from . import test_welfare_compliance
from . import test_welfare_standard_plan
from . import test_institution_import
from . import test_welfare_coverage_target
from . import test_welfare_coverage_measure
from . import test_registers
from . import test_reports
from . import test_coverage_story
from . import test_coverage_demo
from . import test_welfare_facility_log
from . import test_welfare_rectification
from . import test_welfare_facility_operation
from . import test_welfare_staff

# 3 project
from . import test_welfare_project

# 4 funding
from . import test_welfare_fund_demo
from . import test_welfare_project_fund
from . import test_welfare_project_import
from . import test_welfare_project_demo
from . import test_welfare_fund_ledger
from . import test_welfare_fund_rules
from . import test_welfare_fund_period
from . import test_welfare_fund_attacks
from . import test_welfare_fund_properties
from . import test_welfare_fund_concurrency
from . import test_welfare_fund_position
from . import test_welfare_fund_reconciliation
from . import test_welfare_fund_reversal
from . import test_welfare_facility_import_ledger
from . import test_welfare_facility_import_allotment
from . import test_welfare_fund_carry
from . import test_welfare_facility_label

# 9 audit
from . import test_identity
from . import test_audit_capture
from . import test_audit_reading
from . import test_audit_format
from . import test_audit_seal
from . import test_welfare_audit_verification

# approval
from . import test_welfare_approval
from . import test_welfare_inbox
from . import test_welfare_approval_attacks

# screens
from . import test_tours
from . import test_site_log_tour
