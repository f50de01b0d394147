"""A folder that becomes an image: programs, what they load, and how they find names. As scripts/image.sh, without what
only our own programs need."""

import re
import shutil
import subprocess
from pathlib import Path


def make(folder, *programs, needs=()):
    """`programs` are looked up in PATH and land in /usr/bin; of what is in `needs` only what it loads comes along."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("usr/bin", "usr/lib", "usr/lib64", "etc"):
        (folder / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64"):
        (folder / name).symlink_to(f"usr/{name}")
    sources = [Path(shutil.which(program)) for program in programs]
    for source in sources:
        shutil.copy(source, folder / "usr/bin" / source.name)
    for source in [*sources, *needs]:
        listed = subprocess.run(["ldd", source], capture_output=True, text=True, check=True).stdout
        for library in re.findall(r"/\S+", listed):
            target = folder / library.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(library, target)
    (folder / "etc/nsswitch.conf").write_text("hosts: files dns\n")
    (folder / "etc/passwd").write_text("nobody:x:65532:65532:nobody:/:/sbin/nologin\n")
    return folder
