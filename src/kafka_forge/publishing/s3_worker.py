"""One call to S3 in a process of its own: ``python -m kafka_forge.publishing.s3_worker JOB``, where JOB is JSON.

Ctrl-C ends a process at once, whatever its libraries do; and the threads of these may abort a program that ends while
they still run, so this one leaves without waiting for them. Keys come in the environment, never in the arguments.

The last line of standard output is the answer: ``{"found": {file: sha256}}`` or ``{}`` where all went well, else
``{"failed": HOW, "said": WORDS}``. HOW is ``refused`` (and would be next time), ``there`` (a file that was to be put,
with the sum of its bytes as ``sha256``) or ``broken`` (nobody knows).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from kafka_forge.attesting import sidecar
from kafka_forge.ground import leaving
from kafka_forge.publishing.account import Account
from kafka_forge.publishing.attested import merged

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.store import S3Config, S3Store

    from kafka_forge.values.model import JsonObject

_CONNECTING = timedelta(seconds=10)
_READING = 600
_RETRIES = 2


def main(text: str) -> NoReturn:
    """Do what the job says, print the answer, and leave."""
    job: JsonObject = json.loads(text)
    doings = {"look": _look, "put": _put, "attest": _attest, "index": _index}
    try:
        answer = doings[job["action"]](job, Account.of_environment())
    except Exception as error:  # noqa: BLE001  (neither library names classes for all that can go wrong)
        answer = {"failed": "refused" if refused(error) else "broken", "said": said(error)}
    sys.stdout.write(f"\n{json.dumps(answer)}\n")
    leaving.end(0)


def _look(job: JsonObject, account: Account) -> JsonObject:
    """List the channel's folders; sum the bytes of what has one of the names, for S3 knows no sha256 of them."""
    import obstore

    store = _store(job, account)
    wanted = set(job["files"])
    there: set[str] = set()
    for subdir in sorted({file.partition("/")[0] for file in wanted}):
        there |= {str(each["path"]) for each in obstore.list(store, prefix=subdir).collect()}
    patient = _store({**job, "seconds": _READING}, account)
    return {"found": {file: _sum(patient, file) for file in sorted(wanted & there)}}


def _put(job: JsonObject, account: Account) -> JsonObject:
    import obstore
    from obstore.exceptions import AlreadyExistsError

    store = _store(job, account)
    try:
        obstore.put(store, job["file"], Path(job["path"]).read_bytes(), mode="create", use_multipart=False)
    except AlreadyExistsError as error:
        return {"failed": "there", "said": said(error), "sha256": _sum(store, job["file"])}
    return {}


def _attest(job: JsonObject, account: Account) -> JsonObject:
    """Add to the attestations of a file, as CEP 50 has it: first by their sum, then by the name that changes.

    What another has added meanwhile is not lost: the second write is for the version that was read alone.
    """
    import obstore
    from obstore.exceptions import AlreadyExistsError

    store, name = _store(job, account), f"{job['file']}{sidecar.SUFFIX}"
    there, mode = _there(store, name)
    text = merged(there, Path(job["path"]).read_text(encoding="utf-8"))
    if text is not None:
        with contextlib.suppress(AlreadyExistsError):  # by its name, it has these very bytes
            obstore.put(store, f"{job['file']}{sidecar.addressed(text)}", text.encode(), mode="create")
        obstore.put(store, name, text.encode(), mode=mode, use_multipart=False)
    return {}


def _there(store: S3Store, name: str) -> tuple[str | None, PutMode]:
    """Return a file's text, and how it may be replaced: where it is still the version that was read."""
    import obstore

    try:
        found = obstore.get(store, name)
    except FileNotFoundError:
        return None, "create"
    version: PutMode = {"e_tag": found.meta["e_tag"]}
    return bytes(found.bytes()).decode(), version


def _index(job: JsonObject, account: Account) -> JsonObject:
    """Write the index of all that is in the channel, in every form, so that no reader meets an older one."""
    from rattler.index import S3Credentials, index_s3

    who = S3Credentials(account.endpoint, account.region, account.key, account.secret, account.session, "path")
    asyncio.run(index_s3(f"s3://{job['bucket']}/{job['prefix']}".rstrip("/"), who))
    return {}


def _sum(store: S3Store, file: str) -> str:
    import obstore

    digest = hashlib.sha256()
    for part in obstore.get(store, file):
        digest.update(part)
    return digest.hexdigest()


def _store(job: JsonObject, account: Account) -> S3Store:
    from obstore.store import S3Store

    config: S3Config = {
        "endpoint": account.endpoint,
        "region": account.region,
        "access_key_id": account.key,
        "secret_access_key": account.secret,
        "virtual_hosted_style_request": False,
        "conditional_put": "etag",
    }
    if account.session:
        config["session_token"] = account.session
    patience = timedelta(seconds=job["seconds"])
    return S3Store(
        job["bucket"],
        prefix=job["prefix"] or None,
        config=config,
        client_options={
            "allow_http": account.endpoint.startswith("http://"),
            "connect_timeout": min(patience, _CONNECTING),
            "timeout": patience,
        },
        retry_config={"max_retries": _RETRIES, "retry_timeout": patience},
    )


def said(error: Exception) -> str:
    """Return what the server said, else what went wrong, in one line.

    >>> said(OSError("PUT failed - 403 Forbidden: <Error><Code>AccessDenied</Code><Message>no</Message></Error>"))
    'AccessDenied: no'
    """
    text = _told(error)
    answer = re.search(r"<Code>([^<]*)</Code>\s*<Message>([^<]*)</Message>", text)
    line = f"{answer[1]}: {answer[2]}" if answer else text
    return " ".join(line.split())[:300] or type(error).__name__


def refused(error: Exception) -> bool:
    """Tell an answer that will be the same next time from one that may not.

    >>> refused(OSError("Server returned non-2xx status code: 403 Forbidden")), refused(OSError("connection reset"))
    (True, False)
    >>> refused(OSError("Server returned non-2xx status code: 429 Too Many Requests"))
    False
    """
    return re.search(r"status code: 4(?!08|29)\d\d\b|\bPermissionDenied\b", _told(error)) is not None


def _told(error: Exception) -> str:
    """Return an error's text without obstore's appendix for its own developers."""
    return str(error).partition("Debug source:")[0]


if __name__ == "__main__":
    main(sys.argv[1])
