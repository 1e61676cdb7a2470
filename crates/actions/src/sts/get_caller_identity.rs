//! GetCallerIdentity: which account signed the request.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=sts&Version=2018-08-13&Action=GetCallerIdentity>.
//! Every credential belongs to an account: there are no roles, no federated users, and no sub-accounts.

use crate::{Action, Body, Context, Parameters, Product, Reason};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Sts, "GetCallerIdentity", answer);

fn answer(_parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let uin = view.account(context.account).ok_or(Reason::OurFault)?.uin.to_string();
    let arn = format!("qcs::cam::uin/{uin}:uin/{uin}");
    Ok(Body::of(object! { Arn: arn, AccountId: &uin, UserId: &uin, PrincipalId: &uin, Type: "CAMUser" }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> GetCallerIdentity {}
< {"Arn":"qcs::cam::uin/100000000001:uin/100000000001","AccountId":"100000000001","UserId":"100000000001","PrincipalId":"100000000001","Type":"CAMUser"}
"#;
