#!/usr/bin/env python3
"""The rules of the house, held against every source: which room may include which (docs/architecture.md),
that a source and its header have the same name, that a file has one idea, and that no target takes a script in its
own folder for a header.

usage: room_rule_test.py    prints every breach as file:line and fails if there is one.
"""

import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# The table of who may include whom, as docs/architecture.md shows it. A room may always include itself.
MAY_INCLUDE = {
    "base": (),
    "runtime": ("base",),
    "net": ("base", "runtime"),
    "http": ("base", "runtime", "net"),
    "store": ("base", "runtime"),
    "token": ("base", "runtime", "store"),
    "credential": ("base", "runtime", "store"),
    "api": ("base", "runtime", "net", "http", "store", "token", "credential"),
    "server": ("base", "runtime", "net", "http", "store", "token", "credential", "api"),
}

# Sources that nobody includes, and so have no header: a program's main.
WITHOUT_HEADER = ("main.cc",)

# The aim is 400; past this one the idea has split.
MAX_LINES = 500

# What compiles sources: meson puts a target's own folder before the standard's headers unless it says otherwise.
TARGET = re.compile(r"\b(?:executable|library|both_libraries|static_library|shared_library|shared_module)\(")
OWN_FOLDER_LEFT_OUT = "implicit_include_directories: false"

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def cxx_files(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix in (".h", ".cc"))


def breaches_of_rooms(root):
    """Includes of a room that stands to the right, of no room, or around `latchkey/`."""
    for top in (root / "include" / "latchkey", root / "src"):
        for path in cxx_files(top):
            room = path.relative_to(top).parts[0]
            name = path.relative_to(root)
            if room not in MAY_INCLUDE:
                yield f"{name}:1: '{room}' is no room of the house"
                continue
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                found = INCLUDE.match(line)
                if not found:
                    continue
                parts = found.group(1).split("/")
                if parts[0] != "latchkey":
                    if '"' in line:
                        yield f"{name}:{number}: write our own headers as \"latchkey/<room>/x.h\": {line.strip()}"
                elif len(parts) < 3 or parts[1] not in MAY_INCLUDE:
                    yield f"{name}:{number}: no room of the house: {line.strip()}"
                elif parts[1] != room and parts[1] not in MAY_INCLUDE[room]:
                    allowed = ", ".join(MAY_INCLUDE[room]) or "none"
                    yield f"{name}:{number}: {room} may not include {parts[1]} (it may: {allowed})"


def headers_of(name):
    """Where the header of src/<name> may stand: under the same name, or, for a part of what is too long for one
    source, under the name that the parts have in common (shard_login.cc is a part of shard.h)."""
    words = name.stem.split("_")
    return [name.with_name("_".join(words[:count]) + ".h") for count in range(len(words), 0, -1)]


def breaches_of_names(root):
    """Sources whose header is missing."""
    for path in cxx_files(root / "src"):
        name = path.relative_to(root / "src")
        if path.suffix == ".h":
            yield f"src/{name}:1: headers stand in include/latchkey/"
        elif path.name not in WITHOUT_HEADER:
            headers = headers_of(name)
            if not any((root / "include" / "latchkey" / header).exists() for header in headers):
                yield f"src/{name}:1: no include/latchkey/{headers[0]}"


def breaches_of_size(root):
    """Files that have outgrown one idea."""
    for folder in ("include", "src", "tools", "tests", "bench"):
        for path in cxx_files(root / folder):
            lines = path.read_text(encoding="utf-8").count("\n")
            if lines > MAX_LINES:
                yield f"{path.relative_to(root)}:{MAX_LINES}: {lines} lines; split the file along its ideas"


def call_at(text, start):
    """The call in a meson.build whose opening parenthesis stands before start: what its parentheses hold."""
    depth = 1
    for found in re.finditer(r"'(?:\\.|[^'\\])*'|#[^\n]*|[()]", text[start:]):
        depth += {"(": 1, ")": -1}.get(found.group(), 0)
        if depth == 0:
            return text[start:start + found.start()]
    return text[start:]


def breaches_of_targets(root):
    """Targets that look for headers in their own folder: a script there may have the name of one of the standard's."""
    for path in sorted(root.rglob("meson.build")):
        if "build" in path.relative_to(root).parts[:-1]:
            continue
        text = path.read_text(encoding="utf-8")
        for found in TARGET.finditer(text):
            if OWN_FOLDER_LEFT_OUT not in call_at(text, found.end()):
                number = text.count("\n", 0, found.start()) + 1
                yield f"{path.relative_to(root)}:{number}: a target without `{OWN_FOLDER_LEFT_OUT}`"


