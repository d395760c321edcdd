"""The jobs of a run as plain data, before Snakemake plans it: from its rules to `coatbench.records`.

Only what rules say openly is used: their inputs, outputs and parameters, and functions of wildcards among them.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from coatbench.errors import StudyError
from coatbench.places import Places
from coatbench.records import Job, plan
from coatbench.results_folder import may_be_written
from snakemake.iocontainers import Wildcards

SHOWN = 20  # reasons that are printed


class Rules:
    """Finds the rule that makes a file, as Snakemake will."""

    def __init__(self, rules: Iterable[Any], places: Places) -> None:
        self.clock, self.results = places.clock, f"{places.results}/"
        # Those that do not name the clock are of a workflow around this one, or of another study beside it.
        self.rules = sorted(rules, key=lambda rule: self.clock not in rule.input)
        self.exact: dict[str, Any] = {}
        self.patterns: list[tuple[Any, Any]] = []
        for rule in self.rules:
            for output in rule.output:
                if output.contains_wildcard():
                    self.patterns.append((output, rule))
                else:
                    self.exact[str(output)] = rule

    def maker(self, path: str) -> tuple[Any, dict[str, str]] | None:
        """Return the rule that makes a file and its wildcards; None for a file that nothing makes."""
        if path in self.exact:
            return self.exact[path], {}
        for pattern, rule in self.patterns:
            if match := pattern.match(path):
                return rule, match.groupdict()
        return None

    def is_ours(self, rule: Any, path: str) -> bool:
        """Tell whether a file is made here, and not by a workflow around this one."""
        if self.clock in rule.input:
            return True
        if path.startswith(self.results):  # else nobody would see that it does not hold
            raise StudyError(
                [
                    f"rule {rule.name}: expected CLOCK first among its inputs, found none; it makes {path}"
                ]
            )
        return False

    def jobs(self, targets: Iterable[str]) -> Iterator[Job]:
        """Yield the jobs that make these files, each after those that it depends on."""
        done: set[str] = set()
        # A stack, not recursion: a file, or a job all of whose inputs have been seen.
        todo: list[str | Job] = list(reversed(list(targets)))
        while todo:
            item = todo.pop()
            if isinstance(item, Job):
                yield item
            elif item not in done:
                made = self.maker(item)
                if made is None or not self.is_ours(made[0], item):
                    continue
                job = job_of(*made, self.clock)
                done.update(job.outputs)
                todo.append(job)
                todo += reversed(job.inputs)


def planned_files(workflow: Any, places: Places, targets: Iterable[str]) -> Iterator[str]:
    """Yield every file that the jobs of these targets make."""
    for job in Rules(workflow.rules, places).jobs(targets):
        yield from job.outputs


def job_of(rule: Any, wildcards: dict[str, str], clock: str) -> Job:
    """Return one job of a rule."""
    given = Wildcards(fromdict=wildcards)
    return Job(
        tuple(path for item in rule.input for path in _paths(item, given) if path != clock),
        tuple(path for item in rule.output for path in _paths(item, given)),
        {name: _value(item, given) for name, item in rule.params.items()},
        "".join(_paths(rule.benchmark, given)) if rule.benchmark else "",
    )


def _paths(item: Any, wildcards: Any) -> list[str]:
    if callable(item):
        found = item(wildcards)
        return [str(found)] if isinstance(found, str | os.PathLike) else [str(p) for p in found]
    return [str(item.apply_wildcards(wildcards)) if item.contains_wildcard() else str(item)]


def _value(item: Any, wildcards: Any) -> Any:
    if not callable(item):
        return item
    expected = list(inspect.signature(item).parameters)
    if expected != ["wildcards"]:
        # What depends on resources or threads would be another value on another machine.
        raise TypeError(f"a parameter may depend on wildcards alone, found {expected}")
    return item(wildcards)


def tell(
    workflow: Any, places: Places, targets: Iterable[str], *, strict_versions: bool
) -> list[str]:
    """Let Snakemake run again what does not hold, and say why. Jobs on a cluster's nodes were planned before.

    Returns what earlier runs left that nothing makes any longer.
    """
    left: list[str] = []
    jobs = Rules(workflow.rules, places).jobs(targets)
    if workflow.is_main_process:
        with may_be_written(places):
            found = plan(jobs, places, strict_versions=strict_versions)
        for line in [*found.notes, *found.reasons[:SHOWN]]:
            print(line, file=sys.stderr)
        with may_be_written(places):
            if found.refused:
                raise found.refused
        if len(found.reasons) > SHOWN:
            print(f"... and {len(found.reasons) - SHOWN} more changes", file=sys.stderr)
        left = [path.as_posix() for path in found.left]
        if left:
            print(f"{left[0]} ({len(left)} files in all): left by what is no longer made; "
                  "`snakemake tidy` removes it", file=sys.stderr)  # fmt: skip
    return left
