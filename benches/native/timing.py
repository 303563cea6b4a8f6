"""Runs a program, and tells what it took."""

import os
import subprocess
import sys
import time


def timed(command: list[str]) -> tuple[float, float, str]:
    """Seconds, MiB at most, and what was printed."""
    begun = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{command[0]} ended with {process.returncode}")
    return time.perf_counter() - begun, usage.ru_maxrss / 1024, printed
