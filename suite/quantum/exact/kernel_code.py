"""The code of the engines' inner loops, written with LLVM's builder; `native` compiles it.

`kernel` says what each function does, and does the same in NumPy.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["collect", "pairs", "spread", "turns", "words"]

_FAST = ("contract",)


class Code:
    """An IR builder with loops and the few forms that the functions below are made of."""

    def __init__(self, module: Any, name: str, kinds: str) -> None:
        from llvmlite import ir

        self.ir = ir
        self.whole, self.real = ir.IntType(64), ir.DoubleType()
        types = {"w": self.whole, "d": self.real.as_pointer(), "i": self.whole.as_pointer()}
        signature = ir.FunctionType(ir.VoidType(), [types[kind] for kind in kinds])
        function = ir.Function(module, signature, name)
        for argument in function.args:
            if isinstance(argument.type, ir.PointerType):
                argument.add_attribute("noalias")
        self.arguments = function.args
        self.b = ir.IRBuilder(function.append_basic_block())

    def number(self, value: int) -> Any:
        return self.whole(value)

    @contextmanager
    def loop(self, start: Any, stop: Any) -> Iterator[Any]:
        """for (i = start; i < stop; i++)"""
        b, ir = self.b, self.ir
        before, head = b.block, b.append_basic_block()
        body, after = b.append_basic_block(), b.append_basic_block()
        b.branch(head)
        b.position_at_end(head)
        i = b.phi(self.whole)
        i.add_incoming(start, before)
        b.cbranch(b.icmp_signed("<", i, stop), body, after)
        b.position_at_end(body)
        yield i
        i.add_incoming(b.add(i, ir.Constant(self.whole, 1)), b.block)
        b.branch(head)
        b.position_at_end(after)

    def get(self, array: Any, index: Any) -> Any:
        return self.b.load(self.b.gep(array, [index]))

    def vector(self, array: Any, index: Any, lanes: int) -> Any:
        """The address of `lanes` doubles from array[index]."""
        kind = self.ir.VectorType(self.real, lanes).as_pointer()
        return self.b.bitcast(self.b.gep(array, [index]), kind)

    def read(self, address: Any) -> Any:
        return self.b.load(address, align=8)

    def write(self, value: Any, address: Any) -> None:
        self.b.store(value, address, align=8)

    def times(self, a: Any, b: Any) -> Any:
        return self.b.fmul(a, b, flags=_FAST)

    def plus(self, a: Any, b: Any) -> Any:
        return self.b.fadd(a, b, flags=_FAST)

    def minus(self, a: Any, b: Any) -> Any:
        return self.b.fsub(a, b, flags=_FAST)

    def odd(self, index: Any, mask: Any) -> Any:
        """1 where an odd number of the mask's bits is set in the index."""
        return self.b.and_(self.b.ctpop(self.b.and_(index, mask)), self.number(1))

    def signs(self, lanes: int) -> Any:
        """Room for a vector and its negative, to be chosen by a bit."""
        kind = self.ir.ArrayType(self.ir.VectorType(self.real, lanes), 2)
        return self.b.alloca(kind)

    def keep(self, room: Any, value: Any, lanes: int) -> None:
        zero = self.ir.Constant(self.ir.VectorType(self.real, lanes), [-0.0] * lanes)
        for bit, part in enumerate((value, self.b.fsub(zero, value))):
            self.b.store(part, self.b.gep(room, [self.number(0), self.number(bit)]))

    def choose(self, room: Any, bit: Any) -> Any:
        return self.b.load(self.b.gep(room, [self.number(0), bit]))


def turns(module: Any, name: str, lanes: int) -> None:
    """Rotations about words of `lanes` states at once; see `kernel.turns_slowly` for its meaning.

    States [dimension, 2, lanes], operations (kind, x, z), cosines and sines [n, lanes], tables
    [t, dimension, 2], sums [n, 2].
    """
    code = Code(module, name, "dwwiiidddd")
    states, dimension, count, kinds, xs, zs, cosines, sines, tables, sums = code.arguments
    room = code.signs(lanes)
    totals = [code.b.alloca(code.real), code.b.alloca(code.real)]
    whole = code.number
    with code.loop(whole(0), count) as i:
        kind, x, z = code.get(kinds, i), code.get(xs, i), code.get(zs, i)
        row = code.b.mul(i, whole(lanes))
        c = code.read(code.vector(cosines, row, lanes))
        s = code.read(code.vector(sines, row, lanes))
        code.keep(room, s, lanes)
        is_kind = [code.b.icmp_signed("==", kind, whole(k)) for k in range(5)]
        for number, body in enumerate((_real_turn, _imaginary_turn)):
            with code.b.if_then(is_kind[number]):
                _paired(code, states, dimension, (x, z, c, room, lanes), body)
        with code.b.if_then(is_kind[2]):
            _sign_turn(code, states, dimension, (z, c, room, lanes))
        with code.b.if_then(is_kind[3]):
            _table_turn(code, states, dimension, (x, tables, lanes))
        if lanes == 2:
            with code.b.if_then(is_kind[4]):
                _overlap(code, states, dimension, (x, z, code.b.mul(i, whole(2)), sums, totals))
    code.b.ret_void()


