"""Tests of suite.finance.parts."""
