"""A storm of logins at ten times the hash pool's rate, with slow clients, beside checks that the server
handles easily. Measures its effect on the checks, the answers to the storm's clients, the memory it costs,
and what remains of it."""

import http.client
import os
import pathlib
import subprocess
import threading
import time
import tomllib
import urllib.parse

import servers
import storm

STORM = 10  # times the pool's rate
CHECKS = 0.125  # of the checks that the core answers in closed loop; at twice that the loader's own CPU is full
LOGIN_CONNECTIONS = 600  # more than can wait for a hash and be refused at a time
SLOW_CLIENTS = 300
SLOW_INTERVAL = "500ms"
CONNECTIONS = 1200
LEAD_SECONDS = 4  # until the queue of logins is full
POOL_SECONDS = 5
PROBES = 8  # at a time, because one that is let in waits for seconds
PROBE_SECONDS = 0.5
PATIENCE_SECONDS = 60
LATER_SECONDS = 1

KIB, MIB = 1024, 1024 * 1024
WORKERS_PER_STANDBY = 4  # HashPool::kWorkersPerStandby
OF_CONNECTION = 8 * KIB  # in addition to a head and a body
RECEIVE_BUFFERS = 4 * MIB  # per core
OTHER = 16 * MIB  # stacks, the log, SQLite's cache, the run's tokens


class OverloadServer(storm.StormServer):
    name = "latchkeyd overloaded"

    def start(self) -> None:
        self.more_flags = ["--connections", str(CONNECTIONS)]
        if self.options.hash_queue:
            self.more_flags += ["--hash-queue", str(self.options.hash_queue)]
        super().start()
        self.settings = tomllib.loads(subprocess.run(
            [self.options.build / "latchkeyd", "--print-config", *self.flags], check=True, capture_output=True, text=True).stdout)

    def memory(self, name: str) -> int:
        """A size in the server's /proc/PID/status."""
        text = pathlib.Path(f"/proc/{self.processes[0].pid}/status").read_text()
        return int(text.split(f"{name}:")[1].split()[0]) * KIB

    def most_growth(self) -> int:
        """How far the settings let it grow: a head and a body per connection, a hash per thread and standby."""
        def of(name: str) -> int:
            value = str(self.settings[name])
            for unit, factor in (("GiB", 1024 * MIB), ("MiB", MIB), ("KiB", KIB), ("", 1)):
                if value.endswith(unit):
                    return int(value.removesuffix(unit)) * factor
        threads = of("hash_threads")
        return (of("connections") * (of("head_limit") + of("body_limit") + OF_CONNECTION)
                + (threads + -(-threads // WORKERS_PER_STANDBY)) * of("hash_memory") + RECEIVE_BUFFERS + OTHER)


def ask(server, method: str, path: str, headers: dict, body: str | None = None) -> tuple[int, float, bool]:
    """Returns the status (0 if there was no answer), milliseconds, and whether the answer has Retry-After."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_SECONDS)
    began = time.monotonic()
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, (time.monotonic() - began) * 1000, answer.headers["Retry-After"] is not None
    except (OSError, http.client.HTTPException):
        return 0, (time.monotonic() - began) * 1000, False
    finally:
        connection.close()


def log_in(server) -> tuple[int, float, bool]:
    body = urllib.parse.urlencode({"username": servers.USER, "password": servers.PASSWORD})
    return ask(server, "POST", "/api/v2/authtoken/",
               {"User-Agent": "probe", "Content-Type": "application/x-www-form-urlencoded"}, body)


def check(server) -> tuple[int, float, bool]:
    return ask(server, "GET", "/auth/verify", server.headers)


class Probe:
    """Sends single logins beside the storm to see their answers, and watches the server's memory."""

    def __init__(self, server):
        self.server, self.answers, self.most_resident = server, [], 0
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.repeat, args=[work]) for work in [self.look] + PROBES * [self.ask]]
        for thread in self.threads:
            thread.start()

    def repeat(self, work) -> None:
        # The probes share the loaders' CPU; in a higher class they would delay the measurement of the checks.
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        while not self.ending.wait(PROBE_SECONDS):
            work()

    def ask(self) -> None:
        self.answers.append(log_in(self.server))

    def look(self) -> None:
        self.most_resident = max(self.most_resident, self.server.memory("VmRSS"))

    def end(self) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join()


def checks(server, options, rate: float) -> dict:
    return storm.latencies(
        storm.Load(server, options, "check", options.seconds, 1, "-c", options.connections, "--rate", f"{rate:.0f}").result(),
        "check")


def in_storm(server, options, rates: dict) -> dict:
    sending = LEAD_SECONDS + options.seconds + 2
    before = {"login": log_in(server), "check": check(server), "resident": server.memory("VmRSS")}
    slow = storm.Load(server, options, "slow", sending, 0, "-c", SLOW_CLIENTS, "--interval", SLOW_INTERVAL, before=storm.IDLE_CLASS)
    logins = storm.Load(server, options, "login", sending, 0, "-c", LOGIN_CONNECTIONS, "--rate",
                        f"{rates['logins'] * STORM:.0f}", "--timeout", f"{PATIENCE_SECONDS}s", before=storm.IDLE_CLASS)
    began, probe = time.monotonic(), Probe(server)
    try:
        time.sleep(LEAD_SECONDS)
        found = checks(server, options, rates["checks"])
        probe.ending.set()
        time.sleep(max(0.0, began + sending + LATER_SECONDS - time.monotonic()))
        soon = {"check": check(server), "login": log_in(server)}
        told = logins.result()  # returns when the last login has been answered
        over = time.monotonic()
    finally:
        probe.end()
        slow.stop()
        logins.stop()
    time.sleep(max(0.0, over + LATER_SECONDS - time.monotonic()))
    after = {"login": log_in(server), "check": check(server), "resident": server.memory("VmRSS")}
    refused = [answer for answer in probe.answers if answer[0] in (429, 503)]
    return {"checks": found, "statuses": told["statuses"], "unanswered": told["errors"], "logins_us": told["latency_us"],
            "offered": told["requests"] / sending, "last_answer_s": over - began - sending,
            "probe": {"without_answer": sum(answer[0] == 0 for answer in probe.answers), "refused": len(refused),
                      "without_retry_after": sum(not answer[2] for answer in refused),
                      "served_ms": [answer[1] for answer in probe.answers if answer[0] == 200]},
            "before": before, "soon": soon, "after": after, "resident_during": probe.most_resident}


def run(options, scratch: pathlib.Path, say) -> dict:
    with OverloadServer(options, scratch) as server:
        at_rest = server.memory("VmRSS")
        say("what the core and the pool do alone")
        core = storm.Load(server, options, "check", storm.CAPACITY_SECONDS, 1, "-c", options.connections).result()
        pool = storm.Load(server, options, "login", POOL_SECONDS, 1, "-c", storm.STORM_CONNECTIONS).result()
        rates = {"checks": core["requests_per_second"] * CHECKS, "logins": pool["requests_per_second"]}
        rounds = []
        for number in range(options.rounds):
            say(f"round {number + 1}/{options.rounds}: checks alone")
            alone = checks(server, options, rates["checks"])
            say(f"round {number + 1}/{options.rounds}: the same in a storm")
            rounds.append({"alone": alone, **in_storm(server, options, rates)})
        return {"settings": server.settings, "rates": rates, "rounds": rounds, "resident_at_rest": at_rest,
                "resident_most": server.memory("VmHWM"), "resident_bound": at_rest + server.most_growth()}
