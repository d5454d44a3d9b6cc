#!/usr/bin/env python3
"""The pages of docs/reference say what the programs say of themselves.

usage: reference_test.py [BUILD]            with the programs of the folder BUILD (build/debug)
       reference_test.py [BUILD] --write    writes the pages anew
"""

import functools
import pathlib
import re
import subprocess
import sys
import unittest

import real_programs

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/lib"))

import reference  # noqa: E402

REFERENCE = ROOT / "docs/reference"
BUILD = ROOT / "build/debug"


def pages():
    """Each page that is made here, by its name."""
    with real_programs.serving(BUILD / real_programs.PLACES["latchkeyd"]) as lines:
        description = real_programs.answer_of(lines, "", "/api/openapi.json")
    return {"commands.md": reference.commands(functools.partial(real_programs.said_by, BUILD)),
            "exit-codes.md": reference.exit_codes(),
            "api.md": reference.api(description)}


class Reference(unittest.TestCase):
    maxDiff = None

    def test_says_what_the_programs_say(self):
        for name, text in pages().items():
            with self.subTest(name):
                self.assertEqual((REFERENCE / name).read_text(encoding="utf-8"), text, reference.MADE)


class Explain(unittest.TestCase):
    def explain(self, *words):
        ended = subprocess.run([BUILD / real_programs.PLACES["latchkeyd"], *words], capture_output=True, text=True, check=False)
        return ended.returncode, ended.stdout, ended.stderr

    def test_prints_the_section_of_each_event_of_the_reference(self):
        sections = re.findall(r"^### (.+)\n\n((?:(?!#).*\n)*)", (REFERENCE / "log-events.md").read_text(encoding="utf-8"), re.MULTILINE)
        self.assertGreater(len(sections), 50)
        for name, text in sections:
            self.assertEqual(self.explain("--explain", name), (0, f"{name}: {text.strip()}\n", ""))

    def test_names_the_event_that_was_meant_and_ends_with_2(self):
        for word in ("logn.refused", "login_refused", "Login.refused"):
            status, said, problem = self.explain(f"--explain={word}")
            self.assertEqual((status, said), (2, ""))
            self.assertIn("did you mean login.refused?", problem)

    def test_says_where_all_events_are_if_none_is_near_or_none_was_given(self):
        for words in (["--explain", "x"], ["--explain", "a line\nof two"], ["--explain"], ["--explain="]):
            status, said, problem = self.explain(*words)
            self.assertEqual((status, said), (2, ""))
            self.assertIn("docs/reference/log-events.md lists them", problem)
            self.assertEqual(problem.count("\n"), 1)


if __name__ == "__main__":
    is_to_write = "--write" in sys.argv
    folders = [word for word in sys.argv[1:] if word != "--write"]
    BUILD = pathlib.Path(folders[0]).resolve() if folders else BUILD
    if is_to_write:
        for page, text_of_page in pages().items():
            (REFERENCE / page).write_text(text_of_page, encoding="utf-8")
    else:
        unittest.main(argv=sys.argv[:1])
