#!/usr/bin/env bash
# The flights protocol with the harness: conf/criteria/flight_alerts.yaml, and these commands.
set -e
harness run --quiet hydra.run.dir=first
harness run --quiet hydra.run.dir=second model.max_depth=5
harness register first --name flights
harness register second --name flights
harness promote flights 1 --force --reason "to begin with"
harness promote flights 2 --force --reason "to have something to go back from"
harness monitor second recent.parquet --time prediction_time || test $? -eq 1
harness rollback flights --reason "drill"
