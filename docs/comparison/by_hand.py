"""The flights protocol by hand, with scikit-learn, xgboost, MLflow and Evidently.

A table in, a decision out: split with gap, leakage audit, criteria with intervals over days, a bundle,
monitoring, rollback. What a careful engineer would write; compare `by_harness.sh`.

    python by_hand.py flights.parquet
"""

import sys

import mlflow
import numpy as np
import pandas as pd
from evidently import Report
from evidently.presets import DataDriftPreset
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder
from xgboost import XGBClassifier

TIME, LABEL = "prediction_time", "late"
CATEGORICAL = ["carrier", "origin", "dest", "tailnum", "manufacturer", "plane_type"]
ALPHA, DRAWS = 0.05, 2000
rng = np.random.default_rng(0)

# --- rows, and a split by time with a gap -----------------------------------------------------
table = pd.read_parquet(sys.argv[1]).sort_values(TIME)
features = [c for c in table.columns if c not in (TIME, LABEL)]
categorical = [c for c in features if not pd.api.types.is_numeric_dtype(table[c])]
numeric = [c for c in features if c not in categorical]
table[categorical] = table[categorical].astype(object).where(table[categorical].notna(), None)
end = table[TIME].max().normalize() + pd.Timedelta(days=1)
test_start = end - pd.DateOffset(months=2)
validation_start = test_start - pd.DateOffset(months=2)
gap = pd.Timedelta(hours=9)  # a flight's delay is known when it has landed
when = table[TIME]
train = table[when < validation_start - gap]
validation = table[(when >= validation_start) & (when < test_start - gap)]
test = table[when >= test_start]

# --- leakage audit: each column alone, copies across the split --------------------------------
blocking = []
for name in features:
    if name in numeric:
        score = validation[name].fillna(train[name].median())
    else:
        score = validation[name].map(train.groupby(name)[LABEL].mean()).fillna(train[LABEL].mean())
    auc = roc_auc_score(validation[LABEL], score.astype(float))
    if max(auc, 1 - auc) > 0.95:
        blocking.append(f"{name} alone has an AUC of {auc:.3f}")
copies = test[features].merge(train[features].drop_duplicates(), how="inner")
if len(copies) > 0.01 * len(test):
    blocking.append(f"{len(copies)} test rows are copies of training rows")

# --- fit; the end of training tells when to stop -----------------------------------------------
cut = int(0.85 * len(train))
encoder = OrdinalEncoder(
    handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2, min_frequency=20
)
preprocess = ColumnTransformer([("n", "passthrough", numeric), ("c", encoder, categorical)])
x_learn = preprocess.fit_transform(train[features].iloc[:cut])
x_held = preprocess.transform(train[features].iloc[cut:])
model = XGBClassifier(
    n_estimators=600, learning_rate=0.08, max_depth=6, min_child_weight=20, subsample=0.8,
    colsample_bytree=0.7, reg_lambda=2.0, eval_metric="logloss", early_stopping_rounds=40,
    random_state=0,
)  # fmt: skip
model.fit(
    x_learn, train[LABEL].iloc[:cut], eval_set=[(x_held, train[LABEL].iloc[cut:])], verbose=False
)
pipeline = Pipeline([("preprocess", preprocess), ("model", model)])


# --- thresholds by value, on validation, for the candidate and for the rule to beat ------------
def value(label: np.ndarray, alert: np.ndarray) -> np.ndarray:
    return np.where(alert, np.where(label, 3.0, -1.0), 0.0)


def best_threshold(score: np.ndarray, label: np.ndarray) -> float:
    order = np.argsort(-score)
    gains = np.cumsum(np.where(label[order], 3.0, -1.0))
    return float(score[order][gains.argmax()])


history = train.groupby(["origin", "dep_hour"])[LABEL].agg(["sum", "size"])
rate = (history["sum"] + 50 * train[LABEL].mean()) / (history["size"] + 50)


def rule(rows: pd.DataFrame) -> np.ndarray:
    index = pd.MultiIndex.from_frame(rows[["origin", "dep_hour"]])
    return rate.reindex(index).fillna(train[LABEL].mean()).to_numpy()


