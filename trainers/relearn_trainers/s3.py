"""A small S3 client on the standard library: path-style requests signed with Signature Version 4.

It exists because importing boto3 costs more than all the rest of a short job. boto3 is used for one thing: finding
credentials (instance roles, web identity) where the environment names none.
Signature: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
"""

import errno
import hashlib
import hmac
import http.client
import random
import ssl
import threading
import time
import xml.etree.ElementTree as ElementTree
from urllib.parse import quote, urlsplit

CHUNK = 1 << 20
ATTEMPTS = 6
TIMEOUT_SECONDS = 30.0
LOCAL_ERRORS = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EROFS, errno.EIO)
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


class StoreError(Exception):
    """S3 did not answer as it should; `retryable` where the same request may succeed later."""

    def __init__(self, message, status=None, retryable=False):
        super().__init__(message)
        self.status = status
        self.retryable = retryable


class Bucket:
    """One bucket. Safe to use from several threads: each keeps a connection of its own."""

    def __init__(self, name, endpoint, region, credentials, attempts=ATTEMPTS, timeout=TIMEOUT_SECONDS):
        self.name = name
        self.region = region
        self._credentials = credentials
        self._attempts = attempts
        self._timeout = timeout
        self._local = threading.local()
        url = urlsplit(endpoint or "https://%s.s3.%s.amazonaws.com" % (name, region))
        if url.scheme not in ("http", "https") or not url.hostname:
            raise StoreError("RELEARN_S3_ENDPOINT is %r; it must be a URL such as https://s3.example.org" % endpoint)
        self._secure = url.scheme == "https"
        self._host, self._port = url.hostname, url.port
        self._authority = url.netloc.rpartition("@")[2]
        self._prefix = url.path.rstrip("/") + ("/" + name if endpoint else "")

    @classmethod
    def from_env(cls, name, env):
        region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or "us-east-1"
        return cls(name, env.get("RELEARN_S3_ENDPOINT") or None, region, credentials_from(env), int(env.get("RELEARN_S3_ATTEMPTS") or ATTEMPTS))

    def get(self, key):
        """The object's bytes, or None when there is no such key."""
        status, body = self._request("GET", key, accept=(404,))
        return None if status == 404 else body

    def download(self, key, path, sha256=None):
        """Streams an object into a file and returns its size; refuses content whose SHA-256 is another."""

        def receive(response):
            digest, size = hashlib.sha256(), 0
            with open(path, "wb") as file:
                while chunk := response.read(CHUNK):
                    file.write(chunk)
                    digest.update(chunk)
                    size += len(chunk)
            # http.client ends a body that was cut short without an error once it is read in pieces.
            if response.length:
                raise http.client.IncompleteRead(b"", response.length)
            if sha256 is not None and digest.hexdigest() != sha256:
                raise StoreError("s3://%s/%s holds SHA-256 %s, not %s: the object is damaged" % (self.name, key, digest.hexdigest(), sha256))
            return size

        status, size = self._request("GET", key, receive=receive, accept=(404,))
        if status == 404:
            raise StoreError("there is no s3://%s/%s" % (self.name, key), 404)
        return size

    def put(self, key, body, create=False, content_type="application/octet-stream"):
        """Writes bytes. With `create`, False when the key exists already."""
        return self._put(key, lambda: body, len(body), hashlib.sha256(body).hexdigest(), create, content_type)

    def upload(self, key, path, sha256, size, create=False):
        """Writes a file whose SHA-256 is known. With `create`, False when the key exists already."""
        return self._put(key, lambda: open(path, "rb"), size, sha256, create, "application/octet-stream")

    def exists(self, key):
        return self._request("HEAD", key, accept=(404,))[0] != 404

    def delete(self, key):
        self._request("DELETE", key, accept=(404,))

    def list(self, prefix):
        """(key, bytes) of every object under a prefix."""
        token, found = None, []
        while True:
            query = {"list-type": "2", "prefix": prefix}
            if token:
                query["continuation-token"] = token
            root = ElementTree.fromstring(self._request("GET", "", query=query)[1])
            space = root.tag.partition("}")[0] + "}" if root.tag.startswith("{") else ""
            found += [(item.findtext(space + "Key"), int(item.findtext(space + "Size") or 0)) for item in root.iter(space + "Contents")]
            token = root.findtext(space + "NextContinuationToken")
            if root.findtext(space + "IsTruncated") != "true" or not token:
                return found

    def _put(self, key, opened, size, sha256, create, content_type):
        headers = {"content-length": str(size), "content-type": content_type}
        if create:
            headers["if-none-match"] = "*"
        status, _ = self._request("PUT", key, headers=headers, opened=opened, sha256=sha256, accept=(412,) if create else ())
        return status != 412

    def _request(self, method, key, query=None, headers=None, opened=None, sha256=EMPTY_SHA256, receive=None, accept=()):
        last = None
        for attempt in range(self._attempts):
            if attempt:
                time.sleep(random.uniform(0.5, 1.0) * min(8.0, 0.05 * 3 ** attempt))
            try:
                return self._once(method, key, query or {}, headers or {}, opened, sha256, receive, accept)
            except StoreError as error:
                if not error.retryable:
                    raise
                last = error
            except (http.client.HTTPException, ssl.SSLError, TimeoutError, ConnectionError) as error:
                last = error
            except OSError as error:
                # A full disk is an OSError too, and not one that another request mends.
                if error.filename is not None or error.errno in LOCAL_ERRORS:
                    raise
                last = error
            self._close()
        raise StoreError("%s s3://%s/%s failed %d times; the last time: %s" % (method, self.name, key, self._attempts, last or "?"), retryable=True) from last

    def _once(self, method, key, query, headers, opened, sha256, receive, accept):
        path = quote(self._prefix + "/" + key, safe="/-_.~")
        search = "&".join("%s=%s" % (quote(k, safe="-_.~"), quote(v, safe="-_.~")) for k, v in sorted(query.items()))
        signed = self._sign(method, path, search, dict(headers), sha256)
        body = opened() if opened else None
        try:
            connection = self._connection()
            connection.request(method, path + ("?" + search if search else ""), body=body, headers=signed)
            response = connection.getresponse()
            return self._answer(method, key, response, receive, accept)
        finally:
            if hasattr(body, "close"):
                body.close()

    def _answer(self, method, key, response, receive, accept):
        if 200 <= response.status < 300:
            return response.status, receive(response) if receive else response.read()
        detail = response.read(2_000).decode("utf-8", "replace")
        if not response.isclosed():
            self._close()
        if response.status in accept:
            return response.status, None
        retryable = response.status >= 500 or response.status in (408, 409, 429)
        raise StoreError("%s s3://%s/%s: status %d %s" % (method, self.name, key, response.status, detail[:300]), response.status, retryable)

    def _sign(self, method, path, search, headers, sha256):
        key_id, secret, token = self._credentials()
        now = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        headers.update({"host": self._authority, "x-amz-date": now, "x-amz-content-sha256": sha256})
        if token:
            headers["x-amz-security-token"] = token
        names = ";".join(sorted(headers))
        canonical = "\n".join([method, path, search, *("%s:%s" % (n, headers[n]) for n in sorted(headers)), "", names, sha256])
        scope = "%s/%s/s3/aws4_request" % (now[:8], self.region)
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        signing = ("AWS4" + secret).encode()
        for part in (now[:8], self.region, "s3", "aws4_request"):
            signing = hmac.new(signing, part.encode(), hashlib.sha256).digest()
        signature = hmac.new(signing, text.encode(), hashlib.sha256).hexdigest()
        headers["authorization"] = "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (key_id, scope, names, signature)
        return headers

    def _connection(self):
        if getattr(self._local, "connection", None) is None:
            kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
            self._local.connection = kind(self._host, self._port, timeout=self._timeout)
        return self._local.connection

    def _close(self):
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._local.connection = None


def credentials_from(env):
    """A function that gives (key id, secret, session token or None), from the environment or else by botocore's chain."""
    if env.get("AWS_ACCESS_KEY_ID") and env.get("AWS_SECRET_ACCESS_KEY"):
        fixed = (env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env.get("AWS_SESSION_TOKEN") or None)
        return lambda: fixed
    import botocore.session

    found = botocore.session.get_session().get_credentials()
    if found is None:
        raise StoreError("no S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the job a role")

    def current():
        frozen = found.get_frozen_credentials()
        return frozen.access_key, frozen.secret_key, frozen.token

    return current


def bucket_and_key(uri):
    """Splits `s3://bucket/key`."""
    url = urlsplit(uri)
    if url.scheme != "s3" or not url.netloc or len(url.path) < 2:
        raise StoreError("RELEARN_JOB is %r; it must be s3://<bucket>/jobs/<id>/spec.json" % uri)
    return url.netloc, url.path[1:]
