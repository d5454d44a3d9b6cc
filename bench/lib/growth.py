"""What bench/scale runs: the table alone, starts on a database that is full, idle connections."""

import json
import os
import pathlib
import resource
import selectors
import shutil
import signal
import subprocess
import time

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
    """Runs it to its end, shows its last line of progress, and gives what it wrote to standard output."""
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

    def __init__(self, options, data: pathlib.Path, *flags: str):
        self.command = [options.build / "latchkeyd", "--data", data, "--listen", "127.0.0.1:0", *flags]

    def __enter__(self):
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
            # What it still says is read, so that it never waits for a reader.
            self.process.communicate(timeout=PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def resident(self) -> int:
        return resident_bytes(self.process.pid)


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
            return {"tokens": tokens, "tokens_a_user": share, "seconds": server.seconds,
                    "cpu_seconds": server.cpu_seconds, "empty_seconds": empty_seconds,
                    "bytes_a_token": grown / tokens, "database_bytes": (data / "latchkey.db").stat().st_size,
                    "making_seconds": made}
    finally:
        shutil.rmtree(data)


def raise_descriptors(wanted: int) -> int:
    """The limit on open files that this process and its children have afterwards."""
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
            # The most connections seen, and the memory that they had at that time.
            now = descriptors(pid) - descriptors_before
            if now >= held:
                held, grown = now, server.resident() - before
            progress(f"idle connections: {now} of {connections}")
            time.sleep(0.2)
        said = client.communicate()[0].decode(errors="replace")
        return {"wanted": connections, "held": held, "limit_of_open_files": limit,
                "bytes_a_connection": grown / held if held else None, "said": said}
