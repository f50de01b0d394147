"""count_tests.py REPORTS [BROKEN_STAGE...]: adds up the test reports of ctest, GoogleTest and pytest.

Names what failed or was skipped; the last line is "N passed, N failed". Exit code 1 when something failed. A stage of
scripts/test.sh that broke counts as one failure where no test of it did, and so does a suite without a report: a crash
must not look like fewer tests. With CI=true a skipped test is a failed one.
"""

import os
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


class Tally:
    def __init__(self, skipping_fails):
        self.skipping_fails = skipping_fails
        self.passed = 0
        self.failed = 0

    def add(self, name, failed, skipped, why=""):
        if failed or (skipped and self.skipping_fails):
            self.failed += 1
            print(f"{'FAILED' if failed else 'SKIPPED'} {name} {why}".rstrip())
        elif skipped:
            print(f"skipped {name} {why}".rstrip())
        else:
            self.passed += 1


def add_cases(tally, report):
    """Test cases of JUnit-like XML; GoogleTest marks one that did not run by status or result."""
    for case in ElementTree.parse(report).iter("testcase"):
        failed = case.find("failure") is not None or case.find("error") is not None
        skip = case.find("skipped")
        skipped = skip is not None or case.get("status") in ("notrun", "disabled") or case.get("result") == "skipped"
        name = f"{case.get('classname', '')}.{case.get('name')}"
        tally.add(name, failed, skipped, "" if skip is None else skip.get("message", ""))


def add_ctest(tally, reports):
    """A program counts by its cases when it wrote them, else (a crash, or no GoogleTest) by its exit code."""
    for program in ElementTree.parse(reports / "ctest.xml").iter("testcase"):
        cases = reports / "gtest" / f"{program.get('name')}.xml"
        failed = program.get("status") == "fail"
        before = tally.failed
        if cases.exists():
            add_cases(tally, cases)
        if not cases.exists() or (failed and tally.failed == before):
            tally.add(program.get("name"), failed, program.get("status") not in ("run", "fail"))


def add_pytest(name):
    return lambda tally, reports: add_cases(tally, reports / f"{name}.xml")


def main():
    reports = Path(sys.argv[1])
    broken = sys.argv[2:]
    suites = {"unit": add_ctest, **{name: add_pytest(name) for name in ("integration", "operator", "e2e")}}
    tally = Tally(skipping_fails=os.environ.get("CI") == "true")
    for stage in broken:
        if stage not in suites:
            tally.add(f"stage {stage}", failed=True, skipped=False)
    for stage, add in suites.items():
        before = tally.failed
        try:
            add(tally, reports)
        except (OSError, ElementTree.ParseError) as error:
            tally.add(f"stage {stage}", failed=True, skipped=False, why=f"left no report: {error}")
        if stage in broken and tally.failed == before:
            tally.add(f"stage {stage}", failed=True, skipped=False, why="though every test in its report passed")
    print(f"{tally.passed} passed, {tally.failed} failed")
    sys.exit(tally.failed > 0)


main()
