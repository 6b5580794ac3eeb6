"""Console: one page on a registry, with the two buttons that matter."""

from __future__ import annotations
