#!/usr/bin/env python3
"""What docs/monitoring and docs/reference/metrics.md say of metrics, held against a running server.

usage: monitoring_test.py             with the server that LATCHKEYD names
       monitoring_test.py --write     writes docs/reference/metrics.md anew
"""

import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import real_programs

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/lib"))

import metrics_reference  # noqa: E402

MONITORING = ROOT / "docs/monitoring"
REFERENCE = ROOT / "docs/reference/metrics.md"

NAME = re.compile(r"\b((?:latchkey|process)_\w+)")
NO_PROMTOOL = "there is no promtool: run `tools/setup --dev`"


def scrape():
    """The metrics of a server that has just started."""
    with real_programs.serving(os.environ["LATCHKEYD"]) as lines:
        return real_programs.answer_of(lines, " (health and metrics)", "/metrics")


def promtool(*words, given=""):
    if shutil.which("promtool") is None:
        raise AssertionError(NO_PROMTOOL)
    return subprocess.run(["promtool", *words], input=given, capture_output=True, text=True, check=False,
                          timeout=real_programs.PATIENCE_SECONDS)


def expressions_of(panel):
    return [target["expr"] for target in panel.get("targets", ())]


class Monitoring(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scrape = scrape()
        cls.names = metrics_reference.names_of(cls.scrape)

    def expect_names(self, text, where):
        used = set(NAME.findall(text))
        self.assertGreater(len(used), 10, where)
        self.assertEqual(used - self.names, set(), f"{where} names what the server does not have")

    def test_promtool_finds_nothing_wrong_with_the_metrics(self):
        checked = promtool("check", "metrics", given=self.scrape)
        self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))

    def test_the_rules_are_sound_and_do_what_their_tests_say(self):
        checked = promtool("check", "rules", str(MONITORING / "latchkey.rules.yml"))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        tested = promtool("test", "rules", str(MONITORING / "latchkey.rules_test.yml"))
        self.assertEqual(tested.returncode, 0, tested.stdout + tested.stderr)

    def test_every_alert_is_tested_both_ways(self):
        alerts = set(re.findall(r"- alert: (\w+)", (MONITORING / "latchkey.rules.yml").read_text()))
        tests = (MONITORING / "latchkey.rules_test.yml").read_text()
        firing = set(re.findall(r"alertname: (\w+)\n +exp_alerts:\n", tests))
        self.assertEqual(alerts, firing)

    def test_prometheus_takes_its_settings(self):
        checked = promtool("check", "config", str(MONITORING / "prometheus.yml"))
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)

    def test_the_server_has_every_metric_that_rules_and_dashboard_name(self):
        self.expect_names((MONITORING / "latchkey.rules.yml").read_text(), "the rules")
        board = json.loads((MONITORING / "grafana-latchkey.json").read_text())
        self.assertEqual(board["uid"], "latchkey")
        self.assertNotIn("id", board)
        for panel in board["panels"]:
            self.assertTrue(panel["description"], panel["title"])
            self.assertTrue(expressions_of(panel), panel["title"])
        self.expect_names("\n".join(sum((expressions_of(panel) for panel in board["panels"]), [])), "the dashboard")

    def test_the_server_has_every_value_of_a_label_that_the_rules_name(self):
        rules = (MONITORING / "latchkey.rules.yml").read_text()
        for name, label, values in re.findall(r'(latchkey_\w+)\{(\w+)=~?"([^"]+)"', rules):
            family = next(f for f in metrics_reference.families_of(self.scrape) if f.name == name)
            self.assertEqual(set(values.split("|")) - set(family.labels[label]), set(), name)

    def test_the_reference_says_what_the_server_has(self):
        self.maxDiff = None
        self.assertEqual(REFERENCE.read_text(), metrics_reference.reference(self.scrape))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        REFERENCE.parent.mkdir(exist_ok=True)
        REFERENCE.write_text(metrics_reference.reference(scrape()))
    else:
        unittest.main()
