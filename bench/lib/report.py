"""The results of bench/compare: a table, a JSON document, and a self-contained page with plots."""

import dataclasses
import html
import statistics

# The side that uses this share of its CPU limits the throughput.
SATURATED = 0.93
FLOOR_TO_NGINX = 0.90

FIGURES = ("cpu_us", "per_second", "p50_us", "p99_us", "p999_us")
STORM_FIGURES = (*FIGURES[1:], "loader_busy")

# The aims, which are ratios: name, (server, load), (server, load), bound, whether at most or at least.
AIMS = (
    ("CPU time a check / the floor's", ("latchkeyd", "plain"), ("floor", "plain"), 1.10, "at most"),
    ("CPU time a check / nginx return 200", ("latchkeyd", "plain"), ("nginx return 200", "plain"), 0.95, "at most"),
    ("CPU time a pipelined check / the floor's", ("latchkeyd", "pipelined"), ("floor", "pipelined"), 1.67, "at most"),
    ("CPU time a pipelined request of nginx / a check's", ("nginx return 200", "pipelined"), ("latchkeyd", "pipelined"),
     5.0, "at least"),
    ("nginx gated by latchkeyd, CPU of both / gated by itself", ("nginx gated by latchkeyd", "plain"),
     ("nginx gated by itself", "plain"), 1.05, "at most"),
    ("CPU time a check by a Unix socket / the same question of a proxy by TCP", ("latchkeyd by a Unix socket", "plain"),
     ("latchkeyd asked by a proxy", "plain"), 0.50, "at most"),
    ("CPU time a check by a Unix socket / by TCP without a proxy", ("latchkeyd by a Unix socket", "plain"),
     ("latchkeyd", "plain"), None, "at most"),
    ("CPU time of the floor by a Unix socket / by TCP", ("floor by a Unix socket", "plain"), ("floor", "plain"), None,
     "at most"),
    ("CPU time a check by a Unix socket / the floor's by a Unix socket", ("latchkeyd by a Unix socket", "plain"),
     ("floor by a Unix socket", "plain"), None, "at most"),
    ("nginx gated by latchkeyd, CPU of both / gated by itself, by Unix sockets",
     ("nginx gated by latchkeyd by a Unix socket", "plain"), ("nginx gated by itself by a Unix socket", "plain"), 1.05,
     "at most"),
    ("nginx gated by latchkeyd by a Unix socket, CPU of both / by TCP",
     ("nginx gated by latchkeyd by a Unix socket", "plain"), ("nginx gated by latchkeyd", "plain"), None, "at most"),
)

# The same for logins beside checks: name, (what was measured, figure), (the same), bound, sense. A ratio
# without a bound is only reported.
STORM_AIMS = (
    ("p99 of checks at half of capacity in a storm of logins / without it", ("the same in a storm of logins", "p99_us"),
     ("checks at half of capacity", "p99_us"), 1.5, "at most"),
    ("p99 of checks in a storm of logins / beside a process that spins", ("the same in a storm of logins", "p99_us"),
     ("the same beside a process that spins", "p99_us"), None, ""),
    ("logins/s while checks fill the core / logins/s alone", ("logins while checks fill the core", "per_second"),
     ("logins alone", "per_second"), 0.05, "at least"),
    ("logins/s / libsodium's own rate", ("logins alone", "per_second"), ("libsodium alone", "per_second"), 0.95,
     "at least"),
)
LOADER_AIM = ("latchkey-bench's throughput on the floor / wrk's", 0.90, "at least")


def spread(values: list[float]) -> dict:
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def saturated_side(samples) -> str:
    server = statistics.median(s.server_busy for s in samples)
    loader = statistics.median(s.loader_busy for s in samples)
    if server >= SATURATED:
        return "server"
    return "loader" if loader >= SATURATED else "neither"


def aim_of(name: str, ratio: float, bound: float | None, sense: str) -> dict:
    holds = None if bound is None else ratio <= bound if sense == "at most" else ratio >= bound
    return {"name": name, "ratio": ratio, "sense": sense, "bound": bound, "holds": holds}


