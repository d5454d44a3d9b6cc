#!/usr/bin/env python3
"""`systemd-analyze security` rates the exposure of the systemd unit at no more than 1.2 of 10, and this systemd knows
every line of the unit."""

import pathlib
import subprocess
import unittest

UNIT = pathlib.Path(__file__).resolve().parents[2] / "tools/latchkeyd.service"
MOST_EXPOSURE = 1.2


def analyze(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(["systemd-analyze", *words, str(UNIT)], capture_output=True, text=True, check=False)


class ServiceUnit(unittest.TestCase):
    def test_exposure(self) -> None:
        found = analyze("security", "--offline=true", "--no-pager", f"--threshold={int(MOST_EXPOSURE * 10)}")
        self.assertEqual(found.returncode, 0, found.stdout + found.stderr)
        self.assertIn("Overall exposure level", found.stdout)

    def test_what_is_rated_is_what_the_document_says(self) -> None:
        rated = analyze("security", "--offline=true", "--no-pager").stdout
        left = sorted(line.split()[-1] for line in rated.splitlines() if line.startswith("✗"))
        document = (UNIT.parents[1] / "docs/security.md").read_text(encoding="utf-8")
        table = document.partition("### What the unit leaves")[2].partition("\n\n|")[2].partition("\n\n")[0]
        told = sorted(line.split("|")[2].strip() for line in ("|" + table).splitlines()[2:])
        self.assertEqual(left, told)

    def test_every_line_is_known(self) -> None:
        said = analyze("verify", "--man=no").stderr.splitlines()
        # The programs are not installed where this test runs.
        self.assertEqual([line for line in said if "is not executable" not in line and UNIT.name in line], [])


if __name__ == "__main__":
    unittest.main()
