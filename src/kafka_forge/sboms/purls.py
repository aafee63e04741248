"""Package URLs (ECMA-427): the names under which other software knows what a package is made of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packageurl import PackageURL

if TYPE_CHECKING:
    from kafka_forge.sboms.facts import Source

_PYPI = re.compile(r"/packages/source/[^/]+/(?P<name>[^/]+)/[^/]+?-(?P<version>\d[^/]*?)\.(?:tar\.gz|zip)$")
_TAG = re.compile(
    r"^/(?P<owner>[^/]+)/(?P<repo>[^/]+)/(?:archive/refs/tags|releases/download)/(?P<tag>[^/]+?)(?:\.tar\.gz|\.zip|/.*)$"
)
_GITHUB = "github.com"


def conda(name: str, version: str, build: str, subdir: str, channel: str | None = None) -> PackageURL:
    """Return a conda package's (https://github.com/package-url/purl-spec, types/conda).

    >>> str(conda("zlib", "1.3.1", "h0_0", "linux-64"))
    'pkg:conda/zlib@1.3.1?build=h0_0&subdir=linux-64&type=conda'
    """
    qualifiers = {"build": build, "subdir": subdir, "type": "conda"} | ({"channel": channel} if channel else {})
    return PackageURL("conda", None, name, version, qualifiers)


def of_source(source: Source, version: str) -> PackageURL | None:
    """Return a source's: the Python index's, GitHub's, or that of a file at an address; None of a folder.

    >>> from kafka_forge.sboms.facts import Source
    >>> url = "https://pypi.io/packages/source/k/kafka-python/kafka_python-3.0.12.tar.gz"
    >>> str(of_source(Source("kafka_python-3.0.12.tar.gz", (url,), "0" * 64), "3.0.12"))
    'pkg:pypi/kafka-python@3.0.12'
    >>> url = "https://github.com/confluentinc/librdkafka/archive/refs/tags/v2.14.2.tar.gz"
    >>> str(of_source(Source("v2.14.2.tar.gz", (url,), "0" * 64), "2.14.2"))
    'pkg:github/confluentinc/librdkafka@v2.14.2'
    """
    for url in source.urls:
        parts = urlsplit(url)
        if found := _PYPI.search(parts.path):
            return PackageURL("pypi", None, found["name"], found["version"])
        if parts.hostname == _GITHUB and (found := _TAG.search(parts.path)):
            return PackageURL("github", found["owner"], found["repo"], found["tag"])
    if not source.urls or source.sha256 is None:
        return None
    qualifiers = {"checksum": f"sha256:{source.sha256}", "download_url": source.urls[0]}
    return PackageURL("generic", None, source.name, version, qualifiers)


def of_home(home: str, version: str) -> PackageURL | None:
    """Return GitHub's of a project that is at home there; None of another one.

    >>> str(of_home("https://github.com/DaveGamble/cJSON", "1.7.19"))
    'pkg:github/davegamble/cjson@1.7.19'
    """
    parts = urlsplit(home)
    names = parts.path.strip("/").split("/")
    if parts.hostname != _GITHUB or len(names) != 2:
        return None
    return PackageURL("github", names[0], names[1], version or None)
