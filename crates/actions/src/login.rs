//! Passwords: which are allowed, and the hash, which is all that the state ever holds.

use crate::{Context, Reason, Words};
use chacha20::rand_core::Rng;
use sha_crypt::{PasswordHasher, ShaCrypt};

const SPECIAL: &str = "()`~!@#$%^&*-+=_|{}[]:;'<>,.?/";

/// Checks that a password may be set: 8 to 30 characters (Windows 12), not beginning with `/`, from at least three of
/// the four classes.
pub fn password(password: &str, windows: bool) -> Result<(), Reason> {
    let least = if windows { 12 } else { 8 };
    let classes = [
        password.bytes().any(|byte| byte.is_ascii_lowercase()),
        password.bytes().any(|byte| byte.is_ascii_uppercase()),
        password.bytes().any(|byte| byte.is_ascii_digit()),
        password.chars().any(|character| SPECIAL.contains(character)),
    ];
    let legal = |character: char| character.is_ascii_alphanumeric() || SPECIAL.contains(character);
    let weak = |english, chinese| Err(Reason::Password(Words::new(english, chinese)));
    match () {
        () if !password.chars().all(legal) => weak(
            "letters, digits and ()`~!@#$%^&*-+=_|{}[]:;'<>,.?/ only",
            "只能包含字母、数字和 ()`~!@#$%^&*-+=_|{}[]:;'<>,.?/",
        ),
        // Terraform sends an empty one when `password` is removed from a configuration.
        () if password.is_empty() => weak(
            "it is empty, and a password cannot be taken away, only replaced; to be rid of password logins, bind a key pair",
            "密码为空。密码只能更换，不能取消；如需停用密码登录，请绑定密钥对",
        ),
        () if !(least..=30).contains(&password.len()) => {
            weak("8 to 30 characters, Windows 12 to 30", "长度为 8 至 30 个字符，Windows 为 12 至 30 个")
        }
        () if password.starts_with('/') => weak("it must not begin with `/`", "不能以 `/` 开头"),
        () if classes.iter().filter(|class| **class).count() < 3 => weak(
            "at least three of lower-case letters, upper-case letters, digits and special characters",
            "小写字母、大写字母、数字和特殊字符中至少包含三种",
        ),
        () => Ok(()),
    }
}

/// SHA-512 crypt with twelve bytes of salt, which become the sixteen characters that glibc's crypt uses; with more, PAM
/// refuses the right password. Takes about 1.3 ms: never on an async thread, never on the writer.
pub fn hash(password: &str, context: &Context) -> Result<Box<str>, Reason> {
    let mut salt = [0; 12];
    context.random(b's').fill_bytes(&mut salt);
    let hash = ShaCrypt::SHA512.hash_password_with_salt(password.as_bytes(), &salt).map_err(|_| Reason::OurFault)?;
    Ok(hash.to_string().into())
}

/// Sixteen characters of all four classes, for an instance without a requested login.
pub(crate) fn random_password(context: &Context) -> String {
    // No characters that look alike, and none that are special to a shell.
    const CLASSES: [&[u8]; 4] =
        [b"abcdefghijkmnpqrstuvwxyz", b"ABCDEFGHJKLMNPQRSTUVWXYZ", b"23456789", b"@#%^*-+=_:,."];
    let mut random = context.random(b'p');
    (0..16)
        .map(|place| {
            let class = CLASSES[place % 4];
            // Invariant: a class has fewer than 2^32 characters, so the remainder fits.
            class[random.next_u64() as usize % class.len()] as char
        })
        .collect()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn three_of_four_classes_and_8_to_30_characters() {
        for good in ["Abcdefg1", "abcdefg1!", "ABC12345_", "Abcdefg!", &format!("Ab1{}", "x".repeat(27))] {
            assert_eq!(password(good, false), Ok(()), "{good}");
        }
        for bad in [
            "",
            "Abcde1!",
            "abcdefgh",
            "abcdefg1",
            "/Abcdefg1",
            "Abcdefg 1",
            "Abcdéfg1",
            &format!("Ab1{}", "x".repeat(28)),
        ] {
            assert!(password(bad, false).is_err(), "{bad}");
        }
        assert!(password("Abcdefgh12", true).is_err(), "Windows wants twelve");
        assert_eq!(password("Abcdefgh1234", true), Ok(()));
    }
}
