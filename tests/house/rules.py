"""The house rules, one row each.

A row has the rule as a sentence, the files that it covers, a function that finds what
breaks it, and two small texts: one that breaks the rule and one that comes close and does
not. test_tidy.py runs every row over the project, and every row over its own two texts, so
that a rule which has gone blind fails too.

A word that may not stand in the project cannot stand here either: patterns hide one letter
in brackets, and examples are spelt so that only running them makes the word.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

FUNCTION_LINES_MAX = 50  # the docstring is not counted: a story test is all docstring
FILE_LINES_MAX = 500
PARAMETERS_MAX = 6
README_LINES_MAX = 150

# Numbers that card schemes publish for testing. A row here is a declaration that the
# number belongs to nobody.
PUBLIC_TEST_NUMBERS = frozenset({"4111111111111111"})

CODE_SUFFIXES = frozenset({".py", ".js", ".css", ".html", ".sh", ".mako"})

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class Rule(NamedTuple):
    says: str
    covers: Callable[[PurePosixPath], bool]
    findings: Callable[[str], Iterator[str]]
    broken: str
    kept: str

    def __repr__(self) -> str:
        """The sentence alone: the texts would bury a failing test."""
        return self.says


def is_python(path: PurePosixPath) -> bool:
    return path.suffix == ".py"


def is_test(path: PurePosixPath) -> bool:
    return is_python(path) and path.parts[0] == "tests"


def long_functions(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, FUNCTIONS) and _lines(node) > FUNCTION_LINES_MAX:
            yield f"{_line(node)} {node.name} has {_lines(node)} lines"


def wide_functions(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, FUNCTIONS) and len(_parameters(node)) > PARAMETERS_MAX:
            yield f"{_line(node)} {node.name} has {len(_parameters(node))} parameters"


def longer_than(lines_max: int) -> Callable[[str], Iterator[str]]:
    def findings(text: str) -> Iterator[str]:
        count = len(text.splitlines())
        if count > lines_max:
            yield f"it has {count} lines"

    return findings


def sleeps(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Attribute(value=ast.Name(id="time" | "asyncio"), attr="sleep"):
                yield _line(node)
            case ast.ImportFrom(module="time" | "asyncio", names=names):
                yield from (_line(node) for name in names if name.name == "sleep")
            case _:
                pass


def inexact_numbers(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Name(id="float" | "Decimal" as name):
                yield f"{_line(node)} {name}"
            case ast.ImportFrom(module="decimal") | ast.alias(name="decimal"):
                yield f"{_line(node)} decimal"
            case ast.Constant(value=float() as number):
                yield f"{_line(node)} {number}"
            case _:
                pass


def amounts_without_unit(text: str) -> Iterator[str]:
    """Annotated names that say amount, hold an int, and do not say minor."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.arg(arg=name, annotation=ast.expr() as annotation):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation):
                pass
            case ast.AnnAssign(target=ast.Attribute(attr=name), annotation=annotation):
                pass
            case _:
                continue
        words = set(name.lower().split("_"))
        if (
            words & {"amount", "amounts"}
            and "minor" not in words
            and _holds_int(annotation)
        ):
            yield f"{_line(node)} {name}"


def more_than_a_docstring(text: str) -> Iterator[str]:
    body = ast.parse(text).body
    if len(body) != 1 or ast.get_docstring(ast.parse(text)) is None:
        yield "it holds more, or less, than a docstring"
    elif len(text.splitlines()) != 1:
        yield "its docstring has more than one line"


def card_numbers(text: str) -> Iterator[str]:
    """Runs of 13 to 19 digits, or four groups of four, that pass the Luhn check.

    The finding does not repeat the number: it may be somebody's.
    """
    for number, line in enumerate(text.splitlines(), 1):
        for run in re.findall(r"(?<!\d)(?:\d{13,19}|\d{4}(?:[ -]\d{4}){3})(?!\d)", line):
            digits = re.sub(r"\D", "", run)
            if passes_luhn(digits) and digits not in PUBLIC_TEST_NUMBERS:
                yield f"line {number}: a card number"


def passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: from the right, every second digit counts double."""
    values = [int(digit) for digit in reversed(digits)]
    doubled = [sum(divmod(2 * value, 10)) for value in values[1::2]]
    return (sum(values[::2]) + sum(doubled)) % 10 == 0


def lines_with(pattern: str) -> Callable[[str], Iterator[str]]:
    compiled = re.compile(pattern)

    def findings(text: str) -> Iterator[str]:
        for number, line in enumerate(text.splitlines(), 1):
            if compiled.search(line):
                yield f"line {number}: {line.strip()[:80]}"

    return findings


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From `def` to the last line, without the docstring."""
    last = node.end_lineno or node.lineno
    docstring = node.body[0] if ast.get_docstring(node, clean=False) is not None else None
    of_docstring = (docstring.end_lineno or 0) - docstring.lineno + 1 if docstring else 0
    return last - node.lineno + 1 - of_docstring


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.arg]:
    """Without self and cls; `*args` and `**kwargs` count as one each."""
    spread = [arg for arg in (node.args.vararg, node.args.kwarg) if arg is not None]
    named = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return [arg for arg in [*named, *spread] if arg.arg not in {"self", "cls"}]


