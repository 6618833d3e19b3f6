"""Why somebody does not come in, and which names, tokens and secrets are not taken; as in
`sentences`."""

from __future__ import annotations

from autofix.core.words import marked as _

LOGINS: tuple[str, ...] = (
    # By the identity provider.
    _("logging in by an identity provider is not set up"),
    _("see `oidc` in the settings"),
    _("the identity provider did not say who you are"),
    _("what the identity provider says does not hold: {why}"),
    _("what the identity provider says is not about this login"),
    _("the identity provider tells no {name}"),
    _("see `oidc.name_claim` in the settings"),
    _("the identity provider took this login back"),
    _("the identity provider says: {text}"),
    _("the identity provider's keys can't be read"),
    _("the identity provider calls itself something else than the settings"),
    _("the identity provider's {name} is no https address"),
    _("the identity provider says too much"),
    _("the identity provider can't be asked: {why}"),
    _("the identity provider answers {n}"),
    _("the identity provider's answer can't be read"),
    _("the identity provider gives you no role here"),
    _("an administrator maps a group of yours to a role: `oidc.roles`"),
    _("this login was begun in another browser"),
    _("this login was not begun here, or took too long"),
    _("begin anew"),
    _("too many logins from this address"),
    _("{name} can't be a name here"),
    _("{name} logs in with a password here"),
    _("{name} is somebody else at the identity provider"),
    _("ask an administrator"),
    # People.
    _("a name has 1 to 80 letters, digits and . _ @ + -, and begins with a letter or digit"),
    _("{name} is not the name of a person"),
    _("all runbooks, and a list of runbooks"),
    _("say one of them"),
    _("say what"),
    # Tokens.
    _("name what shows it: `deploy`, `alertmanager`"),
    _("a token is good for {text} to {text2}"),
    _("write for example 90d"),
    _("a token that posts alerts has no roles"),
    _("leave out the roles"),
    _("a token that may trigger no runbook"),
    _("name one, or leave it out"),
    _("{name} has not what the role {role} gives"),
    _("a token never has more than its owner"),
    # Kept secrets.
    _("{name} is autofix's own"),
    _("a second factor is dropped with `autofix users change`"),
    _("see autofix secrets list"),
    _("{name} can't be the name of a secret"),
    _("a name has 1 to 80 letters, digits and . _ -, and begins with a letter or digit"),
    _("the secret is empty"),
    _("the secret is too large ({n} bytes)"),
    _("it has 1 to {n} bytes"),
    # Forms.
    _("this is not a form"),
    _("the body is larger than {n} bytes"),
    _("a token is shown as `Bearer af_…`"),
    _("{name} is not a name (letters, digits and _, at most 63)"),
    _("{name} is reserved: a name starts neither with __ nor with ansible_"),
    _("control character {name} at position {n}"),
    _("surrogate {name} at position {n}"),
)
