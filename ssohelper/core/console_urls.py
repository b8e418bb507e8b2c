"""Builds URLs of the AWS console: service pages, portal links to them, and federated sign-ins.

Source: IAM user guide, "custom identity broker"; IAM Identity Center user guide, "shortcut links".
"""

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote, urlencode

from ssohelper.core.model import PageChoice, Profile, Secret
from ssohelper.core.service_hosts import console_base_url, partition_of
from ssohelper.core.similar_names import did_you_mean
from ssohelper.errors import UsageProblem

# Services, by the AWS CLI's names or common short names, and the paths of their console pages.
# "{region}" in a path is replaced; "/home?region=…" is added to a path without "?".
_NAMED_AS_PATH = (
    "acm apigateway appsync athena backup batch bedrock cloudformation cloudshell cloudwatch "
    "config ec2 ecr ecs efs eks elasticache emr events fsx glue guardduty kinesis kms lambda "
    "msk ram rds s3 sagemaker secretsmanager securityhub ses xray"
)
_REGIONAL = {name: name for name in _NAMED_AS_PATH.split()} | {
    "apigw": "apigateway",
    "cfn": "cloudformation",
    "cloudtrail": "cloudtrailv2",
    "codebuild": "codesuite/codebuild/projects?region={region}",
    "codecommit": "codesuite/codecommit/repositories?region={region}",
    "codepipeline": "codesuite/codepipeline/pipelines?region={region}",
    "cognito": "cognito/v2",
    "cw": "cloudwatch",
    "ddb": "dynamodbv2",
    "dms": "dms/v2",
    "dynamodb": "dynamodbv2",
    "ebs": "ec2/home?region={region}#Volumes:",
    "elb": "ec2/home?region={region}#LoadBalancers:",
    "elbv2": "ec2/home?region={region}#LoadBalancers:",
    "eventbridge": "events",
    "home": "console",
    "logs": "cloudwatch/home?region={region}#logsV2:log-groups",
    "opensearch": "aos",
    "parameters": "systems-manager/parameters?region={region}",
    "redshift": "redshiftv2",
    "service-quotas": "servicequotas",
    "sfn": "states",
    "sns": "sns/v3",
    "sqs": "sqs/v3",
    "ssm": "systems-manager",
    "sso": "singlesignon",
    "stepfunctions": "states",
    "vpc": "vpcconsole",
    "wafv2": "wafv2/homev2",
}
# Services whose console has one page for the whole partition instead of one for each region.
GLOBAL = {
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
SERVICES = tuple(sorted({*_REGIONAL, *GLOBAL}))
# The regions whose console pages are offered. Source: botocore's partitions.json (2026-11).
_REGIONS = {
    "aws": (
        "af-south-1 ap-east-1 ap-east-2 ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 "
        "ap-south-2 ap-southeast-1 ap-southeast-2 ap-southeast-3 ap-southeast-4 ap-southeast-5 "
        "ap-southeast-6 ap-southeast-7 ca-central-1 ca-west-1 eu-central-1 eu-central-2 eu-north-1 "
        "eu-south-1 eu-south-2 eu-west-1 eu-west-2 eu-west-3 il-central-1 me-central-1 me-south-1 "
        "mx-central-1 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2"
    ),
    "aws-us-gov": "us-gov-east-1 us-gov-west-1",
    "aws-cn": "cn-north-1 cn-northwest-1",
    "aws-eusc": "eusc-de-east-1",
}


class ConsolePage(NamedTuple):
    region: str
    url: str


def console_page_of_service(service: str, region: str) -> ConsolePage:
    """Raises: UsageProblem for a service that is not in our tables; its hint has similar names."""
    name = service.strip().lower()
    if name in GLOBAL:
        return ConsolePage(region, f"https://{partition_of(region).console_host}/{GLOBAL[name]}")
    path = _REGIONAL.get(name)
    if path is None:
        raise UsageProblem(
            f'no console page is known for a service named "{service}"',
            hint=did_you_mean(name, SERVICES, cutoff=0.6) + "list them with: ssohelper console -h",
        )
    if "?" not in path:
        path += "/home?region={region}"
    return ConsolePage(region, f"{console_base_url(region)}/{path.replace('{region}', region)}")


def console_pages_to_offer(last: Sequence[PageChoice], region: str) -> list[PageChoice]:
    """Return the pages in the order in which to offer them. No page is offered twice.

    First those that the user opened last, then the home page and all services in `region`, then all
    services in the other regions.
    """
    known = [choice for choice in last if choice.service in SERVICES]
    here = [PageChoice(service, region) for service in ("home", *SERVICES)]
    regions = _REGIONS.get(partition_of(region).name, "").split()
    others = [PageChoice(service, other) for other in regions for service in sorted(_REGIONAL)]
    return list(dict.fromkeys((*known, *here, *others)))


def portal_console_link(profile: Profile, destination: str) -> str:
    """The parameters are in the URL's fragment, which a browser does not send to the server."""
    start = profile.session.start_url.partition("#")[0].rstrip("/")
    role = profile.role
    parameters = {"account_id": role.account_id, "role_name": role.name, "destination": destination}
    return f"{start}/#/console?{urlencode(parameters, quote_via=quote, safe='')}"


def console_sign_in_url(
    service_url: str, issuer: str, destination: str, sign_in_token: Secret
) -> Secret:
    """The console sends the user to `issuer` when the console session has ended."""
    parameters = {
        "Action": "login",
        "Issuer": issuer,
        "Destination": destination,
        "SigninToken": sign_in_token.reveal(),
    }
    return Secret(f"{service_url}/federation?{urlencode(parameters, quote_via=quote, safe='')}")
