from . import welfare_region_import
from . import welfare_user_access
from . import welfare_facility_transition
from . import welfare_appropriation_close
from . import welfare_fund_reversal
from . import welfare_project_step
from . import welfare_fund_position_day
from . import welfare_approval_decide
