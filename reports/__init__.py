from . import welfare_coverage_report
from . import welfare_facility_report
