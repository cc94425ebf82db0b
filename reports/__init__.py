from . import welfare_approval_sheet_report
from . import welfare_coverage_report
from . import welfare_duty_report
from . import welfare_facility_report
from . import welfare_project_report
from . import welfare_project_handover_report
from . import welfare_standard_report
