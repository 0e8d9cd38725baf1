"""Leaves out of the file parts of the standard library and of the packages that can't work in it, or that nothing asks for.

``tests/onefile/test_modules.py`` imports every module of doctor from the file. A plugin may use the rest of the library.
"""

_DEVELOPER = "test idlelib doctest pydoc pydoc_data pdb bdb cProfile profile pstats trace tracemalloc timeit tabnanny pyclbr symtable"
_TERMINAL = "tkinter turtle turtledemo curses _pyrepl rlcompleter readline code codeop cmd"
_INSTALLING = "ensurepip venv zipapp compileall py_compile modulefinder pickletools lib2to3 distutils site-packages"
_OTHER_SYSTEMS = "_aix_support _osx_support _ios_support _apple_support _android_support nturl2path msilib"
_WITHOUT_THEIR_LIBRARY = "dbm lzma bz2 ssl"
_TWINS = "_pydecimal _pydatetime _pyio _pylong _py_abc _strptime_old"
"""Python's own forms of what is compiled in."""
_SELDOM = "xmlrpc wsgiref mailbox imaplib poplib ftplib webbrowser plistlib antigravity this __phello__ xml"

_ALL = (_DEVELOPER, _TERMINAL, _INSTALLING, _OTHER_SYSTEMS, _WITHOUT_THEIR_LIBRARY, _TWINS, _SELDOM)
NAMES = frozenset(name for names in _ALL for name in names.split())
"""Modules and packages at the top."""
BELOW = (
    "sqlite3/dump.py",
    "sqlite3/__main__.py",
    "asyncio/windows_",
    "asyncio/__main__.py",
    "ctypes/macholib/",
    "ctypes/wintypes.py",
    "encodings/mac_",
    "pyroute2/bsd/",
    "pyroute2/config/eventlet.py",
    "pyroute2/decoder/",
    "pyroute2/dhcp/",
    "pyroute2/ext/",
    "pyroute2/fixtures/",
    "pyroute2/inotify/",
    "pyroute2/iproute/bsd.py",
    "pyroute2/iproute/darwin.py",
    "pyroute2/iproute/windows.py",
)
"""Files and folders, by the start of their path."""


def is_omitted(name: str) -> bool:
    """Whether a file stays out, by its path below the directory that is packed."""
    return name.partition("/")[0].removesuffix(".py") in NAMES or name.startswith(BELOW) or "__pycache__" in name
