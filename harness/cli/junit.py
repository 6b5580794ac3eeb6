"""JUnit: a decision as a test report, which every CI server draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET


def junit_xml(decision: Mapping[str, Any], name: str) -> str:
    """A test suite of the criteria; it fails where the decision is not SHIP.

    Args:
        decision: decision.json.
        name: What the run is called.

    Returns:
        The document. A case fails when its criterion does or is unresolved; a blocking finding, and
        a decision that no criterion explains, is an error.
    """
    suite = ET.Element("testsuite", name="harness gate")
    told = ET.SubElement(suite, "properties")  # readers want them before the cases
    ET.SubElement(told, "property", name="decision", value=decision["decision"])
    cases = [_case(suite, name, verdict) for verdict in decision["criteria"]]
    problems = [case for case in cases if len(case)]
    errors = [f"leakage: {finding}" for finding in decision["blocking_findings"]]
    if decision["decision"] != "SHIP" and not problems and not errors:
        errors = [str(reason) for reason in decision["reasons"]] or [decision["decision"]]
    for number, sentence in enumerate(errors, start=1):
        case = ET.SubElement(suite, "testcase", classname=name, name=f"validity {number}")
        ET.SubElement(case, "error", type=decision["decision"], message=sentence)
    suite.set("tests", str(len(cases) + len(errors)))
    suite.set("failures", str(len(problems)))
    suite.set("errors", str(len(errors)))
    ET.indent(suite)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suite, encoding="unicode")}\n'


def _case(suite: ET.Element, run: str, verdict: Mapping[str, Any]) -> ET.Element:
    case = ET.SubElement(suite, "testcase", classname=run, name=verdict["name"])
    if verdict["verdict"] != "PASS":
        ET.SubElement(case, "failure", type=verdict["verdict"], message=verdict["sentence"])
    return case
