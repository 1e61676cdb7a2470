//! Why a request is not authenticated.

use crate::{
    ApiError,
    reasons::{
        codes::Declared,
        table::{Caller, ToApiError, Words, chinese, english},
    },
};
use cvmd_wire::{AuthorizationFault, Denied, Dialect, Language, NameFault};

reasons! {
    for Denied {
        UnknownPath { path } => "InvalidRequest" / "InvalidRequest.Forbidden",
            "The path `{path}` is not found. API 3.0 answers at `/`, the legacy API at `/v2/index.php`.",
            "路径 `{path}` 不存在。API 3.0 的路径为 `/`，旧版 API 的路径为 `/v2/index.php`。";
        MethodNotAllowed { method } => "InvalidRequest" / "InvalidRequest.Forbidden",
            "The request method `{method}` is not allowed. Use `GET` or `POST`.",
            "不支持请求方法 `{method}`，请使用 `GET` 或 `POST`。";
        QueryTooLarge { bytes, limit_bytes } => "RequestSizeLimitExceeded" / "InvalidParameterValue",
            "The query has {bytes} bytes, which exceeds the limit of {limit_bytes} bytes. Use `POST`.",
            "查询串有 {bytes} 字节，超过上限 {limit_bytes} 字节，请使用 `POST`。";
        BodyTooLarge { bytes, limit_bytes } => "RequestSizeLimitExceeded" / "InvalidParameterValue",
            ("The request has {bytes} bytes, which exceeds the request size limit of {limit_bytes} bytes{}", smaller_hint(*limit_bytes).english),
            ("请求包有 {bytes} 字节，超过大小限制 {limit_bytes} 字节。{}", smaller_hint(*limit_bytes).chinese);
        // The vendor's words, as in the next row.
        UnsupportedContentType { found, expected } => "InvalidRequest" / "InvalidRequest.Forbidden",
            "this action not support Content-Type=`{found}`. Use `{expected}`.",
            "此处不支持 Content-Type `{found}`，请使用 `{expected}`。";
        PairWithoutEquals { .. } => "InvalidParameter" / "InvalidParameterValue",
            "Url key and value should be splited by `=`.",
            "请求参数的名称和值之间必须以 `=` 分隔。";
        MalformedEscape { pair } => "InvalidParameter" / "InvalidParameterValue",
            "The parameter `{pair}` holds `%` without two hexadecimal digits after it.",
            "参数 `{pair}` 中的 `%` 之后不是两位十六进制数字。";
        MalformedName { name, what } => "InvalidParameter" / "InvalidParameterValue",
            ("The parameter name `{name}` is not valid: {}.", english(what)),
            ("参数名 `{name}` 不合法：{}。", chinese(what));
        InvalidUtf8 { place } => "InvalidParameter" / "InvalidParameterValue",
            "The {place} is not valid UTF-8.",
            ("{}不是合法的 UTF-8 编码。", place_name(place));
        MalformedJson { what } => "InvalidParameter" / "InvalidParameterValue",
            "The request body is not valid JSON: {what}.",
            "请求体不是合法的 JSON：{what}。";
        JsonNotAnObject => "InvalidParameter" / "InvalidParameterValue",
            "The request body must be a JSON object.",
            "请求体必须是 JSON 对象。";
        NestedTooDeep { limit } => "InvalidParameter" / "InvalidParameterValue",
            "The parameters are nested deeper than {limit} levels.",
            "参数的嵌套超过 {limit} 层。";
        TooManyParameters { limit } => "InvalidParameter" / "InvalidParameterValue",
            "The request holds more than {limit} parameter values.",
            "请求的参数值超过 {limit} 个。";
        DuplicateParameter { name } => "InvalidParameter" / "InvalidParameterValue",
            "The parameter `{name}` is given more than once.",
            "参数 `{name}` 重复。";
        DuplicateHeader { name } => "InvalidParameter" / "InvalidParameterValue",
            "The header `{name}` is given more than once.",
            "请求头部 `{name}` 重复。";
        ConflictingParameter { name } => "InvalidParameter" / "InvalidParameterValue",
            "The parameter `{name}` is given in two forms: a value, a list and a structure exclude one another.",
            "参数 `{name}` 以两种形式出现：值、列表和结构不能同时使用。";
        MissingParameter { name } => "MissingParameter",
            "The request is missing a required parameter `{name}`.",
            "缺少必需的参数 `{name}`。";
        MalformedParameter { name, value } => "InvalidParameterValue",
            "The value `{value}` specified in the parameter `{name}` is not valid.",
            "参数 `{name}` 的取值 `{value}` 不合法。";
        MissingAuthorization => "AuthFailure.InvalidAuthorization" / "InvalidParameter.SignatureFailure",
            "The request is missing the `Authorization` header (or, with signature v1, the parameter `Signature`).",
            "请求缺少 `Authorization` 头部（使用签名方法 v1 时则缺少参数 `Signature`）。";
        MalformedAuthorization { what } => "AuthFailure.InvalidAuthorization" / "InvalidParameter.SignatureFailure",
            ("The request `Authorization` header does not conform to tencentcloud standards: {}.", english(what)),
            ("请求头部的 `Authorization` 不符合腾讯云标准：{}。", chinese(what));
        UnsupportedAlgorithm { algorithm } => "AuthFailure.InvalidAuthorization" / "InvalidParameter.SignatureFailure",
            "The signature algorithm `{algorithm}` is not supported. Use `TC3-HMAC-SHA256`.",
            "不支持签名算法 `{algorithm}`，请使用 `TC3-HMAC-SHA256`。";
        ScopeDateMismatch { date, expected } => "AuthFailure.InvalidAuthorization" / "InvalidParameter.SignatureFailure",
            "The date `{date}` in Credential is not the UTC date of `X-TC-Timestamp`, which is `{expected}`.",
            "Credential 中的日期 `{date}` 不是 `X-TC-Timestamp` 对应的 UTC 日期 `{expected}`。";
        SecretIdNotFound { .. } => "AuthFailure.SecretIdNotFound" / "InvalidParameter.SecretIdNotFound",
            "The SecretId is not found, please ensure that your SecretId is correct.",
            "密钥不存在，请检查 SecretId 是否填写正确，注意前后不得有空格。";
        SecretKeyUnreadable { .. } => "AuthFailure.SecretIdNotFound" / "InvalidParameter.SecretIdNotFound",
            "The server cannot read the SecretKey of this SecretId. Ask the server's operator for another credential.",
            "服务器无法读取该 SecretId 对应的 SecretKey，请联系服务器的管理员更换密钥。";
        SignatureExpired { timestamp_seconds, now_seconds, skew_seconds, limit_seconds } => "AuthFailure.SignatureExpire" / "InvalidRequest.ReplayAttack",
            "The signature has expired: the timestamp {timestamp_seconds} is {skew_seconds} seconds away from the server's time {now_seconds}; at most {limit_seconds} are allowed.",
            "签名过期：Timestamp {timestamp_seconds} 和服务器时间 {now_seconds} 相差 {skew_seconds} 秒，不得超过 {limit_seconds} 秒，请检查本地时间是否和标准时间同步。";
        SignatureMismatch => "AuthFailure.SignatureFailure" / "InvalidParameter.SignatureFailure",
            "The provided credentials could not be validated. Please check your signature is correct.",
            "请求签名验证失败，请检查您的签名计算是否正确。";
        UnknownToken { name } => "AuthFailure.TokenFailure" / "InvalidRequest.TokenCheckFailed",
            "The token is not valid: there are no temporary credentials here. Leave `{name}` out.",
            "Token 无效：此处没有临时密钥，请不要传入 `{name}`。";
        LegacyWithoutVersion => "UnsupportedVersion",
            "The API version before 2017 is not supported here. Pass `Version=2017-03-12`.",
            "此处不支持 2017 年以前的 API 版本，请传入 `Version=2017-03-12`。";
    }
}

