"""One load on one server: latchkey-bench or wrk, or redis-benchmark for Redis, pinned to the loader's CPU."""

import csv
import dataclasses
import io
import json
import pathlib
import resource
import subprocess
import tempfile
import time

WRK = """
local depth = tonumber(os.getenv("DEPTH"))
init = function(args)
  local one = wrk.format()
  local all = {}
  for i = 1, depth do all[i] = one end
  batch = table.concat(all)
end
request = function() return batch end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('{"requests":%d,"duration_us":%d,"errors":%d,"p50_us":%d,"p99_us":%d,"p999_us":%d}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
"""

# In a pipelined load wrk counts answers, and redis-benchmark requests; neither counts writes.
REDIS_CALIBRATION = 20_000


@dataclasses.dataclass
class Sample:
    cpu_us: float  # the server's, per request
    per_second: float
    p50_us: float | None
    p99_us: float | None
    p999_us: float | None
    server_busy: float  # share of its CPU
    loader_busy: float


def loader_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def run_wrk(server, depth: int, options, seconds: int) -> dict:
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(WRK)
        script.flush()
        command = ["taskset", "-c", str(options.loader_cpu), "wrk", "-t1", f"-c{options.connections}", f"-d{seconds}s",
                   "-s", script.name]
        for name, value in server.headers.items():
            command += ["-H", f"{name}: {value}"]
        command.append(f"http://127.0.0.1:{server.port}{server.target}")
        output = subprocess.run(command, env={"DEPTH": str(depth), "PATH": "/usr/bin:/bin"}, check=True, capture_output=True, text=True).stdout
    result = json.loads(output.strip().splitlines()[-1])
    if result["errors"] or not result["requests"]:
        raise RuntimeError(f"{server.name}: {result}: {(server.directory / 'log').read_text()[-2000:]}")
    # wrk corrects for coordinated omission by the mean interval between answers, not between batches.
    if depth > 1:
        result.update(p50_us=None, p99_us=None, p999_us=None)
    return result


def run_latchkey_bench(server, depth: int, options, seconds: int) -> dict:
    command = ["taskset", "-c", str(options.loader_cpu), options.build / "latchkey-bench", "-c", str(options.connections),
               "--pipeline", str(depth), "--duration", f"{seconds}s", "--warmup", "0s", "--json", "-"]
    for name, value in server.headers.items():
        command += ["--agent", value] if name == "User-Agent" else ["-H", f"{name}: {value}"]
    if server.socket:
        command += ["--unix", server.socket]
    command.append(f"http://127.0.0.1:{server.port}{server.target}")
    done = subprocess.run(command, capture_output=True, text=True)
    start = done.stdout.find("{")
    if done.returncode or start < 0:
        raise RuntimeError(f"{server.name}: {done.stderr[-2000:]}: {(server.directory / 'log').read_text()[-2000:]}")
    found = json.JSONDecoder().raw_decode(done.stdout, start)[0]
    if found["errors"]["total"] or set(found["statuses"]) != {"200"}:
        raise RuntimeError(f"{server.name}: {found['errors']}, {found['statuses']}")
    latency = found["latency_us"]
    return {"requests": found["answers"], "duration_us": found["measured_s"] * 1e6, "p50_us": latency["p50"],
            "p99_us": latency["p99"], "p999_us": latency["p99.9"]}


def run_redis(server, depth: int, options, requests: int) -> dict:
    began = time.monotonic()
    output = subprocess.run(
        ["taskset", "-c", str(options.loader_cpu), "redis-benchmark", "-p", str(server.port), "-t", "get", "-n",
         str(requests), "-c", str(options.connections), "-P", str(depth), "--csv"],
        check=True, capture_output=True, text=True).stdout
    row = list(csv.DictReader(io.StringIO(output)))[0]
    return {"requests": requests, "duration_us": (time.monotonic() - began) * 1e6, "per_second": float(row["rps"]),
            "p50_us": float(row["p50_latency_ms"]) * 1000, "p99_us": float(row["p99_latency_ms"]) * 1000,
            "p999_us": None}


def run(server, depth: int, options, loader: str) -> Sample:
    is_redis = server.name.startswith("redis")
    if is_redis:
        warm = run_redis(server, depth, options, REDIS_CALIBRATION * depth)
        requests = int(warm["per_second"] * options.seconds)
        work = lambda: run_redis(server, depth, options, requests)  # noqa: E731
    else:
        # wrk connects by TCP alone.
        runner = run_wrk if loader == "wrk" and not server.socket else run_latchkey_bench
        runner(server, depth, options, 1)
        work = lambda: runner(server, depth, options, options.seconds)  # noqa: E731
    cpu, used, began = server.cpu_ns(), loader_seconds(), time.monotonic()
    result = work()
    elapsed = time.monotonic() - began
    cpu, used = server.cpu_ns() - cpu, loader_seconds() - used
    return Sample(cpu_us=cpu / 1000 / result["requests"],
                  per_second=result.get("per_second", result["requests"] / result["duration_us"] * 1e6),
                  p50_us=result["p50_us"], p99_us=result["p99_us"], p999_us=result["p999_us"],
                  server_busy=cpu / 1e9 / elapsed, loader_busy=used / elapsed)
