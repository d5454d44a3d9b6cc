"""Adds up what `meson test` ran: reads its log and the XML files that the GoogleTest programs wrote.

usage: test_results.py TESTLOG_JSON XML_DIRECTORY < TESTS_JSON    (from `meson introspect --tests`)

Prints the output of what failed, then one line for the caller: `PASSED FAILED SKIPPED`. A program without
GoogleTest is one case, by meson's verdict. A run that failed although none of its cases did (a leak found at
exit, say) adds one failed case. So does a GoogleTest run that left no XML, and a test that meson knows but
did not run.
"""

import json
import pathlib
import re
import sys
import xml.etree.ElementTree

TAIL_LINES = 120
WELL = ("OK", "EXPECTEDFAIL")


def cases_of(path):
    """The cases in one GoogleTest XML file: passed, failed texts, skipped names."""
    passed, failed, skipped = 0, [], []
    for case in xml.etree.ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        failures = [failure.text or failure.get("message", "") for failure in case.findall("failure")]
        if failures:
            failed.append(f"--- {name}\n" + "\n".join(failures))
        elif case.find("skipped") is not None or case.get("result") == "skipped":
            skipped.append(name)
        elif case.get("status") == "run":
            passed += 1
    return passed, failed, skipped


def program_of(run):
    return pathlib.Path(run["command"][0]).name


def is_of_googletest(run):
    return program_of(run).startswith("test_")


def written_by(run, directory):
    """The XML file of one run. If it runs only part of a program's cases, its environment names the file."""
    told = re.fullmatch(r"xml:(.*\.xml)", (run.get("env") or {}).get("GTEST_OUTPUT", ""))
    return pathlib.Path(told[1]) if told else directory / f"{program_of(run)}.xml"


def not_run(tests, runs):
    """The tests that meson knows but its log does not name, except the house's."""
    ran = {run["name"].split(" / ")[-1] for run in runs}
    return [test["name"] for test in tests
            if not any(suite.endswith(":house") for suite in test["suite"]) and test["name"] not in ran]


def output_of(run):
    text = "\n".join(run.get(stream) or "" for stream in ("stdout", "stderr"))
    lines = [line for line in text.splitlines() if line.strip()]
    cut = [f"... {len(lines) - TAIL_LINES} lines before"] if len(lines) > TAIL_LINES else []
    return "\n".join(cut + lines[-TAIL_LINES:])


def main():
    log, directory = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    runs = [json.loads(line) for line in log.read_text(encoding="utf-8", errors="replace").splitlines()]
    passed, failed, skipped = 0, 0, []
    for run in runs:
        is_well, is_skipped = run["result"] in WELL, run["result"] == "SKIP"
        path = written_by(run, directory)
        failed_cases = []
        if path.exists():
            passed_here, failed_cases, skipped_here = cases_of(path)
            passed += passed_here
            skipped += skipped_here
        elif is_of_googletest(run):
            is_well = is_skipped = False
        else:
            passed += is_well
            skipped += [run["name"]] if is_skipped else []
        is_broken = not is_well and not is_skipped
        failed += max(len(failed_cases), int(is_broken))
        if is_broken:
            print(f"=== {run['name']}: {run['result']}, exit status {run.get('returncode')}", file=sys.stderr)
            # Failed cases say it all; without any, the end of the program's own output must do.
            if not failed_cases:
                print(output_of(run), file=sys.stderr)
        if failed_cases:
            print(*failed_cases, sep="\n", file=sys.stderr)
    for name in not_run(json.load(sys.stdin), runs):
        print(f"=== {name}: did not run", file=sys.stderr)
        failed += 1
    if skipped:
        print("skipped: " + ", ".join(skipped), file=sys.stderr)
    print(passed, failed, len(skipped))


if __name__ == "__main__":
    main()
