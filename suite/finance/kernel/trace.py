"""From NumPy functions to vector code: run a function once on recorders, get LLVM's instructions.

`elementary`, `normalised` and `inversion` are written for arrays. Called with `Traced` values in
place of arrays they answer NumPy's protocols by writing down the instruction, in vectors of the
machine's width; what comes out is the same arithmetic in the same order, so the same bits, without
a temporary array or a call. LLVM is free to schedule but not to reorder or contract.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Traced"]


class Traced:
    """A vector value that writes down what is done with it."""

    __slots__ = ("builder", "value")

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder = builder
        self.value = value

    def _of(self, other: Any, like: Any = None) -> Any:
        """The other operand: a traced value, or a number in every lane."""
        from llvmlite import ir

        if isinstance(other, Traced):
            return other.value
        kind = like or self.value.type
        return ir.Constant(kind, [kind.element(other)] * kind.count)

    def _is_double(self) -> bool:
        from llvmlite import ir

        return isinstance(self.value.type.element, ir.DoubleType)

    def _arithmetic(self, name: str, left: Any, right: Any) -> Traced:
        name = f"f{name}" if self._is_double() else name
        return Traced(self.builder, getattr(self.builder, name)(self._of(left), self._of(right)))

    def __add__(self, other: Any) -> Traced:
        return self._arithmetic("add", self, other)

    def __radd__(self, other: Any) -> Traced:
        return self._arithmetic("add", other, self)

    def __sub__(self, other: Any) -> Traced:
        return self._arithmetic("sub", self, other)

    def __rsub__(self, other: Any) -> Traced:
        return self._arithmetic("sub", other, self)

    def __mul__(self, other: Any) -> Traced:
        return self._arithmetic("mul", self, other)

    def __rmul__(self, other: Any) -> Traced:
        return self._arithmetic("mul", other, self)

    def __truediv__(self, other: Any) -> Traced:
        return self._arithmetic("div", self, other)

    def __rtruediv__(self, other: Any) -> Traced:
        return self._arithmetic("div", other, self)

    def __neg__(self) -> Traced:
        return Traced(self.builder, self.builder.fneg(self.value))

    def __lshift__(self, count: int) -> Traced:
        return Traced(self.builder, self.builder.shl(self.value, self._of(count)))

    def __rshift__(self, count: int) -> Traced:
        return Traced(self.builder, self.builder.ashr(self.value, self._of(count)))

    def _compared(self, sign: str, other: Any) -> Traced:
        if self._is_double():
            return Traced(
                self.builder, self.builder.fcmp_ordered(sign, self.value, self._of(other))
            )
        return Traced(self.builder, self.builder.icmp_signed(sign, self.value, self._of(other)))

    def __lt__(self, other: Any) -> Traced:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Traced:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Traced:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Traced:
        return self._compared(">=", other)

    def __eq__(self, other: Any) -> Any:
        return self._compared("==", other)

    __hash__ = None  # type: ignore[assignment]

    def __and__(self, other: Any) -> Traced:
        return Traced(self.builder, self.builder.and_(self.value, self._of(other)))

    def __or__(self, other: Any) -> Traced:
        return Traced(self.builder, self.builder.or_(self.value, self._of(other)))

    def fused(self, other: Any, third: Any) -> Traced:
        """self · other + third, rounded once."""
        return self._call("fma", self.value, self._of(other), self._of(third))

    def _call(self, name: str, *values: Any) -> Traced:
        """An instruction of LLVM's that is written as a call."""
        from llvmlite import ir

        module, kind = self.builder.module, self.value.type
        name = f"llvm.{name}.v{kind.count}f64"
        signature = ir.FunctionType(kind, [kind] * len(values))
        function = module.globals.get(name) or ir.Function(module, signature, name)
        return Traced(self.builder, self.builder.call(function, values))

    def view(self, kind: Any) -> Traced:
        """The same bits as int64 or float64."""
        from llvmlite import ir

        element = ir.IntType(64) if kind is np.int64 else ir.DoubleType()
        kind = ir.VectorType(element, self.value.type.count)
        return Traced(self.builder, self.builder.bitcast(self.value, kind))

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if ufunc is not np.sqrt or method != "__call__" or options:
            return NotImplemented
        return self._call("sqrt", self.value)

    def __array_function__(self, function: Any, types: Any, inputs: Any, options: Any) -> Any:
        if function is not np.where or options:
            return NotImplemented
        condition, yes, no = inputs
        kind = next((v.value.type for v in (yes, no) if isinstance(v, Traced)), None)
        kind = kind or _doubles(condition.value.type.count)
        chosen = self.builder.select(
            condition.value, condition._of(yes, kind), condition._of(no, kind)
        )
        return Traced(self.builder, chosen)


def _doubles(lanes: int) -> Any:
    from llvmlite import ir

    return ir.VectorType(ir.DoubleType(), lanes)