def summarise_storm(storms) -> tuple[list[dict], list[dict]]:
    """A row for each thing measured, and the aims that can be judged by its figures."""
    rows = []
    for name, found in storms.items():
        rows.append({"name": name, "samples": found, "errors": sum(sample.get("errors", 0) for sample in found),
                     **{figure: spread([sample[figure] for sample in found]) if figure in found[0] else None
                        for figure in STORM_FIGURES}})
        if "checks" in found[0]:
            beside = [sample["checks"] for sample in found]
            rows.append({"name": "the checks beside them", "samples": beside,
                         "errors": sum(sample["errors"] for sample in beside),
                         **{figure: spread([sample[figure] for sample in beside]) for figure in STORM_FIGURES}})
    medians = {(row["name"], figure): row[figure]["median"] for row in rows for figure in STORM_FIGURES if row[figure]}
    aims = [aim_of(name, medians[above] / medians[below], bound, sense)
            for name, above, below, bound, sense in STORM_AIMS if above in medians and medians.get(below)]
    filled = [row for row in rows if row["name"] == "logins while checks fill the core"]
    if filled:
        aims.append(aim_of("logins that failed or timed out while checks fill the core", filled[0]["errors"], 0, "at most"))
    return rows, aims


def summarise(samples, loaders, storms, options) -> dict:
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
            aims.append(aim_of(name, cpu[above] / cpu[below], bound, sense))
    storm_rows, storm_aims = summarise_storm(storms)
    aims += storm_aims
    by_loader = {name: spread([sample.per_second for sample in found]) for name, found in loaders.items()}
    if len(by_loader) == 2:
        name, bound, sense = LOADER_AIM
        aims.append(aim_of(name, by_loader["latchkey-bench"]["median"] / by_loader["wrk"]["median"], bound, sense))
    floor, nginx = cpu.get(("floor", "plain")), cpu.get(("nginx return 200", "plain"))
    counts = None if floor is None or nginx is None else floor <= FLOOR_TO_NGINX * nginx
    return {"rounds": options.rounds, "seconds": options.seconds, "connections": options.connections,
            "pipeline": options.pipeline, "rows": rows, "aims": aims, "loader": options.loader,
            "loaders": by_loader, "storm": storm_rows, "storm_rounds": options.storm_rounds,
            "storm_seconds": options.storm_seconds,
            "floor_to_nginx": floor / nginx if floor and nginx else None, "counts": counts}


def number(value, digits=2) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def with_spread(values, digits: int) -> str:
    """The median, followed by the least and the most of the rounds."""
    if not values:
        return "-"
    if values["least"] == values["most"]:
        return number(values["median"], digits)
    return f"{number(values['median'], digits)} ({number(values['least'], digits)}-{number(values['most'], digits)})"


def cells(row) -> list[str]:
    return [row["server"], row["load"], with_spread(row["cpu_us"], 2), number(row["to floor"]),
            number(row["to nginx return 200"]), with_spread(row["per_second"], 0), with_spread(row["p50_us"], 0),
            with_spread(row["p99_us"], 0), with_spread(row["p999_us"], 0), row["saturated"]]


def storm_cells(row) -> list[str]:
    def us_as_ms(figure: str) -> str:
        values = row[figure]
        return with_spread({key: value / 1000 for key, value in values.items()} if values else None, 2)

    return [row["name"], with_spread(row["per_second"], 1), us_as_ms("p50_us"), us_as_ms("p99_us"), us_as_ms("p999_us"),
            with_spread(row["loader_busy"], 2), str(row["errors"])]


HEADINGS = ["server", "load", "CPU us", "/floor", "/nginx", "req/s", "p50 us", "p99 us", "p99.9 us", "saturated"]
STORM_HEADINGS = ["logins beside checks", "a second", "p50 ms", "p99 ms", "p99.9 ms", "loader's CPU", "errors"]


def notes(result) -> list[str]:
    lines = [f"{aim['name']}: {aim['ratio']:.2f}" + ("" if aim["bound"] is None else f", aim {aim['sense']} "
             f"{aim['bound']:.2f}: {'holds' if aim['holds'] else 'does not hold'}") for aim in result["aims"]]
    if result["counts"] is not None:
        verdict = "the run counts" if result["counts"] else "the run does not count"
        lines.append(f"the floor / nginx return 200: {result['floor_to_nginx']:.2f}, must be at most "
                     f"{FLOOR_TO_NGINX:.2f}: {verdict}")
    return lines


