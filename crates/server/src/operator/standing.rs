//! The state of an instance for somebody who wants to log in: its state, the operation under way, and advice.

use cvmd_model::{Goal, Instance, InstanceId, InstanceState};
use serde_json::{Value, json};

/// The page with what a client must know of a machine; the instance's id follows.
pub(crate) const MACHINE_PAGE: &str = "/_cvmd/machines/";

/// Where to log in, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Sshd {
    pub(crate) user: String,
    pub(crate) host_key: String,
    /// Address and port; `None` when only the server leads there.
    pub(crate) address: Option<(String, u16)>,
}

/// As the server answers on its socket; over HTTP only the sshd is known.
#[derive(Debug)]
pub(crate) struct Standing {
    state: Option<String>,
    /// The action of the operation under way.
    operation: Option<String>,
    /// Whether it runs when that operation has succeeded.
    pub(crate) comes_up: bool,
    /// No key pair is bound, and ssh accepts no password; no operation under way changes that.
    pub(crate) admits_nobody: bool,
    pub(crate) sshd: Result<Sshd, String>,
}

/// Adds the state to the server's answer about a machine's sshd.
pub(crate) fn add_to(answer: &mut Value, instance: &Instance) {
    answer["State"] = instance.state.name().into();
    answer["ComesUp"] = comes_up(instance).into();
    let login = &instance.login;
    let is_closed = login.keys.is_empty()
        && !login.password_login
        && instance.state == InstanceState::Running
        && !instance.is_windows();
    answer["AdmitsNobody"] = (is_closed && instance.operation.is_none()).into();
    if let (Some(_), Some(latest)) = (&instance.operation, &instance.latest) {
        answer["Operation"] = json!(latest.action);
    }
}

fn comes_up(instance: &Instance) -> bool {
    instance.operation.as_ref().is_some_and(|operation| match operation.goal {
        Goal::Launch | Goal::Start | Goal::Reboot { .. } | Goal::Reset { .. } | Goal::EnterRescue { .. } => true,
        Goal::ChangeLogin { was_running, .. } | Goal::Reshape { was_running, .. } => was_running,
        Goal::CaptureImage { shut_down, .. } => shut_down,
        Goal::Create | Goal::Stop { .. } | Goal::Isolate | Goal::ExitRescue | Goal::Terminate => false,
    })
}

impl Standing {
    pub(crate) fn of(answer: &Value) -> Standing {
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        let lacking =
            || text("Trouble").unwrap_or_else(|| "the server's answer lacks the machine's user or host key".into());
        Standing {
            state: text("State"),
            operation: text("Operation"),
            comes_up: answer["ComesUp"] == true,
            admits_nobody: answer["AdmitsNobody"] == true,
            sshd: Sshd::of(answer).ok_or_else(lacking),
        }
    }

    pub(crate) fn can_be_entered(&self) -> bool {
        self.state.as_deref().is_none_or(|state| ["RUNNING", "RESCUE_MODE"].contains(&state))
    }

    /// Why it cannot be entered now, and what to do.
    pub(crate) fn advice(&self, id: InstanceId) -> String {
        let state = self.state.as_deref().unwrap_or_default();
        match (&self.operation, state) {
            (Some(operation), _) => format!("{id} is {state}, as {operation} is under way"),
            (None, "STOPPED") => format!("{id} is STOPPED: StartInstances starts it"),
            (None, "LAUNCH_FAILED") => format!("{id} is LAUNCH_FAILED: it never came up, and can only be terminated"),
            (None, "SHUTDOWN") => format!("{id} is SHUTDOWN: it is in the recycle bin, and can only be terminated"),
            (None, _) => format!("{id} is {state}: it can be entered when it is RUNNING"),
        }
    }
}

impl Sshd {
    pub(crate) fn of(answer: &Value) -> Option<Sshd> {
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        let port = answer["Port"].as_u64().and_then(|port| u16::try_from(port).ok());
        Some(Sshd { user: text("User")?, host_key: text("HostKey")?, address: text("Address").zip(port) })
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_advice_follows_what_is_under_way_and_not_the_state_alone() {
        let id = "ins-1e4r6y8i".parse().unwrap();
        let advice = |answer: Value| Standing::of(&answer).advice(id);
        assert!(advice(json!({"State": "STOPPED"})).contains("StartInstances starts it"));
        let unbinding =
            advice(json!({"State": "STOPPED", "Operation": "DisassociateInstancesKeyPairs", "ComesUp": true}));
        assert_eq!(unbinding, "ins-1e4r6y8i is STOPPED, as DisassociateInstancesKeyPairs is under way");
        assert!(advice(json!({"State": "LAUNCH_FAILED"})).contains("only be terminated"));
        assert!(Standing::of(&json!({"User": "root", "HostKey": "k"})).can_be_entered(), "from another computer");
    }
}
