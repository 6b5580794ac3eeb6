"""Ray address: which cluster to use, and whether anybody listens there."""

from __future__ import annotations

import os
import socket

from harness.errors import ConfigError

# A cluster of this process alone. Told nothing, Ray joins whatever cluster was last begun on
# this machine, a stranger's too, and is lost with it.
_OWN = "local"
_CONNECT_SECONDS = 10


def ray_address() -> str:
    """What RAY_ADDRESS names, else a cluster of this process alone."""
    return os.environ.get("RAY_ADDRESS") or _OWN


def check_ray_listens(key: str, address: str) -> None:
    """Ask an address for a connection; Ray itself tries for minutes before it gives up.

    Args:
        key: Setting that asked for Ray.
        address: HOST:PORT, or ray://HOST:PORT; anything else is left to Ray.

    Raises:
        ConfigError: If nobody listens.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if "/" in host or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ray_is_away(key, f"{address}: {error}") from error


def ray_is_away(key: str, why: str) -> ConfigError:
    """The sentence for a cluster that cannot be reached."""
    return ConfigError(
        f"{key}: no Ray cluster can be reached ({why}); start one, set RAY_ADDRESS to one that "
        "runs, or unset it for one of this machine alone"
    )
