"""Whose /etc/slurm/slurm.conf is it? Needs no SLURM."""

from __future__ import annotations

import os

from . import slurm


def test_a_link_that_a_killed_run_left_is_no_other_slurm(tmp_path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    conf, link, running = tmp_path / "slurm.conf", tmp_path / "link", {1: ["/sbin/init"]}
    given = {"host": "a", "cpus": 1, "memory": 1, "accounting": ""}
    conf.write_text(slurm.CONF.format(folder=tmp_path.resolve(), **given))
    for name, value in (("LINK", link), ("PROGRAMS", ()), ("processes", lambda: running)):
        monkeypatch.setattr(slurm, name, value)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    link.symlink_to(conf)
    assert slurm.why_not() is None
    conf.unlink()  # as a cleaned /tmp leaves it
    assert slurm.why_not() is None
    other = f"{link} belongs to another SLURM"
    conf.write_text(slurm.CONF.format(folder="/opt/slurm", **given))
    assert slurm.why_not() == other
    conf.write_text(slurm.CONF.format(folder=tmp_path.resolve(), **given))
    running[2] = ["/usr/sbin/slurmctld", "-c", ""]
    assert slurm.why_not() == other
    del running[2]
    link.unlink()
    link.write_text(conf.read_text())  # no link: a site's own file
    assert slurm.why_not() == other
