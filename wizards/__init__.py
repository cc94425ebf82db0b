from . import welfare_region_import
from . import welfare_user_access
from . import welfare_facility_transition
