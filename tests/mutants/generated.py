"""Every mutant that mutmut's operators make of the core files.

The operators are mutmut's, the runner is ours: mutmut itself changes only what stands in functions
without a decorator, so neither the table of a payment's states nor an account's properties, and it
starts pytest for each mutant, where a story takes four milliseconds.

Left alone: annotations, imports, docstrings, and what an assertion or an exception says.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import libcst as cst
from mutmut.mutation.mutators import mutation_operators

from tests.house.tree import ROOT
from tests.mutants.forks import Change

CORE = (
    "ledger/account.py",
    "ledger/apply.py",
    "ledger/apply_settlement.py",
    "ledger/credit.py",
    "ledger/decide.py",
    "ledger/decide_payment.py",
    "ledger/decide_settlement.py",
    "ledger/decide_transfer.py",
    "ledger/guards.py",
    "ledger/legs.py",
    "ledger/money.py",
    "ledger/payment.py",
    "ledger/postings.py",
    "ledger/sweeps.py",
    "actors/batcher.py",
    "actors/draft.py",
    "actors/partition.py",
    "actors/recall.py",
    "actors/relay.py",
    "actors/residents.py",
)


class _Places(cst.CSTVisitor):
    """Collects what may be replaced, with what, and in which function or class it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, cst.CSTNode, cst.CSTNode]] = []
        self._within: list[str] = []

    def on_visit(self, node: cst.CSTNode) -> bool:
        if isinstance(node, cst.Annotation | cst.Import | cst.ImportFrom | cst.Raise):
            return False
        if isinstance(node, cst.Assert):
            node.test.visit(self)
            return False
        if isinstance(node, cst.FunctionDef | cst.ClassDef):
            self._within.append(node.name.value)
        self._collect(node)
        return True

    def on_leave(self, original_node: cst.CSTNode) -> None:
        if isinstance(original_node, cst.FunctionDef | cst.ClassDef):
            self._within.pop()

    def _collect(self, node: cst.CSTNode) -> None:
        where = ".".join(self._within) or "the module"
        for kind, operator in mutation_operators:
            if isinstance(node, kind):
                self.found += [(where, node, new) for new in operator(node)]


def mutants(paths: Iterable[str] = CORE) -> Iterator[Change]:
    for path in paths:
        yield from _mutants_of(path)


def _mutants_of(path: str) -> Iterator[Change]:
    """Named by what changes, not by where, so that a name outlives the lines above it."""
    module = cst.parse_module((ROOT / path).read_text(encoding="utf-8"))
    parts = [module.code_for_node(part) for part in [*module.header, *module.body]]
    named: Counter[str] = Counter()
    for number, statement in enumerate(module.body, len(module.header)):
        places = _Places()
        statement.visit(places)
        seen = {parts[number]}
        for where, node, new in places.found:
            changed = module.code_for_node(_replaced(statement, node, new))
            if changed in seen:
                continue
            seen.add(changed)
            said = _difference(parts[number], changed)
            title = f"{path} {where}"
            named[title + said] += 1
            again = named[title + said]
            title += f" ({again})" * (again > 1)
            text = "".join([*parts[:number], changed, *parts[number + 1 :]])
            yield Change(f"{title}\n{said}", path, text)


def _replaced(statement: cst.CSTNode, node: cst.CSTNode, new: cst.CSTNode) -> cst.CSTNode:
    changed = statement.deep_replace(node, new)
    assert isinstance(changed, cst.CSTNode), "one statement becomes another"
    return changed


def _difference(old: str, new: str) -> str:
    """The lines that differ, each side in one: `- was`, `+ becomes`."""
    before, after = old.splitlines(), new.splitlines()
    same = 0
    while before[same : same + 1] == after[same : same + 1] != []:
        same += 1
    before, after = before[same:], after[same:]
    while before and after and before[-1] == after[-1]:
        before.pop()
        after.pop()
    return f"- {_joined(before)}\n+ {_joined(after)}".rstrip()


def _joined(lines: list[str]) -> str:
    return " ".join(" ".join(lines).split())
