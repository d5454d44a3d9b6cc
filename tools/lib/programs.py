"""Reads `meson introspect --targets` and prints the executables that are not tests: name, a tab, path."""

import json
import sys

for target in json.load(sys.stdin):
    if target["type"] == "executable" and not target["name"].startswith("test_"):
        print(target["name"], target["filename"][0], sep="\t")
