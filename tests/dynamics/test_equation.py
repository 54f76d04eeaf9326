"""The tolerance that every method measures its error by."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from suite.core import Signal
from suite.dynamics.equation import EPS, Tolerance


@given(
    relative=st.floats(1e-12, 1e-2),
    absolute=st.floats(1e-12, 1.0),
    share=st.floats(1e-3, 1e3),
)
def test_an_error_that_is_a_multiple_of_the_tolerance_reads_that_multiple(
    relative, absolute, share
):
    y, y_new = np.array([1.0, -2.0, 0.5]), np.array([-3.0, 1.0, 0.25])
    allowed = absolute + relative * np.array([3.0, 2.0, 0.5])
    signal = Tolerance(relative, absolute).error(share * allowed, y, y_new, 5)
    assert signal.value == pytest.approx(share, rel=1e-12)
    assert signal.order == 5
    by_component = Tolerance(relative, np.full(3, absolute))
    assert by_component.error(share * allowed, y, y_new, 5) == signal


def test_the_noise_of_the_signal_is_the_rounding_of_the_update():
    # Half an ulp of y, over the tolerance: at rtol = eps it is one half.
    signal = Tolerance(EPS).error(np.zeros(2), np.array([1.0, 4.0]), np.array([1.0, 4.0]), 5)
    assert signal == Signal(0.0, 0.5, 5)
