"""`kit add secret`: an environment variable that gets the value of a secret, in the environment files."""

from __future__ import annotations

from agentcore_kit.authoring.changes import Changes, not_placed
from agentcore_kit.authoring.yaml_text import YamlFile
from agentcore_kit.authoring.yaml_values import fits
from agentcore_kit.config.delivery import LOCAL_ENVIRONMENT, environment_names
from agentcore_kit.config.explain import choose
from agentcore_kit.config.manifest import Manifest
from agentcore_kit.config.served import VariableName
from agentcore_kit.delivery.errors import WRONG_INPUT, CommandError
from agentcore_kit.runtime.secrets import create_command


def add_secret(
    changes: Changes, manifest: Manifest, variable: str, secret: str = "", environments: str = ""
) -> list[str]:
    """Add a secret to environment files. Its value is in no file: the shell has it, or AWS Secrets Manager.

    Args:
        changes: The repository's files.
        manifest: Its manifest.
        variable: The environment variable, for example `CRM_KEY`.
        secret: Its name in AWS Secrets Manager, or `name#key`; made of component and variable where it is empty.
        environments: Which environments, joined by commas; all of them where it is empty.

    Returns:
        What is left to a person, a line each.

    Raises:
        CommandError: When a name is not right, or a place in a file was not found.
    """
    if not fits(variable, VariableName):
        needed = "needed: upper-case letters, digits and _, for example CRM_KEY"
        raise CommandError(f"{variable!r} is no name of an environment variable", needed, WRONG_INPUT)
    names = [name for name in environments.split(",") if name] or list(environment_names())
    for name in names:
        if name not in environment_names():
            known = choose(name, environment_names())
            raise CommandError(f"--env: {name!r} is no environment", known, WRONG_INPUT)
    default = f"{manifest.metadata.name}/{variable.lower().replace('_', '-')}"
    left = []
    for name in names:
        file = YamlFile(changes, f"environments/{name}.yaml")
        known = file.value("secrets", variable)
        if known is not None and secret in ("", known):
            continue
        if file.value("variables", variable) is not None:
            what = f"{variable} stands under variables, in a file that is in git"
            step = "remove it there, replace the value wherever it is used, then type the same again"
            raise not_placed(file.name, file.line("variables", variable), what, step)
        file.put(("secrets", variable), secret or default)
        stored = (secret or default).partition("#")[0]
        if name == LOCAL_ENVIRONMENT:
            left.append(f"on this machine: export {variable}=…")
        else:
            left.append(f"{name}: {create_command(stored, str(file.value('region')))}")
    return [*left, f'read it where you use it: os.environ["{variable}"]'] if left else []
