"""Tests of suite.finance.forwards."""
