"""What every test needs. A floor's own fixtures live in the conftest.py of its folder."""

import os

from hypothesis import settings

# No deadline: a machine that is busy is not a bug. No database: a failure that only this
# desk remembers cannot be sent to anybody; the printed blob can.
settings.register_profile("desk", deadline=None, database=None, print_blob=True)
# In CI the same examples each time: a red run is about the change that it ran on.
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")
