"""Every Python that starts with this folder on its path reads this: one that shall die at a step is armed."""

import os

if "LINESHAFT_DIES" in os.environ:
    from tests.faults.armed import arm

    arm(os.environ["LINESHAFT_DIES"])
