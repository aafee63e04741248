"""The standard library's ``ssl`` of a jar's Python trusts the certificates of the prefix that it stands in.

The jars' OpenSSL is linked into ``_ssl`` and knows only a folder of their maker's. conda-forge's is a library whose
folder is the prefix's ``ssl``; there ``ca-certificates`` puts ``cert.pem``. What OpenSSL does with that folder, `ADDED`
does: where the environment (``SSL_CERT_FILE``, ``SSL_CERT_DIR``) names another place, that is taken, and what is absent
or unreadable is no error (https://docs.openssl.org/3.5/man3/SSL_CTX_load_verify_locations/).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kafka_forge.errors import BaseBuildFailed

if TYPE_CHECKING:
    from pathlib import Path

ADDED = '''

# Added when this Python was packed: the OpenSSL inside _ssl cannot know the prefix, and its certificates are trusted.

_built_verify_paths = _ssl.get_default_verify_paths


def _prefix_verify_paths():
    file_variable, _, folder_variable, _ = _built_verify_paths()
    folder = os.path.join(sys.base_prefix, 'ssl')
    return file_variable, os.path.join(folder, 'cert.pem'), folder_variable, os.path.join(folder, 'certs')


def _set_default_verify_paths(self):
    """Load the certificates that the environment names, else those of the prefix."""
    _SSLContext.set_default_verify_paths(self)
    file_variable, file, folder_variable, folder = _prefix_verify_paths()
    for variable, place, kind in (file_variable, file, 'cafile'), (folder_variable, folder, 'capath'):
        if variable not in os.environ and os.path.exists(place):
            try:
                self.load_verify_locations(**{kind: place})
            except OSError:
                pass


_ssl.get_default_verify_paths = _prefix_verify_paths
SSLContext.set_default_verify_paths = _set_default_verify_paths
'''
"""What is added to ``ssl.py``; it has ``os``, ``sys``, ``_ssl`` and ``_SSLContext`` since Python 3.10 at least."""

_EXPECTED = (
    "import _ssl",
    "_ssl.get_default_verify_paths()",
    "class SSLContext(_SSLContext)",
    "import sys\n",
    "import os",
)


def trust_prefix(library: Path) -> None:
    """Make ``ssl.py`` take the prefix's certificates.

    Args:
        library: the folder of the standard library.

    Raises:
        BaseBuildFailed: ``ssl.py`` is not written as expected.
    """
    path = library / "ssl.py"
    text = path.read_text(encoding="utf-8")
    missing = [each for each in _EXPECTED if each not in text]
    if missing:
        raise BaseBuildFailed(
            f"this Python's ssl.py has no {', '.join(map(repr, missing))}",
            where=str(path),
            todo="look at it, and make cpython_ssl.py fit; else its users trust other certificates than the prefix's.",
        )
    path.write_text(text + ADDED, encoding="utf-8")
