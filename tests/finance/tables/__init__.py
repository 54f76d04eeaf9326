"""Tests of suite.finance.tables."""
