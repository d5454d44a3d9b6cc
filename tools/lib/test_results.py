"""Adds up what `meson test` ran: reads its log and the XML files that the GoogleTest programs wrote.

usage: test_results.py TESTLOG_JSON XML_DIRECTORY

Prints the output of what failed, then one line for the caller: `PASSED FAILED SKIPPED`. A program that wrote
no XML (not GoogleTest, or ended before it could) counts as one case, by meson's verdict. A program that
failed though none of its cases did (a leak found at exit, say) adds one failed case.
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


def written_by(program, directory):
    """The XML files of one program; GoogleTest numbers the later ones where it ran more than once."""
    name = re.escape(program) + r"(_\d+)?\.xml"
    return sorted(path for path in directory.glob("*.xml") if re.fullmatch(name, path.name))


def output_of(run):
    text = "\n".join(run.get(stream) or "" for stream in ("stdout", "stderr"))
    lines = [line for line in text.splitlines() if line.strip()]
    cut = [f"... {len(lines) - TAIL_LINES} lines before"] if len(lines) > TAIL_LINES else []
    return "\n".join(cut + lines[-TAIL_LINES:])


def main():
    log, directory = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    runs = {}
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        run = json.loads(line)
        runs.setdefault(pathlib.Path(run["command"][0]).name, []).append(run)

    passed, failed, skipped = 0, 0, []
    for program, its_runs in runs.items():
        files = written_by(program, directory)
        failed_cases = []
        for path in files:
            passed_here, failed_here, skipped_here = cases_of(path)
            passed += passed_here
            failed_cases += failed_here
            skipped += skipped_here
        if not files:
            passed += sum(run["result"] in WELL for run in its_runs)
            skipped += [run["name"] for run in its_runs if run["result"] == "SKIP"]
        broken = [run for run in its_runs if run["result"] not in (*WELL, "SKIP")]
        failed += max(len(failed_cases), len(broken))
        for run in broken:
            print(f"=== {run['name']}: {run['result']}, exit status {run.get('returncode')}", file=sys.stderr)
            # Where cases failed they say it all; else the program's own last words are what there is.
            if not failed_cases:
                print(output_of(run), file=sys.stderr)
        if failed_cases:
            print(*failed_cases, sep="\n", file=sys.stderr)
    if skipped:
        print("skipped: " + ", ".join(skipped), file=sys.stderr)
    print(passed, failed, len(skipped))


main()
