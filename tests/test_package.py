"""The shape of the package: imports run one way, public names are said, no step rule outside."""

import ast
import importlib
import pkgutil
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import suite

ROOT = Path(suite.__file__).parent
MODULES = [m.name for m in pkgutil.walk_packages([str(ROOT)], "suite.") if "__main__" not in m.name]


def test_imports_run_one_way(monkeypatch):
    monkeypatch.chdir(ROOT.parent)
    assert lint_imports(no_cache=True) == 0


@pytest.mark.parametrize("name", MODULES)
def test_all_names_what_a_module_offers(name):
    module = importlib.import_module(name)
    for public in getattr(module, "__all__", []):
        assert hasattr(module, public) or public == "__version__"
    assert module.__doc__


DOMAINS = ["finance", "chemistry", "quantum", "dynamics"]


@pytest.mark.parametrize("domain", DOMAINS)
def test_no_domain_loops_over_steps_or_judges_them(domain):
    """A domain writes its attempt and chooses its law; the core's drivers do the rest."""
    folder = ROOT / domain
    # Dynamics is steps in all its folders, but for the loops of its machine code.
    paths = folder.rglob("*.py") if domain == "dynamics" else folder.glob("*.py")
    for path in (path for path in paths if path.parent.name != "compiled"):
        tree = ast.parse(path.read_text())
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.While)], path
        names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not names & {"decide", "accept", "tries"}, path


def test_the_core_has_no_word_of_a_domain():
    words = ["molecule", "volatility", "strike", "qubit", "circuit", "hamiltonian", "scf"]
    for path in (ROOT / "core").glob("*.py"):
        tree = ast.parse(path.read_text())
        names = {n.id.lower() for n in ast.walk(tree) if isinstance(n, ast.Name)}
        names |= {n.name.lower() for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
        assert not [name for name in names for word in words if word in name], path
