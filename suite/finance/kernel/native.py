"""The stages as machine code: made once by LLVM, kept on disk, loaded by every later process.

What is stored is the object file, named by a hash of everything that went into it: sources,
versions, and the processor. Nothing is unpickled. Machine code runs with the user's rights, so the
file must be the user's own.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import stat
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from suite.core import control
from suite.core.files import write_whole
from suite.finance.kernel.vectors import Plan, assembly

__all__ = ["cache_folder", "load"]

Kernel = Callable[[int, int, int, int, int], int]
"""It takes rows, which, and the addresses of table, work and places; see `vectors.assembly`."""

_lock = threading.Lock()
# The linker owns the memory of the code, so it must live as long as the process.
_alive: list[Any] = []
_loaded: dict[str, Kernel | None] = {}


def load(name: str, plan: Plan) -> Kernel | None:
    """A plan as machine code, or None where LLVM is not installed; built on the first call ever.

    While it runs, other threads do too.
    """
    with _lock:
        if name not in _loaded:
            _loaded[name] = _load(name, plan)
    return _loaded[name]


def cache_folder() -> Path:
    """Where compiled code is kept: SUITE_CACHE_DIR, or `suite` in the user's cache folder."""
    if given := os.environ.get("SUITE_CACHE_DIR"):
        return Path(given)
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "suite"


def _load(name: str, plan: Plan) -> Kernel | None:
    try:
        import llvmlite.binding as llvm
    except ImportError:
        return None
    version = ".".join(map(str, llvm.llvm_version_info))
    features = llvm.get_host_cpu_features().flatten()
    path = cache_folder() / f"{name}-{_key(version, llvm.get_host_cpu_name(), features)}.o"
    code = _read(path)
    if code is None:
        code = _build(llvm, plan)
        _keep(path, code)
    return _link(llvm, code)


def _key(*parts: str) -> str:
    """A hash of all that the machine code depends on."""
    digest = hashlib.sha256()
    for path in (*sorted(Path(__file__).parent.glob("*.py")), Path(control.__file__)):
        digest.update(path.read_bytes())
    for part in (*parts, sys.platform):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:32]


def _read(path: Path) -> bytes | None:
    """The stored code with its checksum taken off, if it is whole and nobody else's."""
    try:
        if hasattr(os, "getuid"):
            found = path.stat()
            if found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                return None
        content = path.read_bytes()
    except OSError:
        return None
    digest, code = content[:32], content[32:]
    return code if hashlib.sha256(code).digest() == digest else None


def _keep(path: Path, code: bytes) -> None:
    """Store the code; where there is no place for it, it is built again next time."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, lambda part: part.write_bytes(hashlib.sha256(code).digest() + code))
    except OSError:
        return


_LANES = 8
"""Rows in a vector: one register of AVX-512, two of AVX2, four of NEON. More than one hide each
other's waiting for the chain of operations. No bit of an answer depends on it."""


def _build(llvm: Any, plan: Plan) -> bytes:
    """The machine code of a plan."""
    module = llvm.parse_assembly(assembly(plan, _LANES))
    machine = _machine(llvm)
    tuning = llvm.create_pipeline_tuning_options(speed_level=2)
    passes = llvm.create_pass_builder(machine, tuning)
    passes.getModulePassManager().run(module, passes)
    return bytes(machine.emit_object(module))


def _machine(llvm: Any) -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=2,
        jit=True,
    )


def _link(llvm: Any, code: bytes) -> Kernel:
    """The machine code as a function."""
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(llvm))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _alive.append(engine)
    whole, address = ctypes.c_int64, ctypes.c_void_p
    signature = ctypes.CFUNCTYPE(whole, whole, whole, address, address, address)
    return signature(engine.get_function_address("solve"))
