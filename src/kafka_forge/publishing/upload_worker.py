"""One upload in a process of its own: ``python -m kafka_forge.publishing.upload_worker KIND URL CHANNEL FILE``.

The API key comes in the environment, never in the arguments, which other users of a machine can see.
"""

from __future__ import annotations

import os
import sys

from kafka_forge.ground import leaving
from kafka_forge.publishing.servers import TOKEN


def main(kind: str, url: str, channel: str, file: str) -> None:
    """Upload one file, never over an existing one; the last line of standard error says why it failed."""
    import rattler_build

    key = os.environ.get(TOKEN) or None
    try:
        if kind == "quetz":
            rattler_build.upload_package_to_quetz([file], url, channel, api_key=key)
        elif kind == "artifactory":
            rattler_build.upload_package_to_artifactory([file], url, channel, token=key)
        elif kind == "prefix":
            rattler_build.upload_package_to_prefix([file], url, channel, api_key=key)
        else:
            owner, _, label = channel.partition("/")
            labels = [label or "main"]
            rattler_build.upload_package_to_anaconda([file], owner, channel=labels, api_key=key, url=url or None)
    except Exception as error:  # noqa: BLE001  (the parent explains it)
        sys.exit(" ".join(str(error).split()))


if __name__ == "__main__":
    leaving.run(lambda: main(*sys.argv[1:]))
