"""The output lines of bench/scale and bench/overload, and which aims their figures reach."""

import collections
import statistics

import report

MILLION = 1_000_000


def count(number: int) -> str:
    for unit, name in ((MILLION, "M"), (1000, "k")):
        if number >= unit and number % unit == 0:
            return f"{number // unit} {name}"
    return str(number)


def shape(run: dict) -> str:
    return f"{count(run['tokens'])} tokens, {count(run['tokens_per_user'])} a user"


def growing_pause_us(run: dict) -> float:
    """The longest time that a step needs by itself. A step's time is the least of its rounds."""
    return max(run["growing"]["login_itself_us"], run["growing"]["pass_itself_us"])


def growing_rounds(run: dict) -> str:
    rounds = [max(one["login"]["cpu_us"], one["pass"]["cpu_us"]) / 1000 for one in run["growing"]["rounds"]]
    over = [one["login"]["over_1ms_cpu"] + one["pass"]["over_1ms_cpu"] for one in run["growing"]["rounds"]]
    idle = run["growing"]["idle_loop"]
    return (f"single rounds {', '.join(f'{ms:.2f}' for ms in rounds)} ms ({', '.join(map(str, over))} steps over 1 ms); "
            f"a loop that does nothing {idle['cpu_us'] / 1000:.2f} ms ({idle['over_1ms_cpu']} over 1 ms)")


def ratio(latencies: dict) -> float:
    return latencies["full"][1] / latencies["small"][1]


def table_line(run: dict) -> str:
    return "\n".join([
        f"table, {shape(run)}",
        f"  resident bytes per token  {run['bytes_per_token']:.1f}; most while growing from 1 M "
        f"{run['peak_bytes_per_token'] or '-'} (at {run['peak_at']})",
        f"  logins                  {run['logins_per_cpu_second']:,.0f} a second of CPU time",
        f"  longest pause, growing  {growing_pause_us(run) / 1000:.2f} ms CPU time of the step itself; {growing_rounds(run)}",
        *(f"  {name:<23} {run[key]['full'][1]:.0f} ns [{run[key]['full'][0]:.0f} to {run[key]['full'][2]:.0f}], "
          f"{ratio(run[key]):.2f} of 10 k's" for name, key in (("a lookup", "lookup_ns"), ("a check, no kernel", "check_ns"))),
        *(f"  {name:<23} {run[key]['per_second']:,.0f} a second; longest pause {run[key]['pause']['cpu_us'] / 1000:.2f} ms "
          f"CPU time ({run[key]['pause']['wall_us'] / 1000:.2f} ms wall); {count(run[key]['tokens'])} tokens"
          for name, key in (("deaths in one second", "second"), ("deaths in one minute", "minute"))),
    ])


def start_line(run: dict) -> str:
    line = (f"start, {shape(run)}: {run['seconds']:.1f} s ({run['cpu_seconds']:.1f} s CPU time; "
            f"{run['empty_seconds']:.1f} s with none), {run['bytes_per_token']:.1f} resident bytes per token, "
            f"database {run['database_bytes'] / 1e9:.2f} GB")
    if "checks" in run:
        many, few = (sorted(run["checks"]["cpu_us"][name]) for name in ("many", "few"))
        line += (f"\n  checks by the server    {run['checks']['ratio']:.2f} of the CPU time among 10 k tokens (spreads "
                 f"{many[0]:.2f} to {many[-1]:.2f} us, {few[0]:.2f} to {few[-1]:.2f} us)")
    if "steady" in run:
        found = run["steady"]
        line += (f"\n  logins                  p99 {found['idle']['p99_us'] / 1000:.0f} ms beside no check, "
                 f"{found['beside_few']['logins']['p99_us'] / 1000:.0f} ms beside {found['beside_few']['checks_per_second']:,.0f} "
                 "checks/s of few tokens")
        for pace in found["paces"]:
            line += (f"\n  all in use              {pace['uses']} times in a timeout, {pace['checks_per_second']:,.0f} checks/s: "
                     f"logins' p99 {pace['logins']['p99_us'] / 1000:.0f} ms; {pace['logins']['errors']} logins and "
                     f"{pace['check_errors']} checks failed; oldest record {pace['oldest_record_seconds']:.0f} s old")
    return line


