"""The people of one console: login and logout, who a token is, all of it noted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lineshaft.app.console.door import NotAllowed, NotLoggedIn, Person, Role, local_name
from lineshaft.app.console.security.accounts import Account, Accounts
from lineshaft.app.console.security.audit import Audit
from lineshaft.app.console.security.csrf import Tokens
from lineshaft.app.console.security.errors import MustWait
from lineshaft.app.console.security.limiter import Limiter
from lineshaft.app.console.security.oidc import Provider
from lineshaft.app.console.security.passwords import Passwords
from lineshaft.app.console.security.policy import Policy, check
from lineshaft.app.console.security.sessions import Sessions
from lineshaft.app.console.security.store import Store
from lineshaft.core.clock import Clock, SystemClock
from lineshaft.core.errors import LineshaftError


@dataclass(frozen=True, slots=True)
class Entered:
    """Who came in, and the token for the cookie."""

    account: Account
    token: str


class People:
    """Accounts, sessions, limits and the audit log of a project; one a process, used by many threads."""

    def __init__(self, project: Path, policy: Policy | None = None, *, clock: Clock | None = None,
                 passwords: Passwords | None = None) -> None:
        self.policy, clock = policy or Policy(), clock or SystemClock()
        self.store = Store(project)
        self.audit = Audit(self.store, clock)
        self.accounts = Accounts(self.store, passwords or Passwords(), self.audit, clock)
        self.sessions = Sessions(self.store, clock, idle_ns=self.policy.idle_ns, absolute_ns=self.policy.absolute_ns)
        self.limiter = Limiter(clock)
        self.tokens = Tokens(self.store)
        self.provider = Provider(self.policy.oidc, clock) if self.policy.users and self.policy.oidc else None

    def enter(self, name: str, password: str, address: str, *, old: str = "") -> Entered:
        """A person with a password; ``old`` is the token the browser had, which ends: nobody can have planted it."""
        account = self._prove(name, password, address)
        if account is None:
            self._refused(self.accounts.known(name), address, "name or password is wrong")
            raise NotLoggedIn("name or password is wrong", where="login", do="try again, or ask an administrator")
        return self.welcome(account, address, old=old)

    def welcome(self, account: Account, address: str, *, old: str = "") -> Entered:
        """A person whose identity is proved."""
        if account.disabled:
            self._refused(account.name, address, "the account is disabled")
            raise NotAllowed("this account is disabled", where="login", do="ask an administrator to enable it")
        with self.store.write():
            if old:
                self.sessions.close(old)
            token = self.sessions.open(account, address)
            self.accounts.note_login(account)
            self.audit.note(Person(account.name, account.role, address), "logged in")
        return Entered(account, token)

    def come_back(self, state: str, code: str, ticket: str, address: str, *, error: str = "", old: str = "") -> Entered:
        """A person whom the identity provider sends."""
        if self.provider is None:
            raise NotAllowed("no identity provider is configured", where="login", do="log in with a password")
        try:
            found = self.provider.finish(state, code, ticket, error=error)
            account = self.accounts.foreign(found.subject, found.name, found.role, address)
        except LineshaftError as refused:
            self._refused("", address, refused.what)
            raise
        return self.welcome(account, address, old=old)

    def check(self) -> None:
        """Refuse to serve where that would let strangers in."""
        check(self.policy, anybody=self.accounts.administered() or self._administered_elsewhere())

    def _administered_elsewhere(self) -> bool:
        return self.policy.oidc is not None and Role.ADMIN in self.policy.oidc.roles.values()

    def leave(self, token: str, address: str) -> None:
        """End a session; nothing to do where there is none."""
        session = self.sessions.find(token) if token else None
        if session is not None:
            self.sessions.close(token)
            self.audit.note(Person(session.name, session.role, address), "logged out")

    def change_password(self, person: Person, old: str, new: str) -> Entered:
        """One's own; every session of the account ends, and a new one begins here."""
        if old == new:
            raise NotAllowed("the new password is the old one", where="password", do="choose another")
        self.accounts.local(person.name)
        if self._prove(person.name, old, person.address) is None:
            self.audit.note(person, "password set", person.name, {"why": "the old one is wrong"}, outcome="refused")
            raise NotAllowed("the old password is wrong", where="password", do="try again, or ask an administrator")
        account = self.accounts.set_password(person, person.name, new, must_change=False)
        return Entered(account, self.sessions.open(account, person.address))

    def who(self, token: str, address: str, *, prolong: bool = True) -> Person | None:
        """The person behind a token, None where nobody is; where accounts are off, this machine's user."""
        if not self.policy.users:
            return Person(local_name(), Role.ADMIN, address)
        session = self.sessions.find(token, prolong=prolong) if token else None
        return Person(session.name, session.role, address, session.must_change) if session else None

    def close(self) -> None:
        if self.provider is not None:
            self.provider.close()
        self.store.close()

    def _prove(self, name: str, password: str, address: str) -> Account | None:
        """The account whose password this is, within the limits of trying."""
        self.limiter.begin(name, address)
        try:
            account = self.accounts.verify(name, password)
        except MustWait:
            self.limiter.withdrawn(name, address)
            raise
        if account is not None:
            self.limiter.succeeded(name, address)
        return account

    def _refused(self, name: str, address: str, why: str) -> None:
        """Names that nobody has are not noted: people type passwords into the wrong field."""
        if not name:
            self.audit.note_stranger(address, "login refused", {"why": why})
            return
        person = Person(name, self.accounts.get(name).role, address)
        self.audit.note(person, "login refused", "", {"why": why}, outcome="refused")
