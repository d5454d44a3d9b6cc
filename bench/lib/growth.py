"""The runs of bench/scale: the table alone, starts on a full database, idle connections."""

import contextlib
import itertools
import json
import os
import pathlib
import resource
import selectors
import shutil
import signal
import sqlite3
import statistics
import subprocess
import time

import servers

PATIENCE_SECONDS = 600
SPARE_DESCRIPTORS = 1000
HOLD_SECONDS = 8
LISTENING = b"listening on"


def resident_bytes(pid: int) -> int:
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def cpu_seconds(pid: int) -> float:
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def followed(command, what: str, progress) -> str:
    """Runs the command to its end and shows its last line of progress. Returns its standard output."""
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    last = ""
    try:
        for line in process.stderr:
            last = line.strip()
            progress(f"{what}: {last}")
        output = process.stdout.read()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.wait() != 0:
        raise RuntimeError(f"{command[0]} failed: {last}")
    return output


def table(options, tokens: int, share: int, progress) -> dict:
    what = f"table, {tokens} tokens, {share} a user"
    return json.loads(followed([options.build / "bench/scale-table", tokens, share], what, progress))


class Latchkeyd:
    """A server on a data directory; `seconds` is how long it took until it listened on every core."""

    def __init__(self, options, data: pathlib.Path, *flags: str, before=()):
        self.command = [*before, options.build / "latchkeyd", "--data", data, "--create", "--listen", "127.0.0.1:0",
                        *flags]

        self.data = data

    def __enter__(self):
        servers.give_away(self.data)
        begin = time.monotonic()
        self.process = subprocess.Popen(list(map(str, self.command)), stderr=subprocess.PIPE, start_new_session=True)
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stderr, selectors.EVENT_READ)
            while LISTENING not in said and selector.select(PATIENCE_SECONDS):
                piece = os.read(self.process.stderr.fileno(), 4096)
                if not piece:
                    break
                said += piece
        if LISTENING not in said:
            self.stop()
            raise RuntimeError(f"latchkeyd does not listen: {said.decode(errors='replace')}")
        self.seconds = time.monotonic() - begin
        self.cpu_seconds = cpu_seconds(self.process.pid)
        line = next(line for line in said.decode().splitlines() if "listening on" in line)
        self.url = line.split("listening on ")[1].split()[0]
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            # Reads its remaining output, so that it never waits for a reader.
            self.process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def resident(self) -> int:
        return resident_bytes(self.process.pid)


FEW_TOKENS = 10_000
ROUNDS = 7
ROUND_SECONDS = 3


