#!/usr/bin/env python3
"""The manual pages have every option, command and setting that the programs have, with its bounds and default, and no
page has a fault that man(1) would warn of.

usage: manual_test.py BUILD    with the programs and pages of the folder BUILD (build/debug)
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import real_programs

BUILD = pathlib.Path("build/debug").resolve()
REMEDY = "run tools/setup --dev, then build again"
OPTION = re.compile(r"^ +(?:-\w, *)?(--[a-z][a-z-]*)", re.MULTILINE)


def said_by(program: str, *words: str) -> str:
    return real_programs.said_by(BUILD, program, *words)


def page_of(name: str) -> str:
    """The page as man(1) shows it, without what it breaks lines with."""
    page = BUILD / "tools/man" / name
    if not page.exists() or not shutil.which("man"):
        raise AssertionError(f"no {page}, or no man(1): {REMEDY}")
    shown = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", str(page)], capture_output=True, text=True, check=True,
                           env={**os.environ, "MANWIDTH": "1000", "MAN_KEEP_FORMATTING": "", "LC_ALL": "C.UTF-8", "PAGER": "cat"})
    if shown.stderr:
        raise AssertionError(f"{name}: {shown.stderr}")
    return re.sub(r"\s+", " ", shown.stdout)


def commands_of(*words: str) -> list[tuple[str, ...]]:
    """The commands of latchkey that do something, below these words."""
    text = said_by("latchkey", *words, "--help")
    below = re.split("\nsubcommands: *\n", text, flags=re.IGNORECASE)[1:]
    if not below:
        return [words]
    names = re.findall(r"^  (\S+)", below[0], re.MULTILINE)
    return [leaf for name in names for leaf in commands_of(*words, name)]


class Manual(unittest.TestCase):
    def assert_has(self, page: str, parts: list[str]) -> None:
        text = page_of(page)
        self.assertEqual([part for part in parts if part not in text], [])

    def test_of_the_server_has_every_flag_with_its_bounds(self) -> None:
        text = said_by("latchkeyd", "--help")
        flags = OPTION.findall(text)
        self.assertGreater(len(flags), 50)
        expected = [line.strip().partition("; default") for line in text.splitlines() if "; default" in line]
        parts = [f"{bounds[:1].upper()}{bounds[1:]}. Default: {default.strip() or 'empty'}." for bounds, _, default in expected]
        self.assert_has("latchkeyd.8", flags + parts)

    def test_of_the_file_has_every_key_as_print_config_writes_it(self) -> None:
        text = said_by("latchkeyd", "--print-config")
        keys = re.findall(r"^(\w+) = (.*)$", text, re.MULTILINE)
        self.assertGreater(len(keys), 50)
        # These follow from the data directory.
        examples = [f"Example: {key} = {value}" for key, value in keys if key not in ("key_file", "admin_socket")]
        self.assert_has("latchkeyd.toml.5", [key for key, _ in keys] + examples)

    def test_of_the_command_has_every_command_and_its_options(self) -> None:
        leaves = commands_of()
        self.assertGreater(len(leaves), 10)
        parts = [" ".join(leaf) for leaf in leaves]
        for leaf in leaves:
            parts += OPTION.findall(said_by("latchkey", *leaf, "--help"))
        self.assert_has("latchkey.8", sorted(set(parts) | set(OPTION.findall(said_by("latchkey", "--help")))))

    def test_of_the_load_tester_has_every_option(self) -> None:
        options = OPTION.findall(said_by("latchkey-bench", "--help"))
        self.assertGreater(len(options), 15)
        self.assert_has("latchkey-bench.1", options)

    def test_names_the_version(self) -> None:
        version = said_by("latchkeyd", "--version").split()[1]
        for page in ("latchkeyd.8", "latchkeyd.toml.5", "latchkey.8", "latchkey-bench.1"):
            self.assertIn(f"Latchkey {version}", page_of(page))


if __name__ == "__main__":
    if len(sys.argv) > 1:
        BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