known = validation[LABEL].to_numpy(bool)
threshold = best_threshold(pipeline.predict_proba(validation[features])[:, 1], known)
rule_threshold = best_threshold(rule(validation), known)

# --- criteria with intervals: a bootstrap of whole days ----------------------------------------
label = test[LABEL].to_numpy(bool)
score = pipeline.predict_proba(test[features])[:, 1]
ours, theirs = score >= threshold, rule(test) >= rule_threshold
day = pd.factorize(test[TIME].dt.tz_convert("America/New_York").dt.date)[0]
n_days = day.max() + 1


def by_day(values: np.ndarray) -> np.ndarray:
    return np.bincount(day, weights=values.astype(float), minlength=n_days)


def bounds(figure, *columns: np.ndarray) -> tuple[float, float, float]:
    sums = np.stack([by_day(c) for c in columns])
    drawn = rng.multinomial(n_days, np.full(n_days, 1 / n_days), size=DRAWS)
    resampled = figure(*(sums @ drawn.T))
    low, high = np.quantile(resampled, [ALPHA, 1 - ALPHA])
    return float(figure(*sums.sum(axis=1))), float(low), float(high)


ones = np.ones(len(test))
verdicts = {}
gain = value(label, ours) - value(label, theirs)
estimate, low, high = bounds(lambda g, n: 1000 * g / n, gain, ones)
verdicts["value_per_1000"] = (low > 20, high <= 20, estimate)
estimate, low, high = bounds(lambda a, n: a / n, ours, ones)
verdicts["alert_rate"] = (high < 0.25, low >= 0.25, estimate)
estimate, low, high = bounds(
    lambda a, b, c, d: a / b - c / d, ours & label, ours, theirs & label, theirs
)
verdicts["precision"] = (low > -0.02, high <= -0.02, estimate)
for origin in sorted(test["origin"].unique()):
    there = (test["origin"] == origin).to_numpy()
    estimate, low, high = bounds(lambda g, n: 1000 * g / n, gain * there, ones * there)
    verdicts[f"value_per_1000 {origin}"] = (low > -10, high <= -10, estimate)

if blocking:
    decision = "INVALID"
elif any(fails for _, fails, _ in verdicts.values()):
    decision = "NO_SHIP"
elif all(passes for passes, _, _ in verdicts.values()):
    decision = "SHIP"
else:
    decision = "INCONCLUSIVE"
print(decision)
for name, (passes, fails, estimate) in verdicts.items():
    print(f"  {'PASS' if passes else 'FAIL' if fails else 'UNRESOLVED':<10} {name} {estimate:.4f}")
print(*blocking, sep="\n")

# --- bundle: model, signature, threshold; a version in the registry ----------------------------
mlflow.set_tracking_uri("sqlite:///by_hand.sqlite")
client = mlflow.MlflowClient()
for _ in range(2):
    with mlflow.start_run() as run:
        signature = infer_signature(test[features].head(100), score[:100])
        mlflow.log_params({"threshold": threshold})
        mlflow.log_metric("value_per_1000", verdicts["value_per_1000"][2])
        logged = mlflow.sklearn.log_model(
            pipeline, name="model", signature=signature, registered_model_name="flights",
            serialization_format="cloudpickle",
        )  # fmt: skip
    version = max(int(v.version) for v in client.search_model_versions("name='flights'"))
    client.set_registered_model_alias("flights", "champion", str(version))
again = mlflow.sklearn.load_model("models:/flights@champion")
assert np.array_equal(again.predict_proba(test[features].head(50))[:, 1], score[:50])

# --- monitoring: the last weeks against training ------------------------------------------------
recent = test[test[TIME] >= end - pd.DateOffset(weeks=2)]
report = Report([DataDriftPreset()]).run(
    recent[features], train[features].sample(20_000, random_state=0)
)
drifted = report.dict()["metrics"][0]["value"]["count"]
print(f"drift: {int(drifted)} of {len(features)} columns")

# --- rollback: the version before, by hand ------------------------------------------------------
client.set_registered_model_alias("flights", "champion", str(version - 1))
print("champion:", client.get_model_version_by_alias("flights", "champion").version)
