"""Options that mean nothing are refused in one sentence, whether they would be used or not."""

import math

import numpy as np
import pytest

from suite.errors import InputError
from suite.finance.options import Options


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"spot": math.nan, "rate": 0.04}, "spot must be a finite number. Got nan"),
        ({"rate": math.inf}, "rate must be a finite number"),
        ({"tick": -1}, "tick must be positive. Got -1"),
        ({"most_move": 0.0, "tick": 0.01}, "most_move must be a positive number"),
        ({"most_move": None}, "most_move must be a positive number"),
        ({"threads": -3}, "threads must be a whole number of 1 or more. Got -3"),
        ({"threads": 1.5}, "threads must be a whole number"),
        ({"stale_after": "xx"}, "stale_after must be a time like 1D or 30min. Got 'xx'"),
        ({"stale_after": "-1D"}, "stale_after must be"),
        ({"spot": 100.0}, "A spot needs a rate"),
    ],
)
def test_an_option_that_means_nothing_is_refused_at_once(options, says):
    with pytest.raises(InputError, match=says) as refused:
        Options(**options)
    assert "\n" not in str(refused.value)


def test_numbers_of_rows_are_judged_row_by_row():
    options = Options(spot=np.array([100.0, np.nan]), rate=[0.04, np.inf], tick=[0.01, -1.0])
    assert options.threads is None
    assert Options(threads=np.int64(2), stale_after="30min", most_move=0.1).threads == 2
