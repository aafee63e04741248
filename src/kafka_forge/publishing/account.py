"""Where S3 is and who we are there, as Amazon's own tools are told."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from kafka_forge.errors import UploadRefused


@dataclass(frozen=True, slots=True)
class Account:
    """Access to a server that speaks S3's protocol.

    Attributes:
        endpoint: the server's URL; buckets are folders below it ("path style").
        region: its region; any word for servers that have none.
        key: the access key's id.
        secret: the access key.
        session: the token of temporary credentials, or None.
    """

    endpoint: str
    region: str
    key: str
    secret: str = field(repr=False)
    session: str | None = field(default=None, repr=False)

    @classmethod
    def of_environment(cls) -> Account:
        """Read the variables that Amazon's tools read (AWS SDKs and Tools Reference Guide, "Environment variables").

        An empty one counts as none. Configuration files, and the roles of Amazon's machines, are not read.

        Raises:
            UploadRefused: there is no access key.
        """
        get = os.environ.get
        key, secret = get("AWS_ACCESS_KEY_ID"), get("AWS_SECRET_ACCESS_KEY")
        if not key or not secret:
            raise UploadRefused(
                "there is no access key for S3; nothing was published",
                todo="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN), and publish again.",
            )
        region = get("AWS_REGION") or get("AWS_DEFAULT_REGION") or "us-east-1"
        endpoint = get("AWS_ENDPOINT_URL_S3") or get("AWS_ENDPOINT_URL") or f"https://s3.{region}.amazonaws.com"
        return cls(endpoint.rstrip("/"), region, key, secret, get("AWS_SESSION_TOKEN") or None)

    def environment(self) -> dict[str, str]:
        """Return all environment variables of a child for which this is the only account there is."""
        ours = {
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": self.region,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
        }
        session = {"AWS_SESSION_TOKEN": self.session} if self.session else {}
        return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | ours | session
