"""What tools/lib/test_results.py counts, and that it overlooks nothing that did not run.

usage: test_results_test.py
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
CASE = '<testcase name="{}" status="run" result="completed" classname="S">{}</testcase>'


class Counts(unittest.TestCase):
    def setUp(self) -> None:
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = pathlib.Path(scratch.name)
        self.runs: list[dict[str, object]] = []
        self.tests: list[dict[str, object]] = []

    def know(self, name: str, suite: str = "latchkey") -> None:
        self.tests.append({"name": name, "suite": [suite]})

    def ran(self, name: str, program: str, result: str = "OK", output: str = "") -> None:
        """A run of a test that meson knows. `output` is the name of its own XML file."""
        self.know(name)
        self.runs.append({"name": f"latchkey / {name}", "command": [f"/b/{program}"], "result": result, "returncode": 0,
                          "stdout": f"last words of {name}", "stderr": "",
                          "env": {"GTEST_OUTPUT": f"xml:{self.folder}/{output}"}})

    def wrote(self, file: str, *cases: str) -> None:
        (self.folder / file).write_text(f"<testsuites>{''.join(cases)}</testsuites>", encoding="utf-8")

    def count(self) -> list[int]:
        log = self.folder / "testlog.json"
        log.write_text("".join(json.dumps(run) + "\n" for run in self.runs), encoding="utf-8")
        done = subprocess.run([sys.executable, ROOT / "tools/lib/test_results.py", log, self.folder],
                              input=json.dumps(self.tests), capture_output=True, text=True, check=True)
        self.said = done.stderr
        return [int(word) for word in done.stdout.split()]

    def test_each_case_counts_once(self) -> None:
        self.wrote("test_a.xml", CASE.format("one", ""), CASE.format("two", "<failure>why</failure>"),
                   CASE.format("three", "<skipped/>"))
        self.ran("a", "test_a", "FAIL")
        self.ran("sim", "sim")
        self.assertEqual([2, 1, 1], self.count())
        self.assertIn("--- S.two\nwhy", self.said)

    def test_a_part_that_crashed_counts_beside_one_with_failed_cases(self) -> None:
        self.wrote("a_0.xml", CASE.format("one", "<failure>why</failure>"), CASE.format("two", "<failure>why</failure>"))
        self.ran("a 0", "test_a", "FAIL", "a_0.xml")
        self.ran("a 1", "test_a", "FAIL", "a_1.xml")
        self.assertEqual([0, 3, 0], self.count())
        self.assertIn("last words of a 1", self.said)

    def test_a_program_of_googletest_that_left_no_result_has_failed(self) -> None:
        self.wrote("a_0.xml", CASE.format("one", ""))
        self.ran("a 0", "test_a", "OK", "a_0.xml")
        self.ran("a 1", "test_a", "OK", "a_1.xml")
        self.ran("b", "test_b")
        self.assertEqual([1, 2, 0], self.count())

    def test_what_failed_at_its_exit_counts(self) -> None:
        self.wrote("test_a.xml", CASE.format("one", ""))
        self.ran("a", "test_a", "FAIL")
        self.assertEqual([1, 1, 0], self.count())

    def test_what_did_not_run_has_failed(self) -> None:
        self.ran("sim", "sim")
        self.know("cost")
        self.know("names", "latchkey:house")
        self.assertEqual([1, 1, 0], self.count())
        self.assertIn("cost: did not run", self.said)


if __name__ == "__main__":
    unittest.main()
