"""The least that reading each file of a folder in a process of its own can take: one fork and one `compile()` a file.

With names of modules behind the folder, from a process that has imported these: what is copied with each fork, and imported once.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from collections.abc import Sequence


def main(folder: str, modules: Sequence[str]) -> None:
    """One child a file, one after the other."""
    for name in modules:
        importlib.import_module(name)
    gc.freeze()
    for here, _, names in os.walk(folder):
        for name in sorted(names):
            if not name.endswith(".py"):
                continue
            file = os.path.join(here, name)
            pid = os.fork()
            if pid == 0:
                with open(file, encoding="utf-8") as stream:
                    compile(stream.read(), file, "exec")
                os._exit(0)
            os.waitpid(pid, 0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
