//! `LoginSettings` of RunInstances and ResetInstance: the login of a new system disk.

use crate::{Batch, Context, Parameters, Purpose, Reason, Words, login, source::Source};
use cvmd_model::{InstanceId, KeyPairId, LoginWanted, Password, Refusal};
use cvmd_state::{Message, Transaction, View};

/// The requested login, before its image is known.
pub(crate) enum LoginSettings {
    Keys(Vec<KeyPairId>),
    Password {
        clear: Box<str>,
        hash: Box<str>,
    },
    /// A random password; sealed, for the account's messages.
    Random {
        sealed: Box<str>,
        hash: Box<str>,
    },
    /// The password of a launch template.
    Hashed(Box<str>),
    /// The login of the image's disk.
    OfImage,
}

impl LoginSettings {
    /// Parses, and hashes a password, which is slow.
    pub(crate) fn read(parameters: &mut Parameters, context: &Context) -> Result<LoginSettings, Reason> {
        let (mut keys, mut password, mut keep) = (None, None, false);
        if let Some(mut settings) = parameters.structure("LoginSettings")? {
            keys = Some(Batch::read(&mut settings, "KeyIds")?).filter(|keys| !keys.is_empty());
            password = settings.text("Password")?.filter(|password| !password.is_empty());
            keep = spelled_flag(&mut settings, "KeepImageLogin")?;
        }
        if usize::from(keep) + usize::from(keys.is_some()) + usize::from(password.is_some()) > 1 {
            return Err(Reason::LoginConflict);
        }
        match (keys, password) {
            (Some(keys), _) => Ok(LoginSettings::Keys(keys.to_vec())),
            (None, Some(clear)) => {
                login::password(&clear, false)?;
                let hash = login::hash(&clear, context)?;
                Ok(LoginSettings::Password { clear, hash })
            }
            (None, None) if keep => Ok(LoginSettings::OfImage),
            (None, None) => {
                let clear = login::random_password(context);
                let purpose = Purpose::Password { account: context.account, request: context.request };
                let sealed = context.seal.seal(&clear, purpose);
                Ok(LoginSettings::Random { sealed, hash: login::hash(&clear, context)? })
            }
        }
    }

    /// The wanted login of a machine made from that image.
    pub(crate) fn of(&self, image: &Source, view: &View, context: &Context) -> Result<LoginWanted, Reason> {
        let by_password =
            |hash: &str| LoginWanted { keys: Vec::new(), password: Password::Set(hash.into()), password_login: true };
        match self {
            LoginSettings::Keys(_) if image.is_windows() => Err(Refusal::WindowsImage(image.id).into()),
            LoginSettings::Keys(keys) => {
                for key in keys {
                    view.key_pair_of(context.account, *key).ok_or(Refusal::LoginKeyPairNotFound(*key))?;
                }
                Ok(LoginWanted { keys: keys.clone(), password: Password::Never, password_login: false })
            }
            LoginSettings::Password { clear, hash } => {
                login::password(clear, image.is_windows())?;
                Ok(by_password(hash))
            }
            LoginSettings::Random { hash, .. } | LoginSettings::Hashed(hash) => Ok(by_password(hash)),
            LoginSettings::OfImage => match &image.custom {
                Some(image) => Ok(image.image_login()),
                None => {
                    let english = "LoginSettings.KeepImageLogin with a public image";
                    let chinese = "对公共镜像使用 LoginSettings.KeepImageLogin";
                    Err(Reason::Unsupported { what: Words::new(english, chinese) })
                }
            },
        }
    }

    /// Leaves a message with the random password.
    pub(crate) fn leave_message(&self, tx: &mut Transaction<'_>, context: &Context, instances: &[InstanceId]) {
        let LoginSettings::Random { sealed, .. } = self else { return };
        for instance in instances {
            let sequence = tx.next_sequence();
            tx.put_message(Message {
                sequence,
                account: context.account,
                instance: *instance,
                request: context.request,
                text_encrypted: sealed.clone(),
                created_seconds: context.now_seconds,
            });
        }
    }
}

/// A flag whose type is text: clients send `TRUE`, `True` and `true`.
pub(crate) fn spelled_flag(parameters: &mut Parameters, name: &str) -> Result<bool, Reason> {
    let words = [("TRUE", true), ("True", true), ("true", true), ("FALSE", false), ("False", false), ("false", false)];
    Ok(parameters.word(name, &words)?.unwrap_or(false))
}
