"""`python -m runtime`: serve this component, as its container does."""

import runpy

from ops.serving import MODULE

runpy.run_module(MODULE, run_name="__main__", alter_sys=True)
