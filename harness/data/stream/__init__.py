"""Stream: tables larger than memory, a part at a time."""

from __future__ import annotations

from harness.data.stream.dataset import Sampled, StreamedDataset
from harness.data.stream.read import read_streamed

__all__ = ["Sampled", "StreamedDataset", "read_streamed"]
