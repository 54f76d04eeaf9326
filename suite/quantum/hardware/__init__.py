"""Real and fake machines: adapters, tagged jobs that are paid once, and the price beforehand."""

from suite.quantum.hardware.backends import fake_names, machine_of
from suite.quantum.hardware.jobs import budget_of
from suite.quantum.hardware.measurer import HardwareMeasurer, measurer_of
from suite.quantum.hardware.plan import Order, Plan, order_of
from suite.quantum.hardware.pricing import Price
from suite.quantum.hardware.primitives import Machine
from suite.quantum.request import Estimates, Measured, Request

__all__ = [
    "Estimates",
    "HardwareMeasurer",
    "Machine",
    "Measured",
    "Order",
    "Plan",
    "Price",
    "Request",
    "budget_of",
    "fake_names",
    "machine_of",
    "measurer_of",
    "order_of",
]
