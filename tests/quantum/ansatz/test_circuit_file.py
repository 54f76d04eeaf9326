"""Circuits of the user's own from files, and what is refused of them."""

import io
import sys

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm2, qasm3, qpy
from qiskit.circuit import Parameter
from qiskit.quantum_info import SparsePauliOp, Statevector

from suite.errors import InputError, MissingPackage
from suite.quantum import vqe
from suite.quantum.ansatz.circuit_file import read_circuit
from suite.quantum.ansatz.named import ansatz_of
from suite.quantum.asked.problem_file import read_task
from suite.quantum.asked.settings import amended, read_settings
from suite.quantum.problems.hamiltonian import pauli_sum

PROBLEM = '[pauli]\nterms = "1.0 ZI + 0.5 XX"\n'


def own():
    circuit = QuantumCircuit(2)
    circuit.ry(Parameter("a"), 0)
    circuit.cx(0, 1)
    circuit.rz(2 * Parameter("b"), 1)
    circuit.rx(Parameter("b2") + 0.3, 1)
    return circuit


def written(path):
    if path.suffix == ".qpy":
        with path.open("wb") as file:
            qpy.dump(own(), file)
    else:
        path.write_text(qasm3.dumps(own()), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["c.qasm", "c.qpy"])
def test_a_file_gives_back_the_circuit_that_was_written(name, tmp_path):
    found = read_circuit(written(tmp_path / name))
    assert [p.name for p in found.parameters] == ["a", "b", "b2"]
    values = [0.3, -0.7, 1.1]
    states = [Statevector(c.assign_parameters(values)) for c in (found, own())]
    assert abs(states[0].inner(states[1])) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["c.qasm", "c.qpy"])
def test_a_problem_file_names_a_circuit_beside_it(name, tmp_path, monkeypatch):
    (tmp_path / "here").mkdir()
    written(tmp_path / "here" / name)
    path = tmp_path / "here" / "p.toml"
    path.write_text(f'{PROBLEM}[ansatz]\nfile = "{name}"\n')
    monkeypatch.chdir(tmp_path)
    assert read_task(path).circuit.num_parameters == 3
    exact = np.linalg.eigvalsh(SparsePauliOp(["ZI", "XX"], [1.0, 0.5]).to_matrix())[0]
    assert vqe(path).energy == pytest.approx(exact, abs=1e-9)
    # What is asked for beside wins: a name over the file, a file over a name.
    assert read_task(path, {"ansatz": "real_amplitudes"}).ansatz == "real_amplitudes"
    path.write_text(f'{PROBLEM}[ansatz]\nname = "efficient_su2"\nrepetitions = 3\n')
    assert read_task(path, {"ansatz": f"here/{name}"}).circuit.num_parameters == 3
    asked = amended(read_settings(path), {"ansatz": f"here/{name}"})
    assert asked["ansatz"] == {"file": str(tmp_path / "here" / name)}
    assert amended(asked, {"ansatz": "hva"})["ansatz"] == {"name": "hva"}


def test_openqasm_2_has_no_parameters_and_is_one_evaluation(tmp_path):
    circuit = QuantumCircuit(2)
    circuit.ry(0.3, 0)
    (tmp_path / "c.qasm").write_text(qasm2.dumps(circuit))
    found = vqe(pauli_sum("1.0 IZ"), ansatz=str(tmp_path / "c.qasm"))
    assert found.energy == pytest.approx(np.cos(0.3))
    assert found.evaluations == 1


def old_qpy():
    file = io.BytesIO()
    qpy.dump(own(), file)
    raw = bytearray(file.getvalue())
    raw[6] = 12
    return bytes(raw)


def two_circuits():
    file = io.BytesIO()
    qpy.dump([own(), own()], file)
    return file.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.qasm", b"qreg q[2];", "is no OpenQASM: its first statement"),
        ("a.qasm", b"OPENQASM 2.0;\nqreg q[2];\nrz(a) q[0];", "cannot be read as OpenQASM: .*3,"),
        ("a.qasm", b"OPENQASM 3.0;\nqubit[2] q;\nnix q[0];", "cannot be read as OpenQASM"),
        ("a.qasm", b"\xff", "cannot be read as a circuit"),
        ("a.qasm", b"", "is no OpenQASM"),
        ("a.qpy", b"QISKIT", "is no QPY file"),
        ("a.qpy", b"\x80\x04K\x01.", "is no QPY file"),
        ("a.qpy", b"QISKIT\x0e\x02\x00", "cannot be read as QPY"),
        ("a.qpy", old_qpy(), "QPY of format 12, which may carry code"),
        ("a.qpy", two_circuits(), "must hold one circuit. Got 2"),
    ],
)
def test_a_file_that_is_no_circuit_is_refused(name, content, sentence, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=sentence):
        read_circuit(tmp_path / name)


def test_a_missing_file_and_a_missing_package_are_named(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="No such file"):
        ansatz_of("nowhere.qasm", pauli_sum("ZZ"))
    from qiskit.utils import optionals

    path = written(tmp_path / "c.qasm")
    monkeypatch.setitem(sys.modules, "qiskit_qasm3_import", None)
    monkeypatch.setattr(optionals.HAS_QASM3_IMPORT, "_bool", None)
    with pytest.raises(MissingPackage, match="pip install qiskit-qasm3-import"):
        read_circuit(path)


@pytest.mark.parametrize(
    ("ansatz", "sentence"),
    [
        ('name = "c.qasm"', "Got 'c.qasm'. A circuit goes by file = 'c.qasm'"),
        ('file = "c.py"', r"file must end in \.qasm or \.qpy"),
        ('file = "c.qasm"\nrepetitions = 2', "is a whole circuit and takes no repetitions"),
    ],
)
def test_a_table_that_mixes_names_and_files_is_refused(ansatz, sentence, tmp_path):
    path = tmp_path / "p.toml"
    path.write_text(f"{PROBLEM}[ansatz]\n{ansatz}\n")
    with pytest.raises(InputError, match=sentence):
        read_task(path)
