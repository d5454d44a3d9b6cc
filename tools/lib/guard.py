"""Runs a script so that whatever it starts ends with it, even if a signal ends the script itself.

usage: guard.py SCRIPT [ARGUMENT...]    for a shell script (tools/lib/common.sh)
       guard.enter()                    for a Python script, before it starts anything

There are three processes. The outer one has the process id that people know, and waits. Its child, the
keeper, adopts every process that loses its parent (PR_SET_CHILD_SUBREAPER), so everything started stays below
it, in whatever session and whichever process started it. The script is the keeper's child, in the outer
process's original process group.

If the outer process gets SIGINT, SIGTERM or SIGHUP, or dies by SIGKILL (PR_SET_PDEATHSIG), the keeper sends
SIGTERM to all processes below it. Those alive after GRACE_SECONDS, or at a second signal, get SIGKILL. A
process that ignores SIGTERM is in the middle of something, such as dpkg setting up a package; it gets
UNINTERRUPTED_SECONDS. What a script leaves behind when it ends by itself is ended in the same way. Only
SIGKILL to the keeper leaves anything alive.
"""

import ctypes
import os
import pathlib
import signal
import sys
import time

# Its value is the keeper's process id, so that only the keeper's own child recognises it.
KEEPER = "KEPT_BY"
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Longer than latchkeyd's default drain_timeout.
GRACE_SECONDS = 20
UNINTERRUPTED_SECONDS = 300
# How often to look for newly started processes while everything is being ended.
LOOK_SECONDS = 0.1
# A process that SIGKILL has not ended within this time is another user's, or waits for a disk. It is named
# and left.
LAST_SECONDS = 5

# siginfo's si_code of a signal that the terminal sent (asm-generic/siginfo.h).
SI_KERNEL = 0x80
PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def below(pid: int) -> list[int]:
    """All processes below `pid`, according to /proc, without those that are dead but not yet waited for."""
    children: dict[int, list[int]] = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, parent = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[:2]
        except (OSError, ValueError):
            continue
        if state not in "ZX":
            children.setdefault(int(parent), []).append(int(entry.name))
    found = []
    rest = [pid]
    while rest:
        own = children.get(rest.pop(), [])
        found += own
        rest += own
    return found


def ignores_sigterm(pid: int) -> bool:
    try:
        for line in pathlib.Path(f"/proc/{pid}/status").read_text(errors="replace").splitlines():
            if line.startswith("SigIgn:"):
                return bool(int(line.split()[1], 16) >> (signal.SIGTERM - 1) & 1)
    except (OSError, ValueError):
        pass
    return False


def send(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


class Keeper:
    """The work of the process in the middle, from the script's start until all that it started has ended."""

    def __init__(self, script: int):
        self.script = script
        self.status = 1
        self.signals = 0
        self.began_to_end: float | None = None
        self.told: set[int] = set()

    def reap(self) -> bool:
        """Waits for dead processes. False if no process is left below."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                self.told.discard(pid)
                if pid == self.script:
                    code = os.waitstatus_to_exitcode(status)
                    self.status = code if code >= 0 else 128 - code
                    self.end()
        except ChildProcessError:
            return False

    def end(self) -> None:
        if self.began_to_end is None:
            self.began_to_end = time.monotonic()

    def tell_all_to_end(self) -> bool:
        """False if nothing more can be done."""
        seconds = time.monotonic() - self.began_to_end
        alive = below(os.getpid())
        for pid in alive:
            patience = UNINTERRUPTED_SECONDS if ignores_sigterm(pid) else GRACE_SECONDS if self.signals < 2 else 0
            if seconds >= patience:
                send(pid, signal.SIGKILL)
            elif pid not in self.told:
                self.told.add(pid)
                send(pid, signal.SIGTERM)
                send(pid, signal.SIGCONT)
        if seconds < UNINTERRUPTED_SECONDS + LAST_SECONDS:
            return True
        print(f"still there: {', '.join(map(str, alive))}", file=sys.stderr)
        return False

    def run(self) -> int:
        while self.reap():
            if self.began_to_end is not None and not self.tell_all_to_end():
                break
            wanted = {signal.SIGCHLD, *ENDING}
            if self.began_to_end is None:
                got = signal.sigwaitinfo(wanted)
            else:
                got = signal.sigtimedwait(wanted, LOOK_SECONDS)
            if got is not None and got.si_signo in ENDING:
                self.signals += 1
                self.end()
        return self.status


def wait_outside(keeper: int, ignored: set[int]) -> None:
    """Runs in the outer process: passes each signal to the keeper, and ends as the script did."""
    cause = 0
    while True:
        got = signal.sigwaitinfo({signal.SIGCHLD, *ENDING} - ignored)
        # A shell makes its background jobs ignore the terminal's SIGINT. One that was sent by kill is meant.
        if got.si_signo == signal.SIGINT and got.si_code == SI_KERNEL and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
            continue
        if got.si_signo in ENDING:
            cause = cause or got.si_signo
            send(keeper, signal.SIGTERM)
            continue
        pid, status = os.waitpid(keeper, os.WNOHANG)
        if pid == keeper:
            break
    code = os.waitstatus_to_exitcode(status)
    if cause and code == 128 + signal.SIGTERM:
        # Whoever started the script must see which signal ended it.
        signal.signal(cause, signal.SIG_DFL)
        send(os.getpid(), cause)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {cause})
    os._exit(code if code >= 0 else 128 - code)


def enter() -> None:
    """Returns only in the script's own process. Requires: no thread and no child yet."""
    # What nohup makes a script ignore stays ignored.
    ignored = {signal.SIGHUP} if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN else set()
    outer = os.getpid()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, *ENDING})
    keeper = os.fork()
    if keeper:
        wait_outside(keeper, ignored)
    keeper = os.getpid()
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != outer:
        os._exit(128 + signal.SIGKILL)
    script = os.fork()
    if script:
        # A group of its own: a signal that ends the script's whole group leaves the keeper alive to end the
        # rest.
        os.setpgid(0, 0)
        code = Keeper(script).run()
        os._exit(code)
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != keeper:
        os._exit(128 + signal.SIGKILL)
    os.environ[KEEPER] = str(keeper)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def enter_python() -> None:
    """Like enter(). SIGTERM then ends the script in order, through every `with` and `finally`."""
    enter()
    os.environ.pop(KEEPER, None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))


if __name__ == "__main__":
    enter()
    # Python ignores these, and the program that it becomes would go on ignoring them.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