def _paired(code: Code, states: Any, dimension: Any, word: Any, body: Any) -> None:
    """Each pair of amplitudes that an X mask joins, once."""
    b, whole = code.b, code.number
    x, z, c, room, lanes = word
    zero = b.ctlz(x, code.ir.Constant(code.ir.IntType(1), 1))
    top = b.sub(whole(63), zero)
    low = b.sub(b.shl(whole(1), top), whole(1))
    with code.loop(whole(0), b.lshr(dimension, whole(1))) as i:
        above = b.shl(b.and_(i, b.not_(low)), whole(1))
        k = b.or_(above, b.and_(i, low))
        other = b.xor(k, x)
        t = code.choose(room, code.odd(other, z))
        places = [b.mul(index, whole(2 * lanes)) for index in (k, other)]
        places = [place for start in places for place in (start, b.add(start, whole(lanes)))]
        addresses = [code.vector(states, place, lanes) for place in places]
        new = body(code, c, t, [code.read(address) for address in addresses])
        for value, address in zip(new, addresses, strict=True):
            code.write(value, address)


def _real_turn(code: Code, c: Any, t: Any, amplitudes: list[Any]) -> list[Any]:
    ar, ai, br, bi = amplitudes
    return [
        code.plus(code.times(c, ar), code.times(t, br)),
        code.plus(code.times(c, ai), code.times(t, bi)),
        code.minus(code.times(c, br), code.times(t, ar)),
        code.minus(code.times(c, bi), code.times(t, ai)),
    ]


def _imaginary_turn(code: Code, c: Any, t: Any, amplitudes: list[Any]) -> list[Any]:
    ar, ai, br, bi = amplitudes
    return [
        code.plus(code.times(c, ar), code.times(t, bi)),
        code.minus(code.times(c, ai), code.times(t, br)),
        code.plus(code.times(c, br), code.times(t, ai)),
        code.minus(code.times(c, bi), code.times(t, ar)),
    ]


def _sign_turn(code: Code, states: Any, dimension: Any, word: Any) -> None:
    b, whole = code.b, code.number
    z, c, room, lanes = word
    with code.loop(whole(0), dimension) as k:
        t = code.choose(room, code.odd(k, z))
        place = b.mul(k, whole(2 * lanes))
        addresses = [code.vector(states, at, lanes) for at in (place, b.add(place, whole(lanes)))]
        re, im = (code.read(address) for address in addresses)
        code.write(code.plus(code.times(c, re), code.times(t, im)), addresses[0])
        code.write(code.minus(code.times(c, im), code.times(t, re)), addresses[1])


def _table_turn(code: Code, states: Any, dimension: Any, table: Any) -> None:
    b, whole, ir = code.b, code.number, code.ir
    number, tables, lanes = table
    start = b.mul(b.mul(number, dimension), whole(2))
    kind = ir.VectorType(code.real, lanes)
    with code.loop(whole(0), dimension) as k:
        at = b.add(start, b.mul(k, whole(2)))
        parts = []
        for offset in (0, 1):
            value = code.get(tables, b.add(at, whole(offset)))
            single = b.insert_element(kind(ir.Undefined), value, ir.IntType(32)(0))
            zeros = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)
            parts.append(b.shuffle_vector(single, kind(ir.Undefined), zeros))
        c, t = parts
        place = b.mul(k, whole(2 * lanes))
        addresses = [code.vector(states, p, lanes) for p in (place, b.add(place, whole(lanes)))]
        re, im = (code.read(address) for address in addresses)
        code.write(code.minus(code.times(c, re), code.times(t, im)), addresses[0])
        code.write(code.plus(code.times(c, im), code.times(t, re)), addresses[1])


def _overlap(code: Code, states: Any, dimension: Any, word: Any) -> None:
    """Σ conj(second lane[k]) (-1)^|(k^x)&z| first lane[k^x], into sums[i]."""
    b, whole = code.b, code.number
    x, z, row, sums, totals = word
    for total in totals:
        b.store(code.real(0.0), total)
    with code.loop(whole(0), dimension) as k:
        other = b.xor(k, x)
        here, there = b.mul(k, whole(4)), b.mul(other, whole(4))
        sign = b.select(
            b.trunc(code.odd(other, z), code.ir.IntType(1)), code.real(-1), code.real(1)
        )
        re, im = code.get(states, there), code.get(states, b.add(there, whole(2)))
        lr = code.times(sign, code.get(states, b.add(here, whole(1))))
        li = code.times(sign, code.get(states, b.add(here, whole(3))))
        parts = (
            code.plus(code.times(lr, re), code.times(li, im)),
            code.minus(code.times(lr, im), code.times(li, re)),
        )
        for total, part in zip(totals, parts, strict=True):
            b.store(code.plus(b.load(total), part), total)
    for part, total in enumerate(totals):
        b.store(b.load(total), b.gep(sums, [b.add(row, whole(part))]))


