from . import welfare_coverage_report
