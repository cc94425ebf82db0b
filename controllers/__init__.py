from . import ledger
from . import report
from . import photo
from . import audit
