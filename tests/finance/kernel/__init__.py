"""Tests of suite.finance.kernel."""
