"""By which names others know what a conda package is made from: its repository, its project on the Python index.

A purl of type ``conda`` is one that no database of vulnerabilities has. Here are the packages that recipes are built of
and with, by conda-forge's names (``recipes/names.yaml`` says whose each is). A repository is where upstream's releases
are tagged: OSV's records of CVEs, of OSS-Fuzz and of projects themselves name it in their ranges of type ``GIT``
(https://ossf.github.io/osv-schema/#affectedrangesrepo-field).
"""

from __future__ import annotations

from urllib.parse import urlsplit

from packaging.utils import canonicalize_name

GIT, PYPI = "GIT", "PyPI"
_GITHUB = "https://github.com"
_REPOSITORIES = {
    "brotli": (f"{_GITHUB}/google/brotli",),
    "bzip2": ("https://sourceware.org/git/bzip2", "https://gitlab.com/bzip2/bzip2", f"{_GITHUB}/libarchive/bzip2"),
    "cyrus-sasl": (f"{_GITHUB}/cyrusimap/cyrus-sasl",),
    "krb5": (f"{_GITHUB}/krb5/krb5",),
    "libcurl": (f"{_GITHUB}/curl/curl",),
    "libffi": (f"{_GITHUB}/libffi/libffi",),
    "liblzma": (f"{_GITHUB}/tukaani-project/xz", "https://git.tukaani.org/xz"),
    "librdkafka": (f"{_GITHUB}/confluentinc/librdkafka",),
    "libsqlite": (f"{_GITHUB}/sqlite/sqlite",),
    "libuuid": (f"{_GITHUB}/util-linux/util-linux", f"{_GITHUB}/karelzak/util-linux"),
    "libzlib": (f"{_GITHUB}/madler/zlib",),
    "lz4-c": (f"{_GITHUB}/lz4/lz4",),
    "make": ("https://git.savannah.gnu.org/git/make", "https://https.git.savannah.gnu.org/git/make"),
    "ncurses": (f"{_GITHUB}/mirror/ncurses",),
    "ninja": (f"{_GITHUB}/ninja-build/ninja",),
    "openssl": (f"{_GITHUB}/openssl/openssl",),
    "python": (f"{_GITHUB}/python/cpython",),
    "readline": ("https://git.savannah.gnu.org/git/readline",),
    "snappy": (f"{_GITHUB}/google/snappy",),
    "zlib": (f"{_GITHUB}/madler/zlib",),
    "zstd": (f"{_GITHUB}/facebook/zstd",),
}
_PROJECTS = {
    **{name: name for name in ("cython", "hatchling", "kafka-python", "numpy", "packaging", "pip", "pykafka", "six")},
    **{name: name for name in ("setuptools", "streamz", "tabulate", "toolz", "tornado", "wheel")},
    "python-confluent-kafka": "confluent-kafka",
    "python-snappy": "python-snappy",
}


def names(conda: str) -> tuple[tuple[str, str], ...]:
    """Return what else a conda package is known as: an ecosystem of OSV's, and the name in it.

    >>> names("libcurl"), names("python-confluent-kafka"), names("sysroot_linux-64")
    ((('GIT', 'github.com/curl/curl'),), (('PyPI', 'confluent-kafka'),), ())
    """
    found = [(GIT, repository(url)) for url in _REPOSITORIES.get(conda, ())]
    if conda in _PROJECTS:
        found.append((PYPI, canonicalize_name(_PROJECTS[conda])))
    return tuple(found)


def repository(url: str) -> str:
    """Return a repository as it is the same however its address is spelled.

    >>> repository("git://GitHub.com/DaveGamble/cJSON.git/")
    'github.com/davegamble/cjson'
    """
    parts = urlsplit(url)
    path = parts.path.strip("/").removesuffix(".git")
    return f"{parts.hostname or ''}/{path}".lower()
