#!/usr/bin/env python3
"""No C++ function has more than 60 lines, from the first line of its head to the brace that ends it.

In tests the rows of a table (a braced list) count as one line: they are data, however many cases there are.

usage: function_length_test.py    prints each longer function as file:line, and fails if there is one.
"""

import pathlib
import re
import tempfile
import unittest
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("include", "src", "tools", "bench", "tests")
# Where the rows of a table are not counted.
WITH_TABLES = ("tests",)
MAX_LINES = 60

# What may contain a brace that is not one, longest first. A digit separator is not a quote.
LITERAL = re.compile(
    r"""//[^\n]*|/\*.*?\*/|R"(?P<delimiter>[^()\s\\]*)\(.*?\)(?P=delimiter)"|"(?:\\.|[^"\\\n])*"|"""
    r"""(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'|^[ \t]*\#(?:\\\n|[^\n])*""",
    re.DOTALL | re.MULTILINE)
# What opens a scope that contains functions.
SCOPE = re.compile(r'\b(?:namespace|class|struct|union)\b|^extern\s*""\s*$')
PARAMETERS = re.compile(r"\([^()]*\)")
# After these a brace opens a list, not a block.
BEFORE_A_LIST = re.compile(r"(?:[(,={]|\breturn)\s*$")


def without_literals(text: str) -> str:
    """The text with comments, strings, characters and preprocessor lines blanked. Every line keeps its number."""
    def blank(found: re.Match[str]) -> str:
        return ('""' if found[0].startswith(('"', "R")) else "") + "\n" * found[0].count("\n")

    return LITERAL.sub(blank, text)


def end_of(text: str, opening: int) -> int:
    """The position of the brace that closes the one at `opening`, or the end of the text if none does."""
    depth = 0
    for found in re.finditer(r"[{}]", text[opening:]):
        depth += 1 if found[0] == "{" else -1
        if depth == 0:
            return opening + found.start()
    return len(text)


def lines_of_tables(body: str) -> int:
    """How many lines the braced lists in a function's body have beyond the first line of each."""
    lines, at = 0, 1
    while (at := body.find("{", at)) >= 0:
        if BEFORE_A_LIST.search(body, max(0, at - 100), at):
            end = end_of(body, at)
            lines += body.count("\n", at, end)
            at = end
        at += 1
    return lines


def is_function(head: str) -> bool:
    """Whether a brace behind this text, at the level of a namespace or a class, opens a function."""
    plain = PARAMETERS.sub("()", head)
    return "(" in plain and not re.search(r"(?<![=!<>])=\s*$", plain) and not re.match(r"\s*enum\b", plain)


def is_scope(head: str) -> bool:
    # A function may return or take a struct: its head has parameters after the word.
    return bool(SCOPE.search(re.sub(r"<[^<>]*>", "", head).strip())) and not is_function(re.sub(r"alignas\([^)]*\)", "", head))


def functions_of(text: str, with_tables: bool = False) -> Iterator[tuple[int, int]]:
    """The first line of each function, and how many lines it has."""
    text = without_literals(text)
    head_from, at = 0, 0
    while found := re.compile(r"[{};]").search(text, at):
        at = found.end()
        head = text[head_from:found.start()]
        if found[0] == ";" and head.count("(") > head.count(")"):
            continue
        if found[0] != "{" or is_scope(head):
            head_from = at
            continue
        end = end_of(text, found.start())
        behind = text[end + 1:end + 50].lstrip()
        at = end + 1
        # A member's initial value in the head of a constructor, or a default in a list of parameters: the head
        # continues.
        if behind[:1] in (",", "{", ")") or head.count("(") > head.count(")"):
            continue
        if is_function(head):
            first = head_from + len(head) - len(head.lstrip())
            lines = text.count("\n", first, end) + 1
            if with_tables:
                lines -= lines_of_tables(text[found.start():end])
            yield text.count("\n", 0, first) + 1, lines
        head_from = at


