"""The engines' inner loops as machine code, built by LLVM at first use in well under a second.

Every function takes the addresses and sizes that `kernel` hands it and checks nothing.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any

from suite.quantum.exact import kernel_code as code

__all__ = ["native"]

_POINTER, _WHOLE = ctypes.c_void_p, ctypes.c_int64
_TURNS = (_POINTER, _WHOLE, _WHOLE, *(_POINTER,) * 7)
_PAIRS = (_POINTER, _WHOLE, *(_POINTER,) * 10)
_COPY = (_POINTER, _POINTER, _WHOLE)
_WORDS = (_POINTER, _POINTER, _WHOLE, _WHOLE, *(_POINTER,) * 3)


@cache
def native() -> dict[str, Callable[..., None]] | None:
    """The compiled functions by name, or None where llvmlite is absent or knows no such machine."""
    try:
        import llvmlite.binding as llvm
        from llvmlite import ir
    except ImportError:
        return None
    module = ir.Module("quantum")
    signatures: dict[str, tuple[Any, ...]] = {}
    for lanes in (1, 2, 4):
        code.turns(module, f"turns{lanes}", lanes)
        signatures[f"turns{lanes}"] = _TURNS
    for lanes in (1, 2, 8):
        code.pairs(module, f"pairs{lanes}", lanes)
        signatures[f"pairs{lanes}"] = _PAIRS
    code.words(module, "words")
    signatures["words"] = _WORDS
    code.spread(module, "spread", 4)
    code.collect(module, "collect", 4)
    signatures |= {"spread": _COPY, "collect": _COPY}
    try:
        engine = _compiled(llvm, str(module))
    except RuntimeError:  # LLVM has no target for this machine
        return None
    found: dict[str, Callable[..., None]] = {}
    for name, arguments in signatures.items():
        function = ctypes.CFUNCTYPE(None, *arguments)(engine.get_function_address(name))
        function.engine = engine  # type: ignore[attr-defined]  # the code lives as long as this
        found[name] = function
    return found


def _compiled(llvm: Any, text: str) -> Any:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        jit=True,
    )
    module = llvm.parse_assembly(text)
    module.verify()
    passes = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    passes.getModulePassManager().run(module, passes)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine
