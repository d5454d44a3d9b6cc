#!/usr/bin/env python3
"""Checks the rules of the house against every source. Which room may include which (docs/architecture.md). A room's
face holds what other rooms include and nothing else. A folder of tests includes nothing of
another's but of tests/support. A source and its header have the same name. A file has one idea.
No target takes a script in its own folder for a header.

usage: room_rule_test.py    prints every breach as file:line, and fails if there is one.
"""

import pathlib
import re
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Which rooms a room may include, as in docs/architecture.md. A room may always include itself.
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
    "migration": ("base", "store"),
}

# Sources without a header, because nobody includes them: a program's main.
WITHOUT_HEADER = ("main.cc",)

# The aim is 400. Beyond this, the idea has split.
MAX_LINES = 500

# What compiles sources. Meson searches a target's own folder before the standard's headers unless told otherwise.
TARGET = re.compile(r"\b(?:executable|library|both_libraries|static_library|shared_library|shared_module)\(")
OWN_FOLDER_LEFT_OUT = "implicit_include_directories: false"

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]')


def cxx_files(folder):
    return sorted(path for path in folder.rglob("*") if path.suffix in (".h", ".cc"))


def includes_of(path):
    """The number and line of each include, and what it includes as the parts of a path."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if found := INCLUDE.match(line):
            yield number, line, tuple(found.group(1).split("/"))


def is_rooms_own(root, line, parts):
    """Whether an include names a header of src/: "net/x.h" is net's own, "latchkey/net/x.h" is part of its face. In
    angle brackets it is the system's, unless src/ has it."""
    return len(parts) == 2 and parts[0] in MAY_INCLUDE and ('"' in line or (root / "src").joinpath(*parts).exists())


def breaches_of_rooms(root):
    """Includes of a room further right, of no room, of another room's own headers, or around `latchkey/`."""
    for top in (root / "include" / "latchkey", root / "src"):
        for path in cxx_files(top):
            room = path.relative_to(top).parts[0]
            name = path.relative_to(root)
            if room not in MAY_INCLUDE:
                yield f"{name}:1: '{room}' is no room of the house"
                continue
            for number, line, parts in includes_of(path):
                if is_rooms_own(root, line, parts):
                    if parts[0] != room:
                        yield f"{name}:{number}: {'/'.join(parts)} is {parts[0]}'s own"
                elif parts[0] != "latchkey":
                    if '"' in line:
                        yield (f"{name}:{number}: write our own headers as \"latchkey/<room>/x.h\", or \"{room}/x.h\": "
                               f"{line.strip()}")
                elif len(parts) < 3 or parts[1] not in MAY_INCLUDE:
                    yield f"{name}:{number}: no room of the house: {line.strip()}"
                elif parts[1] != room and parts[1] not in MAY_INCLUDE[room]:
                    allowed = ", ".join(MAY_INCLUDE[room]) or "none"
                    yield f"{name}:{number}: {room} may not include {parts[1]} (it may: {allowed})"


def breaches_of_faces(root):
    """Headers of a room's face that nobody outside the room includes, and includes of a room's own headers from outside.
    Tests of several rooms may include any; tests of one room, only that room's own."""
    used = set()
    for folder in ("include/latchkey", "src", "tools", "bench"):
        for path in cxx_files(root / folder):
            inside = path.relative_to(root / folder).parts[0] if folder in ("include/latchkey", "src") else ""
            for number, line, parts in includes_of(path):
                if parts[0] == "latchkey" and len(parts) == 3 and parts[1] != inside:
                    used.add(parts[1:])
                if not inside and is_rooms_own(root, line, parts):
                    yield f"{path.relative_to(root)}:{number}: {'/'.join(parts)} is {parts[0]}'s own"
    for path in cxx_files(root / "include" / "latchkey"):
        if path.relative_to(root / "include" / "latchkey").parts not in used:
            name = path.relative_to(root)
            yield f"{name}:1: no other room, tool or benchmark includes it: its place is src/{path.parent.name}/"
    # What tests share is for those of every room, and for benchmarks.
    for path in cxx_files(root / "tests" / "support"):
        for number, line, parts in includes_of(path):
            if is_rooms_own(root, line, parts):
                yield f"{path.relative_to(root)}:{number}: {'/'.join(parts)} is {parts[0]}'s own"
    for path in cxx_files(root / "tests" / "unit"):
        room = path.relative_to(root / "tests" / "unit").parts[0]
        for number, line, parts in includes_of(path):
            if is_rooms_own(root, line, parts) and room in MAY_INCLUDE and parts[0] != room:
                yield f"{path.relative_to(root)}:{number}: {'/'.join(parts)} is {parts[0]}'s own"


def test_folder_of(name):
    """The folder of tests that a file belongs to, as parts of a path below tests/; () for a benchmark. Unit tests have
    one for each room."""
    if name.parts[0] != "tests":
        return ()
    return name.parts[1:3] if name.parts[1] == "unit" else name.parts[1:2]


def breaches_of_test_folders(root):
    """Includes, in tests and benchmarks, of what belongs to another folder of tests."""
    for path in cxx_files(root / "tests") + cxx_files(root / "bench"):
        name = path.relative_to(root)
        own = test_folder_of(name)
        for number, _, parts in includes_of(path):
            names_test = parts[0] != "support" and (root / "tests").joinpath(*parts).exists()
            names_own = parts[:len(own)] == own if own else (root / "bench").joinpath(*parts).exists()
            if ".." in parts or names_test and not names_own:
                yield f"{name}:{number}: {'/'.join(parts)}: what folders of tests share is in tests/support"


def headers_of(name):
    """Where the header of src/<name> may be: under the same name, or under the name that the parts of a source share if
    it is too long for one file (shard_login.cc is a part of shard.h)."""
    words = name.stem.split("_")
    return [name.with_name("_".join(words[:count]) + ".h") for count in range(len(words), 0, -1)]


def breaches_of_names(root):
    """Sources whose header is missing."""
    for path in cxx_files(root / "src"):
        name = path.relative_to(root / "src")
        if path.suffix == ".h" or path.name in WITHOUT_HEADER:
            continue
        headers = headers_of(name)
        if not any((root / top / header).exists() for header in headers for top in ("include/latchkey", "src")):
            yield f"src/{name}:1: no header {headers[0]}"


def breaches_of_size(root):
    """Files that have outgrown one idea."""
    for folder in ("include", "src", "tools", "tests", "bench"):
        for path in cxx_files(root / folder):
            lines = path.read_text(encoding="utf-8").count("\n")
            if lines > MAX_LINES:
                yield f"{path.relative_to(root)}:{MAX_LINES}: {lines} lines; split the file along its ideas"


def call_at(text, start):
    """What the parentheses of a call in a meson.build hold. The opening one comes right before `start`."""
    depth = 1
    for found in re.finditer(r"'(?:\\.|[^'\\])*'|#[^\n]*|[()]", text[start:]):
        depth += {"(": 1, ")": -1}.get(found.group(), 0)
        if depth == 0:
            return text[start:start + found.start()]
    return text[start:]


def breaches_of_targets(root):
    """Targets that search their own folder for headers: a script there may have the name of a standard header."""
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


# In a small house whose rooms do not include each other, no header belongs in a face. That rule has its own tests.
RULES = (breaches_of_rooms, breaches_of_test_folders, breaches_of_names, breaches_of_size, breaches_of_targets)


def all_breaches(root):
    return [breach for rule in (*RULES, breaches_of_faces) for breach in rule(root)]


class TheRules(unittest.TestCase):
    """Each rule, on a small house made for the test: it must see the breach, and only that."""

    def breaches_in(self, files, rules=RULES):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                path = pathlib.Path(folder) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
            return [breach for rule in rules for breach in rule(pathlib.Path(folder))]

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

    def test_what_is_another_rooms_own_is_refused(self):
        files = {"src/http/a.h": '#include "net/b.h"\n#include "http/c.h"\n#include "latchkey/net/b.h"\n'}
        self.assertEqual(["src/http/a.h:1: net/b.h is net's own"], self.breaches_in(files))
        files = {"src/http/a.h": "#include <net/b.h>\n#include <net/if.h>\n", "src/net/b.h": ""}
        self.assertEqual(["src/http/a.h:1: net/b.h is net's own"], self.breaches_in(files))

    def test_a_face_holds_what_others_include(self):
        files = {"include/latchkey/net/a.h": "", "include/latchkey/net/b.h": "", "include/latchkey/net/c.h": "",
                 "src/net/a.cc": '#include "latchkey/net/a.h"\n',
                 "src/http/d.h": '#include "latchkey/net/b.h"\n',
                 "bench/e.cc": '#include "latchkey/net/c.h"\n'}
        self.assertEqual(["include/latchkey/net/a.h:1: no other room, tool or benchmark includes it: its place is src/net/"],
                         self.breaches_in(files, [breaches_of_faces]))

    def test_what_is_a_rooms_own_is_for_the_room_and_its_tests(self):
        line = '#include "net/a.h"\n'
        files = {"src/net/a.h": "", "tests/unit/net/a_test.cc": line, "tests/fuzz/a_fuzz.cc": line}
        self.assertEqual([], self.breaches_in(files, [breaches_of_faces]))
        self.assertEqual(
            ["tools/a.cc:1: net/a.h is net's own", "bench/a.cc:1: net/a.h is net's own",
             "tests/unit/http/a_test.cc:1: net/a.h is net's own"],
            self.breaches_in({**files, "tools/a.cc": line, "bench/a.cc": line, "tests/unit/http/a_test.cc": line},
                             [breaches_of_faces]))

    def test_what_tests_share_includes_nothing_that_is_a_rooms_own(self):
        files = {"src/net/a.h": "", "tests/support/b.h": '#include "net/a.h"\n#include "latchkey/net/c.h"\n'}
        self.assertEqual(["tests/support/b.h:1: net/a.h is net's own"], self.breaches_in(files, [breaches_of_faces]))

    def test_a_folder_of_tests_includes_its_own_and_what_all_share(self):
        files = {"tests/support/a.h": "", "tests/hostile/b.h": "", "tests/load/c.h": "", "bench/load/d.h": ""}
        own = '#include "support/a.h"\n#include "b.h"\n#include "hostile/b.h"\n'
        self.assertEqual([], self.breaches_in({**files, "tests/hostile/b_test.cc": own}))
        self.assertEqual([], self.breaches_in({**files, "bench/e.cc": '#include "support/a.h"\n#include "load/d.h"\n'}))

    def test_a_folder_of_tests_includes_nothing_of_another(self):
        shared = "what folders of tests share is in tests/support"
        files = {"tests/unit/store/a.h": "", "tests/cost/b.h": ""}
        line = '#include "../store/a.h"\n#include "unit/store/a.h"\n#include "cost/b.h"\n'
        self.assertEqual([f"tests/unit/api/c_test.cc:{number}: {name}: {shared}"
                          for number, name in ((1, "../store/a.h"), (2, "unit/store/a.h"), (3, "cost/b.h"))],
                         self.breaches_in({**files, "tests/unit/api/c_test.cc": line}))
        self.assertEqual([f"bench/rig/d.h:1: cost/b.h: {shared}"],
                         self.breaches_in({**files, "bench/rig/d.h": '#include "cost/b.h"\n'}))

    def test_a_source_needs_its_header(self):
        self.assertEqual(["src/net/a.cc:1: no header net/a.h"], self.breaches_in({"src/net/a.cc": ""}))
        self.assertEqual([], self.breaches_in({"src/net/a.cc": "", "src/net/a.h": ""}))
        self.assertEqual([], self.breaches_in({"src/server/main.cc": ""}))

    def test_a_part_of_a_long_source_goes_with_the_header_of_the_whole(self):
        files = {"include/latchkey/token/shard.h": "", "src/token/shard_login.cc": "", "src/token/shared_login.cc": ""}
        self.assertEqual(["src/token/shared_login.cc:1: no header token/shared_login.h"],
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
        # In the same order too: each room comes to the right of what it includes.
        self.assertEqual(list(MAY_INCLUDE.items()), list(table_of_rooms(text).items()))

    def test_every_source_keeps_the_rules(self):
        self.assertTrue(cxx_files(ROOT / "src"), f"no source under {ROOT}/src")
        found = all_breaches(ROOT)
        if found:
            self.fail("\n" + "\n".join(found))


if __name__ == "__main__":
    unittest.main()
