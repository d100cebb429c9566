"""Shared fixtures of all tests, and the private host that tests run on as root, which contains only what tests make."""

from __future__ import annotations

import gc
import importlib.util
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings
from portion import drawn
from private_host import SETUP, UNSHARE, private_host
from rooms import netwrap, rooms

__all__ = ["netwrap", "private_host", "rooms"]

# The same examples in every run: what is random is tests/fuzz/run.py.
settings.register_profile("repeatable", derandomize=True, database=None)
settings.load_profile("repeatable")
# In the background a shell ignores SIGINT and SIGQUIT, nohup SIGHUP; all that tests start would ignore them too. A signal that
# has a handler here has none in the processes that we start.
for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else lambda number, frame: None)

# Every worker imports all tests, and tests start Python often: each module is compiled once, also where that is switched off.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
gc.disable()  # until all tests are collected, for nothing of them can be freed

_MARK = "NETWRAP_TESTS_PRIVATE"  # set in a host of our own


def pytest_configure(config: pytest.Config) -> None:
    """Move the tests into a host of their own: each worker of xdist into one, or else this process, started again there."""
    if (
        config.getoption("maxschedchunk", 0) is None
    ):  # xdist gives an eighth of all to each worker at once, and one all the slow ones
        config.option.maxschedchunk = 8
    if config.getoption("tx", None) and not hasattr(config, "workerinput"):
        _rewrite_asserts()
    if os.geteuid() != 0 or _MARK in os.environ or hasattr(config, "workerinput"):
        return
    enter = [*UNSHARE, "sh", "-c", f'{SETUP}export {_MARK}=1\n"$@"\nexit $?\n', "sh", sys.executable]
    if subprocess.run([*enter, "-c", ""], stdin=subprocess.DEVNULL, capture_output=True).returncode != 0:
        config.issue_config_time_warning(pytest.PytestWarning("no host of our own can be made here: tests see this one"), 2)
        return
    if config.getoption("tx", None):
        config.option.tx = [spec.replace("popen", f"popen//python={shlex.join(enter)}", 1) for spec in config.option.tx]
    elif config.getoption("usepdb", False) is False:
        capture = config.pluginmanager.getplugin("capturemanager")
        if capture is not None:
            capture.stop_global_capturing()
        sys.stdout.flush()
        os.execvp(enter[0], [*enter, "-m", "pytest", *config.invocation_params.args])


def _rewrite_asserts() -> None:
    """Have the asserts of changed tests rewritten once, a part by each processor; otherwise every worker rewrites all of them."""
    changed = []
    for path in sorted(Path(__file__).parent.rglob("test_*.py")):
        cache = Path(importlib.util.cache_from_source(str(path)))
        made = cache.with_name(f"{cache.stem}-pytest-{pytest.__version__}{cache.suffix}")
        if os.access(path.parent, os.W_OK) and (not made.exists() or made.stat().st_mtime < path.stat().st_mtime):
            changed.append(str(path))
    words = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:xdist", "-p", "no:cacheprovider", "-o"]
    words.append("addopts=--import-mode=importlib")
    processors = len(os.sched_getaffinity(0))
    started = [
        subprocess.Popen([*words, *part], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                         env={**os.environ, _MARK: "1"})
        for part in (changed[number::processors] for number in range(processors)) if len(changed) > processors
    ]  # fmt: skip
    for process in started:
        process.wait()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two workers a processor and one more as root: live tests spend most of their time in waiting, for the kernel or a ping."""
    processors = len(os.sched_getaffinity(0))
    return 2 * processors + 1 if os.geteuid() == 0 else processors


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep a part of each long series where all tests are run, and skip with the reason what cannot run without root."""
    if not any(".py" in name for name in config.args):  # who names a file means all of it
        names: dict[str, list[str]] = {}
        for item in items:
            names.setdefault(item.nodeid.partition("[")[0], []).append(item.nodeid)
        kept = set().union(*map(drawn, names.values()))
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in kept])
        items[:] = [item for item in items if item.nodeid in kept]
    gc.freeze()
    gc.enable()
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root: makes network namespaces"))
