//! The value given for each setting: a flag beats its variable, which beats the file, which beats the default. And where it
//! was given, for the message about a value that makes no sense.

use crate::config::{file, settings::Settings};
use anyhow::{Context, bail};
use clap::Args;
use std::{collections::BTreeMap, ops::RangeInclusive, path::PathBuf};

/// The values of flags and variables, and the defaults of the others.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[arg(skip)]
    pub(crate) sources: Sources,
}

/// Where a setting was given, by the name of its flag: the flag, as it is written, or the variable.
pub(crate) type Sources = BTreeMap<String, String>;

/// Flags, variables and file put together.
#[derive(Debug)]
pub(crate) struct Given {
    arguments: ServeArguments,
    file: Settings,
    /// The file's path, if there is one.
    path: Option<PathBuf>,
}

/// A setting: its name in the file, and its place in [`Settings`]. [`setting!`] makes both of the one path.
pub(crate) struct Setting<T> {
    pub(crate) name: &'static str,
    pub(crate) of: fn(&Settings) -> Option<T>,
}

/// `setting!(ssh.mode)` is a [`Setting`].
macro_rules! setting {
    ($first:ident $(. $rest:ident)*) => {
        $crate::config::given::Setting {
            name: concat!(stringify!($first) $(, ".", stringify!($rest))*),
            of: |settings| Option::clone(&settings.$first $(.$rest)*),
        }
    };
}
pub(crate) use setting;

impl<T> Copy for Setting<T> {}

impl<T> Clone for Setting<T> {
    fn clone(&self) -> Setting<T> {
        *self
    }
}

impl<T> Setting<T> {
    fn flag(self) -> String {
        flag(self.name)
    }
}

/// The name of a setting's flag, without its dashes.
pub(crate) fn flag(name: &str) -> String {
    name.replace(['.', '_'], "-")
}

impl Given {
    /// Reads the file that the arguments name.
    ///
    /// # Errors
    /// When it cannot be read, or understood.
    pub(crate) fn new(arguments: ServeArguments) -> anyhow::Result<Given> {
        let path = arguments.settings.config.clone();
        let file = path.as_deref().map_or_else(|| Ok(Settings::default()), file::read)?;
        Ok(Given { arguments, file, path })
    }

    /// The value that counts, if one was given or there is a default.
    pub(crate) fn value<T>(&self, setting: Setting<T>) -> Option<T> {
        let of_arguments = (setting.of)(&self.arguments.settings);
        if self.arguments.sources.contains_key(&setting.flag()) {
            return of_arguments;
        }
        (setting.of)(&self.file).or(of_arguments)
    }

    /// Whether it was given, and is not the default.
    pub(crate) fn is_given<T>(&self, setting: Setting<T>) -> bool {
        self.arguments.sources.contains_key(&setting.flag()) || (setting.of)(&self.file).is_some()
    }

    /// Reads the value that counts, of a setting that has a default.
    ///
    /// # Errors
    /// Those of `read`, with the place where it was given.
    pub(crate) fn read<T, U>(
        &self,
        setting: Setting<T>,
        read: impl FnOnce(T) -> anyhow::Result<U>,
    ) -> anyhow::Result<U> {
        self.read_any(setting, |value| read(value.context("it is not given, and there is no default")?))
    }

    /// Reads the value that counts, or `None` if none was given.
    ///
    /// # Errors
    /// Those of `read`, with the place where it was given.
    pub(crate) fn read_any<T, U>(
        &self,
        setting: Setting<T>,
        read: impl FnOnce(Option<T>) -> anyhow::Result<U>,
    ) -> anyhow::Result<U> {
        let flag = setting.flag();
        let value = read(self.value(setting));
        value.with_context(|| self.arguments.sources.get(&flag).map_or_else(|| self.file_or(&flag), String::clone))
    }

    /// Reads the value that counts, of a number that has bounds and a default. `unit` is a word with a blank before it, or nothing.
    ///
    /// # Errors
    /// When it is out of bounds.
    pub(crate) fn number(&self, setting: Setting<u64>, bounds: RangeInclusive<u64>, unit: &str) -> anyhow::Result<u64> {
        self.read(setting, |number| match bounds.contains(&number) {
            true => Ok(number),
            false => bail!("{} is {} to {}{unit}, not {number}", setting.name, bounds.start(), bounds.end()),
        })
    }

    /// Checks the file's value: one that makes no sense is refused even if a flag beats it.
    ///
    /// # Errors
    /// Those of `read`, with the file's name.
    pub(crate) fn check_file<T, U>(
        &self,
        setting: Setting<T>,
        read: impl FnOnce(T) -> anyhow::Result<U>,
    ) -> anyhow::Result<()> {
        let checked = (setting.of)(&self.file).map(read).transpose();
        checked.map(drop).with_context(|| self.file_or(&setting.flag()))
    }

    fn file_or(&self, flag: &str) -> String {
        self.path.as_deref().map_or_else(|| format!("--{flag}"), |path| path.display().to_string())
    }
}

#[cfg(test)]
pub(crate) mod test {
    use super::*;
    use crate::{cli::variables, config::Config};

    /// The settings of these words and this file, without the environment.
    pub(crate) fn given(words: &[&str], file: &str) -> Given {
        let arguments = variables::test::serve(words);
        Given { arguments, file: toml::from_str(file).unwrap(), path: None }
    }

    #[test]
    fn a_flag_beats_the_file_which_beats_the_default() {
        let seconds = |words: &[&str], file: &str| given(words, file).value(setting!(boot_timeout_s));
        assert_eq!(seconds(&[], ""), Some(120));
        assert_eq!(seconds(&[], "boot_timeout_s = 7"), Some(7));
        assert_eq!(seconds(&["--boot-timeout-s=120"], "boot_timeout_s = 7"), Some(120), "though it is the default");
        let is_given = |words: &[&str], file: &str| given(words, file).is_given(setting!(ssh.ports));
        assert!(!is_given(&[], "") && is_given(&[], "[ssh]\nports = [0]") && is_given(&["--ssh-ports=22,2222,0"], ""));
    }

    #[test]
    fn defaults_are_those_of_the_crates() {
        let region = cvmd_model::RegionId::find("ap-guangzhou").unwrap();
        let directory = ["--data", "/nowhere"];
        let config = Config::read(variables::test::serve(&directory)).unwrap();
        assert_eq!(config.listen, "127.0.0.1:8312".parse().unwrap());
        assert_eq!(config.limits, cvmd_operations::Limits::default());
        assert_eq!(config.policy, cvmd_actions::Policy::documented(region));
        assert_eq!((&*config.log, config.log_format), ("info", crate::cli::arguments::Format::Text));
        assert_eq!(config.ssh.ports, [22, 2222, 0]);
    }
}