def pairs(module: Any, name: str, lanes: int) -> None:
    """Rotations of pairs of real amplitudes; see `kernel.pairs_slowly` for its meaning."""
    code = Code(module, name, "dwiiiiiidddd")
    states, count, numbers, begin, left, right, rest_begin, rest = code.arguments[:8]
    cosines, sines, factors, sums = code.arguments[8:]
    overlap = code.b.alloca(code.real)
    b, whole = code.b, code.number
    one = code.ir.Constant(code.real, 1.0)
    with code.loop(whole(0), count) as i:
        number, row = code.get(numbers, i), b.mul(i, whole(lanes))
        following = b.add(number, whole(1))
        c = code.read(code.vector(cosines, row, lanes))
        s = code.read(code.vector(sines, row, lanes))
        b.store(code.real(0.0), overlap)
        with code.loop(code.get(begin, number), code.get(begin, following)) as pair:
            places = [b.mul(code.get(side, pair), whole(lanes)) for side in (left, right)]
            addresses = [code.vector(states, place, lanes) for place in places]
            first, second = (code.read(address) for address in addresses)
            if lanes == 2:
                (a, p), (q, r) = (
                    [b.extract_element(side, whole(lane)) for lane in (0, 1)]
                    for side in (first, second)
                )
                part = code.minus(code.times(a, r), code.times(q, p))
                b.store(code.plus(b.load(overlap), part), overlap)
            new = (
                code.minus(code.times(c, first), code.times(s, second)),
                code.plus(code.times(c, second), code.times(s, first)),
            )
            for value, address in zip(new, addresses, strict=True):
                code.write(value, address)
        if lanes == 2:
            b.store(b.load(overlap), b.gep(sums, [i]))
        f = code.read(code.vector(factors, row, lanes))
        total = b.extract_element(f, whole(0))
        for lane in range(1, lanes):
            total = b.fmul(total, b.extract_element(f, whole(lane)))
        with (
            b.if_then(b.fcmp_ordered("!=", total, one)),
            code.loop(code.get(rest_begin, number), code.get(rest_begin, following)) as place,
        ):
            address = code.vector(states, b.mul(code.get(rest, place), whole(lanes)), lanes)
            code.write(code.times(f, code.read(address)), address)
    b.ret_void()


def words(module: Any, name: str) -> None:
    """out[k] += Σ_w weight_w (-1)^|(k^x)&z| state[k^x], complex; weights [n, 2]."""
    code = Code(module, name, "ddwwiid")
    out, state, dimension, count, xs, zs, weights = code.arguments
    b, whole = code.b, code.number
    room = code.signs(2)
    pair = code.ir.VectorType(code.real, 2)
    with code.loop(whole(0), count) as i:
        x, z, at = code.get(xs, i), code.get(zs, i), b.mul(i, whole(2))
        code.keep(room, code.read(code.vector(weights, at, 2)), 2)
        with code.loop(whole(0), dimension) as k:
            other = b.xor(k, x)
            weight = code.choose(room, code.odd(other, z))
            wr, wi = (b.extract_element(weight, whole(lane)) for lane in (0, 1))
            there, here = b.mul(other, whole(2)), code.vector(out, b.mul(k, whole(2)), 2)
            re, im = code.get(state, there), code.get(state, b.add(there, whole(1)))
            value = pair(code.ir.Undefined)
            parts = (
                code.minus(code.times(wr, re), code.times(wi, im)),
                code.plus(code.times(wr, im), code.times(wi, re)),
            )
            for lane, part in enumerate(parts):
                value = b.insert_element(value, part, whole(lane))
            code.write(code.plus(code.read(here), value), here)
    b.ret_void()


def spread(module: Any, name: str, lanes: int) -> None:
    """lanes[k, :] = state[k]"""
    code = Code(module, name, "ddw")
    state, out, count = code.arguments
    b, ir = code.b, code.ir
    kind = ir.VectorType(code.real, lanes)
    with code.loop(code.number(0), count) as k:
        value = kind(ir.Undefined)
        for lane in range(lanes):
            value = b.insert_element(value, code.get(state, k), code.number(lane))
        code.write(value, code.vector(out, b.mul(k, code.number(lanes)), lanes))
    b.ret_void()


def collect(module: Any, name: str, lanes: int) -> None:
    """rows[lane, k] = lanes[k, lane]"""
    code = Code(module, name, "ddw")
    states, rows, count = code.arguments
    b, whole = code.b, code.number
    with code.loop(whole(0), count) as k:
        value = code.read(code.vector(states, b.mul(k, whole(lanes)), lanes))
        for lane in range(lanes):
            place = b.add(b.mul(count, whole(lane)), k)
            b.store(b.extract_element(value, whole(lane)), b.gep(rows, [place]))
    b.ret_void()
