"""PennyLane's QNGOptimizer on circuits given as JSON on stdin; evaluations to the goal on stdout.

Run by `evaluations.py --pennylane`. The metric is PennyLane's default block-diagonal one.
"""

import json
import sys

import numpy
import pennylane as qml
from pennylane import numpy as np

RATES = (0.01, 0.025, 0.05, 0.1)


def cost_of(case):
    qubits = case["qubits"]
    words = [
        qml.pauli.string_to_pauli_word(word[::-1], wire_map={i: i for i in range(qubits)})
        for word, _ in case["terms"]
    ]
    observable = qml.Hamiltonian([value for _, value in case["terms"]], words)

    @qml.qnode(qml.device("default.qubit", wires=qubits), diff_method="backprop")
    def cost(angles):
        k = 0
        for layer in range(case["repetitions"] + 1):
            for gate in (qml.RY, qml.RZ):
                for wire in range(qubits):
                    gate(angles[k], wires=wire)
                    k += 1
            if layer < case["repetitions"]:
                for wire in range(qubits - 1):
                    qml.CNOT(wires=[wire, wire + 1])
        return qml.expval(observable)

    return cost


def evaluations(case, cost, first, rate):
    optimizer = qml.QNGOptimizer(rate, lam=1e-4)
    angles = np.array(first, requires_grad=True)
    for count in range(1, case["most"] + 1):
        try:
            angles, energy = optimizer.step_and_cost(cost, angles)
        except numpy.linalg.LinAlgError:
            return None
        if energy <= case["goal"]:
            return count
    return None


def main():
    found = {}
    for case in json.load(sys.stdin):
        cost = cost_of(case)
        found[case["name"]] = {
            str(rate): [evaluations(case, cost, first, rate) for first in case["starts"]]
            for rate in RATES
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
