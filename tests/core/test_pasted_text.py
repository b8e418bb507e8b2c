"""The row that a pasted text names comes first: errors, URLs, ARNs, export lines."""

import pytest

from ssohelper.core.model import Account
from ssohelper.core.role_rows import RoleRow, foreign_profile_rows, make_role_index

_PROD = Account("000030000001", "payments-prod", "p@example.com")
_DEV = Account("000030000002", "payments-dev", "d@example.com")
_LAB = Account("000040000001", "lab", "l@example.com")
_HEX = "0123456789abcdef"
ROWS = [
    RoleRow("corp", _PROD, "ReadOnlyAccess", ("payments-prod.ReadOnlyAccess",)),
    RoleRow("corp", _PROD, "ReadOnly", ()),
    RoleRow("corp", _PROD, "Admin+x", ()),
    RoleRow("corp", _DEV, "ReadOnlyAccess", ("payments-dev.ReadOnlyAccess", "dev")),
    RoleRow("corp", _DEV, "Developer", ()),
    RoleRow("lab", _LAB, "Developer", ()),
    *foreign_profile_rows([("vault", "aws-vault")]),
]
INDEX = make_role_index(ROWS)
_DENIED = (
    "An error occurred (AccessDenied) when calling the GetObject operation: User: "
    "arn:aws:sts::{0}:assumed-role/AWSReservedSSO_{1}_" + _HEX + "/ana@example.com is not "
    "authorized to perform: s3:GetObject on resource: arn:aws:s3:::bucket/{2}/x because no "
    "identity-based policy allows the s3:GetObject action"
)
_LINK = "https://d-0000000000.awsapps.com/start/#/console?account_id={0}&role_name={1}"
_SESSION_ARN = "arn:aws:sts::{0}:assumed-role/AWSReservedSSO_{1}_" + _HEX + "/ana@example.com"
_ROLE_ARN = "arn:aws:iam::{0}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_{1}_"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # an error, with the id of a resource's account before and behind
        (_DENIED.format(_DEV.id, "Developer", _PROD.id), [4]),
        (f"log of {_PROD.id}:\n" + _DENIED.format(_DEV.id, "ReadOnlyAccess", _LAB.id), [3]),
        (_DENIED.format("999999999999", "Ops", _LAB.id), [5]),
        # an error within the messages of other SDKs, of Terraform and of CloudTrail
        (
            "operation error S3: PutObject, https response error StatusCode: 403, api error "
            "AccessDenied: User: " + _SESSION_ARN.format(_PROD.id, "ReadOnly") + " is not "
            "authorized to perform: s3:PutObject",
            [1],
        ),
        (
            "Error: reading S3 Bucket (x): AccessDenied: User: "
            + _SESSION_ARN.format(_DEV.id, "ReadOnlyAccess")
            + "\n\tstatus code: 403, request id: 0000-1111\n  with module.x, on main.tf line 3",
            [3],
        ),
        (
            "... is not authorized to perform: iam:ListRolePolicies on resource: role "
            f"AWSReservedSSO_Developer_{_HEX} (Service: AmazonIdentityManagement; Status Code: 403)",
            [4, 5],
        ),
        (
            f'{{"userIdentity": {{"type": "AssumedRole", "accountId": "{_LAB.id}", "arn": "'
            + _SESSION_ARN.format(_LAB.id, "Developer")
            + f'"}}, "recipientAccountId": "{_PROD.id}"}}',
            [5],
        ),
        # URLs of the console, of a portal, of a queue, of a registry
        (f"https://{_PROD.id}-kdhj2wlq.eu-west-1.console.aws.amazon.com/s3/home", [0, 1, 2]),
        (f"https://{_LAB.id}.signin.aws.amazon.com/console", [5]),
        (
            f"https://signin.aws.amazon.com/switchrole?account={_DEV.id}&roleName=Developer",
            [4],
        ),
        (_LINK.format(_PROD.id, "ReadOnly"), [1]),
        (_LINK.format(_PROD.id, "Admin%2Bx&destination=https%3A%2F%2Fconsole"), [2]),
        (f"https://sqs.eu-west-1.amazonaws.com/{_LAB.id}/jobs", [5]),
        (f"{_LAB.id}.dkr.ecr.eu-west-1.amazonaws.com/web:1.2", [5]),
        (f"docker pull {_DEV.id}.dkr.ecr.us-east-1.amazonaws.com/web@sha256:00", [3, 4]),
        (f"https://{_LAB.id}.eu-west-1.console.aws.amazon.com/ec2/home?region=eu-west-1", [5]),
        # lines of a shell and of a config
        ("export AWS_PROFILE=dev", [3]),
        ("export AWS_DEFAULT_PROFILE='payments-prod.ReadOnlyAccess'", [0]),
        ('{"AWS_PROFILE": "dev", "AWS_REGION": "eu-west-1"}', [3]),
        ("$env:AWS_PROFILE = 'dev'", [3]),
        ("aws s3 ls --profile payments-prod.ReadOnlyAccess", [0]),
        ("aws s3 ls --profile=dev --region eu-west-1", [3]),
        ("[profile payments-dev.ReadOnlyAccess]", [3]),
        ("AWS_PROFILE=vault", [6]),
        (f"sso_account_id = {_DEV.id}\nsso_role_name = Developer", [4]),
        ("set AWS_PROFILE=dev", [3]),
        ("setx AWS_PROFILE dev", [3]),
        ((f"AWS_ROLE_ARN={_ROLE_ARN}{_HEX}").format(_PROD.id, "ReadOnlyAccess"), [0]),
        (f"s3://terraform-state-{_LAB.id}/main.tfstate", [5]),
        ("set -gx AWS_PROFILE dev", [3]),
        (f'provider "aws" {{\n  allowed_account_ids = ["{_LAB.id}"]\n}}', [5]),
        # ARNs
        ((_ROLE_ARN + _HEX).format(_PROD.id, "ReadOnly"), [1]),
        (f"arn:aws:iam::{_LAB.id}:role/mine", [5]),
        (f"arn:aws-us-gov:lambda:us-gov-west-1:{_LAB.id}:function:web", [5]),
        (f"arn:aws:organizations::{_DEV.id}:account/o-abc123/{_LAB.id}", [5]),
        (f"AWSReservedSSO_Developer_{_HEX}", [4, 5]),
        (f"arn:aws:eks:eu-west-1:{_LAB.id}:cluster/main", [5]),
        (f"arn:aws:sts::{_PROD.id}:assumed-role/ReadOnly/i-0123", [1]),
        # an id in a sentence, a JSON answer, a name
        ("please look at the account 0000-4000-0001, its pipeline failed", [5]),
        (f'{{"Account": "{_LAB.id}", "Arn": "arn:aws:iam::{_LAB.id}:user/x"}}', [5]),
        (f"cdk-hnb659fds-assets-{_LAB.id}-eu-west-1", [5]),
        # nothing known
        (_DENIED.format("999999999999", "Ops", "b"), []),
        (f"AWSReservedSSO_Ops_{_HEX}", []),
        ("export AWS_PROFILE=other", []),
        ("arn:aws:s3:::bucket", []),
        (f"arn:aws:x:::{_LAB.id}0", []),
        # typed words match all or nothing
        (f"{_LAB.id} nothing", []),
        (f"!arn:aws:iam::{_LAB.id}:role/mine", [0, 1, 2, 3, 4, 5, 6]),
        (f"xyz !{_LAB.id}", []),
    ],
)
@pytest.mark.parametrize("fuzzy", [False, True])
def test_the_roles_that_a_pasted_text_names_are_found(text, expected, fuzzy):
    assert INDEX.search(text, fuzzy=fuzzy) == expected
