//! Placeholders in `--name` and `--host`.

use std::borrow::Cow;

use super::{Facts, IdentityError};

/// How many digits of a container's id are shown; they are its default host name too.
const SHORT_ID: usize = 12;

/// On which side of the `@` a template stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Before: dots, colons and the like become `_`, since a VM takes none of them there.
    Name,
    /// After: values are taken as they are.
    Host,
}

/// Replaces every placeholder; `host` is what `{host}` stands for.
pub(super) fn expand(
    template: &str,
    side: Side,
    facts: &Facts,
    host: &str,
) -> Result<String, IdentityError> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (placeholder, after) = after
            .split_once('}')
            .ok_or_else(|| IdentityError::Unclosed(template.to_owned()))?;
        let value = value(placeholder, facts, host)?;
        out.push_str(before);
        match side {
            Side::Name => out.extend(value.chars().map(fit_for_a_name)),
            Side::Host => out.push_str(&value),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

fn value<'a>(
    placeholder: &str,
    facts: &'a Facts,
    host: &'a str,
) -> Result<Cow<'a, str>, IdentityError> {
    match placeholder {
        "container" => facts
            .container
            .as_deref()
            .map(|id| id.get(..SHORT_ID).unwrap_or(id).into())
            .ok_or(IdentityError::Unknown(
                "container",
                "this does not look like a container, and no agent says which one it is",
            )),
        "container_name" => {
            facts
                .container_name
                .as_deref()
                .map(Cow::from)
                .ok_or(IdentityError::Unknown(
                    "container_name",
                    "only an agent could tell it, and none did",
                ))
        }
        "hostname" => Ok(facts.hostname.as_str().into()),
        "host" => Ok(host.into()),
        "address" => Ok(facts.address.to_string().into()),
        other => Err(IdentityError::UnknownPlaceholder(other.to_owned())),
    }
}

fn fit_for_a_name(c: char) -> char {
    if c.is_ascii_alphanumeric() || c == '-' {
        c
    } else {
        '_'
    }
}
