"""`cnetkit doctor`: prints the report of `cnetkit.doctor`. Exit status 0 if labs run live here, 1 if not."""

from __future__ import annotations

import argparse

from cnetkit.doctor import Readiness, Report, examine


def doctor(arguments: argparse.Namespace) -> int:
    """Prints the report as text, or as JSON."""
    report = examine()
    print(report.to_json() if arguments.json else text(report))
    return 0 if report.live else 1


def text(report: Report) -> str:
    """The report as text: whether labs run, what is missing and how to fix it, then lessons and labs."""
    system = report.system
    release = system["cnetkit"] or "(not installed)"
    lines = [f"cnetkit {release}, kernel {system['kernel']}, Python {system['python']}, {system['user']} user", ""]
    if report.live:
        lines.append("Labs run live here.")
    else:
        lines += ["Labs cannot run live here.", f"  cause: {report.cause}", f"  fix:   {report.fix}"]
    if system.get("iptables-legacy"):
        tables = system["iptables-legacy"]
        lines.append(
            f"iptables-legacy has tables here ({tables}): the kernel counts what their rules do, but reports no verdicts."
        )
    lines += ["", f"works: {' '.join(feature.name for feature in report.features if feature.works)}", ""]
    broken = [feature for feature in report.features if not feature.works]
    if broken:
        width = max(len(feature.name) for feature in broken)
        lines.append("missing:")
        for feature in broken:
            lines.append(f"  {feature.name:<{width}}  {feature.cause}: {feature.fix}")
        lines.append("")
    lines += [
        "lessons:",
        *(_line(lesson) for lesson in report.lessons),
        "",
        "labs:",
        *(_line(lab) for lab in report.labs),
    ]
    return "\n".join(lines)


def _line(row: Readiness) -> str:
    lacking = f"  (needs {', '.join(row.missing)})" if row.missing else ""
    return f"  {row.name:<14} {row.mode:<12} {row.title}{lacking}"
