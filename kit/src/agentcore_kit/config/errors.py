"""What is wrong with a file that people write."""

from __future__ import annotations


class ConfigError(ValueError):
    """A file is wrong. The text has one line for each problem, ready to be shown.

    Attributes:
        problems: One line each: file, line, field, and what would be right.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