def idle_line(run: dict) -> str:
    if not run["held"]:
        return f"idle connections, {run['wanted']} wanted: none was held ({run['said'].strip()})"
    return (f"idle connections, {run['wanted']} wanted: {run['held']} held, {run['bytes_per_connection']:.0f} resident "
            f"bytes each (limit of open files {run['limit_of_open_files']})")


class Verdicts:
    def __init__(self):
        self.said: list[str] = []

    def aim(self, name: str, value: float, most: float, unit: str) -> None:
        self.said.append(f"{'holds' if value <= most else 'MISSED':<7} {name}: {value:.2f}{unit}, aim at most {most:g}{unit}")

    def __str__(self) -> str:
        return "\n".join(self.said)


def verdicts(result: dict) -> str:
    """Leaves out the aims that this run says nothing about."""
    said = Verdicts()
    aim = said.aim
    for run in result["table"]:
        name = shape(run)
        if run["tokens"] >= 10 * MILLION:
            aim(f"resident bytes per token, {name}", run["bytes_per_token"], 100, "")
        if run["peak_at"]:
            aim(f"the same while growing, {name}", max(run["peak_bytes_per_token"], run["bytes_per_token"]), 128, "")
        aim(f"longest pause while growing, {name}", growing_pause_us(run) / 1000, 1, " ms")
        if run["second"]["tokens"] >= MILLION:
            aim(f"longest pause while 1 M die in a second, {name}", run["second"]["pause"]["cpu_us"] / 1000, 1, " ms")
        if run["tokens"] == MILLION:
            aim(f"a check without the kernel, {name} at random", run["check_ns"]["full"][1], 300, " ns")
    for run in result["start"]:
        if run["tokens"] == 10 * MILLION:
            aim(f"start, {shape(run)}", run["seconds"], 20, " s")
        if run["tokens"] == 10 * MILLION and "checks" in run:
            aim("a check by the server ÷ among 10 k tokens", run["checks"]["ratio"], 1.1, "")
        if "steady" in run:
            found = run["steady"]
            for pace in found["paces"]:
                aim(f"login p99, all of {count(run['tokens'])} tokens used {pace['uses']} times in a timeout ÷ none",
                    pace["logins"]["p99_us"] / found["idle"]["p99_us"], 2, "")
    for run in result["idle"]:
        if run["held"] and run["wanted"] == 10_000:
            aim("resident bytes per idle connection, 10 000", run["bytes_per_connection"], 2048, "")
    return str(said)


def p99_ratio(result: dict) -> float:
    return (statistics.median(found["checks"]["p99_us"] for found in result["rounds"])
            / statistics.median(found["alone"]["p99_us"] for found in result["rounds"]))


def over(rounds: list[dict], figure, digits: int = 2) -> str:
    """The median of the rounds, followed by the least and the most."""
    return report.with_spread(report.spread([figure(found) for found in rounds]), digits)


