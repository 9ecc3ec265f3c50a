"""What a DAG file may try: each with how its harm is seen, and the layers that stop it, each alone.

A body runs between the import of DAG and `with DAG("threat", description=found)`; `found` set to "HARM" says that the attempt succeeded.
The line marked `# here` is where the finding is expected. {canary}: a file that is not there; {victim}, {secret}: files that are;
{kept}: their folder; {port}, {udp}, {unix}, {abstract}: listeners of the test's; {sleeper}: a process of the test's;
{parent}: the parent, or that process without any layer; {megabytes}: a thousand, less without any layer.
"""

# ruff: noqa: E501 - a payload is easier to read unbroken
from __future__ import annotations

from dataclasses import dataclass

INPUT = "what is asked for becomes an expression, and is told with its line among the inputs that are missing"
BLOCKED, RAISED = "tracing.blocked", "tracing.raised"


@dataclass(frozen=True)
class Threat:
    """`finding`: its code, None where one would be wrong, and `silent` says why. `landlock`: the kernel's version that this needs."""

    name: str
    group: str
    body: str
    layers: tuple[str, ...]
    finding: str | None = BLOCKED
    silent: str = ""
    landlock: int = 1
    seconds: float = 10.0
    memory_mb: int = 1024


NET, PROGRAM, FILES, SECRETS, LIMITS, READER = "network", "other processes", "files", "secrets", "limits", "the reader itself"
_ALL_OUT = ("stand_ins", "hook", "landlock", "seccomp")
_FORGED = '{"answer": {"file": "x", "airflow": "3", "dags": [{"id": "HARM", "origin": {"file": "x", "line": 1}}]}}'

