//! The state of an instance for somebody who wants to log in: its state, the operation under way, and advice.

use crate::plain_words::excerpt;
use cvmd_model::{Goal, Instance, InstanceId, InstanceState};
use serde_json::{Value, json};
use std::net::IpAddr;

/// The page with what a client must know of a machine; the instance's id follows.
pub(crate) const MACHINE_PAGE: &str = "/_cvmd/machines/";

/// The maximum of characters of a server's words that are shown.
const CHARACTERS_MAX: usize = 500;

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
        // The server may be anybody's.
        let text = |name: &str| answer[name].as_str().map(|text| excerpt(text, CHARACTERS_MAX));
        let lacking = || {
            let none = "the server's answer lacks the machine's user or host key, or they are none";
            text("Trouble").unwrap_or_else(|| none.into())
        };
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
    /// Reads the server's answer. All of it goes into command lines, configurations and terminals.
    pub(crate) fn of(answer: &Value) -> Option<Sshd> {
        let text = |name: &str, is_one: fn(&str) -> bool| {
            answer[name].as_str().map(str::trim).filter(|text| is_one(text)).map(str::to_owned)
        };
        let user = text("User", |user| {
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !user.is_empty() && !user.starts_with('-') && user.bytes().all(legal)
        });
        let host_key = text("HostKey", |key| {
            let legal = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
            !key.is_empty() && key.bytes().all(legal)
        });
        let address = text("Address", |address| address.parse::<IpAddr>().is_ok());
        let port = answer["Port"].as_u64().and_then(|port| u16::try_from(port).ok());
        Some(Sshd { user: user?, host_key: host_key?, address: address.zip(port) })
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_is_no_user_no_key_and_no_address_is_not_taken() {
        let sshd = |name: &str, value: &str| {
            let mut answer = json!({"User": "root", "HostKey": "ssh-ed25519 AAAA", "Address": "127.0.0.1", "Port": 22});
            answer[name] = value.into();
            Sshd::of(&answer)
        };
        assert!(sshd("User", "ubuntu").is_some() && sshd("HostKey", "ssh-ed25519 AAAA \n").is_some());
        for user in ["", "-oProxyCommand=x", "root\nHost *", "ro ot", "\u{1b}[31mroot", "$(id)", "root@h"] {
            assert!(sshd("User", user).is_none(), "{user}");
        }
        for key in ["", "ssh-ed25519 AAAA\n* ssh-ed25519 BBBB", "ssh-ed25519 \u{1b}[31mAAAA", "ssh-ed25519 \u{9b}1m"] {
            assert!(sshd("HostKey", key).is_none(), "{key}");
        }
        assert!(sshd("Address", "-oProxyCommand=x").unwrap().address.is_none(), "only the server leads there");
        let advice = Standing::of(&json!({"State": "\u{1b}[31mRUNNING\u{7}"})).advice("ins-1e4r6y8i".parse().unwrap());
        assert!(!advice.contains(char::is_control) && advice.contains("RUNNING"), "{advice}");
    }

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
