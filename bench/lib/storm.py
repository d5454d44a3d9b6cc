"""Logins beside checks: what a storm of logins does to checks, checks to logins, and what the hash allows.

The server and its hash worker run on the server's CPU. Both loaders run on the loader's CPU. The loader of
logins needs almost none of it, because each of its connections waits for a hash. It gets what the other
loader leaves (SCHED_IDLE); otherwise the checks would be measured late.

A CPU that is never idle answers later anyway, and waking it costs the loader more. So the checks are also
measured beside a process that only spins, in the worker's own class. What a storm costs beyond that is
Latchkey's doing.
"""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable

import servers

STORM_CONNECTIONS = 32
LEAD_SECONDS = 2  # for a load that must be in full course before the other is measured
CAPACITY_SECONDS = 3
IDLE_CLASS = ["chrt", "--idle", "0"]  # runs the command that follows under SCHED_IDLE


class StormServer(servers.Latchkeyd):
    name = "latchkeyd under a storm"
    more_flags: list[str] = []

    def start(self) -> None:
        # Logins in progress are charged as failures until the password is found right. No token may be ended.
        self.flags = ["--login-failures-by-address", "0", "--login-failures-by-user", "0", "--tokens-per-user", "0",
                      "--hash-threads", "1", *self.more_flags]
        super().start()


@dataclasses.dataclass
class Share:
    """CPU time and page faults per second of one of the server's threads."""
    cpu: float
    faults: float


def tlb_shootdowns(cpu: int) -> int:
    for line in pathlib.Path("/proc/interrupts").read_text().splitlines():
        if line.lstrip().startswith("TLB:"):
            return int(line.split()[1 + cpu])
    return 0


def thread_counts(pid: int) -> dict[str, tuple[int, int]]:
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        stat = (task / "stat").read_text().rpartition(")")[2].split()
        name = (task / "comm").read_text().strip()
        found[name] = (int((task / "schedstat").read_text().split()[0]), int(stat[7]))
    return found


class Account:
    """What the server's threads used from the object's construction to `end`."""

    def __init__(self, server, options):
        self.pid, self.cpu = server.processes[0].pid, options.server_cpu
        self.began, self.counts, self.tlb = time.monotonic(), thread_counts(self.pid), tlb_shootdowns(self.cpu)

    def end(self) -> dict:
        elapsed, counts = time.monotonic() - self.began, thread_counts(self.pid)
        threads = {}
        for name, (cpu, faults) in counts.items():
            cpu_before, faults_before = self.counts.get(name, (0, 0))
            threads[name] = dataclasses.asdict(Share((cpu - cpu_before) / 1e9 / elapsed, (faults - faults_before) / elapsed))
        return {"threads": threads, "tlb_shootdowns": (tlb_shootdowns(self.cpu) - self.tlb) / elapsed}


class Load:
    """One latchkey-bench on the loader's CPU, which writes its figures when it ends."""

    def __init__(self, server, options, scenario: str, seconds: float, warmup: float, *more, before=()):
        # Beside the server's data, so that the remains of an interrupted run are removed with it.
        file, name = tempfile.mkstemp(suffix=".json", dir=server.directory)
        os.close(file)
        self.file = pathlib.Path(name)
        who = ["--token", server.token] if scenario in ("check", "slow") else ["--user", servers.USER, "--password-stdin"]
        self.process = subprocess.Popen(
            ["taskset", "-c", str(options.loader_cpu), *before, options.build / "latchkey-bench", scenario, *who, "--target",
             f"http://127.0.0.1:{server.port}", "--agent", servers.AGENT,
             "--duration", f"{seconds}s", "--warmup", f"{warmup}s", "--json", self.file, *map(str, more)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        server.loaders.append(self.process)
        self.process.stdin.write(servers.PASSWORD.encode() + b"\n")
        self.process.stdin.close()

    def result(self) -> dict:
        said = self.process.stderr.read().decode()
        self.process.wait()
        text = self.file.read_text()
        os.unlink(self.file)
        if not text:
            raise RuntimeError(f"latchkey-bench wrote nothing: {said[-2000:]}")
        return json.loads(text)

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.file.unlink(missing_ok=True)


class Spinner:
    """A process of SCHED_IDLE on the server's CPU that only uses up what the server leaves of it."""

    def __init__(self, options):
        self.process = subprocess.Popen(["taskset", "-c", str(options.server_cpu), *IDLE_CLASS, "sh", "-c",
                                         "while :; do :; done"])

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def latencies(result: dict, kind: str) -> dict:
    of = result["latency_us_by_kind"].get(kind) or result["latency_us"]
    return {"p50_us": of["p50"], "p99_us": of["p99"], "p999_us": of["p99.9"], "per_second": result["requests_per_second"],
            "errors": result["errors"]["total"], "loader_busy": max(result["thread_cpu_share"])}


def storm_of_logins(server, options) -> Load:
    return Load(server, options, "login", options.storm_seconds + 30, 0, "-c", STORM_CONNECTIONS,
                before=IDLE_CLASS)


def checks_at_half(server, options, rate: float, beside: Callable[[], Load | Spinner] | None = None) -> dict:
    """Measures checks in open loop, beside whatever `beside` starts."""
    background = beside() if beside else None
    try:
        if background:
            time.sleep(LEAD_SECONDS)
        checks = Load(server, options, "check", options.storm_seconds, 1, "-c", options.connections, "--rate", f"{rate:.0f}")
        account = Account(server, options)
        found = latencies(checks.result(), "check")
        return {**found, **account.end()}
    finally:
        if background:
            background.stop()


def logins(server, options, full: bool) -> dict:
    """Measures logins in closed loop; if `full`, beside checks in closed loop that fill the core."""
    seconds = options.storm_seconds
    checks = Load(server, options, "check", seconds + LEAD_SECONDS + 2, LEAD_SECONDS + 1, "-c", options.connections) if full else None
    if full:
        time.sleep(LEAD_SECONDS)
    storm = Load(server, options, "login", seconds, 1, "-c", STORM_CONNECTIONS)
    account = Account(server, options)
    try:
        found = {**latencies(storm.result(), "login"), **account.end()}
        if checks:
            found["checks"] = latencies(checks.result(), "check")
        return found
    finally:
        storm.stop()
        if checks:
            checks.stop()


def hash_rate(options) -> dict:
    seconds = max(2, round(options.storm_seconds / 2))
    said = subprocess.run(["taskset", "-c", str(options.server_cpu), options.build / "bench/hash_rate", "1", str(seconds)],
                          check=True, capture_output=True, text=True).stdout
    return {"per_second": float(said)}


def run_round(options, scratch: pathlib.Path, samples: dict[str, list], say) -> None:
    with StormServer(options, scratch) as server:
        if "capacity" not in samples:
            found = Load(server, options, "check", CAPACITY_SECONDS, 1, "-c", options.connections).result()
            samples["capacity"] = [latencies(found, "check")]
        half = samples["capacity"][0]["per_second"] / 2
        for name, work in (
                ("checks at half of capacity", lambda: checks_at_half(server, options, half)),
                ("the same beside a process that spins",
                 lambda: checks_at_half(server, options, half, lambda: Spinner(options))),
                ("the same in a storm of logins",
                 lambda: checks_at_half(server, options, half, lambda: storm_of_logins(server, options))),
                ("logins alone", lambda: logins(server, options, False)),
                ("logins while checks fill the core", lambda: logins(server, options, True)),
                ("libsodium alone", lambda: hash_rate(options))):
            found = work()
            samples.setdefault(name, []).append(found)
            say(f"{name}: {found['per_second']:.1f}/s")
