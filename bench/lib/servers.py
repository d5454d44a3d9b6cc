"""The servers that bench/compare loads, each pinned to the server's CPU."""

import os
import pathlib
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request

PATIENCE_SECONDS = 20
AGENT = "bench"
USER = "bench"
PASSWORD = "a long enough password"


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def cpu_ns(pid: int) -> int:
    """The time that all threads of a process have run, according to the scheduler."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except FileNotFoundError:
            pass
    return total


class Server:
    """Started when entered, stopped by its process id when left."""

    name = ""
    pipelines = True
    needs: tuple[str, ...] = ()

    def __init__(self, options, scratch: pathlib.Path):
        self.options = options
        self.directory = scratch / f"{self.name.replace(' ', '-')}-{time.monotonic_ns()}"
        self.port = free_port()
        self.target = "/auth/verify"
        self.socket: pathlib.Path | None = None  # where the loader connects, if not by TCP
        self.headers: dict[str, str] = {"User-Agent": AGENT}
        self.processes: list[subprocess.Popen] = []
        self.loaders: list[subprocess.Popen] = []  # they write beside its data, so they end before that is removed

    def spawn(self, command, environment=None) -> subprocess.Popen:
        log = open(self.directory / "log", "ab")
        process = subprocess.Popen(["taskset", "-c", str(self.options.server_cpu), *map(str, command)],
                                   stdout=log, stderr=log, env=environment, start_new_session=True)
        self.processes.append(process)
        return process

    def wait_for(self, port: int) -> None:
        self.wait_until_connected(socket.AF_INET, ("127.0.0.1", port))

    def wait_for_socket(self, path: pathlib.Path) -> None:
        self.wait_until_connected(socket.AF_UNIX, str(path))

    def wait_until_connected(self, family: int, where) -> None:
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            with socket.socket(family) as sock:
                sock.settimeout(1)
                try:
                    sock.connect(where)
                    return
                except OSError:
                    time.sleep(0.05)
        raise RuntimeError(f"{self.name} does not listen: {(self.directory / 'log').read_text()}")

    def __enter__(self):
        self.directory.mkdir()
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for loader in self.loaders:
            loader.kill()
            loader.wait()
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def pids(self) -> list[int]:
        """The processes that serve, children included."""
        found = []
        for process in self.processes:
            found.append(process.pid)
            children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
            found.extend(int(pid) for pid in children.split())
        return found

    def cpu_ns(self) -> int:
        return sum(cpu_ns(pid) for pid in self.pids())

    def start(self) -> None:
        raise NotImplementedError


# The user that latchkeyd becomes if root measures, because it does not run as root. The user need not exist.
BENCH_USER = 64_000


def give_away(data: pathlib.Path) -> None:
    """Creates the data directory if it is missing. If root measures, gives it to BENCH_USER, and lets that
    user pass through the directories above it."""
    data.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() != 0:
        return
    for above in (data.parent, data.parent.parent):
        if above.name.startswith("latchkey") or above.parent.name.startswith("latchkey"):
            above.chmod(0o711)
    for path in (data, *data.rglob("*")):
        os.chown(path, BENCH_USER, BENCH_USER, follow_symlinks=False)


class Floor(Server):
    name = "floor"

    def start(self) -> None:
        # The request and the answer are as long as a check's.
        self.headers["Authorization"] = "Token " + "0" * 40
        self.spawn([self.options.build / "bench/floor", self.port])
        self.wait_for(self.port)


class FloorByUnixSocket(Server):
    """The request is as long as the check's by a Unix socket."""

    name = "floor by a Unix socket"

    def start(self) -> None:
        self.headers["Authorization"] = "Token " + "0" * 40
        self.headers["X-Forwarded-For"] = "127.0.0.1"
        self.socket = self.directory / "s"
        self.spawn([self.options.build / "bench/floor", self.socket])
        self.wait_for_socket(self.socket)


