//! What each image consists of.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

/// Counts changes of how images are made that the recipes themselves do not show.
const FORMAT: u32 = 1;

/// An image of the lab.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Image {
    /// Erlang/OTP 23, from Debian bullseye.
    Otp23,
    /// Erlang/OTP 25, from Debian bookworm.
    Otp25,
    /// Erlang/OTP 27, from Debian trixie.
    Otp27,
    /// Erlang/OTP 29, from Debian sid, which moves and cannot be had on every day.
    Otp29,
    /// RabbitMQ 3.10 on OTP 25, from Debian bookworm, with an AMQP client.
    Rabbitmq310,
    /// RabbitMQ 4 on OTP 27, from Debian trixie, with an AMQP client.
    Rabbitmq4,
    /// Elixir 1.14 on OTP 25, from Debian bookworm.
    Elixir114,
    /// Elixir 1.18 on OTP 27, from Debian trixie.
    Elixir118,
    /// rebar3 3.19, whose releases are relx's, on OTP 25, from Debian bookworm.
    Rebar319,
    /// ejabberd 23.01 on OTP 25, from Debian bookworm.
    Ejabberd2301,
    /// The name server Unbound 1.17 beside OTP 25, from Debian bookworm. It runs in a container, as a package on the
    /// machine itself would be a name server of the machine.
    Unbound117,
}

/// A Debian suite and the packages added to its smallest installation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    pub(super) suite: &'static str,
    pub(super) packages: &'static [&'static str],
    /// Packages whose files are added without what they depend on, where that is a desktop.
    pub(super) unpacked: &'static [&'static str],
}

impl Image {
    /// The plain Erlang images, oldest first.
    pub const OTPS: [Self; 4] = [Self::Otp23, Self::Otp25, Self::Otp27, Self::Otp29];

    /// Every image that some test uses.
    pub const ALL: [Self; 11] = [
        Self::Otp23,
        Self::Otp25,
        Self::Otp27,
        Self::Otp29,
        Self::Rabbitmq310,
        Self::Rabbitmq4,
        Self::Elixir114,
        Self::Elixir118,
        Self::Rebar319,
        Self::Ejabberd2301,
        Self::Unbound117,
    ];

    /// The name for people, and of the image in a daemon.
    pub fn name(self) -> &'static str {
        match self {
            Self::Otp23 => "otp23",
            Self::Otp25 => "otp25",
            Self::Otp27 => "otp27",
            Self::Otp29 => "otp29",
            Self::Rabbitmq310 => "rabbitmq3.10",
            Self::Rabbitmq4 => "rabbitmq4",
            Self::Elixir114 => "elixir1.14",
            Self::Elixir118 => "elixir1.18",
            Self::Rebar319 => "rebar3.19",
            Self::Ejabberd2301 => "ejabberd23.01",
            Self::Unbound117 => "unbound1.17",
        }
    }

    /// The Erlang/OTP release in it.
    pub fn otp(self) -> u8 {
        match self {
            Self::Otp23 => 23,
            Self::Otp25
            | Self::Rabbitmq310
            | Self::Elixir114
            | Self::Rebar319
            | Self::Ejabberd2301
            | Self::Unbound117 => 25,
            Self::Otp27 | Self::Rabbitmq4 | Self::Elixir118 => 27,
            Self::Otp29 => 29,
        }
    }

    /// Whether nodes of the two connect: 23 lacks what 26 and later demand.
    pub fn connects_to(self, other: Self) -> bool {
        let (low, high) = (self.otp().min(other.otp()), self.otp().max(other.otp()));
        low >= 24 || high <= 25
    }

    /// Whether a run may go on without it: its suite changes daily and is broken on some days.
    pub(crate) fn may_be_omitted(self) -> bool {
        self.recipe().suite == "sid"
    }

    /// The name and tag in a daemon; the tag changes with the recipe.
    pub(crate) fn reference(self) -> String {
        format!("beamport-lab/{}:{}", self.name(), self.tag())
    }

    /// Stands for the contents of the recipe.
    pub(super) fn tag(self) -> String {
        let mut hasher = DefaultHasher::new();
        let recipe = self.recipe();
        (FORMAT, recipe.suite, recipe.packages).hash(&mut hasher);
        if !recipe.unpacked.is_empty() {
            recipe.unpacked.hash(&mut hasher);
        }
        format!("{:016x}", hasher.finish())
    }

    pub(super) fn recipe(self) -> Recipe {
        // Nodes that talk over TLS need the second.
        const PLAIN: &[&str] = &["erlang-base", "erlang-ssl"];
        let (suite, packages): (_, &[_]) = match self {
            Self::Otp23 => ("bullseye", PLAIN),
            Self::Otp25 => ("bookworm", PLAIN),
            Self::Otp27 => ("trixie", PLAIN),
            Self::Otp29 => ("sid", PLAIN),
            Self::Rabbitmq310 => ("bookworm", &["rabbitmq-server", "python3-pika"]),
            Self::Rabbitmq4 => ("trixie", &["rabbitmq-server", "python3-pika"]),
            Self::Elixir114 => ("bookworm", &["elixir"]),
            Self::Elixir118 => ("trixie", &["elixir"]),
            Self::Rebar319 => ("bookworm", &["elixir"]),
            Self::Ejabberd2301 => ("bookworm", &["ejabberd"]),
            Self::Unbound117 => ("bookworm", &["erlang-base", "unbound"]),
        };
        let unpacked: &[_] = match self {
            // It depends on Dialyzer and reltool, and through them on wxWidgets and GTK.
            Self::Rebar319 => &["rebar3"],
            _ => &[],
        };
        Recipe {
            suite,
            packages,
            unpacked,
        }
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_23_is_too_old_for_27_and_29() {
        let refused: Vec<_> = Image::OTPS
            .iter()
            .flat_map(|a| Image::OTPS.map(|b| (*a, b)))
            .filter(|(a, b)| a.otp() < b.otp() && !a.connects_to(*b))
            .collect();
        assert_eq!(
            refused,
            [(Image::Otp23, Image::Otp27), (Image::Otp23, Image::Otp29)]
        );
        assert!(Image::OTPS.iter().all(|image| image.connects_to(*image)));
    }

    #[test]
    fn tags_tell_recipes_apart() {
        let tags: std::collections::BTreeSet<_> = Image::ALL.map(Image::tag).into();
        assert_eq!(tags.len(), Image::ALL.len());
    }
}
