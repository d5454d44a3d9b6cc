"""What bench/compare found: a table, a JSON document, and a page with plots that needs nothing else."""

import dataclasses
import html
import statistics

# A side that uses this share of its CPU is the one that the throughput depends on.
SATURATED = 0.93
FLOOR_TO_NGINX = 0.90

FIGURES = ("cpu_us", "per_second", "p50_us", "p99_us", "p999_us")

# The ratios that are aimed at: name, (server, load), (server, load), bound, whether at most or at least.
AIMS = (
    ("CPU time a check / the floor's", ("latchkeyd", "plain"), ("floor", "plain"), 1.10, "at most"),
    ("CPU time a check / nginx return 200", ("latchkeyd", "plain"), ("nginx return 200", "plain"), 0.95, "at most"),
    ("CPU time a pipelined check / the floor's", ("latchkeyd", "pipelined"), ("floor", "pipelined"), 1.67, "at most"),
    ("CPU time a pipelined request of nginx / a check's", ("nginx return 200", "pipelined"), ("latchkeyd", "pipelined"),
     5.0, "at least"),
    ("nginx gated by latchkeyd, CPU of both / gated by itself", ("nginx gated by latchkeyd", "plain"),
     ("nginx gated by itself", "plain"), 1.05, "at most"),
)


def spread(values: list[float]) -> dict:
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def saturated_side(samples) -> str:
    server = statistics.median(s.server_busy for s in samples)
    loader = statistics.median(s.loader_busy for s in samples)
    if server >= SATURATED:
        return "server"
    return "loader" if loader >= SATURATED else "neither"


def summarise(samples, options) -> dict:
    rows = []
    for (server, name), found in samples.items():
        row = {"server": server, "load": name, "saturated": saturated_side(found),
               "samples": [dataclasses.asdict(sample) for sample in found]}
        for figure in FIGURES:
            values = [value for sample in found if (value := getattr(sample, figure)) is not None]
            row[figure] = spread(values) if values else None
        rows.append(row)
    cpu = {(row["server"], row["load"]): row["cpu_us"]["median"] for row in rows}
    for row in rows:
        for other in ("floor", "nginx return 200"):
            base = cpu.get((other, row["load"]))
            row[f"to {other}"] = row["cpu_us"]["median"] / base if base else None
    aims = []
    for name, above, below, bound, sense in AIMS:
        if above in cpu and below in cpu:
            ratio = cpu[above] / cpu[below]
            aims.append({"name": name, "ratio": ratio, "sense": sense, "bound": bound,
                         "holds": ratio <= bound if sense == "at most" else ratio >= bound})
    floor, nginx = cpu.get(("floor", "plain")), cpu.get(("nginx return 200", "plain"))
    counts = None if floor is None or nginx is None else floor <= FLOOR_TO_NGINX * nginx
    return {"rounds": options.rounds, "seconds": options.seconds, "connections": options.connections,
            "pipeline": options.pipeline, "rows": rows, "aims": aims,
            "floor_to_nginx": floor / nginx if floor and nginx else None, "counts": counts}


def number(value, digits=2) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def cells(row) -> list[str]:
    def of(figure, digits):
        return number(row[figure]["median"], digits) if row[figure] else "-"

    cpu = row["cpu_us"]
    return [row["server"], row["load"], f"{cpu['median']:.2f}", f"{cpu['least']:.2f}-{cpu['most']:.2f}",
            number(row["to floor"]), number(row["to nginx return 200"]), of("per_second", 0), of("p50_us", 0),
            of("p99_us", 0), of("p999_us", 0), row["saturated"]]


HEADINGS = ["server", "load", "CPU us", "spread", "/floor", "/nginx", "req/s", "p50 us", "p99 us", "p99.9 us", "saturated"]


def notes(result) -> list[str]:
    lines = [f"{aim['name']}: {aim['ratio']:.2f}, aimed at {aim['sense']} {aim['bound']:.2f}: "
             f"{'holds' if aim['holds'] else 'does not hold'}" for aim in result["aims"]]
    if result["counts"] is not None:
        verdict = "the run counts" if result["counts"] else "the run does not count"
        lines.append(f"the floor / nginx return 200: {result['floor_to_nginx']:.2f}, must be at most "
                     f"{FLOOR_TO_NGINX:.2f}: {verdict}")
    return lines


def table(result) -> str:
    rows = [HEADINGS, *(cells(row) for row in result["rows"])]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEADINGS))]
    lines = ["  ".join(text.ljust(width) if i < 2 else text.rjust(width)
                       for i, (text, width) in enumerate(zip(row, widths))).rstrip() for row in rows]
    return "\n".join([*lines, "", *notes(result)])


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1b1f1e;
  background: #fff; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #d5dbd8; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; } svg text { font: 13px system-ui, sans-serif; fill: #1b1f1e; }
rect { fill: #0d5c50; } line { stroke: #a33; stroke-width: 2; }
@media (prefers-color-scheme: dark) { body { background: #121716; color: #e6ecea; } svg text { fill: #e6ecea; }
  th, td { border-color: #37413e; } rect { fill: #5dc1b0; } line { stroke: #ff9d8f; } }
"""


def bars(title: str, rows, figure: str) -> str:
    """A bar a row: the median, and a line from the least to the most of the rounds."""
    rows = [row for row in rows if row[figure]]
    if not rows:
        return ""
    widest = max(row[figure]["most"] for row in rows)
    scale = 520 / widest
    parts = []
    for i, row in enumerate(rows):
        y, values = 26 * i, row[figure]
        parts.append(f'<text x="230" y="{y + 16}" text-anchor="end">{html.escape(row["server"])}</text>'
                     f'<rect x="240" y="{y + 3}" width="{values["median"] * scale:.1f}" height="18"/>'
                     f'<line x1="{240 + values["least"] * scale:.1f}" x2="{240 + values["most"] * scale:.1f}" '
                     f'y1="{y + 12}" y2="{y + 12}"/>'
                     f'<text x="{248 + values["most"] * scale:.1f}" y="{y + 16}">{number(values["median"])}</text>')
    return (f"<h2>{html.escape(title)}</h2><svg viewBox='0 0 860 {26 * len(rows)}' role='img' width='860'>"
            + "".join(parts) + "</svg>")


def page(result) -> str:
    heading = "".join(f"<th>{html.escape(name)}</th>" for name in HEADINGS)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells(row)) + "</tr>"
                   for row in result["rows"])
    plots = ""
    for name, label in (("plain", "one request at a time"), ("pipelined", f"{result['pipeline']} requests a write")):
        rows = [row for row in result["rows"] if row["load"] == name]
        plots += bars(f"CPU time of the server a request, us; {label}", rows, "cpu_us")
        plots += bars(f"99 % of answers within, us; {label}", rows, "p99_us")
    said = "".join(f"<li>{html.escape(line)}</li>" for line in notes(result))
    return (f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Latchkey compared</title><style>{STYLE}</style>"
            f"<h1>A check, compared</h1><p>{result['rounds']} interleaved rounds of {result['seconds']} s, "
            f"{result['connections']} connections; medians, lines from the least to the most.</p>"
            f"<ul>{said}</ul>{plots}<h2>All figures</h2><table><tr>{heading}</tr>{body}</table></html>\n")
