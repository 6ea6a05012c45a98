"""`python -m stackedmm` is `stackedmm`."""

import sys

from stackedmm.cli.main import main

sys.exit(main())
