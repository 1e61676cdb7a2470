//! Values that a parameter does not accept, with the accepted ones; and requests that exceed a bound of this server or
//! of an account.

use cvmd_state::TooLarge;

reasons! {
    /// Which values are accepted.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Untaken {
        /// A number, with its range.
        Range { name: Box<str>, value: i128, least: i128, most: i128 } => "InvalidParameterValue",
            "The value `{value}` specified in the parameter `{name}` is not valid: {least} to {most}.",
            "参数 `{name}` 的取值 `{value}` 不合法，取值范围为 {least} 至 {most}。";
        Least { name: Box<str>, value: i128, least: i128 } => "InvalidParameterValue",
            "The value `{value}` specified in the parameter `{name}` is not valid: {least} or more.",
            "参数 `{name}` 的取值 `{value}` 不合法，不能小于 {least}。";
        /// A text, with the known words.
        Word { name: Box<str>, value: Box<str>, words: Box<str> } => "InvalidParameterValue",
            "The value `{value}` specified in the parameter `{name}` is not valid: it is one of {words}.",
            "参数 `{name}` 的取值 `{value}` 不合法，可选值为 {words}。";
        Length { name: Box<str>, value: Box<str>, least: usize, most: usize } => "InvalidParameterValue",
            "The value `{value}` specified in the parameter `{name}` is not valid: {least} to {most} characters.",
            "参数 `{name}` 的取值 `{value}` 不合法，长度为 {least} 至 {most} 个字符。";
    }
}

reasons! {
    /// A bound of this server, where the vendor has none, or no code for it.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Excess {
        Text { name: Box<str>, given: usize, limit: usize } => "InvalidParameterValue",
            "The parameter `{name}` has {given} bytes; at most {limit} are allowed.",
            "参数 `{name}` 的长度为 {given} 字节，超过上限 {limit} 字节。";
        List { name: Box<str>, given: usize, limit: usize } => "InvalidParameterValue",
            "The parameter `{name}` has {given} values; at most {limit} are allowed.",
            "参数 `{name}` 有 {given} 个值，超过上限 {limit} 个。";
        Request { given: usize, longest: Box<str>, limit: usize } => "InvalidParameterValue",
            "The parameters of the request have {given} bytes, `{longest}` the most of them; at most {limit} are allowed.",
            "请求参数的总长度为 {given} 字节，其中 `{longest}` 最长，超过上限 {limit} 字节。";
        Written(written: TooLarge) => written;
        Instances { held: u64, limit: u64 } => "LimitExceeded.InstanceQuota",
            "The account has {held} instances, and at most {limit} are allowed: terminate some, or ask the operator for more.",
            "账号已有 {held} 个实例，最多允许 {limit} 个；请先销毁部分实例，或联系管理员提高上限。";
        Reply { bytes: usize, limit: usize } => "InvalidParameterValue",
            "The reply would have {bytes} bytes; at most {limit} are sent. Ask for fewer with `Limit` or by id.",
            "返回结果为 {bytes} 字节，超过上限 {limit} 字节；请用 `Limit` 或 ID 减少返回的数量。";
    }
}

// Reasons for a command that would write too much.
reasons! {
    for TooLarge {
        Row { id, bytes, limit } => "InvalidParameterValue",
            "With this request `{id}` would be kept in {bytes} bytes; at most {limit} are allowed. Shorten its texts, or give fewer of them.",
            "该请求会使 `{id}` 占用 {bytes} 字节，超过上限 {limit} 字节；请缩短或减少其中的文本。";
        Command { rows, limit } => "InvalidParameterValue",
            "The request would write {rows} resources of more than {limit} bytes together, which is the limit. Name fewer at once.",
            "该请求写入的 {rows} 个资源合计超过上限 {limit} 字节；请减少单次请求的资源数量。";
        Account { bytes, limit } => "LimitExceeded",
            "With this request the account's resources would have {bytes} bytes together; at most {limit} are allowed. Delete what is not needed, or ask the operator for more.",
            "该请求会使账号的资源合计占用 {bytes} 字节，超过上限 {limit} 字节；请删除不需要的资源，或联系管理员提高上限。";
    }
}
