#!/usr/bin/env python3
"""syntax_check.py FOLDER: does every source of a configured build compile without a warning? Makes no code, so it takes
half the time of a build. Prints at its end what the compiler says; the exit code is 1 if it said anything."""

import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor


def check(entry):
    command = shlex.split(re.sub(r" -o \S+", " ", entry["command"]) + " -fsyntax-only")
    command = command[command[0].endswith("ccache") :]
    done = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True)
    return entry["file"], done.returncode, done.stdout + done.stderr


def main():
    with open(os.path.join(sys.argv[1], "compile_commands.json")) as file:
        entries = json.load(file)
    complaints = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (name, code, said) in enumerate(pool.map(check, entries), 1):
            if code or said:
                complaints.append(said)
                print(f"{name}: FAILED", flush=True)
            elif number % 50 == 0:
                print(f"[{number}/{len(entries)}]", flush=True)
    for said in complaints:
        print(f"\n{said}")
    print(f"{len(entries) - len(complaints)} of {len(entries)} sources without a warning")
    return len(complaints) > 0


sys.exit(main())
