"""Container: a Dockerfile that serves one bundle as a user without rights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Packages that make a score, and the name each is installed by.
_PINNED = ("numpy", "pandas", "scikit-learn", "scipy", "skops", "xgboost")


def dockerfile(manifest: Mapping[str, Any]) -> str:
    """A Dockerfile to be built in a folder that holds `bundle/` and the harness wheel.

    Args:
        manifest: The bundle's manifest: its library versions are pinned.
    """
    libraries = manifest["libraries"]
    pins = " ".join(f"{name}=={libraries[name]}" for name in _PINNED if name in libraries)
    minor = ".".join(str(manifest["python"]).split(".")[:2])
    return f"""# Serves the bundle {manifest["name"]} ({manifest["decision"]}); build where bundle/ and the wheel lie.
FROM python:{minor}-slim

RUN useradd --create-home --uid 10001 serve
WORKDIR /app

COPY *.whl /tmp/
RUN pip install --no-cache-dir {pins} \\
    && pip install --no-cache-dir "$(ls /tmp/harness-*.whl)[serve]" \\
    && rm /tmp/*.whl

COPY --chown=root:root bundle /app/bundle
RUN harness verify /app/bundle

USER serve
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s \\
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/ready')"]
CMD ["harness", "serve", "/app/bundle", "--host", "0.0.0.0", "--port", "8000"]
"""