def _holds_int(annotation: ast.expr) -> bool:
    return any(isinstance(n, ast.Name) and n.id == "int" for n in ast.walk(annotation))


def _line(node: ast.AST) -> str:
    return f"line {getattr(node, 'lineno', '?')}:"


RULES = [
    Rule(
        says=f"a function has at most {FUNCTION_LINES_MAX} lines",
        covers=is_python,
        findings=long_functions,
        broken="def f():\n" + "    x = 1\n" * FUNCTION_LINES_MAX,
        kept='def f():\n    """One\n    two.\n    """\n' + "    x = 1\n" * 49,
    ),
    Rule(
        says=f"a file has at most {FILE_LINES_MAX} lines",
        covers=lambda path: path.suffix in CODE_SUFFIXES,
        findings=longer_than(FILE_LINES_MAX),
        broken="x = 1\n" * (FILE_LINES_MAX + 1),
        kept="x = 1\n" * FILE_LINES_MAX,
    ),
    Rule(
        says=f"a function takes at most {PARAMETERS_MAX} parameters",
        covers=lambda path: is_python(path) and not is_test(path),
        findings=wide_functions,
        broken="def f(a, b, c, *d, e, f, **g): ...",
        kept="def f(self, a, b, c, *, d, e, f): ...",
    ),
    Rule(
        says=f"the README has at most {README_LINES_MAX} lines",
        covers=lambda path: path == PurePosixPath("README.md"),
        findings=longer_than(README_LINES_MAX),
        broken="text\n" * (README_LINES_MAX + 1),
        kept="text\n" * README_LINES_MAX,
    ),
    Rule(
        says="a test does not sleep",
        covers=is_test,
        findings=sleeps,
        broken="import asyncio\nasync def test(): await asyncio.sleep(1)",
        kept="def test(clock): clock.sleep(1)",
    ),
    Rule(
        says="the ledger counts in whole numbers",
        covers=lambda path: is_python(path) and path.parts[0] == "ledger",
        findings=inexact_numbers,
        broken="half = float(amount_minor)",
        kept='half, rest = divmod(amount_minor, 2)  # never a "float(x)"',
    ),
    Rule(
        says="an amount says its unit",
        covers=is_python,
        findings=amounts_without_unit,
        broken="def pay(hold_amount: int | None): ...",
        kept="def pay(amount_minor: int, amount: Money): ...",
    ),
    Rule(
        says="nothing is left over to be done",
        covers=lambda path: True,
        findings=lines_with(
            r"\b(?:TOD[O]|FIXM[E])\b|(?:#|//|\*|<!--).*\bXX[X]\b|\bXX[X]:",
        ),
        broken="# todo: the rest".upper(),
        kept='no_currency = "xxx"'.upper(),
    ),
    Rule(
        says="no card number is written down",
        covers=lambda path: True,
        findings=card_numbers,
        broken=f"pan = {'4242' * 4}",
        kept=f"pan = {min(PUBLIC_TEST_NUMBERS)}, largest = {2**53 - 1}",
    ),
    Rule(
        says="no path of a build machine is written down",
        covers=lambda path: True,
        findings=lines_with(
            r"""(?<![\w.~-])/(?:wor[k]|roo[t]|far[m]|hom[e]/\w+|User[s]/\w+)(?=[/\s"'`:]|$)""",
        ),
        broken="cd /r00t/airside".replace("0", "o"),
        kept="curl http://127.0.0.1:8080/v1/root",
    ),
    Rule(
        says="no package registry is written down",
        covers=lambda path: True,
        findings=lines_with(
            r"pyp[i]\.org|/pyp[i]\b|pythonhoste[d]\.org|npmj[s]\.|(?:deb|security)\.debian\.org",
        ),
        broken="--index-url https://PYPI.ORG/simple".lower(),
        kept="pip install --constraint constraints.txt",
    ),
    Rule(
        says="asserts are never turned off",
        covers=lambda path: path.suffix != ".md",
        findings=lines_with(
            r"""PYTHONOPTIMIZ[E]|python[\w./)}]*["', ]+(?:-\w+["', ]+)*-[A-Za-z]*OO?\b""",
        ),
        broken="exec python -u -oo serve".replace("oo", "OO"),
        kept='exec "$python" -m gateway --output x',
    ),
    Rule(
        says="an __init__.py holds one docstring line",
        covers=lambda path: path.name == "__init__.py",
        findings=more_than_a_docstring,
        broken='"""Floor 0."""\nfrom ledger.money import Money\n',
        kept='"""Floor 0."""\n',
    ),
]
