"""This machine as data: what a figure was measured on."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

_LIBRARIES = ("lineshaft", "numpy", "onnxruntime")


def describe() -> dict[str, str]:
    """Processor, system, Python and library versions; nothing that names a person or a host."""
    found = {"cpu": _processor(), "cpus": str(os.cpu_count() or 1), "architecture": platform.machine(),
             "os": f"{platform.system()} {platform.release()}",
             "python": f"{platform.python_implementation()} {platform.python_version()}"}
    for library in _LIBRARIES:
        try:
            found[library] = metadata.version(library)
        except metadata.PackageNotFoundError:
            continue  # a checkout that is not installed, or an engine without this library
    return found


def resident_bytes() -> int:
    """Resident memory of this process now (on macOS the largest so far: the system tells no more cheaply)."""
    if sys.platform == "win32":
        return _windows_working_set()
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text("utf-8", "replace").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    class _Counters(ctypes.Structure):
        """PROCESS_MEMORY_COUNTERS of the Windows API."""

        _fields_ = [("cb", wintypes.DWORD), ("faults", wintypes.DWORD),
                    *((name, ctypes.c_size_t) for name in (
                        "peak_working_set", "working_set", "peak_paged", "paged", "peak_nonpaged", "nonpaged",
                        "pagefile", "peak_pagefile"))]

    def _windows_working_set() -> int:
        counters = _Counters()
        counters.cb = ctypes.sizeof(counters)
        process = ctypes.windll.kernel32.GetCurrentProcess
        process.restype = wintypes.HANDLE
        read = ctypes.windll.psapi.GetProcessMemoryInfo
        read.argtypes = [wintypes.HANDLE, ctypes.POINTER(_Counters), wintypes.DWORD]
        if not read(process(), ctypes.byref(counters), counters.cb):
            raise ctypes.WinError()
        return int(counters.working_set)
