"""Refuses chains across AWS's partitions, before anything is asked of STS. Pure."""

from ssohelper.core.chains import Chain
from ssohelper.core.service_hosts import partition_of
from ssohelper.errors import ConfigInvalid


def check_chain_partition(chain: Chain, region: str) -> None:
    """Refuse a chain whose last role is in another partition than the region in which STS is asked.

    Raises: ConfigInvalid.
    """
    partition = partition_of(region).name
    step = chain.steps[-1]
    if step.partition != partition:
        raise ConfigInvalid(
            f'the role of profile "{step.profile}" is in the partition {step.partition}, and its '
            f"region {region} is in {partition}: no role is assumed across partitions",
            hint="correct role_arn or region in ~/.aws/config",
        )
