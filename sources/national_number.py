"""Norwegian national numbers (fødselsnummer, D-nummer): the check digits, and signs of masking.
Not here: the pseudonym made from the number, which is the warehouse's; sex and birth date come from their own columns.
"""

import numpy as np
import pandas as pd

FIRST_WEIGHTS = np.array([3, 7, 6, 1, 8, 9, 4, 5, 2, 1])
SECOND_WEIGHTS = np.array([5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1])
# Numbers issued from 2032 may leave one of these remainders by the first check digit; older ones leave none.
FIRST_REMAINDERS = (0, 1, 2, 3)


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
