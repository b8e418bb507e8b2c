"""Signs a POST of a form with role credentials, by the few rules of SigV4 needed for that.

botocore can sign too, but its import takes 0.3 s of CPU in each broker that serves a chain. A test
compares our signature with botocore's. SigV4 is AWS Signature Version 4. Source: "AWS Signature
Version 4 for API requests" (IAM user guide).
"""

import hmac
from hashlib import sha256
from time import gmtime, strftime

from ssohelper.core.model import RoleCredentials


def make_signed_post_headers(
    host: str,
    path: str,
    body: bytes,
    *,
    credentials: RoleCredentials,
    region: str,
    service: str,
    now: int,
) -> dict[str, str]:
    """Return the headers of a signed POST to https://HOST/PATH. One header is a session token.

    The signature covers the header Host too, which the caller must send.
    `now` is the time by AWS's clock (epoch seconds): AWS refuses a signature that is off by 5 min.
    """
    at = strftime("%Y%m%dT%H%M%SZ", gmtime(now))
    signed = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": host,
        "x-amz-date": at,
    }
    # Only role credentials have a session token; an access key of an IAM user has none.
    if credentials.session_token.reveal():
        signed["x-amz-security-token"] = credentials.session_token.reveal()
    names = ";".join(signed)
    lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
    request = f"POST\n{path or '/'}\n\n{lines}\n{names}\n{sha256(body).hexdigest()}"
    scope = f"{at[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{at}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = f"AWS4{credentials.secret_access_key.reveal()}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    del signed["host"]
    return {
        **signed,
        "authorization": f"AWS4-HMAC-SHA256 Credential={credentials.access_key_id}/{scope}, "
        f"SignedHeaders={names}, Signature={signature}",
    }
