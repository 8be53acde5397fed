"""An S3 server in this process, which knows one bucket and one user, and checks signatures and rights."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import boto3
import httpx
from moto.server import ThreadedMotoServer

from cli.local.ports import HOST

BUCKET = "source-files"
_RIGHTS = ("PutObject", "GetObject", "DeleteObject", "ListBucket", "AbortMultipartUpload")


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """Where it is, and how the user proves who it is."""

    port: int
    key_id: str
    secret: str

    def environment(self, port: int | None = None) -> dict[str, str]:
        """What intake is told, by the provider's usual variables; `port` of a proxy."""
        return {
            "AWS_ENDPOINT_URL": f"http://{HOST}:{port or self.port}", "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": self.key_id, "AWS_SECRET_ACCESS_KEY": self.secret,
        }  # fmt: skip


@contextmanager
def object_store() -> Iterator[ObjectStore]:
    """The server, for as long as the block runs."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address=HOST, port=0, verbose=False)
    server.start()
    try:
        _, port = server.get_host_and_port()
        url = f"http://{HOST}:{port}"
        key_id, secret = _introduce(url)
        httpx.post(
            f"{url}/moto-api/reset-auth", content=b"0", trust_env=False, timeout=60
        ).raise_for_status()  # rights count from here
        yield ObjectStore(port, key_id, secret)
    finally:
        server.stop()


def _introduce(url: str) -> tuple[str, str]:
    anybody = {
        "region_name": "us-east-1",
        "aws_access_key_id": "setup",
        "aws_secret_access_key": "setup",
        "endpoint_url": url,
    }
    boto3.client("s3", **anybody).create_bucket(Bucket=BUCKET)
    iam = boto3.client("iam", **anybody)
    iam.create_user(UserName="intake")
    allowed = {"Effect": "Allow", "Action": [f"s3:{right}" for right in _RIGHTS], "Resource": f"arn:aws:s3:::{BUCKET}*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="intake", PolicyName="source-files", PolicyDocument=document)
    key = iam.create_access_key(UserName="intake")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]
