"""Start and stop a real SLURM of one node on this machine: munged, slurmctld and slurmd, no systemd.

    python tests/cluster/slurm.py start FOLDER [CPUS] [accounting]
    python tests/cluster/slurm.py stop FOLDER

With accounting, slurmdbd and a MariaDB of its own stand behind it, and every job must name the account `lab`.

Everything stands below FOLDER but the link /etc/slurm/slurm.conf, which job steps look for: variables such as
SLURM_CONF do not reach them. Needs root and the packages slurm-wlm and munge (Debian, Ubuntu). Daemons are stopped by the
process ids that they wrote.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LINK = Path("/etc/slurm/slurm.conf")
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "sinfo", "scancel")
ACCOUNTING_PROGRAMS = ("slurmdbd", "mariadbd", "mariadb-install-db", "sacct", "sacctmgr")
# In the order in which they are stopped.
DAEMONS = ("slurmd", "slurmctld", "slurmdbd", "mariadbd", "munged")
ACCOUNT = "lab"
MEMORY_MB = 6000

CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/sock
CredType=cred/munge
SlurmctldPort=16817
SlurmdPort=16818
StateSaveLocation={folder}/spool/ctld
SlurmdSpoolDir={folder}/spool/d
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
# The node may declare more processors and memory than the machine has.
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
MpiDefault=none
SwitchType=switch/none
JobAcctGatherType=jobacct_gather/none
{accounting}
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0
# squeue knows of finished jobs for this long (s); without accounting nothing else does.
MinJobAge=3600
# A request that can never be met fails at once instead of waiting for ever.
EnforcePartLimits=ALL
ReturnToService=2
KillWait=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} Boards=1 SocketsPerBoard=1 CoresPerSocket={cpus} \
ThreadsPerCore=1 RealMemory={memory}
PartitionName=test Nodes={host} Default=YES DefMemPerCPU=500 MaxTime=60 State=UP
"""

NO_ACCOUNTING = "AccountingStorageType=accounting_storage/none"
ACCOUNTING = """\
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=16820
AccountingStorageEnforce=associations
AccountingStoragePass={folder}/munge/sock"""
DATABASE_CONF = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge/sock
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=16820
SlurmUser=root
PidFile={folder}/run/slurmdbd.pid
LogFile={folder}/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=16819
StorageUser=root
"""


def why_not(*, accounting: bool = False) -> str | None:
    """Return why no SLURM can be started here, or None."""
    wanted, packages = PROGRAMS, "slurm-wlm munge"
    if accounting:
        wanted, packages = ACCOUNTING_PROGRAMS, "slurmdbd mariadb-server"
    path = os.environ.get("PATH", "") + ":/usr/sbin"
    if missing := [p for p in wanted if shutil.which(p, path=path) is None]:
        return f"not installed: {', '.join(missing)} (apt-get install {packages})"
    if os.geteuid() != 0:
        return "daemons need root"
    if LINK.exists() and not accounting and not left_by_a_killed_run():
        return f"{LINK} belongs to another SLURM"
    return None


def left_by_a_killed_run() -> bool:
    """Return whether the link leads nowhere or to a `CONF` of ours, which names its own folder, and no slurmctld runs on it."""
    conf = LINK.resolve()
    ours = ("ClusterName=test", f"SlurmctldPidFile={conf.parent}/run/slurmctld.pid")
    known = LINK.is_symlink() and (
        not conf.exists() or set(ours) <= set(conf.read_text().splitlines())
    )
    return known and not any(Path(argv[0]).name == "slurmctld" for argv in processes().values())


def processes() -> dict[int, list[str]]:
    """Return the command line of every process."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # gone meanwhile
            found[int(folder.name)] = (folder / "cmdline").read_text(errors="replace").split("\0")
    return found


def start(folder: Path, cpus: int = 2, *, accounting: bool = False) -> None:
    """Start the daemons and wait for the node; on failure everything is stopped again."""
    folder = folder.resolve()
    for part in ("munge", "run", "log", "spool/ctld", "spool/d"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "munge").chmod(0o700)
    key = folder / "munge" / "key"
    key.write_bytes(os.urandom(1024))
    key.chmod(0o400)
    host = subprocess.run(
        ["hostname", "-s"], capture_output=True, text=True, check=True
    ).stdout.strip()
    conf = folder / "slurm.conf"
    kept = ACCOUNTING.format(folder=folder) if accounting else NO_ACCOUNTING
    conf.write_text(
        CONF.format(host=host, folder=folder, cpus=cpus, memory=MEMORY_MB, accounting=kept)
    )
    LINK.parent.mkdir(parents=True, exist_ok=True)
    LINK.unlink(missing_ok=True)
    LINK.symlink_to(conf)
    try:
        _run(
            "munged", f"--key-file={key}", f"--socket={folder}/munge/sock", "--force",
            f"--pid-file={folder}/run/munged.pid", f"--log-file={folder}/log/munged.log",
            f"--seed-file={folder}/munge/seed",
        )  # fmt: skip
        if accounting:
            _start_accounting(folder)
        _run("slurmctld", "-c")
        start_node(folder)
    except Exception:
        stop(folder)
        raise


