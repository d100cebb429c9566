"""The two libraries that netwrap.pyz and the package for Debian 12 carry, each at a version whose files are known."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

#: Version, files and their hashes.
LIBRARIES = {
    "sh": ("2.2.2", {"sh.py": "a6f57b865d769c4b286a6d8321d2ba15ed4d32530c5df8fe9e6685df257a6755"}),
    "tabulate": (
        "0.9.0",
        {
            "tabulate/__init__.py": "5f7af0a28fcd713b830c97388675945fa8c4950b05b58f8d187c900a5752d57d",
            "tabulate/version.py": "4155698e74e8afddf29be4dbe98fd7b4bffaa6643732da0dcb743a234a3762a8",
        },
    ),
}


def libraries(scratch: Path, installed: bool) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The modules of the libraries by their paths, and their licences by name.

    ``installed`` takes them as this Python has them, whatever their version; otherwise pip puts what is not there into
    ``scratch``.
    """
    files, licences = {}, {}
    for name, (version, expected) in LIBRARIES.items():
        if installed:
            version = importlib.metadata.version(name)
        folder = _folder(name, version, scratch / name)
        for path in sorted([*folder.glob(f"{name}.py"), *folder.glob(f"{name}/*.py")]):
            at = path.relative_to(folder).as_posix()
            files[at] = path.read_bytes()
            if version == LIBRARIES[name][0] and hashlib.sha256(files[at]).hexdigest() != expected.get(at):
                sys.exit(f"{at} of {name} {version} is not the file that it should be")
        licences[name] = next(
            path for path in folder.glob(f"{name}-{version}.dist-info/**/LICENSE*") if path.is_file()
        ).read_bytes()
    return files, licences


def _folder(name: str, version: str, scratch: Path) -> Path:
    """The folder where a library of that version is installed: where it is, or else by pip in a scratch folder."""
    try:
        if importlib.metadata.version(name) == version:
            return Path(str(importlib.metadata.distribution(name).locate_file("")))
    except importlib.metadata.PackageNotFoundError:
        pass
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target"]
    subprocess.run([*pip, os.fspath(scratch), f"{name}=={version}"], check=True)
    return scratch
