"""Shell commands, run as Airflow's BashOperator runs them."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping

from prefect import get_run_logger
from shared.trigger_rules import FinalFailure, Skip


def run_shell(command: str, env: Mapping[str, str] | None = None, cwd: str | None = None) -> str:
    """Run a command with bash and return its last line of output, as Airflow's BashOperator does.

    Without `cwd` it runs in a folder of its own that is removed afterwards.
    """
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(["bash", "-c", command], cwd=cwd or scratch, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output = done.stdout.decode(errors="backslashreplace").removesuffix("\n")
    get_run_logger().info(output)
    done.check_returncode()
    return output.rpartition("\n")[2].rstrip()


def run_shell_or_skip(command: str, env: Mapping[str, str] | None = None, cwd: str | None = None, skip_on: tuple[int, ...] = (99,)) -> str:
    """The same, but an exit status in `skip_on` skips the task."""
    try:
        return run_shell(command, env, cwd)
    except subprocess.CalledProcessError as error:
        if error.returncode in skip_on:
            raise Skip(f"the command ended with status {error.returncode}") from error
        raise


def shell_succeeds(command: str, env: Mapping[str, str] | None = None, cwd: str | None = None, again_on: int | None = None) -> bool:
    """Whether a command run with bash ends with status 0; with `again_on`, any other status but that one fails for good."""
    status = subprocess.run(["bash", "-c", command], cwd=cwd, env=env).returncode
    if again_on is not None and status not in (0, again_on):
        raise FinalFailure(f"the command ended with status {status}")
    return status == 0
