"""Measures checks alone, and beside clients without credentials that ask for one page in closed loop."""

import argparse
import json
import pathlib
import signal
import subprocess
import tempfile
import time

import servers
import storm

LEAD_SECONDS = 1  # until all clients ask


class PageServer(storm.StormServer):
    name = "latchkeyd beside pages"
    more_flags = ["--connections-by-address", "0"]


class Asking:
    """The clients, from their start until they are stopped."""

    def __init__(self, server, options, seconds: float):
        self.file = pathlib.Path(tempfile.mkstemp(suffix=".json")[1])
        what = ["-X", "POST", "-H", "Content-Type: application/json", "--body", options.body.read_text()] if options.body else []
        self.process = subprocess.Popen(
            ["taskset", "-c", str(options.loader_cpu), options.build / "latchkey-bench", *what, "-c", str(options.clients),
             "--duration", f"{seconds}s", "--warmup", "0s", "--json", self.file,
             f"http://127.0.0.1:{server.port}{options.target}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def result(self) -> dict:
        self.process.wait()
        text = self.file.read_text()
        self.file.unlink()
        found = json.loads(text)
        return {"per_second": found["requests_per_second"], "statuses": found["statuses"]}

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.file.unlink(missing_ok=True)


def checks(server, options) -> dict:
    result = storm.Load(server, options, "check", options.seconds, 1, "-c", options.connections, "--rate", options.rate).result()
    latency = result["latency_us"]
    return {"p50_us": latency["p50"], "p99_us": latency["p99"], "max_us": latency["max"], "errors": result["errors"]["total"]}


def one_round(server, options) -> dict:
    alone = checks(server, options)
    asking = Asking(server, options, options.seconds + LEAD_SECONDS + 3)
    try:
        time.sleep(LEAD_SECONDS)
        beside = checks(server, options)
        return {"alone": alone, "beside": beside, "pages": asking.result()}
    finally:
        asking.stop()


def run(options, builds: list[pathlib.Path], scratch: pathlib.Path) -> dict[str, list[dict]]:
    """The rounds by build. The first build's loader loads all of them."""
    found: dict[str, list[dict]] = {str(build): [] for build in builds}
    for _ in range(options.rounds):
        for build in builds:
            of_build = argparse.Namespace(**{**vars(options), "build": build})
            with PageServer(of_build, scratch) as server:
                found[str(build)].append(one_round(server, options))
    return found
