"""The only module that asks AWS for role credentials and writes their cache."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from functools import cached_property
from typing import TYPE_CHECKING

from ssohelper.core import allow_list, chains, guard_rules, journal
from ssohelper.core.model import Account, Role, RoleKey
from ssohelper.core.policy import Policy, PublishPermit, ReleasePermit, Way
from ssohelper.errors import LocalState, Refused, SsoHelperError
from ssohelper.fastpath import calling_process, published

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ssohelper.broker.requests import AskedBy
    from ssohelper.collaborators.stores import Stores
    from ssohelper.core.allow_list import AllowList
    from ssohelper.core.chains import AssumeRole
    from ssohelper.core.deadline import Deadline
    from ssohelper.core.model import AccessToken, CachedCredentials, RoleCredentials, SsoSession
    from ssohelper.core.service_hosts import StsAddress
    from ssohelper.stores.credential_writer import CredentialWriter
    from ssohelper.wire.portal import Portal
    from ssohelper.wire.role_credentials import AssumedRole
    from ssohelper.wire.sts import Sts


class Vault:
    def __init__(self, stores: Stores) -> None:
        self._app = stores
        self.sts_clients: dict[tuple[str, str], Sts] = {}
        self._identities: tuple[bytes, ...] = ()

    # -- whether credentials may be handed out ------------------------------------------------

    def permit_release(self, key: RoleKey, way: Way) -> ReleasePermit:
        """Return the permit to hand out this role's credentials. Raises: Refused (9).

        A refusal, and each release of a guarded role, is written to the journal.
        """
        permit = self.check_release(key, way)
        if permit.rule is not None:
            caller, grant = calling_process.find_caller(), permit.grant_id
            self._journal_guarded_role(
                journal.make_entry("release", key, caller, way=way, rule=permit.rule, grant=grant)
            )
        return permit

    def check_release(self, key: RoleKey, way: Way) -> ReleasePermit:
        self.forget_changed_policy()
        try:
            return self._make_permit(key, way)
        except SsoHelperError as refusal:
            self.journal_refusal(key, refusal.message, way)
            raise

    @contextmanager
    def raise_refusal_first(self, key: RoleKey, way: Way) -> Iterator[None]:
        """If the block raises an error, raise the role's refusal instead, if there is one."""
        try:
            yield
        except SsoHelperError:
            self.check_release(key, way)
            raise

    def journal_refusal(self, key: RoleKey, reason: str, way: Way | None = None) -> None:
        caller = calling_process.find_caller()
        entry = journal.make_entry("refused", key, caller, way=way, reason=reason)
        self._app.journal.try_append(entry)

    def may_release(self, key: RoleKey, way: Way) -> bool:
        """Return whether the role may be handed out, without a line in the journal."""
        self.forget_changed_policy()
        try:
            self._make_permit(key, way)
        except SsoHelperError:
            return False
        return True

    def _make_permit(self, key: RoleKey, way: Way) -> ReleasePermit:
        self.check_portal_of_role(key)
        permit = self.policy.permit_release(key, way)
        self._refuse_unreadable_settings()
        return permit

    def _refuse_unreadable_settings(self) -> None:
        """Refuse every role: settings that cannot be read may have a new guard rule."""
        if not self.guard_rules_of_user:
            return
        try:
            self._app.read_settings()
        except SsoHelperError as cause:
            raise Refused(
                f"the settings may guard this role, and cannot be read: {cause.message}",
                hint=cause.hint,
            ) from cause

    def check_portal_of_role(self, key: RoleKey) -> None:
        company = self._app.company_policy
        if company.portals is None:
            return
        for session in self._app.config.read().sso_sessions():
            if session.name == key.session_name:
                company.check_portal(session)

    def find_guarding_rule(self, key: RoleKey) -> str | None:
        self.forget_changed_policy()
        return self.policy.find_guarding_rule(key)

    def refuse_role_if_guarded(self, key: RoleKey) -> None:
        self.check_portal_of_role(key)
        rule = self.policy.find_guarding_rule(key)
        if rule is not None:
            raise Refused(f'the rule "{rule}" guards this role')
        self._refuse_unreadable_settings()

    def load_settings_and_journal(self) -> None:
        _ = self.policy, self._app.journal

    # -- getting role credentials from AWS ----------------------------------------------------

    def issue_role_credentials(
        self,
        session: SsoSession,
        role: Role,
        token: AccessToken,
        deadline: Deadline,
        asked_by: AskedBy,
        portal: Portal,
    ) -> RoleCredentials:
        """Ask AWS in one request, and write that to the journal.

        Raises: TokenRejected, RoleNotAssigned, AwsUnreachable; Refused without a journal.
        """
        from ssohelper.wire.role_credentials import get_role_credentials

        self._app.company_policy.check_portal(session)
        issued = get_role_credentials(portal, token, role, deadline)
        self._journal_issued_credentials(session.key_of(role), issued, asked_by)
        return issued

    def assume_chained_role(
        self,
        key: RoleKey,
        session: SsoSession,
        asked: AssumeRole,
        source: RoleCredentials,
        deadline: Deadline,
        asked_by: AskedBy,
        sts_address: StsAddress,
    ) -> AssumedRole:
        """Ask STS in one request for a chain's last role.

        Raises: SourceRejected, RoleNotAssigned, AwsUnreachable; Refused without a journal.
        """
        from ssohelper.wire.role_credentials import assume_role
        from ssohelper.wire.sts import Sts

        self._app.company_policy.check_portal(session)
        sts = self.sts_clients.get(sts_address)
        if sts is None:
            sts = self.sts_clients[sts_address] = Sts(*sts_address, self._app.aws_environ)
        assumed = assume_role(sts, asked, source, self._app.clock.aws_now(), deadline)
        self._journal_issued_credentials(
            key, assumed.credentials, asked_by, role_arn=asked.role_arn
        )
        return assumed

    def _journal_issued_credentials(
        self,
        key: RoleKey,
        issued: RoleCredentials,
        asked_by: AskedBy,
        *,
        role_arn: str | None = None,
    ) -> None:
        line = journal.make_entry(
            "issue",
            key,
            (asked_by.parent, asked_by.terminal),
            until=issued.expires_at,
            access_key_id=issued.access_key_id,
            background=asked_by.is_background,
            others=asked_by.others,
            role_arn=role_arn,
        )
        if self.policy.find_guarding_rule(key) is None:
            self._app.journal.try_append(line)
        else:
            self._journal_guarded_role(line)

    # -- caching and publishing ---------------------------------------------------------------

    def save(self, key: RoleKey, session: SsoSession, cached: CachedCredentials) -> None:
        self._credential_writer.save(key, session, cached)

    def permit_publishing(self, key: RoleKey) -> PublishPermit | None:
        """Return None for a guarded role, or if the keyring is used and no RAM disk is there."""
        _ = self._app.settings
        if not self._app.storage.may_publish:
            return None
        return self.policy.permit_publishing(key)

    def publish(self, permit: PublishPermit, document: bytes, valid_until: int, now: int) -> None:
        self._credential_writer.publish(permit, document, valid_until, now)

    # -- the guard rules and stores -----------------------------------------------------------

    @cached_property
    def policy(self) -> Policy:
        """Raises: LocalState, ConfigInvalid."""
        self._identities = self._identify_policy_files()
        text = self._app.environ.get(allow_list.VARIABLE)
        return Policy(
            self.for_portals(self.written_guard_rules),
            None if text is None else self.parse_allow_list(text, self.load_names_at_exec()),
            find_account=self.find_account,
            find_grant=self._find_grant,
            has_terminal=lambda: self._app.find_grant_context().session is not None,
            find_roles=self._list_roles_of_key,
        )

    def parse_allow_list(self, text: str, names: Mapping[str, str] | None) -> AllowList:
        allowed = allow_list.parse_allow_list(text, names)
        company = self._app.company_policy.agents_allow
        return allowed if company is None else allowed.with_further_list(company)

    def load_names_at_exec(self) -> Mapping[str, str] | None:
        """Return the accounts' names that an `exec --allow` around this process saved."""
        path = self._app.environ.get(allow_list.NAMES_VARIABLE)
        return None if path is None else self._app.make_child_files().load_account_names(path)

    @property
    def written_guard_rules(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys((*self._app.company_policy.guard_rules, *self.guard_rules_of_user))
        )

    def for_portals(self, rules: Sequence[str]) -> tuple[str, ...]:
        """Return the rules; those that name a session are repeated for other sessions of its
        portal.
        """
        if not any(":" in rule for rule in rules):
            return tuple(rules)  # without reading the config
        return guard_rules.for_portals(rules, self._app.config.read().sso_sessions())

    @cached_property
    def guard_rules_of_user(self) -> tuple[str, ...]:
        return self.remember_guard_rules()

    def remember_guard_rules(self) -> tuple[str, ...]:
        """Save new rules of config.toml, in case that file is lost; return all rules."""
        remembered = self._app.protections.load_rules()
        try:
            # The user may have changed the rules since this process read the settings.
            configured = self._app.read_settings().guard_rules()
        except SsoHelperError:
            return remembered
        rules = tuple(dict.fromkeys((*remembered, *configured)))
        if rules == remembered:
            return rules
        try:
            # The user may have restored the earlier settings file with its time: then the launcher
            # would print the old responses again.
            self._credential_writer.delete_all_responses()
            self._app.protections.save_rules(rules)
        except (LocalState, OSError) as cause:
            self._app.warn(
                f"a new guard rule is in force, but could not be saved for later calls: {cause}"
            )
        return rules

    def forget_changed_policy(self) -> None:
        """Forget the rules if a file that decides them changed, because the full screen runs for
        hours.
        """
        if "policy" in self.__dict__ and self._identities != self._identify_policy_files():
            del self.policy
            self.__dict__.pop("guard_rules_of_user", None)
            with suppress(AttributeError):
                del self._app.company_policy

    def _identify_policy_files(self) -> tuple[bytes, ...]:
        found = self._app.locations
        files = found.settings_file, found.company_policy_file, found.aws_config_file
        return tuple(map(_read_identity_of_file, files))

    @cached_property
    def _credential_writer(self) -> CredentialWriter:
        from ssohelper.stores.credential_writer import CredentialWriter

        app = self._app
        return CredentialWriter(
            app.locations.runtime_folder, app.settings_stamp, lambda: app.tokens.codec
        )

    def _journal_guarded_role(self, entry: journal.Entry) -> None:
        try:
            self._app.journal.append(entry)
        except LocalState as cause:
            raise Refused(
                f"the journal cannot be written, so no guarded role is handed out: {cause.message}"
            ) from cause

    def _find_grant(self, key: RoleKey) -> str | None:
        grant = self._app.grants.find(key)
        return None if grant is None else grant.id

    def find_account(self, key: RoleKey) -> Account:
        listing = self._app.directory.load(key.session_name)
        for listed in listing.accounts if listing else ():
            if listed.account.id == key.account_id:
                return listed.account
        return Account(key.account_id, "", "")

    def _list_roles_of_key(self, key: RoleKey) -> Sequence[RoleKey]:
        if not key.chain:
            return (key,)
        return chains.find_chain_by_key(self._app.config.read(), key).keys_of_all_roles(key)


def _read_identity_of_file(path: Path) -> bytes:
    try:
        return published.identify_file_content(path.stat())
    except OSError:
        return b""