def aligned(rows: list[list[str]], left: int) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(text.ljust(width) if i < left else text.rjust(width)
                      for i, (text, width) in enumerate(zip(row, widths))).rstrip() for row in rows]


def table(result) -> str:
    lines = []
    if result["rows"]:
        lines += [*aligned([HEADINGS, *(cells(row) for row in result["rows"])], 2), ""]
    if result["storm"]:
        lines += [*aligned([STORM_HEADINGS, *(storm_cells(row) for row in result["storm"])], 1), ""]
    return "\n".join([*lines, *notes(result)])


STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 90rem; padding: 0 1rem; color: #1b1f1e;
  background: #fff; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { white-space: nowrap; padding: .25rem .6rem; text-align: right; border-bottom: 1px solid #d5dbd8; }
th:nth-child(-n+2), td:nth-child(-n+2) { text-align: left; } svg text { font: 13px system-ui, sans-serif; fill: #1b1f1e; }
rect { fill: #0d5c50; } line { stroke: #a33; stroke-width: 2; }
@media (prefers-color-scheme: dark) { body { background: #121716; color: #e6ecea; } svg text { fill: #e6ecea; }
  th, td { border-color: #37413e; } rect { fill: #5dc1b0; } line { stroke: #ff9d8f; } }
"""


LABELS, BARS = 270, 490  # widths in a plot; the rest of 860 is for a bar's figure


def bars(title: str, rows, figure: str) -> str:
    """Draws one bar per row: the median, with a line from the least to the most of the rounds."""
    rows = [row for row in rows if row[figure]]
    if not rows:
        return ""
    scale = BARS / max(row[figure]["most"] for row in rows)
    parts = []
    for i, row in enumerate(rows):
        y, values = 26 * i, row[figure]
        parts.append(f'<text x="{LABELS - 10}" y="{y + 16}" text-anchor="end">{html.escape(row["server"])}</text>'
                     f'<rect x="{LABELS}" y="{y + 3}" width="{values["median"] * scale:.1f}" height="18"/>'
                     f'<line x1="{LABELS + values["least"] * scale:.1f}" x2="{LABELS + values["most"] * scale:.1f}" '
                     f'y1="{y + 12}" y2="{y + 12}"/>'
                     f'<text x="{LABELS + 8 + values["most"] * scale:.1f}" y="{y + 16}">{number(values["median"])}</text>')
    return (f"<h2>{html.escape(title)}</h2><svg viewBox='0 0 860 {26 * len(rows)}' role='img' width='860'>"
            + "".join(parts) + "</svg>")


def html_table(headings: list[str], rows: list[list[str]]) -> str:
    heading = "".join(f"<th>{html.escape(name)}</th>" for name in headings)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{heading}</tr>{body}</table>"


def page(result) -> str:
    parts = []
    for name, label in (("plain", "one request at a time"), ("pipelined", f"{result['pipeline']} requests per write")):
        rows = [row for row in result["rows"] if row["load"] == name]
        parts.append(bars(f"CPU time of the server a request, us; {label}", rows, "cpu_us"))
        parts.append(bars(f"99 % of answers within, us; {label}", rows, "p99_us"))
    if result["rows"]:
        parts.append("<h2>All figures</h2>" + html_table(HEADINGS, [cells(row) for row in result["rows"]]))
    if result["storm"]:
        checks = [{**row, "server": row["name"]} for row in result["storm"] if "half" in row["name"] or "same" in row["name"]]
        parts.append(bars("99 % of checks within, us; at half of capacity", checks, "p99_us"))
        parts.append(f"<h2>Logins beside checks</h2><p>{result['storm_rounds']} rounds of {result['storm_seconds']} s a "
                     "load; the server and its hash worker on one CPU, both loaders on another.</p>" +
                     html_table(STORM_HEADINGS, [storm_cells(row) for row in result["storm"]]))
    said = "".join(f"<li>{html.escape(line)}</li>" for line in notes(result))
    return (f"<!doctype html><html lang='en'><meta charset='utf-8'><title>Latchkey compared</title><style>{STYLE}</style>"
            f"<h1>A check, compared</h1><p>{result['rounds']} interleaved rounds of {result['seconds']} s, "
            f"{result['connections']} connections, loaded by {result['loader']}; medians, with the least and the most of "
            f"the rounds.</p><ul>{said}</ul>{''.join(parts)}</html>\n")