def _start_accounting(folder: Path) -> None:
    """Start a database and slurmdbd, and open the account."""
    database, socket = folder / "db", folder / "run" / "mariadbd.sock"
    common = ("--no-defaults", "--user=root", f"--datadir={database}")
    _run(
        "mariadb-install-db", *common, "--skip-test-db", "--auth-root-authentication-method=normal"
    )
    server = shutil.which("mariadbd", path=os.environ.get("PATH", "") + ":/usr/sbin")
    with (folder / "log" / "mariadbd.log").open("w") as log:
        subprocess.Popen(
            [
                str(server), *common, f"--socket={socket}", "--bind-address=127.0.0.1", "--port=16819",
                f"--pid-file={folder}/run/mariadbd.pid", "--skip-grant-tables",
            ],
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    _wait_for(socket.exists, "the database", folder)
    conf = folder / "slurmdbd.conf"
    conf.write_text(DATABASE_CONF.format(folder=folder))
    conf.chmod(0o600)
    _run("slurmdbd", SLURM_CONF=str(folder / "slurm.conf"))

    def ready() -> bool:
        return subprocess.run(["sacctmgr", "-n", "show", "cluster"], capture_output=True).returncode == 0  # fmt: skip

    _wait_for(ready, "slurmdbd", folder)
    for entity in (("cluster", "test"), ("account", ACCOUNT), ("user", "root", f"account={ACCOUNT}")):  # fmt: skip
        _run("sacctmgr", "-i", "add", *entity)


def _wait_for(ready: Callable[[], bool], what: str, folder: Path, seconds: float = 30) -> None:
    for _ in range(int(seconds * 10)):
        if ready():
            return
        time.sleep(0.1)
    raise RuntimeError(f"{what} does not come up; see {folder}/log")


def start_node(folder: Path) -> None:
    """Start slurmd and wait until its node takes jobs."""
    host = subprocess.run(
        ["hostname", "-s"], capture_output=True, text=True, check=True
    ).stdout.strip()
    _run("slurmd", "-N", host)
    for _ in range(300):
        shown = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True).stdout
        if shown.strip() in ("idle", "mixed", "allocated"):
            return
        time.sleep(0.1)
    raise RuntimeError(f"the node does not come up: sinfo says {shown!r}; see {folder}/log")


def stop_daemon(folder: Path, name: str, how: signal.Signals = signal.SIGTERM) -> None:
    """Stop one daemon by the id that it wrote, and wait until it is gone."""
    try:
        process = int((folder / "run" / f"{name}.pid").read_text())
        if name not in Path(f"/proc/{process}/cmdline").read_text():
            return
        os.kill(process, how)
    except (OSError, ValueError):
        return  # not running
    for _ in range(100):
        state = Path(f"/proc/{process}/stat")
        if not state.exists() or state.read_text().rsplit(")", 1)[-1].split()[0] == "Z":
            return
        time.sleep(0.1)
    os.kill(process, signal.SIGKILL)


def kill_processes(argument: str) -> None:
    """Kill every process that was started with this argument."""
    for number, argv in processes().items():
        if argument in argv:
            with suppress(OSError):  # gone meanwhile
                os.kill(number, signal.SIGKILL)


def stop(folder: Path) -> None:
    """Cancel what runs, stop the daemons, remove the link."""
    folder = folder.resolve()
    subprocess.run(["scancel", "-u", "root"], capture_output=True, timeout=20)
    for name in DAEMONS:
        stop_daemon(folder, name)
    if LINK.is_symlink() and LINK.readlink() == folder / "slurm.conf":
        LINK.unlink()


def _run(program: str, *args: str, **environment: str) -> None:
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")
    assert path is not None
    done = subprocess.run(
        [path, *args], capture_output=True, text=True, timeout=60, env=os.environ | environment
    )
    if done.returncode:
        raise RuntimeError(f"{program}: exit code {done.returncode}: {done.stderr.strip()}")


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("start", "stop"):
        sys.exit(__doc__)
    if sys.argv[1] == "stop":
        stop(Path(sys.argv[2]))
    elif (problem := why_not()) is not None:
        sys.exit(problem)
    else:
        start(
            Path(sys.argv[2]),
            int(sys.argv[3]) if len(sys.argv) > 3 else 2,
            accounting="accounting" in sys.argv,
        )
        subprocess.run(["sinfo"])