def load(options, server, scenario: str, seconds: int, *more, password: str = "") -> subprocess.Popen:
    process = subprocess.Popen(["taskset", "-c", "1", options.build / "latchkey-bench", scenario, "--target", server.url,
                                "--agent", "bench", "--warmup", "0s", "-d", f"{seconds}s", "--json", "-",
                                *map(str, more)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdin.write(password + "\n")
    process.stdin.close()
    return process


def loaded(process: subprocess.Popen) -> dict:
    """Waits for a load and returns its results."""
    result = json.loads(process.stdout.read())
    process.wait()
    return result


def checks_cpu_us(options, server, tokens: pathlib.Path, seconds: int) -> float:
    before = servers.cpu_ns(server.process.pid)
    result = loaded(load(options, server, "check", seconds, "--token-file", tokens))
    if result["errors"]["total"] or not result["requests"]:
        raise RuntimeError(f"checks among many tokens: {result['errors']}")
    return (servers.cpu_ns(server.process.pid) - before) / 1000 / result["requests"]


def checks(options, scratch: pathlib.Path, data: pathlib.Path, tokens: int, progress) -> dict:
    """CPU time per check of tokens from all over the table, measured in turn with a server that has few."""
    few = scratch / "few"
    followed([options.build / "bench/scale-database", few, FEW_TOKENS, 1], "few tokens", progress)
    pinned = ["taskset", "-c", "0"]
    samples: dict[str, list[float]] = {"many": [], "few": []}
    try:
        with Latchkeyd(options, data, "--tokens", str(2 * tokens), "--cores", "1", before=pinned) as many, \
                Latchkeyd(options, few, "--cores", "1", before=pinned) as little:
            for number in range(ROUNDS):
                for name, server, of in (("many", many, data), ("few", little, few)):
                    progress(f"checks of {name} tokens, round {number + 1} of {ROUNDS}")
                    checks_cpu_us(options, server, of / "tokens", 1)
                    samples[name].append(checks_cpu_us(options, server, of / "tokens", ROUND_SECONDS))
    finally:
        shutil.rmtree(few)
    ratio = statistics.median(samples["many"]) / statistics.median(samples["few"])
    return {"tokens": tokens, "cpu_us": samples, "ratio": ratio}


LOGIN_RATE = 4
STEADY_SECONDS = 90
TOKEN_TIMEOUT_SECONDS = 1800
STEADY_USES = (10, 2)  # of a token in its timeout


def logins(options, server) -> dict:
    result = loaded(load(options, server, "login", STEADY_SECONDS, "--rate", LOGIN_RATE, "-c", "8", "--timeout", "60s",
                   "--user", "user0000000", "--password-stdin", password=servers.PASSWORD))
    return {"p50_us": result["latency_us"]["p50"], "p99_us": result["latency_us"]["p99"],
            "errors": result["errors"]["total"]}


def oldest_record_seconds(data: pathlib.Path) -> float:
    """How long ago the oldest recorded last use of a live session was."""
    with contextlib.closing(sqlite3.connect(f"file:{data / 'latchkey.db'}?mode=ro", uri=True)) as database:
        oldest, = database.execute("SELECT min(last_used_ms) FROM sessions WHERE death = 0").fetchone()
    return time.time() - oldest / 1000


def first_tokens(data: pathlib.Path) -> pathlib.Path:
    """Makes a file with a few of the tokens."""
    few = data / "few-tokens"
    with open(data / "tokens") as tokens, open(few, "w") as chosen:
        chosen.writelines(itertools.islice(tokens, FEW_TOKENS))
    return few


def steady(options, data: pathlib.Path, tokens: int, progress) -> dict:
    """Measures logins while every token is used several times per timeout, while none is, and beside as many
    checks of a few tokens as the busiest pace has. Beyond ten uses per timeout a record is not renewed more
    often; two keep a token alive. The loaders get what the server's threads leave of one of two CPUs. On a
    single CPU the checks alone take more than half of it, and the time of a hash follows from that, whichever
    tokens they show."""
    def beside(uses: int, file: pathlib.Path, what: str, lead: int = 0) -> dict:
        rate = tokens * uses / TOKEN_TIMEOUT_SECONDS
        checks = load(options, server, "check", lead + STEADY_SECONDS + 5, "--rate", f"{rate:.0f}", "--token-file", file)
        progress(f"logins beside {what}, after {lead} s of them")
        time.sleep(lead)
        found = logins(options, server)
        result = loaded(checks)
        return {"logins": found, "checks_per_second": result["requests_per_second"],
                "checks_p99_us": result["latency_us"]["p99"], "check_errors": result["errors"]["total"]}

    def used(uses: int) -> dict:
        # By then every token was used, or the used ones were last recorded longer ago than a record may lag.
        lead = TOKEN_TIMEOUT_SECONDS // 10 + 20
        found = beside(uses, data / "tokens", f"{uses} uses of all tokens in their timeout", lead)
        time.sleep(5)
        return {"uses": uses, **found, "oldest_record_seconds": oldest_record_seconds(data)}

    with Latchkeyd(options, data, "--tokens", str(2 * tokens), "--cores", "1", "--hash-threads", "1",
                   "--login-failures-by-address", "0", "--refresh-rows-per-second", "200000",
                   before=["taskset", "-c", "0,1"]) as server:
        progress("logins while no token is used")
        idle = logins(options, server)
        few = beside(STEADY_USES[0], first_tokens(data), "as many checks of few tokens")
        return {"tokens": tokens, "idle": idle, "beside_few": few, "paces": [used(uses) for uses in STEADY_USES]}


def start(options, scratch: pathlib.Path, tokens: int, share: int, progress) -> dict:
    data = scratch / f"data-{tokens}-{share}"
    what = f"start, {tokens} tokens, {share} a user"
    empty = scratch / "empty"
    with Latchkeyd(options, empty) as server:
        empty_bytes, empty_seconds = server.resident(), server.seconds
    begin = time.monotonic()
    followed([options.build / "bench/scale-database", data, tokens, share], what, progress)
    made = time.monotonic() - begin
    progress(f"{what}: starting")
    try:
        with Latchkeyd(options, data, "--tokens", str(max(2 * tokens, 1000))) as server:
            grown = server.resident() - empty_bytes
            found = {"tokens": tokens, "tokens_per_user": share, "seconds": server.seconds,
                    "cpu_seconds": server.cpu_seconds, "empty_seconds": empty_seconds,
                    "bytes_per_token": grown / tokens, "database_bytes": (data / "latchkey.db").stat().st_size,
                    "making_seconds": made}
        # A user's other tokens need other agents.
        if share == 1:
            found["checks"] = checks(options, scratch, data, tokens, progress)
            if options.steady:
                found["steady"] = steady(options, data, tokens, progress)
        return found
    finally:
        shutil.rmtree(data)


def raise_descriptors(wanted: int) -> int:
    """Raises the limit on open files. Returns the limit that this process and its children then have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(wanted, hard), max(wanted, hard)))
    except (ValueError, PermissionError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def idle(options, scratch: pathlib.Path, connections: int, progress) -> dict:
    limit = raise_descriptors(connections + SPARE_DESCRIPTORS)
    with Latchkeyd(options, scratch / "idle", "--connections", str(2 * connections)) as server:
        pid = server.process.pid
        before, descriptors_before = server.resident(), descriptors(pid)
        client = subprocess.Popen([options.build / "latchkey-bench", "idle", "--target", server.url, "-c",
                                   str(connections), "-d", f"{HOLD_SECONDS}s"], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, start_new_session=True)
        held, grown = 0, 0
        end = time.monotonic() + PATIENCE_SECONDS
        while client.poll() is None and time.monotonic() < end:
            # The most connections seen, and the memory that they took at that time.
            now = descriptors(pid) - descriptors_before
            if now >= held:
                held, grown = now, server.resident() - before
            progress(f"idle connections: {now} of {connections}")
            time.sleep(0.2)
        said = client.communicate()[0].decode(errors="replace")
        return {"wanted": connections, "held": held, "limit_of_open_files": limit,
                "bytes_per_connection": grown / held if held else None, "said": said}
