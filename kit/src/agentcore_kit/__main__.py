"""`python -m agentcore_kit COMMAND` is `kit COMMAND`, for processes that know Python and not the path of `kit`."""

from agentcore_kit.cli import main

if __name__ == "__main__":
    main()
