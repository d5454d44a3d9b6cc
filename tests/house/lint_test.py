#!/usr/bin/env python3
"""What tools/lint remembers: a clean source is judged again when something changes that the judgement depends on, and
only then. A finding is never remembered.

usage: lint_test.py

The real clang-scan-deps finds the headers. A program takes the place of clang-tidy: it records what it judges, and
finds something in a source that says FINDING.
"""

import contextlib
import io
import json
import pathlib
import shutil
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/lib"))

import lint  # noqa: E402

CLANG_VERSIONS = range(16, 41)
SOURCES = ("src/a.cc", "src/b.cc")
TIDY = """#!/bin/sh
[ "$1" = --version ] && echo VERSION && exit
for file; do :; done
echo "$file" >>"$0.judged"
! grep -H FINDING "$file"
"""


def clang_suffix() -> str:
    for version in CLANG_VERSIONS:
        if shutil.which(f"clang-scan-deps-{version}") and shutil.which(f"clang++-{version}"):
            return str(version)
    raise RuntimeError("no clang-scan-deps of version 16 or later: run tools/setup --dev")


class Tree:
    """A clone of a small project. One source includes a header, which includes another; the second source includes neither."""

    def __init__(self, folder: pathlib.Path):
        self.root = folder
        # The system's clang-tidy, which is the same for all clones.
        self.tidy = folder.parent / "tidy"
        self.scanner = f"/usr/bin/clang-scan-deps-{clang_suffix()}"
        self.write("src/a.cc", '#include "a.h"\n#include "system.h"\nint a() { return kA; }\n')
        self.write("src/b.cc", "int b() { return 1; }\n")
        self.write("include/a.h", '#pragma once\n#include "deep.h"\n')
        self.write("include/deep.h", "inline constexpr int kA = 1;\n")
        self.write(".clang-tidy", "Checks: '*'\n")
        self.write_commands("-O1")

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def write_commands(self, flags: str) -> None:
        build = self.root / "build"
        system = self.root.parent / "system"
        entries = [
            {"directory": str(build), "file": f"../{source}", "output": f"{folder}/{source}.o",
             "command": f"ccache clang++-{clang_suffix()} -I../include -isystem {system} {flags} -o {folder}/{source}.o -c ../{source}"}
            for source in SOURCES for folder in ("src", "tests/sim")]
        self.write("build/compile_commands.json", json.dumps(entries))

    def judged(self, memory: lint.Memory | None, anew: bool = False) -> list[str]:
        """The sources that a run over all of them judges. `self.said` is what it prints to stderr."""
        note = pathlib.Path(f"{self.tidy}.judged")
        note.unlink(missing_ok=True)
        run = lint.Lint(self.root, str(self.tidy), self.scanner, self.root / "build", memory, anew)
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as errors:
            count, self.found = run.run([str(self.root / source) for source in SOURCES])
        self.said = errors.getvalue()
        names = note.read_text(encoding="utf-8").splitlines() if note.exists() else []
        assert len(names) == count, names
        return sorted(str(pathlib.Path(name).relative_to(self.root)) for name in names)