def overload_lines(result: dict) -> str:
    rounds, settings = result["rounds"], result["settings"]
    statuses = collections.Counter()
    for found in rounds:
        statuses.update(found["statuses"])
    served = sorted(ms for found in rounds for ms in found["probe"]["served_ms"])
    refused = sum(found["probe"]["refused"] for found in rounds)

    def ms(kind: str, figure: str) -> str:
        return over(rounds, lambda found: found[kind][figure] / 1000)

    def asked(what: str, when: str) -> str:
        told = collections.Counter(found[when][what][0] for found in rounds)
        return (over(rounds, lambda found: found[when][what][1]) + " ms, "
                + ", ".join(f"{number} x {status}" for status, number in sorted(told.items())))

    def resident(figure) -> str:
        return over(rounds, lambda found: figure(found) / MILLION, 1) + " MB"

    return "\n".join([
        f"checks at {result['rates']['checks']:,.0f} per second; the pool's own rate {result['rates']['logins']:.1f} logins per second, "
        f"the storm's {over(rounds, lambda found: found['offered'], 0)}",
        *(f"  checks, {name:<16} p50 {ms(kind, 'p50_us')} ms, p99 {ms(kind, 'p99_us')} ms, p99.9 {ms(kind, 'p999_us')} ms, "
          f"{sum(found[kind]['errors'] for found in rounds)} errors"
          for name, kind in (("alone", "alone"), ("in the storm", "checks"))),
        "  the storm was told       " + ", ".join(f"{status}: {number}" for status, number in sorted(statuses.items()))
        + f"; unanswered: {sum(found['unanswered']['total'] - refusals(found) for found in rounds)}",
        f"  refusals looked at       {refused}, {sum(found['probe']['without_retry_after'] for found in rounds)} without Retry-After; "
        f"{sum(found['probe']['without_answer'] for found in rounds)} without an answer",
        f"  logins of the storm      p99 {over(rounds, lambda found: found['logins_us']['p99'] / MILLION)} s, slowest "
        f"{over(rounds, lambda found: found['logins_us']['max'] / MILLION)} s"
        + (f"; {len(served)} served of those looked at: {served[0] / 1000:.2f} to {served[-1] / 1000:.2f} s" if served else ""),
        f"  last answer              {over(rounds, lambda found: found['last_answer_s'], 1)} s after the last login was sent "
        f"(a queue of {settings['hash_queue']})",
        *(f"  {'a ' + what:<24} before {asked(what, 'before')}; a second after the last login was sent {asked(what, 'soon')}; a second "
          f"after the last answer {asked(what, 'after')}" for what in ("login", "check")),
        f"  resident memory          at rest {result['resident_at_rest'] / MILLION:.1f} MB; before {resident(lambda found: found['before']['resident'])}, "
        f"during {resident(lambda found: found['resident_during'])}, after {resident(lambda found: found['after']['resident'])}; "
        f"most ever {result['resident_most'] / MILLION:.1f} MB, bound {result['resident_bound'] / MILLION:.1f} MB",
    ])


def refusals(found: dict) -> int:
    return sum(number for status, number in found["statuses"].items() if int(status) >= 400)


def overload_verdicts(result: dict) -> str:
    rounds = result["rounds"]
    said = Verdicts()
    said.aim("p99 of checks in the storm ÷ alone", p99_ratio(result), 2, "")
    said.aim("checks that failed in the storm", sum(found["checks"]["errors"] for found in rounds), 0, "")
    said.aim("logins told something else than 200, 429 or 503, or nothing",
             sum(found["unanswered"]["total"] - refusals(found) for found in rounds)
             + sum(found["probe"]["without_answer"] for found in rounds)
             + sum(number for found in rounds for status, number in found["statuses"].items() if status not in ("200", "429", "503")),
             0, "")
    said.aim("refusals without Retry-After", sum(found["probe"]["without_retry_after"] for found in rounds), 0, "")
    said.aim("most resident memory ÷ its bound", result["resident_most"] / result["resident_bound"], 1, "")
    for when, name in (("soon", "a second after the last login was sent"), ("after", "a second after the last answer")):
        said.aim(f"logins and checks refused {name}",
                 sum(found[when][what][0] != 200 for found in rounds for what in ("login", "check")), 0, "")
    # Two of the waiting logins are with the worker already.
    said.aim("a login a second after the last login was sent ÷ before",
             statistics.median(found["soon"]["login"][1] for found in rounds)
             / statistics.median(found["before"]["login"][1] for found in rounds), 3, "")
    return str(said)
