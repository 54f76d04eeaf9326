"""Writes `jordan_wigner.json` beside it: sums of Pauli words by OpenFermion and qiskit-nature.

Needs openfermion (1.8), qiskit-nature (0.8) and PySCF in an environment of their own; nothing of
the package is used: `python tests/reference/quantum/jordan_wigner.py`. Words have the first mode
rightmost, as in Qiskit; the modes of spin up come first. The integrals are stored with the words,
because the signs of orbitals are free.
"""

import json
from pathlib import Path

HAMILTONIANS = {
    "h2": ("H 0 0 0; H 0 0 0.735", 0, 2, [0, 1]),
    "lih": ("Li 0 0 0; H 0 0 1.595", 0, 2, [1, 2, 5]),
    "h3_doublet": ("H 0 0 0; H 0 0 0.95; H 0 0.8 1.3", 1, 3, [0, 1, 2]),
    "oh_doublet": ("O 0 0 0; H 0 0 0.97", 1, 5, [2, 3, 4, 5]),
}
"""Geometry in angstrom (sto-3g), spin, active electrons and active orbitals."""
UCCSD = [(2, (1, 1)), (3, (1, 1)), (3, (2, 1)), (3, (2, 0)), (4, (2, 1)), (4, (2, 2))]
PAIRED = [2, 3, 4]


def integrals(geometry, spin, electrons, orbitals):
    """Integrals in the active orbitals, chemists' order, with the constant energy."""
    from pyscf import ao2mo, gto, mcscf, scf

    mean_field = scf.ROHF(gto.M(atom=geometry, spin=spin, basis="sto-3g", verbose=0))
    mean_field.conv_tol = 1e-12
    mean_field.kernel()
    active = mcscf.CASCI(mean_field, len(orbitals), electrons)
    ordered = active.sort_mo(orbitals, base=0)
    one, constant = active.get_h1eff(ordered)
    two = ao2mo.restore(1, active.get_h2eff(ordered), len(orbitals))
    return 0.5 * (one + one.T), two, float(constant)


def words(operator, modes):
    """An OpenFermion sum as words with complex weights."""
    found = {}
    for places, weight in operator.terms.items():
        letters = ["I"] * modes
        for mode, letter in places:
            letters[modes - 1 - mode] = letter
        if abs(weight) > 1e-14:
            found["".join(letters)] = complex(weight)
    return found


def by_openfermion(one, two, constant):
    from openfermion import InteractionOperator, get_fermion_operator, jordan_wigner
    from openfermion.chem.molecular_data import spinorb_from_spatial
    from openfermion.transforms import reorder
    from openfermion.utils.indexing import up_then_down

    physicists = two.transpose(0, 2, 3, 1)
    one_spin, two_spin = spinorb_from_spatial(one, physicists)
    operator = get_fermion_operator(InteractionOperator(constant, one_spin, 0.5 * two_spin))
    modes = 2 * len(one)
    return words(jordan_wigner(reorder(operator, up_then_down, num_modes=modes)), modes)


def by_nature(one, two, constant):
    from qiskit_nature.second_q.hamiltonians import ElectronicEnergy
    from qiskit_nature.second_q.mappers import JordanWignerMapper

    operator = ElectronicEnergy.from_raw_integrals(one, two).second_q_op()
    found = dict(JordanWignerMapper().map(operator).to_list())
    identity = "I" * (2 * len(one))
    found[identity] = found.get(identity, 0.0) + constant
    return found


def check(found, other):
    """Two programs must agree before anything is written."""
    for word in found.keys() | other.keys():
        if abs(found.get(word, 0.0) - other.get(word, 0.0)) > 1e-12:
            raise ValueError(f"{word}: {found.get(word)} and {other.get(word)}")


def hamiltonian(name):
    geometry, spin, electrons, orbitals = HAMILTONIANS[name]
    one, two, constant = integrals(geometry, spin, electrons, orbitals)
    found = by_openfermion(one, two, constant)
    check(found, by_nature(one, two, constant))
    return {
        "id": name,
        "geometry": geometry,
        "spin": spin,
        "active_space": [electrons, orbitals],
        "electrons": [(electrons + spin) // 2, (electrons - spin) // 2],
        "constant": constant,
        "one": one.tolist(),
        "two": two.ravel().tolist(),
        "words": {word: weight.real for word, weight in sorted(found.items())},
    }


def generator(emptied, filled, modes):
    """T - T† with T = a†_a a_i (singles) or a†_a a_i a†_b a_j (doubles), by OpenFermion."""
    from openfermion import jordan_wigner, uccsd_generator

    pairs = [index for pair in zip(filled, emptied, strict=True) for index in pair]
    singles, doubles = ([[pairs, 1.0]], []) if len(filled) == 1 else ([], [[pairs, 1.0]])
    return words(jordan_wigner(uccsd_generator(singles, doubles)), modes)


def cluster(orbitals, electrons):
    """Excitations of UCCSD by qiskit-nature, in its order, each with its generator."""
    from qiskit_nature.second_q.circuit.library import UCCSD as Nature
    from qiskit_nature.second_q.mappers import JordanWignerMapper

    modes = 2 * orbitals
    nature = Nature(orbitals, electrons, JordanWignerMapper())
    found = []
    for (emptied, filled), operator in zip(nature.excitation_list, nature.operators, strict=True):
        own = generator(emptied, filled, modes)
        # qiskit-nature has exp(-iθ operator) with operator = i(T† - T) for singles and, its ladders
        # being in another order, i(T - T†) for doubles.
        phase = 1j if len(filled) == 1 else -1j
        check(own, {word: phase * weight for word, weight in operator.to_list()})
        found.append(
            {
                "emptied": list(emptied),
                "filled": list(filled),
                "words": {word: weight.imag for word, weight in sorted(own.items())},
            }
        )
    return {"orbitals": orbitals, "electrons": list(electrons), "excitations": found}


def paired(orbitals):
    """Generalised singles and paired doubles by qiskit-nature, one layer of k-UpCCGSD."""
    from qiskit_nature.second_q.circuit.library import PUCCD
    from qiskit_nature.second_q.circuit.library.ansatzes.utils import (
        generate_fermionic_excitations,
    )
    from qiskit_nature.second_q.mappers import JordanWignerMapper

    electrons = (1, 1)
    doubles = PUCCD(orbitals, electrons, JordanWignerMapper(), generalized=True).excitation_list
    singles = generate_fermionic_excitations(1, orbitals, electrons, generalized=True)
    return {"orbitals": orbitals, "doubles": doubles, "singles": singles}


def line(record):
    return json.dumps(record, separators=(", ", ": "))


def main():
    parts = {
        "hamiltonians": [hamiltonian(name) for name in HAMILTONIANS],
        "uccsd": [cluster(*each) for each in UCCSD],
        "paired": [paired(orbitals) for orbitals in PAIRED],
    }
    body = ",\n".join(
        f' "{name}": [\n' + ",\n".join(f"  {line(each)}" for each in records) + "\n ]"
        for name, records in parts.items()
    )
    Path(__file__).with_suffix(".json").write_text(f"{{\n{body}\n}}\n")


if __name__ == "__main__":
    main()