class Latchkeyd(Server):
    name = "latchkeyd"
    flags: list[str] = []

    def start(self) -> None:
        self.token = self.start_latchkeyd(self.port)
        self.headers["Authorization"] = f"Token {self.token}"

    def unix_socket(self) -> pathlib.Path:
        """In the data directory, where the server's user may make it."""
        return self.directory / "data/s"  # short: a socket's path has at most 107 bytes

    def start_latchkeyd(self, port: int) -> str:
        data = self.directory / "data"
        data.mkdir(mode=0o700)
        subprocess.run([self.options.build / "latchkey", "--data", data, "user", "add", USER, "--create", "--password-stdin"],
                       input=PASSWORD.encode(), check=True, capture_output=True)
        give_away(data)
        self.spawn([self.options.build / "latchkeyd", "--data", data, "--create", "--listen", f"127.0.0.1:{port}",
                    "--listen", f"unix:{self.unix_socket()}", "--cores", "1",
                    *self.flags])
        self.wait_for(port)
        body = urllib.parse.urlencode({"username": USER, "password": PASSWORD}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v2/authtoken/", body, {"User-Agent": AGENT})
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
            return answer.read().decode().split('"')[3]


class LatchkeydAskedByAProxy(Latchkeyd):
    """By TCP, from a trusted proxy: the same request as by a Unix socket."""

    name = "latchkeyd asked by a proxy"
    flags = ["--trusted-proxy", "127.0.0.1"]

    def start(self) -> None:
        super().start()
        self.headers["X-Forwarded-For"] = "127.0.0.1"


class LatchkeydByUnixSocket(Latchkeyd):
    """The token is bound to 127.0.0.1, from where the login came, as the field says of each check too."""

    name = "latchkeyd by a Unix socket"

    def start(self) -> None:
        super().start()
        self.socket = self.unix_socket()
        self.headers["X-Forwarded-For"] = "127.0.0.1"


NGINX = """
daemon off; master_process off; worker_processes 1; error_log stderr; pid {directory}/nginx.pid;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000000; keepalive_timeout 1d; default_type text/plain;
  client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
  uwsgi_temp_path {directory}; scgi_temp_path {directory};
  open_file_cache max=10 inactive=1d; open_file_cache_valid 1d;
  {blocks}
}}
"""

RETURN_200 = "server {{ listen {where}; location / {{ return 200; }} }}"

GATED = """
upstream gate {{ server {gate}; keepalive 256; keepalive_requests 1000000000; }}
server {{
  listen 127.0.0.1:{port};
  location / {{ auth_request /auth/verify; root {directory}; try_files /content =404; }}
  location = /auth/verify {{
    internal; proxy_pass http://gate; proxy_pass_request_body off;
    proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Content-Length "";
    proxy_set_header X-Forwarded-For $remote_addr;
  }}
}}
"""


class Nginx(Server):
    needs = ("nginx",)

    def start_nginx(self, blocks: str) -> None:
        (self.directory / "content").write_text("content\n")
        self.directory.chmod(0o755)
        configuration = self.directory / "nginx.conf"
        configuration.write_text(NGINX.format(directory=self.directory, blocks=blocks))
        self.spawn(["nginx", "-c", configuration, "-p", self.directory, "-e", "stderr"])
        self.wait_for(self.port)


class NginxReturn(Nginx):
    name = "nginx return 200"

    def start(self) -> None:
        self.headers["Authorization"] = "Token " + "0" * 40
        self.start_nginx(RETURN_200.format(where=f"127.0.0.1:{self.port}"))


class NginxGatedByItself(Nginx):
    name = "nginx gated by itself"
    pipelines = False

    def gate(self) -> str:
        return f"127.0.0.1:{free_port()}"

    def start(self) -> None:
        self.target = "/"
        self.headers["Authorization"] = "Token " + "0" * 40
        gate = self.gate()
        self.start_nginx(RETURN_200.format(where=gate) +
                         GATED.format(port=self.port, gate=gate, directory=self.directory))


class NginxGatedByItselfByUnixSocket(NginxGatedByItself):
    name = "nginx gated by itself by a Unix socket"

    def gate(self) -> str:
        return f"unix:{self.directory}/gate.sock"


class NginxGatedByLatchkeyd(Latchkeyd, Nginx):
    name = "nginx gated by latchkeyd"
    needs = Nginx.needs
    pipelines = False

    def gate(self, port: int) -> str:
        return f"127.0.0.1:{port}"

    def start(self) -> None:
        self.target = "/"
        port = free_port()
        self.headers["Authorization"] = f"Token {self.start_latchkeyd(port)}"
        self.start_nginx(GATED.format(port=self.port, gate=self.gate(port), directory=self.directory))


class NginxGatedByLatchkeydByUnixSocket(NginxGatedByLatchkeyd):
    name = "nginx gated by latchkeyd by a Unix socket"

    def gate(self, port: int) -> str:
        return f"unix:{self.unix_socket()}"


class Redis(Server):
    name = "redis GET"
    needs = ("redis-server", "redis-benchmark")

    def start(self) -> None:
        self.spawn(["redis-server", "--bind", "127.0.0.1", "--port", self.port, "--save", "", "--appendonly", "no",
                    "--dir", self.directory])
        self.wait_for(self.port)
        os.environ.setdefault("LC_ALL", "C")


KINDS = [Floor, FloorByUnixSocket, Latchkeyd, LatchkeydAskedByAProxy, LatchkeydByUnixSocket, NginxReturn,
         NginxGatedByItself, NginxGatedByLatchkeyd, NginxGatedByItselfByUnixSocket, NginxGatedByLatchkeydByUnixSocket, Redis]