def table_of_rooms(text):
    """The table of docs/architecture.md: who may include whom. Its last column lists rooms, or says `nothing` or
    `all above`."""
    table = {}
    for room, allowed in re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*) \|$", text, re.MULTILINE):
        table[room] = tuple(table) if allowed == "all above" else tuple(re.findall(r"`(\w+)`", allowed))
    return table


def all_breaches(root):
    return [*breaches_of_rooms(root), *breaches_of_names(root), *breaches_of_size(root), *breaches_of_targets(root)]


class TheRules(unittest.TestCase):
    """Each rule, on a small house made for it: it must see the breach, and only that."""

    def breaches_in(self, files):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return all_breaches(pathlib.Path(folder))

    def test_a_room_may_include_itself_and_those_to_its_left(self):
        self.assertEqual([], self.breaches_in({
            "include/latchkey/net/a.h": '#include <string>\n#include "latchkey/base/b.h"\n',
            "src/net/a.cc": '#include "latchkey/net/a.h"\n#include "latchkey/runtime/c.h"\n',
        }))

    def test_a_room_may_not_include_one_to_its_right(self):
        self.assertEqual(
            ["include/latchkey/token/a.h:2: token may not include http (it may: base, runtime, store)"],
            self.breaches_in({"include/latchkey/token/a.h": '#pragma once\n#include "latchkey/http/b.h"\n'}))

    def test_angle_brackets_do_not_hide_an_include(self):
        self.assertEqual(
            ["include/latchkey/base/a.h:1: base may not include store (it may: none)"],
            self.breaches_in({"include/latchkey/base/a.h": "#  include <latchkey/store/b.h>\n"}))

    def test_a_path_around_the_rooms_is_refused(self):
        [breach] = self.breaches_in({"include/latchkey/base/a.h": '#include "../store/b.h"\n'})
        self.assertTrue(breach.startswith("include/latchkey/base/a.h:1: write our own headers as"), breach)

    def test_an_unknown_room_is_refused(self):
        self.assertEqual(["include/latchkey/attic/a.h:1: 'attic' is no room of the house"],
                         self.breaches_in({"include/latchkey/attic/a.h": ""}))

    def test_a_source_needs_its_header(self):
        self.assertEqual(["src/net/a.cc:1: no include/latchkey/net/a.h"], self.breaches_in({"src/net/a.cc": ""}))
        self.assertEqual([], self.breaches_in({"src/server/main.cc": ""}))

    def test_a_part_of_a_long_source_goes_with_the_header_of_the_whole(self):
        files = {"include/latchkey/token/shard.h": "", "src/token/shard_login.cc": "", "src/token/shared_login.cc": ""}
        self.assertEqual(["src/token/shared_login.cc:1: no include/latchkey/token/shared_login.h"],
                         self.breaches_in(files))

    def test_a_long_file_is_refused(self):
        self.assertEqual(["tests/unit/net/a_test.cc:500: 501 lines; split the file along its ideas"],
                         self.breaches_in({"tests/unit/net/a_test.cc": "//\n" * 501}))

    def test_a_target_does_not_look_for_headers_in_its_own_folder(self):
        well = "executable('a', files('a.cc'),  # with )\n  implicit_include_directories: false)\n"
        self.assertEqual(["tools/meson.build:3: a target without `implicit_include_directories: false`"],
                         self.breaches_in({"tools/meson.build": well + "b = static_library('b', 'b.cc')\n" + well}))

    def test_the_table_is_read_as_it_is_written(self):
        self.assertEqual(
            {"base": (), "net": ("base",), "http": ("base", "net"), "server": ("base", "net", "http")},
            table_of_rooms("| room | what | may include |\n| --- | --- | --- |\n| `base` | a | nothing |\n"
                           "| `net` | b | `base` |\n| `http` | c | `base`, `net` |\n| `server` | d | all above |\n"))


class TheHouse(unittest.TestCase):
    def test_the_pages_table_is_the_tests(self):
        text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
        # In their order too: each room stands right of what it includes.
        self.assertEqual(list(MAY_INCLUDE.items()), list(table_of_rooms(text).items()))

    def test_every_source_keeps_the_rules(self):
        self.assertTrue(cxx_files(ROOT / "src"), f"no source under {ROOT}/src")
        found = all_breaches(ROOT)
        if found:
            self.fail("\n" + "\n".join(found))


if __name__ == "__main__":
    unittest.main()
