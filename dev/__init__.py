"""What stands behind ./run, ./test and ./bench.

Everything here is plain Python without third-party packages, because it runs before
anything is installed. Read in this order:

    console    steps on the screen, failures in one sentence
    store      the cache: folders that are either complete or absent
    apt        system packages
    sources    Odoo, the Python environment and the region files
    cluster    the private PostgreSQL server
    odoo       the odoo command line, databases and logs
    machine    all of the above, put together
    run, test, bench    the three commands
"""

import sys

if not (3, 11) <= sys.version_info[:2] <= (3, 13):
    sys.exit(
        "Python 3.11, 3.12 or 3.13 is needed, this is %d.%d: start the command with "
        "another one, for example python3.11 ./run" % sys.version_info[:2]
    )