words! {
    for AuthorizationFault {
        NotText => "it is not text",
            "它不是文本";
        FieldForm => "a field is not of the form `Name=value`",
            "有字段的格式不是 `Name=value`";
        UnknownField => "a field is none of `Credential`, `SignedHeaders`, `Signature`",
            "有字段不是 `Credential`、`SignedHeaders`、`Signature` 之一";
        DuplicateField => "a field is given more than once",
            "有字段重复";
        MissingField { field } => "`{field}` is missing",
            "缺少 `{field}`";
        SignatureForm => "`Signature` is not 64 hexadecimal digits",
            "`Signature` 不是 64 位十六进制数字";
        CredentialForm => "`Credential` is not of the form `SecretId/date/service/tc3_request`",
            "`Credential` 的格式不是 `SecretId/date/service/tc3_request`";
        EmptySecretId => "`SecretId` in Credential is empty",
            "Credential 中的 `SecretId` 为空";
        // The vendor's words.
        EmptyService => "`Service` in Credential not valid",
            "Credential 中的 `Service` 不合法";
        HeaderName => "`SignedHeaders` holds what is no header name",
            "`SignedHeaders` 中有不合法的头部名称";
        DuplicateHeader => "`SignedHeaders` names a header more than once",
            "`SignedHeaders` 中有重复的头部";
        TooManyHeaders => "`SignedHeaders` names too many headers",
            "`SignedHeaders` 中的头部过多";
        UnsignedHeader { header } => "`SignedHeaders` must name `{header}`",
            "`SignedHeaders` 必须包含 `{header}`";
        AbsentHeader { header } => "`SignedHeaders` names `{header}`, which the request does not have",
            "`SignedHeaders` 中的 `{header}` 不在请求头部中";
    }
}

words! {
    for NameFault {
        EmptyPart => "it is empty, or has an empty part beside a `.`",
            "名称为空，或 `.` 旁有一段为空";
        LargeIndex => "a list index is too large",
            "列表下标过大";
    }
}

/// Signature v1 has a smaller limit than TC3.
const fn smaller_hint(limit_bytes: usize) -> Words {
    const HINT: Words = Words::new(
        " of this signature method. Use `TC3-HMAC-SHA256` for larger requests.",
        "更大的请求请使用 `TC3-HMAC-SHA256` 签名。",
    );
    if limit_bytes < 10 << 20 { HINT } else { Words::new(".", "") }
}

/// The Chinese name of a place in the request; `wire` has three.
fn place_name(place: &str) -> &str {
    match place {
        "body" => "请求体",
        "query" => "查询串",
        "form" => "表单",
        other => other,
    }
}

/// The pre-2017 set's "version or action not supported here".
const NOT_SUPPORTED_HERE: u32 = 6100;

/// The answer to a request that is not authenticated.
#[must_use]
pub fn denied(denied: &Denied, dialect: Dialect, language: Language) -> ApiError {
    let numeric = matches!(denied, Denied::LegacyWithoutVersion).then_some(NOT_SUPPORTED_HERE);
    ApiError { numeric, ..denied.api_error(&Caller { dialect, language, declared: Declared::NONE }) }
}
