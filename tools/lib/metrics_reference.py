"""Makes docs/reference/metrics.md of what a server answers at /metrics, which it writes from its own table."""

import re

HEADER = """# Metrics

What `/metrics` at `admin_listen` says, in Prometheus' text format. Every series exists from the start. No value of a
label comes from a client, so there are never more series than these. `docs/monitoring/README.md` leads to alerts
and a dashboard made of them.

This page is made from the server's own table: `python3 tests/integration/monitoring_test.py --write` writes it anew.

"""

# Labels whose values differ from server to server.
OPEN_LABELS = {"core": "the core's number", "version": "the version"}

SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'(\w+)="([^"]*)"')


class Family:
    def __init__(self, name, text):
        self.name, self.help, self.type = name, text, ""
        self.labels = {}

    def take(self, labels):
        for name, value in LABEL.findall(labels or ""):
            if name != "le" and value not in self.labels.setdefault(name, []):
                self.labels[name].append(value)

    def row(self):
        parts = [f"`{name}`: " + OPEN_LABELS.get(name, ", ".join(f"`{value}`" for value in values))
                 for name, values in self.labels.items()]
        return f"| `{self.name}` | {self.type} | {'; '.join(parts)} | {self.help} |".replace("|  |", "| |")


def families_of(scrape):
    """The families of a scrape, in its order."""
    families = []
    for line in scrape.splitlines():
        if line.startswith("# HELP "):
            families.append(Family(*line.removeprefix("# HELP ").split(" ", 1)))
        elif line.startswith("# TYPE "):
            families[-1].type = line.rsplit(" ", 1)[1]
        else:
            families[-1].take(SAMPLE.match(line)[2])
    return families


def names_of(scrape):
    """The names that an expression may use."""
    return {SAMPLE.match(line)[1] for line in scrape.splitlines() if not line.startswith("#")}


def reference(scrape):
    rows = [family.row() for family in families_of(scrape)]
    return HEADER + "| name | type | labels | what it says |\n| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n"
