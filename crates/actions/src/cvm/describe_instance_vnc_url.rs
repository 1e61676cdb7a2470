//! DescribeInstanceVncUrl: an address that opens an instance's console once, within 15 seconds.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeInstanceVncUrl>.
//! Unlike upstream, it opens a text console over WebSocket: a terminal's bytes in both directions, with a login prompt.
//! The address is not encoded, and leads to cvmd itself. Its content is sealed: the instance, and the time until which
//! it is valid.

use super::declared;
use crate::{Action, Body, Context, Parameters, Product, Purpose, Reason, batch, cvm::console};
use cvmd_model::{PowerLaw, Refusal};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeInstanceVncUrl", answer)
    .errors_of(&[declared::CHANGE, declared::ON_THE_WAY])
    .errors(&[
        "UnsupportedOperation.InstanceStateLaunchFailed",
        "UnsupportedOperation.InstanceStateShutdown",
        "UnsupportedOperation.InstanceStateStopped",
        "UnsupportedOperation.SpecialInstanceType",
    ]);

const VALID_SECONDS: u64 = 15;

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let instance = batch::instance(view, context, batch::one(parameters, "InstanceId")?)?;
    instance.allows(PowerLaw::Console)?;
    let at = context.policy.console.filter(|_| !instance.is_windows()).ok_or(Refusal::NoConsole(instance.id))?;
    let ticket = console::Ticket { instance: instance.id, until_seconds: context.now_seconds + VALID_SECONDS };
    let scheme = if at.tls { "wss" } else { "ws" };
    let word = context.seal.seal(&ticket.to_string(), Purpose::Console);
    Ok(Body::of(object! { InstanceVncUrl: format!("{scheme}://{}{}?s={word}", at.address, console::PAGE) }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
console = on
> DescribeInstanceVncUrl {"InstanceId":"ins-running1"}
< {"InstanceVncUrl":"ws://127.0.0.1:8312/_cvmd/console?s=..."}
> DescribeInstanceVncUrl {"InstanceId":"ins-stopped1"}
< UnsupportedOperation.InstanceStateStopped ...
>> DescribeInstanceVncUrl {"InstanceId":"ins-stopped1"}
< InvalidInstance.NotSupported ...
> DescribeInstanceVncUrl {"InstanceId":"ins-starting"}
< UnsupportedOperation.InstanceStateStarting ...
> DescribeInstanceVncUrl {"InstanceId":"ins-stopping"}
< UnsupportedOperation.InstanceStateStopping ...
> DescribeInstanceVncUrl {"InstanceId":"ins-recycled"}
< UnsupportedOperation.InstanceStateShutdown ...
> DescribeInstanceVncUrl {"InstanceId":"ins-launchno"}
< UnsupportedOperation.InstanceStateLaunchFailed ...
> DescribeInstanceVncUrl {"InstanceId":"ins-busy0001"}
< OperationDenied.InstanceOperationInProgress ...
> DescribeInstanceVncUrl {"InstanceId":"ins-1122"}
< InvalidInstanceId.Malformed ...
> DescribeInstanceVncUrl {"InstanceId":"ins-foreign1"}
< InvalidInstanceId.NotFound ...

# The rescue system has one too; Windows has none.
console = on
ins-stopped1 is in RESCUE_MODE
ins-windows1 is in RUNNING
> DescribeInstanceVncUrl {"InstanceId":"ins-stopped1"}
< {"InstanceVncUrl":"ws://127.0.0.1:8312/_cvmd/console?s=..."}
> DescribeInstanceVncUrl {"InstanceId":"ins-windows1"}
< UnsupportedOperation.SpecialInstanceType The instance `ins-windows1` has no text console...

> DescribeInstanceVncUrl {"InstanceId":"ins-running1"}
< UnsupportedOperation.SpecialInstanceType The instance `ins-running1` has no text console...
"#;
