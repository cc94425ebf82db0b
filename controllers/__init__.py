from . import ledger
from . import report