class WhatIsRemembered(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory(prefix="lint-")
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name).resolve()
        (self.folder / "system").mkdir()
        (self.folder / "system/system.h").write_text("", encoding="utf-8")
        self.write_tidy(TIDY)
        self.memory = lint.Memory(self.folder / "memory")
        self.tree = Tree(self.folder / "one")
        self.assertEqual(["src/a.cc", "src/b.cc"], self.tree.judged(self.memory))

    def write_tidy(self, text: str) -> None:
        (self.folder / "tidy").write_text(text, encoding="utf-8")
        (self.folder / "tidy").chmod(0o755)

    def test_what_is_unchanged_is_not_judged_again(self) -> None:
        self.assertEqual([], self.tree.judged(self.memory))

    def test_a_clone_at_another_path_knows_it_too(self) -> None:
        self.assertEqual([], Tree(self.folder / "another").judged(self.memory))

    def test_a_changed_source_is_judged_again(self) -> None:
        self.tree.write("src/b.cc", "int b() { return 2; }\n")
        self.assertEqual(["src/b.cc"], self.tree.judged(self.memory))
        self.assertEqual([], self.tree.judged(self.memory))

    def test_a_source_is_judged_again_when_a_header_of_its_header_changes(self) -> None:
        self.tree.write("include/deep.h", "inline constexpr int kA = 2;\n")
        self.assertEqual(["src/a.cc"], self.tree.judged(self.memory))

    def test_a_source_is_judged_again_when_another_header_comes_before_its_own(self) -> None:
        self.tree.write("src/a.h", '#pragma once\n#include "deep.h"\n')
        self.assertEqual(["src/a.cc"], self.tree.judged(self.memory))

    def test_a_source_is_judged_again_when_a_header_of_the_system_changes(self) -> None:
        (self.folder / "system/system.h").write_text("int s();\n", encoding="utf-8")
        self.assertEqual(["src/a.cc"], self.tree.judged(self.memory))

    def test_all_are_judged_again_by_other_checks(self) -> None:
        self.tree.write(".clang-tidy", "Checks: 'bugprone-*'\n")
        self.assertEqual(["src/a.cc", "src/b.cc"], self.tree.judged(self.memory))

    def test_checks_of_a_folder_count_for_what_stands_in_it(self) -> None:
        self.tree.write("include/.clang-tidy", "Checks: 'bugprone-*'\n")
        self.assertEqual(["src/a.cc"], self.tree.judged(self.memory))

    def test_all_are_judged_again_by_another_clang_tidy(self) -> None:
        self.write_tidy(TIDY.replace("VERSION", "VERSION 2"))
        self.assertEqual(["src/a.cc", "src/b.cc"], self.tree.judged(self.memory))

    def test_all_are_judged_again_by_another_command(self) -> None:
        self.tree.write_commands("-O2")
        self.assertEqual(["src/a.cc", "src/b.cc"], self.tree.judged(self.memory))

    def test_a_finding_is_never_remembered(self) -> None:
        self.tree.write("src/b.cc", "// FINDING\n")
        for _ in range(2):
            self.assertEqual(["src/b.cc"], self.tree.judged(self.memory))
            self.assertEqual(1, self.tree.found)

    def test_a_source_whose_header_is_missing_is_never_remembered(self) -> None:
        (self.tree.root / "include/deep.h").unlink()
        for _ in range(2):
            self.assertEqual(["src/a.cc"], self.tree.judged(self.memory))

    def test_what_changes_while_it_is_judged_is_not_remembered(self) -> None:
        header = self.tree.root / "include/deep.h"
        text = header.read_text(encoding="utf-8")
        self.tree.write("src/a.cc", '#include "a.h"\n')
        self.write_tidy(TIDY + f'echo "// more" >>"{header}"\n')
        self.assertEqual(["src/a.cc", "src/b.cc"], self.tree.judged(self.memory))
        header.write_text(text, encoding="utf-8")
        self.assertEqual(["src/a.cc"], self.tree.judged(self.memory))

    def test_anew_judges_what_is_known(self) -> None:
        self.assertEqual(["src/a.cc", "src/b.cc"], self.tree.judged(self.memory, anew=True))

    def test_a_finding_takes_back_what_was_remembered(self) -> None:
        self.write_tidy(TIDY + '[ ! -e "$0.hidden" ]\n')
        self.assertEqual(["src/a.cc", "src/b.cc"], self.tree.judged(self.memory))
        # Something that nothing remembered knows about.
        (self.folder / "tidy.hidden").touch()
        self.assertEqual([], self.tree.judged(self.memory))
        self.tree.judged(self.memory, anew=True)
        self.assertEqual(2, self.tree.found)
        self.assertEqual(["src/a.cc", "src/b.cc"], self.tree.judged(self.memory))

    def test_a_scanner_that_fails_is_told_of_and_all_are_judged(self) -> None:
        self.assertEqual("", self.tree.said)
        scanner = self.folder / "scanner"
        scanner.write_text("#!/bin/sh\necho no such option >&2\nexit 1\n", encoding="utf-8")
        scanner.chmod(0o755)
        self.tree.scanner = str(scanner)
        self.assertEqual(["src/a.cc", "src/b.cc"], self.tree.judged(self.memory))
        self.assertIn("no such option", self.tree.said)

    def test_without_a_memory_all_are_judged(self) -> None:
        self.assertEqual(["src/a.cc", "src/b.cc"], self.tree.judged(None))

    def test_the_memory_is_bounded_and_forgets_what_was_unused_for_longest(self) -> None:
        small = lint.Memory(self.folder / "small", most=3)
        for age, name in enumerate("abcd"):
            small.remember(name)
            lint.os.utime(small.folder / name, (1000 + age, 1000 + age))
        self.assertTrue(small.knows("a"))
        small.forget_the_oldest()
        self.assertEqual([True, False, True, True], [small.knows(name) for name in "abcd"])


if __name__ == "__main__":
    unittest.main()
