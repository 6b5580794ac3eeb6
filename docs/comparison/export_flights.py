"""The flights with their features, as the harness makes them, for the script by hand.

python export_flights.py flights.parquet
"""

from __future__ import annotations

import sys

import pandas as pd

from harness.cache import open_store
from harness.config import compose_settings
from harness.data import read_dataset

settings = compose_settings()
dataset = read_dataset(settings.dataset, open_store(None, 10))
table = dataset.features.copy()
for name in dataset.roles.categorical:
    table[name] = table[name].astype("string")
table["prediction_time"] = pd.DatetimeIndex(dataset.time).tz_localize("UTC")
table["late"] = dataset.label
table.to_parquet(sys.argv[1])
last = table["prediction_time"].max() - pd.DateOffset(weeks=2)
table[table["prediction_time"] >= last].to_parquet(sys.argv[2])