def breaches_of(root: pathlib.Path) -> list[str]:
    breaches = []
    for folder in FOLDERS:
        for path in sorted(found for found in (root / folder).rglob("*") if found.suffix in (".h", ".cc")):
            for line, lines in functions_of(path.read_text(encoding="utf-8"), folder in WITH_TABLES):
                if lines > MAX_LINES:
                    breaches.append(f"{path.relative_to(root)}:{line}: a function of {lines} lines; at most {MAX_LINES}")
    return breaches


class TheRule(unittest.TestCase):
    """On sources made for the test: the rule must see each function with its lines, and only functions."""

    def test_a_function_counts_from_its_head_to_its_end(self) -> None:
        self.assertEqual([(2, 3), (6, 5)], list(functions_of(
            "namespace a {\nvoid f() {\n  g();\n}\n\nint g(int a,\n      int b) {\n  if (a) {\n  }\n}\n}\n")))

    def test_functions_of_a_class_count_each(self) -> None:
        self.assertEqual([(2, 1), (3, 3)], list(functions_of(
            "class A final : public B<int> {\n  A() : a_{1}, b_(2) {}\n  int a() const override {\n    return 1;\n  }\n"
            "  int a_{0};\n  std::array<int, 2> kB = {\n    1,\n    2};\n};\n")))

    def test_a_constructor_with_values_in_braces_is_one_function(self) -> None:
        self.assertEqual([(1, 5)], list(functions_of("A::A(int a)\n    : a_{a},\n      b_{} {\n  f();\n}\n")))

    def test_what_returns_a_struct_and_what_has_a_default_in_braces_is_a_function(self) -> None:
        self.assertEqual([(1, 3), (4, 3)], list(functions_of(
            "struct stat of(int a) {\n  return {};\n}\nvoid f(A a = {}, int b = 0) {\n  for (;;) {}\n}\n")))

    def test_braces_in_texts_comments_and_macros_are_none(self) -> None:
        self.assertEqual([(2, 5), (7, 2)], list(functions_of(
            "#define A(x) {\nvoid f() {\n  // }\n  g(\"}\", '}', 1'000, R\"({\n)\");\n}\nvoid h() {\n}\n")))

    def test_a_table_counts_as_one_line_where_it_may(self) -> None:
        text = "std::vector<A> f() {\n  return {\n    {1, 2},\n    {3, 4},\n  };\n}\nTEST(A, B) {\n  if (a()) {\n    b();\n  }\n}\n"
        self.assertEqual([(1, 6), (7, 5)], list(functions_of(text)))
        self.assertEqual([(1, 3), (7, 5)], list(functions_of(text, with_tables=True)))

    def test_a_function_of_61_lines_is_refused_and_one_of_60_is_not(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder) / "src/net/a.cc"
            source.parent.mkdir(parents=True)
            source.write_text("namespace a {\n\nvoid f() {\n" + "  g();\n" * 58 + "}\n\n}\n", encoding="utf-8")
            self.assertEqual([], breaches_of(pathlib.Path(folder)))
            source.write_text("namespace a {\n\nvoid f() {\n" + "  g();\n" * 59 + "}\n\n}\n", encoding="utf-8")
            self.assertEqual(["src/net/a.cc:3: a function of 61 lines; at most 60"], breaches_of(pathlib.Path(folder)))


class TheSources(unittest.TestCase):
    def test_every_function_is_seen(self) -> None:
        """Checks a part of the tree whose functions are known: a rule that mistook them for something else would say nothing."""
        found = sum(1 for path in (ROOT / "src").rglob("*.cc") for _ in functions_of(path.read_text(encoding="utf-8")))
        closing = sum(path.read_text(encoding="utf-8").count("\n}\n") for path in (ROOT / "src").rglob("*.cc"))
        self.assertGreater(closing, 0)
        # In clang's format a function of a namespace ends in a brace on its own line, except the shortest ones.
        self.assertGreaterEqual(found, closing * 9 // 10)

    def test_every_function_is_short(self) -> None:
        found = breaches_of(ROOT)
        if found:
            self.fail("\n" + "\n".join(found))


if __name__ == "__main__":
    unittest.main()
