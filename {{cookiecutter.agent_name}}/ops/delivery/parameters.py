"""SSM parameters: what the platform publishes, and what a component remembers."""

from __future__ import annotations

from collections.abc import Iterable

from ops.delivery.names import good_versions
from ops.delivery.place import Place
from ops.delivery.stop import Stop


def required(place: Place, names: Iterable[str]) -> dict[str, str]:
    """Return the values of parameters. Raises Stop that names all that are missing."""
    wanted = sorted(set(names))
    found = optional(place, wanted)
    if missing := [name for name in wanted if name not in found]:
        raise Stop(
            f"account {place.account} has no SSM parameter {', '.join(missing)} in {place.region}; nothing was changed",
            "the platform repository publishes them: deploy it there, or correct what manifest.yaml and "
            f"environments/{place.name}.yaml name",
        )
    return found


def optional(place: Place, names: Iterable[str]) -> dict[str, str]:
    """Return the values of those parameters that are there."""
    wanted = sorted(set(names))
    found: dict[str, str] = {}
    for start in range(0, len(wanted), 10):  # the most that one call takes
        page = place.client("ssm").get_parameters(Names=wanted[start : start + 10])
        found |= {one["Name"]: one["Value"] for one in page.get("Parameters", [])}
    return found


def read_good_versions(place: Place) -> list[str]:
    """Return the versions that were live and passed their smoke test, the last one last."""
    name = good_versions(place.component, place.name)
    text = optional(place, [name]).get(name, "")
    return [version for version in text.split(",") if version]


def write_good_versions(place: Place, versions: list[str]) -> None:
    """Remember them; the last twenty are enough to go back."""
    name = good_versions(place.component, place.name)
    place.client("ssm").put_parameter(
        Name=name, Value=",".join(versions[-20:]) or ",", Type="String", Overwrite=True,
        Description="Versions that were live and passed their smoke test, the last one last",
    )  # fmt: skip


def forget(place: Place) -> None:
    """Remove what the component remembers."""
    place.client("ssm").delete_parameters(Names=[good_versions(place.component, place.name)])
