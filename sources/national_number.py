"""Norwegian national numbers (fødselsnummer, D-nummer): check digits, signs of masking, and the birth date and sex they tell.
Not here: the pseudonym made from the number, which is the warehouse's; sex and birth date come from their own columns.
"""

import numpy as np
import pandas as pd

FIRST_WEIGHTS = np.array([3, 7, 6, 1, 8, 9, 4, 5, 2, 1])
SECOND_WEIGHTS = np.array([5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1])
# Numbers issued from 2032 may leave one of these remainders by the first check digit; older ones leave none.
FIRST_REMAINDERS = (0, 1, 2, 3)
# What is added to the month of numbers that are no ordinary ones: synthetic ones of several registers, help numbers.
ADDED_TO_MONTH = (0, 40, 65, 80)


def eleven_digits(numbers: pd.Series) -> pd.Series:
    """True for eleven digits, which a number masked with letters or stars has not."""
    return numbers.str.fullmatch(r"[0-9]{11}").fillna(False).astype(bool)


def looks_masked(numbers: pd.Series) -> pd.Series:
    """True for a number without valid check digits that ends in 0 or 9 five times."""
    ends_alike = numbers.str.fullmatch(r"[0-9]{6}(00000|99999)").fillna(False).astype(bool)
    return ends_alike & ~valid_check_digits(numbers)


def valid_check_digits(numbers: pd.Series) -> pd.Series:
    """True where the value has eleven digits and both check digits hold, for ordinary, D- and synthetic numbers alike.

    Zeros alone, which some systems write where there is no number, hold by arithmetic and are none.
    """
    wellformed = (numbers.str.fullmatch(r"\d{11}") & (numbers != "0" * 11)).fillna(False).astype(bool)
    valid = wellformed.to_numpy(dtype=bool, copy=True)
    if valid.any():
        digits = np.frombuffer("".join(numbers[valid]).encode("ascii"), dtype=np.uint8).reshape(-1, 11).astype(np.int64) - 48
        first = np.isin(digits[:, :10] @ FIRST_WEIGHTS % 11, FIRST_REMAINDERS)
        second = digits @ SECOND_WEIGHTS % 11 == 0
        valid[valid] = first & second
    return pd.Series(valid, index=numbers.index)


def tells_birth_date(numbers: pd.Series, dates: pd.Series) -> pd.Series:
    """False where a valid number has another day, month or two-digit year than the date."""
    parts = _parts(numbers, dates.notna())
    days = pd.to_datetime(dates.loc[parts.index].astype("datetime64[s]"))
    months = pd.concat([parts["month"] - added == days.dt.month for added in ADDED_TO_MONTH], axis=1).any(axis=1)
    same = ((parts["day"] - 1) % 40 + 1 == days.dt.day) & months & (parts["year"] == days.dt.year % 100)
    return same.reindex(numbers.index, fill_value=True)


def tells_sex(numbers: pd.Series, sexes: pd.Series) -> pd.Series:
    """False where a valid number is of the other sex than K or M. A synthetic number may have been made for either."""
    parts = _parts(numbers, sexes.isin(["K", "M"]))
    parts = parts[parts["month"] <= 12]
    same = (parts["individual"] % 2 == 1) == (sexes.loc[parts.index] == "M").astype(bool)
    return same.reindex(numbers.index, fill_value=True)


def _parts(numbers: pd.Series, wanted: pd.Series) -> pd.DataFrame:
    """The parts of the valid ones of the wanted numbers, as integers."""
    valid = numbers[valid_check_digits(numbers) & wanted.astype(bool)].astype("string")
    places = {"day": (0, 2), "month": (2, 4), "year": (4, 6), "individual": (6, 9)}
    return pd.DataFrame({name: valid.str[first:last].astype(int) for name, (first, last) in places.items()})
