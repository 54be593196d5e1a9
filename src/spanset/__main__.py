"""``python -m spanset``: the command line."""

import sys

from spanset.cli import main

sys.exit(main())
