//! After `--accept-missing machines`, waits before the first answer until instances that lost their machine are shown
//! so.

use crate::app::App;
use cvmd_model::{InstanceId, InstanceState, Power};
use std::time::Duration;

/// The time limit: the engine looks at all instances in the background.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
const LOOKS_EVERY: Duration = Duration::from_millis(20);

/// Returns when no instance without a machine is shown as running. The engine must have been started.
pub(crate) async fn settled(app: &App) {
    let mut lost: Vec<InstanceId> = Vec::new();
    for instance in app.state.view().all_instances().filter(|instance| is_running(instance.state)) {
        let observed = app.hypervisor.observe(instance.id).await;
        if observed.is_ok_and(|observed| observed.power == Power::Absent) {
            lost.push(instance.id);
        }
    }
    let all = lost.len();
    let settling = async {
        let mut looks = tokio::time::interval(LOOKS_EVERY);
        while !lost.is_empty() {
            looks.tick().await;
            let view = app.state.view();
            lost.retain(|id| view.instance(*id).is_some_and(|instance| is_running(instance.state)));
        }
    };
    if tokio::time::timeout(SETTLED_WITHIN, settling).await.is_err() {
        tracing::warn!(instances = all, "not all instances without a machine are shown STOPPED yet");
    }
}

fn is_running(state: InstanceState) -> bool {
    matches!(state, InstanceState::Running | InstanceState::RescueMode)
}
