"""Serving: a bundle over HTTP, with the very scores of training."""

from __future__ import annotations
