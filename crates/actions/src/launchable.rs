//! Whether what a launch template keeps could ever be launched: RunInstances reads it as it would read a request.

#[cfg(test)]
use crate::parameters::taken;
use crate::{Context, Reason, catalog::cvm::run_instances, template};
use cvmd_model::TemplateData;
use cvmd_wire::Params;

/// Refuses a version that could never be launched. Whether images, key pairs and networks exist is looked at then.
pub(crate) fn could_launch(data: &TemplateData, context: &Context) -> Result<(), Reason> {
    let params = Params { root: template::map(data), textual: false };
    #[cfg(test)]
    let was_recording = taken::pause();
    let looked = run_instances::may_be_kept(params, template::names_login(data), context);
    #[cfg(test)]
    taken::resume(was_recording);
    looked
}
