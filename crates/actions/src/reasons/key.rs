//! Names of key pairs, and texts that are not public keys.

use cvmd_model::MalformedKey;

reasons! {
    /// Why a key pair cannot have that name.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum KeyNameReason {
        Empty => "InvalidKeyPairNameEmpty",
            "The key pair name is empty.",
            "密钥名称为空。";
        TooLong => "InvalidKeyPairNameTooLong",
            "The key pair name has more than 25 characters.",
            "密钥名称超过 25 个字符。";
        Illegal => "InvalidKeyPairNameIncludeIllegalChar",
            "The key pair name may hold letters, digits and underscores only.",
            "密钥名称包含非法字符，只支持英文、数字和下划线。";
    }
}

/// The English text is the model's, because people who start the server with a seed read it too.
pub(crate) fn malformed_key(fault: &MalformedKey) -> String {
    match fault {
        MalformedKey::Form => "公钥为一行，依次是算法、base64 和注释".into(),
        MalformedKey::Content => "base64 部分不是该算法的密钥".into(),
        MalformedKey::RsaBits { bits } => format!("RSA 密钥应为 1024 至 16384 位，此密钥为 {bits} 位"),
        MalformedKey::Algorithm => "只支持 ssh-rsa 和 ssh-ed25519 密钥".into(),
    }
}
