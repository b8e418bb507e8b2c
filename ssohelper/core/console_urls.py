"""Builds URLs of the AWS console: service pages, portal links to them, and federated sign-ins.

Source: IAM user guide, "custom identity broker"; IAM Identity Center user guide, "shortcut links".
"""

from typing import NamedTuple
from urllib.parse import quote, urlencode

from ssohelper.core.model import Profile, Secret
from ssohelper.core.service_hosts import console_base_url, partition_of
from ssohelper.core.similar_names import did_you_mean
from ssohelper.errors import UsageProblem

# Maps a service to the path of its page on the AWS console's host. The services have the AWS CLI's
# names or common short names. "{region}" in a path is replaced; "/home?region=…" is added to a path
# without "?".
_REGIONAL = {
    "acm": "acm",
    "apigateway": "apigateway",
    "apigw": "apigateway",
    "appsync": "appsync",
    "athena": "athena",
    "backup": "backup",
    "batch": "batch",
    "bedrock": "bedrock",
    "cfn": "cloudformation",
    "cloudformation": "cloudformation",
    "cloudshell": "cloudshell",
    "cloudtrail": "cloudtrailv2",
    "cloudwatch": "cloudwatch",
    "codebuild": "codesuite/codebuild/projects?region={region}",
    "codecommit": "codesuite/codecommit/repositories?region={region}",
    "codepipeline": "codesuite/codepipeline/pipelines?region={region}",
    "cognito": "cognito/v2",
    "config": "config",
    "cw": "cloudwatch",
    "ddb": "dynamodbv2",
    "dms": "dms/v2",
    "dynamodb": "dynamodbv2",
    "ebs": "ec2/home?region={region}#Volumes:",
    "ec2": "ec2",
    "ecr": "ecr",
    "ecs": "ecs",
    "efs": "efs",
    "eks": "eks",
    "elasticache": "elasticache",
    "elb": "ec2/home?region={region}#LoadBalancers:",
    "elbv2": "ec2/home?region={region}#LoadBalancers:",
    "emr": "emr",
    "eventbridge": "events",
    "events": "events",
    "fsx": "fsx",
    "glue": "glue",
    "guardduty": "guardduty",
    "home": "console",
    "kinesis": "kinesis",
    "kms": "kms",
    "lambda": "lambda",
    "logs": "cloudwatch/home?region={region}#logsV2:log-groups",
    "msk": "msk",
    "opensearch": "aos",
    "parameters": "systems-manager/parameters?region={region}",
    "ram": "ram",
    "rds": "rds",
    "redshift": "redshiftv2",
    "s3": "s3",
    "sagemaker": "sagemaker",
    "secretsmanager": "secretsmanager",
    "securityhub": "securityhub",
    "service-quotas": "servicequotas",
    "ses": "ses",
    "sfn": "states",
    "sns": "sns/v3",
    "sqs": "sqs/v3",
    "ssm": "systems-manager",
    "sso": "singlesignon",
    "stepfunctions": "states",
    "vpc": "vpcconsole",
    "wafv2": "wafv2/homev2",
    "xray": "xray",
}
# Services whose console has one page for the whole partition instead of one for each region.
_GLOBAL = {
    "billing": "billing/home",
    "ce": "costmanagement/home",
    "cloudfront": "cloudfront/v4/home",
    "health": "health/home",
    "iam": "iam/home",
    "organizations": "organizations/v2/home",
    "r53": "route53/v2/home",
    "route53": "route53/v2/home",
    "support": "support/home",
    "trustedadvisor": "trustedadvisor/home",
}
SERVICES = tuple(sorted({*_REGIONAL, *_GLOBAL}))


class ConsolePage(NamedTuple):
    """The URL of a console page, and the region that it shows."""

    region: str
    url: str


def is_global_service(service: str) -> bool:
    """Return whether the service has one console page for the whole partition."""
    return service in _GLOBAL


def console_page_of_service(service: str, region: str) -> ConsolePage:
    """Return the console page of a service in a region.

    Raises: UsageProblem for a service that is not in our tables, with names that are near.
    """
    name = service.strip().lower()
    if name in _GLOBAL:
        return ConsolePage(region, f"https://{partition_of(region).console_host}/{_GLOBAL[name]}")
    path = _REGIONAL.get(name)
    if path is None:
        raise UsageProblem(
            f'no console page is known for a service named "{service}"',
            hint=did_you_mean(name, SERVICES, cutoff=0.6) + "list them with: ssohelper console -h",
        )
    if "?" not in path:
        path += "/home?region={region}"
    return ConsolePage(region, f"{console_base_url(region)}/{path.replace('{region}', region)}")


def console_home_url(page: ConsolePage) -> str:
    """Return the URL of the console's home page in the partition of this page."""
    return f"https://{partition_of(page.region).console_host}/"


def portal_link_to_console_page(profile: Profile, destination: str) -> str:
    """Return the portal's link that opens a console page as the profile's role, after a sign-in.

    The link holds no secret. Its parameters are in the URL's fragment, which a browser does not
    send to the server.
    """
    start = profile.session.start_url.partition("#")[0].rstrip("/")
    role = profile.role
    parameters = {"account_id": role.account_id, "role_name": role.name, "destination": destination}
    return f"{start}/#/console?{urlencode(parameters, quote_via=quote, safe='')}"


def console_sign_in_url(
    service_url: str, issuer: str, destination: str, sign_in_token: Secret
) -> Secret:
    """Return the URL that signs a browser in to the console.

    The URL is a secret, because it works for anyone who opens it. `issuer` is the URL to which the
    console sends the user when the console session has ended.
    """
    parameters = {
        "Action": "login",
        "Issuer": issuer,
        "Destination": destination,
        "SigninToken": sign_in_token.reveal(),
    }
    return Secret(f"{service_url}/federation?{urlencode(parameters, quote_via=quote, safe='')}")
