"""Whatever ends a run, nothing of it goes on."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from conftest import make_root
from pilot_workflows import ODD, SEQUENCE

from workbook_lib import pilot
from workbook_lib.errors import PilotError, PilotStopped
from workbook_lib.model.run import REAL, State

pytestmark = pytest.mark.pilot


def noted(root: Path, seconds: float = 60.0) -> list[int]:
    """The processes that the hanging task wrote down, once it hangs."""
    end = time.monotonic() + seconds
    while not (root / "note.txt").exists() or not (root / "note.txt").read_text():
        assert time.monotonic() < end, "the task never started"
        time.sleep(0.02)
    pids = [int(word) for word in (root / "note.txt").read_text().split()]
    (root / "note.txt").unlink()
    return pids


def gone(pids: list[int], seconds: float = 10.0) -> bool:
    """Whether all these processes end soon; a zombie that nobody waited for yet counts as ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(_runs(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_the_time_limit(root: Path) -> None:
    (record,) = pilot.run_many(root, ODD, [REAL], params={"do": "hang"}, time_limit=4)
    assert (record.state, record.tasks) == (State.FAILED, ())
    assert record.problem.startswith("the run took longer than its time limit of 4 s and was ended")
    hanging = [int(word) for word in (root / "note.txt").read_text().split()] if (root / "note.txt").exists() else []
    (root / "note.txt").unlink(missing_ok=True)
    assert gone(hanging + _children(root))


def _children(root: Path) -> list[int]:
    """The processes that run this folder's flows."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{root}/project".encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def test_the_stop_button(root: Path) -> None:
    stop, pids = threading.Event(), []

    def press() -> None:
        pids.extend(noted(root))
        stop.set()

    threading.Thread(target=press).start()
    with pytest.raises(PilotStopped, match="^the run was stopped"):
        pilot.run(root, ODD, params={"do": "hang"}, stop=stop)
    assert gone(pids)


def test_ctrl_c(root: Path) -> None:
    pids: list[int] = []

    def press() -> None:
        pids.extend(noted(root))
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background ignores it otherwise
    threading.Thread(target=press).start()
    try:
        with pytest.raises(KeyboardInterrupt):
            pilot.run(root, ODD, params={"do": "hang"})
    finally:
        signal.signal(signal.SIGINT, before)
    assert gone(pids)


def test_a_flood_of_output(session: pilot.Session) -> None:
    record = session.run(ODD, params={"do": "flood"}, time_limit=60)
    assert record.tasks[0].result == {"json": "flooded"}
    assert 0 < len(record.tasks[0].log_tail) <= 2000


def test_a_killed_caller_leaves_no_process(root: Path, tmp_path: Path) -> None:
    """The flow's processes end at once, the server soon after, because its only user is gone; nothing is in the user's home."""
    served, root, home = root / ".workbook" / "server", make_root(tmp_path / "migration"), tmp_path / "home"
    home.mkdir()
    (root / ".workbook" / "server").mkdir(parents=True)
    for template in served.glob("template-*.db"):  # saves the migrations of a second server
        shutil.copy(template, root / ".workbook" / "server")
    code = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); from pilot_workflows import ODD; from workbook_lib import pilot\n"
        f"pilot.run({str(root)!r}, ODD, params={{'do': 'hang'}})"
    )
    caller = subprocess.Popen([sys.executable, "-c", code], env=os.environ | {"HOME": str(home)})
    try:
        pids = noted(root)
        with pilot.server(root) as shared:  # another user of the same server: it must outlive the first
            pids.append(caller.pid)
            caller.kill()
            caller.wait()
            assert gone(pids)
            assert _runs(shared.pid)
        assert gone([shared.pid])
    finally:
        caller.kill()
        caller.wait()
    assert list(home.iterdir()) == []


def test_one_server_for_all(root: Path) -> None:
    with pilot.server(root) as first, pilot.server(root) as second:
        assert first == second
        code = f"from workbook_lib import pilot\nwith pilot.server({str(root)!r}) as found: print(found.pid)"
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(other.stdout) == first.pid


def test_a_task_that_ends_the_process_ends_no_session(root: Path) -> None:
    with pilot.Session(root) as session:
        with pytest.raises(PilotError, match="^the flow's process ended with status 7 before the run ended"):
            session.run(ODD, params={"do": "die"})
        assert session.run(SEQUENCE, logical_date="2024-01-01").state is State.SUCCESS
