# The imports follow the flow of public money: a later stage knows an earlier one,
# never the reverse.

# mixins
from . import welfare_progress_mixin
from . import welfare_region_mixin
from . import welfare_state_mixin

# rules that every stage reads
from . import welfare_workday_exception
from . import welfare_import_column

# 1 region
from . import welfare_region

# 2 facility
from . import welfare_facility_type
from . import welfare_facility
from . import welfare_facility_status
from . import welfare_facility_import
from . import welfare_facility_import_line
from . import welfare_coverage_measure
from . import welfare_coverage_target

# extensions of the platform
from . import ir_actions_report
from . import res_users
