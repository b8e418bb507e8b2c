"""ssohelper: credential helper and profile manager for AWS IAM Identity Center."""

__version__ = "0.1.0"