THREATS = (
    # network
    Threat("TCP connection", NET, "import socket\nsocket.create_connection(('127.0.0.1', {port}), 2)  # here", ("hook", "landlock", "seccomp"), landlock=4),
    Threat("UDP packet", NET, "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {udp}))  # here", ("hook", "seccomp")),
    Threat("Unix socket", NET, "import socket\ns = socket.socket(socket.AF_UNIX)  # here\ns.connect({unix!r})", ("hook", "seccomp")),
    Threat("abstract Unix socket", NET, "import socket\ns = socket.socket(socket.AF_UNIX)  # here\ns.connect('\\0{abstract}')", ("hook", "landlock", "seccomp"), landlock=6),
    Threat("listening", NET, "import socket\ns = socket.socket()  # here\ns.bind(('127.0.0.1', 0))\ns.listen()\nfound = 'HARM'", ("hook", "landlock", "seccomp"), landlock=4),
    Threat("looking up a name", NET, "import socket\nfound = 'HARM' if socket.getaddrinfo('localhost', 80) else ''  # here", ("hook",)),
    Threat("urlopen", NET, "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}/', timeout=0.2)  # here", _ALL_OUT, landlock=4),
    Threat("http.client", NET, "import http.client\nhttp.client.HTTPConnection('127.0.0.1', {port}, timeout=0.2).request('GET', '/')  # here", ("hook", "landlock", "seccomp"), landlock=4),
    Threat("asyncio", NET, "import asyncio\nasyncio.run(asyncio.open_connection('127.0.0.1', {port}))  # here", ("hook", "seccomp")),
    # other processes
    Threat("subprocess.run", PROGRAM, "import subprocess\nfound = subprocess.run(['/bin/echo', 'HARM'], capture_output=True).stdout  # here\nfound = found.decode()", _ALL_OUT),
    Threat("subprocess.Popen", PROGRAM, "import subprocess\nfound = subprocess.Popen(['/bin/echo', 'HARM'], stdout=-1).communicate()[0]  # here\nfound = found.decode()", _ALL_OUT),
    Threat("os.system", PROGRAM, "import os\nfound = 'HARM' if os.system('exit 7') == 7 << 8 else ''  # here", _ALL_OUT),
    Threat("os.popen", PROGRAM, "import os\nfound = str(os.popen('echo HARM').read())  # here", _ALL_OUT),
    Threat("os.fork", PROGRAM, "import os\npid = os.fork()  # here\nif pid == 0:\n    os.kill(os.getpid(), 9)\nfound = 'HARM'", ("hook", "seccomp")),
    Threat("os.execv", PROGRAM, "import os\nos.execv('/bin/sh', ['sh', '-c', 'echo x > {canary}'])  # here", ("hook", "landlock", "seccomp")),
    Threat("os.posix_spawn", PROGRAM, "import os\npid = os.posix_spawn('/bin/true', ['true'], {{}})  # here\nfound = 'HARM' if os.waitpid(pid, 0)[1] == 0 else ''", ("hook", "landlock", "seccomp")),
    Threat("pty", PROGRAM, "import os, pty\npid, fd = pty.fork()  # here\nif pid == 0:\n    os.kill(os.getpid(), 9)\nfound = 'HARM'", ("hook", "seccomp")),
    Threat("multiprocessing", PROGRAM, "import multiprocessing\np = multiprocessing.get_context('fork').Process(target=print)\np.start()  # here\np.join()\nfound = 'HARM' if p.exitcode == 0 else ''", ("stand_ins", "hook", "seccomp")),
    Threat("daemon", PROGRAM, "import os, threading\nif os.fork() == 0:  # here\n    os.setsid()\n    if os.fork() == 0:\n        threading.Event().wait(20)\n    os.kill(os.getpid(), 9)\nfound = 'HARM'", ("hook", "seccomp")),
    Threat("thread left running", PROGRAM, "import _thread, threading\ndef later():\n    threading.Event().wait(0.7)\n    open({canary!r}, 'w').close()\n_thread.start_new_thread(later, ())  # here", ("process",)),
    Threat("signal to the parent", PROGRAM, "import os\nos.kill({parent}, 15)  # here", ("hook", "landlock", "seccomp"), landlock=6),
    Threat("signal to another process", PROGRAM, "import os, signal\nos.kill({sleeper}, signal.SIGKILL)  # here", ("hook", "landlock", "seccomp"), landlock=6),
    Threat("limits of another process", PROGRAM, "import os, resource\nfound = 'HARM' if resource.prlimit({sleeper}, resource.RLIMIT_NOFILE) else ''  # here", ("hook", "seccomp")),
    Threat("ctypes", PROGRAM, "import ctypes\nfound = 'HARM' if ctypes.CDLL(None).system(b'exit 7') == 7 << 8 else ''  # here", _ALL_OUT),
    Threat("ptrace", PROGRAM, "import ctypes\nlibc = ctypes.CDLL(None)\nfound = 'HARM' if libc.ptrace(16, {sleeper}, 0, 0) == 0 else ''  # here", _ALL_OUT),
    Threat("name space of its own", PROGRAM, "import ctypes\nfound = 'HARM' if ctypes.CDLL(None).unshare(0x400) == 0 else ''  # here", ("stand_ins", "hook", "seccomp")),
    Threat("memory of the parent", PROGRAM, "import os\nwith open(f'/proc/{{os.getppid()}}/mem', 'rb'):  # here\n    found = 'HARM'", ("hook", "landlock")),
    # files
    Threat("write", FILES, "open({canary!r}, 'w').write('x')  # here", ("hook", "landlock")),
    Threat("append", FILES, "open({victim!r}, 'a').write('x')  # here", ("hook", "landlock")),
    Threat("pathlib", FILES, "from pathlib import Path\nPath({canary!r}).write_text('x')  # here", ("hook", "landlock")),
    Threat("os.open", FILES, "import os\nos.open({canary!r}, os.O_CREAT | os.O_WRONLY)  # here", ("hook", "landlock")),
    Threat("write beside the DAG file", FILES, "import os\nfd = os.open(os.path.dirname(__file__), os.O_RDONLY)\nos.open('canary', os.O_CREAT | os.O_WRONLY, dir_fd=fd)  # here", ("hook", "landlock")),
    Threat("delete", FILES, "import os\nos.remove({victim!r})  # here", ("hook", "landlock")),
    Threat("delete a folder", FILES, "import shutil\nshutil.rmtree({kept!r})  # here", ("hook", "landlock")),
    Threat("rename", FILES, "import os\nos.rename({victim!r}, {canary!r})  # here", ("hook", "landlock")),
    Threat("truncate", FILES, "import os\nos.truncate({victim!r}, 0)  # here", ("hook", "landlock"), landlock=3),
    Threat("chmod", FILES, "import os\nos.chmod({victim!r}, 0)  # here", ("hook", "seccomp")),
    Threat("change of times", FILES, "import os\nos.utime({victim!r}, (1, 1))  # here", ("hook", "seccomp")),
    Threat("symbolic link", FILES, "import os\nos.symlink('/etc', {canary!r})  # here", ("hook", "landlock")),
    Threat("hard link", FILES, "import os\nos.link({victim!r}, {canary!r})  # here", ("hook", "landlock")),
    Threat("folder", FILES, "import os\nos.mkdir({canary!r})  # here", ("hook", "landlock")),
    Threat("pipe", FILES, "import os\nos.mkfifo({canary!r})  # here", ("hook", "landlock")),
    Threat("database", FILES, "import sqlite3\nsqlite3.connect({canary!r}).execute('create table t (a)')  # here", ("hook", "landlock")),
    Threat("way out of the scratch folder", FILES, "import os, tempfile\nway = tempfile.mkdtemp() + '/way'\nos.symlink({kept!r}, way)  # here\nopen(way + '/canary', 'w').close()", ("hook", "landlock")),
    Threat("memory as a file", FILES, "import os\nfd = os.memfd_create('x')  # here\nfound = 'HARM'", ("hook", "seccomp")),
    # secrets
    Threat("credentials", SECRETS, "found = open({secret!r}).read()  # here", ("hook", "landlock")),
    Threat("credentials behind a link", SECRETS, "import os\nfound = open(os.path.join(os.path.dirname(__file__), 'link')).read()  # here", ("hook", "landlock")),
    Threat("credentials by way of /proc", SECRETS, "import os\nfound = open(f'/proc/{{os.getppid()}}/root{secret}').read()  # here", ("hook", "landlock")),
    Threat("list of a folder", SECRETS, "import os\nfound = 'HARM' if os.listdir({kept!r}) else ''  # here", ("hook", "landlock")),
    Threat("environment", SECRETS, "import os\nfound = os.environ['WORKBOOK_CANARY']  # here", ("environment",), finding=None, silent=INPUT),
    Threat("environment as posix has it", SECRETS, "import posix\nfound = posix.environ.get(b'WORKBOOK_CANARY', b'').decode()  # here", ("environment",)),
    Threat("environment of the parent", SECRETS, "import os\nfound = open(f'/proc/{{os.getppid()}}/environ').read()  # here", ("hook", "landlock")),
    # limits
    Threat("endless loop", LIMITS, "n = 0\nwhile n < 15_000_000: n += 1  # here\nopen({canary!r}, 'w').close()", ("limits",), "tracing.timeout", seconds=0.5),
    Threat("endless loop in C", LIMITS, "import itertools\nsum(itertools.repeat(1, 900_000_000))  # here\nopen({canary!r}, 'w').close()", ("limits",), "tracing.timeout", seconds=0.5),
    Threat("catastrophic expression", LIMITS, "import re\nre.match('(a+)+$', 'a' * 24 + 'b')  # here\nopen({canary!r}, 'w').close()", ("limits",), "tracing.timeout", seconds=0.5),
    Threat("endless wait", LIMITS, "import threading\nthreading.Event().wait(1.5)  # here\nopen({canary!r}, 'w').close()", ("limits",), "tracing.timeout", seconds=0.5),
    Threat("signals ignored", LIMITS, "import signal, time\nfor name in (signal.SIGTERM, signal.SIGXCPU, signal.SIGALRM): signal.signal(name, signal.SIG_IGN)  # here\nend = time.monotonic() + 6\nwhile time.monotonic() < end: pass\nopen({canary!r}, 'w').close()", ("limits",), seconds=0.5),
    Threat("memory bomb", LIMITS, "x = bytearray(400_000_000)  # here\nopen({canary!r}, 'w').close()", ("limits",), "tracing.memory", memory_mb=300),
    Threat("many open files", LIMITS, "import os\nfds = [os.open('/dev/null', 0) for _ in range(900)]  # here\nfor fd in fds: os.close(fd)\nfound = 'HARM'", ("limits",), RAISED),
    Threat("large file", LIMITS, "import os, tempfile\nwith tempfile.TemporaryFile() as f:\n    for _ in range(50): f.write(bytes(1_000_000))  # here\n    f.flush()\n    found = 'HARM'", ("limits",), RAISED),
    Threat("many files", LIMITS, "import os, tempfile, threading\nfolder = tempfile.mkdtemp()\nfor i in range(3000): os.close(os.open(f'{{folder}}/{{i}}', os.O_CREAT | os.O_WRONLY)) or i < 2999 or threading.Event().wait(1)  # here", ("process",), "tracing.disk"),
    # the reader itself
    Threat("os._exit", READER, "import os\nos._exit(0)  # here", ("process",), "tracing.exited"),
    Threat("crash", READER, "import faulthandler\nfaulthandler._sigsegv()  # here", ("process",), "tracing.crashed"),
    Threat("crash by recursion in C", READER, "import sys\nsys.setrecursionlimit(10 ** 7)\nx = []\nfor _ in range(100_000): x = [x]\nrepr(x)  # here", ("process",), "tracing.crashed"),
    Threat("output without end", READER, "import os\nfor _ in range({megabytes}): os.write(1, b'x' * 1_000_000)", ("process",), None, "nothing is refused: a file may print, the standard streams lead nowhere"),
    Threat("forged answer", READER, "import os\nforged = '''" + _FORGED.replace("{", "{{").replace("}", "}}") + "'''.encode()\nfor fd in range(3, 64):\n    try:\n        os.write(fd, forged)  # here\n    except OSError:\n        pass\nos.write(1, b'{{\"number\": 1, \"size\": %d, \"blocked\": []}}\\n' % len(forged) + forged)", ("process",)),
    Threat("answer opened anew", READER, "for fd in range(3, 64):\n    try:\n        open(fd, 'wb', closefd=False).write(b'x')  # here\n    except OSError:\n        pass\nopen(1, 'wb', closefd=False).write(b'x')", ("process",)),
    Threat("answer closed", READER, "import os\nos.closerange(0, 4000)  # here", ("process",)),
    Threat("stand-ins replaced", READER, "from airflow.models import BaseOperator\nimport airflow\nairflow.DAG.__enter__ = lambda self: None  # here\nBaseOperator.__init__ = lambda self, **k: None", ("process",)),
    Threat("builtins replaced", READER, "import builtins\nbuiltins.isinstance = lambda *a: False  # here", ("process",)),
    Threat("open replaced", READER, "import builtins, io\ndef none(*a, **k):\n    raise OSError('HARM')\nbuiltins.open = io.open = io.open_code = none  # here", ("process",)),
    Threat("json replaced", READER, "import json\njson.JSONEncoder.encode = lambda self, o: '{{}}'\njson.dumps = lambda *a, **k: '{{}}'  # here", ("process",)),
    Threat("import hook", READER, "import sys\nclass Evil:\n    def find_spec(self, name, path=None, target=None):\n        raise ImportError('HARM')\nsys.meta_path.insert(0, Evil())  # here", ("process",)),
    Threat("trace function", READER, "import sys\ndef evil(*args): return None\nsys.settrace(evil)  # here\nfound = 'HARM'\nsys.settrace(None)", ("hook",)),
    Threat("all objects", READER, "import gc\nfound = 'HARM' if gc.get_objects() else ''  # here", ("hook",)),
    Threat("frames of other threads", READER, "import sys\nfound = 'HARM' if sys._current_frames() else ''  # here", ("hook",)),
    Threat("audit hook patched", READER, "import builtins, os, sys\nfrom workbook_lib.sources.tracing import _audit\nreal, _audit.REFUSED, _audit.checker = builtins.isinstance, (), None\nbuiltins.isinstance = lambda *a: False\npid = -1\ntry:\n    pid = os.fork()  # here\nfinally:\n    builtins.isinstance = real\nif pid == 0:\n    os.kill(os.getpid(), 9)\nfound = 'HARM'", ("hook", "seccomp")),
    Threat("audit hook reached by a traceback", READER, "import os\ndef known(error):\n    trace = error.__traceback__\n    while trace:\n        yield from (trace.tb_frame.f_globals, trace.tb_frame.f_locals)\n        trace = trace.tb_next\ntry:\n    open({canary!r}, 'w')  # here\n    found = 'HARM'\nexcept OSError as error:\n    for names in known(error):\n        if 'REFUSED' in names or 'check' in names or 'surely' in names: found = 'HARM'", ("hook",)),
    Threat("code at exit", READER, "import atexit\natexit.register(lambda: open({canary!r}, 'w').close())  # here", ("process",)),
    Threat("code when deleted", READER, "class Last:\n    def __del__(self, open=open):\n        open({canary!r}, 'w').close()\nimport sys\nsys.kept_for_long = Last()", ("process",), None, "nothing happens before the end, and a worker ends without finalizers"),
)  # fmt: skip
