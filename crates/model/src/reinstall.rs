//! The rules for capturing a system disk as an image and for reinstalling it.

use crate::{By, Goal, ImageId, Installed, Instance, InstanceState, PowerLaw, Refusal};

impl Instance {
    /// What its system disk is made with.
    #[must_use]
    pub fn installed(&self) -> Installed {
        Installed {
            image: self.image,
            base_image: self.extras().base_image,
            host_name: self.host_name.clone(),
            user_data: self.user_data.clone(),
            size_gib: self.system_disk.size_gib,
            login: self.login.clone(),
        }
    }

    /// Sets what its system disk is made with, and returns what it was made with before.
    pub fn install(&mut self, wanted: Installed) -> Installed {
        let before = self.installed();
        let Installed { image, base_image, host_name, user_data, size_gib, login } = wanted;
        (self.image, self.host_name, self.user_data) = (image, host_name, user_data);
        (self.system_disk.size_gib, self.login) = (size_gib, login);
        if self.extras().base_image != base_image {
            self.change_extras(|extras| extras.base_image = base_image);
        }
        before
    }

    /// Captures the system disk as that image: while the instance runs, or, with `shut_down`, a RUNNING instance is
    /// shut down for it and started again.
    /// <https://www.tencentcloud.com/document/api/213/33276>
    ///
    /// # Errors
    /// The [`Refusal`] of [`Instance::allows`].
    pub fn capture(&mut self, image: ImageId, shut_down: bool, by: By) -> Result<(), Refusal> {
        self.allows(PowerLaw::Disk)?;
        let shut_down = shut_down && self.state == InstanceState::Running;
        if shut_down {
            self.state = InstanceState::Stopping;
        }
        self.begin(Goal::CaptureImage { image, shut_down }, by);
        Ok(())
    }

    /// Reinstalls the system disk. The instance runs afterwards, whatever its state was: a system must boot to be set
    /// up. The old disk's login ends with it.
    /// <https://www.tencentcloud.com/document/api/213/33242>
    ///
    /// # Errors
    /// The [`Refusal`] of [`Instance::allows`].
    pub fn reset(&mut self, wanted: Installed, by: By) -> Result<(), Refusal> {
        self.allows(PowerLaw::Disk)?;
        let was_running = self.state == InstanceState::Running;
        if was_running {
            self.state = InstanceState::Stopping;
        }
        let before = Box::new(self.install(wanted));
        self.begin(Goal::Reset { was_running, before }, by);
        Ok(())
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{
        LoginWanted, Password,
        instance::test::{by, instance, key, set},
    };

    #[test]
    fn a_disk_may_be_captured_or_reset_while_stopped_or_running_and_in_no_other_state() {
        use InstanceState as S;
        let image = crate::IMAGES[0].id();
        for state in [S::Pending, S::Starting, S::Stopping, S::Rebooting, S::Terminating, S::LaunchFailed] {
            let mut instance = instance(state, &[], set());
            let wanted = instance.installed();
            let refusal = Refusal::State { instance: instance.id, state };
            assert_eq!(instance.capture(image, true, by()), Err(refusal.clone()));
            assert_eq!(instance.reset(wanted, by()), Err(refusal));
            assert_eq!((instance.operation, instance.state), (None, state));
        }
        let mut asleep = instance(S::Stopped, &[], set());
        asleep.stopped_without_charging = true;
        assert_eq!(asleep.capture(image, false, by()), Err(Refusal::StoppedWithoutCharging(asleep.id)));
    }

    #[test]
    fn only_a_running_instance_is_shut_down_for_its_image_and_only_when_asked() {
        use InstanceState as S;
        for (state, asked, shut_down, shown) in [
            (S::Running, true, true, S::Stopping),
            (S::Running, false, false, S::Running),
            (S::Stopped, true, false, S::Stopped),
        ] {
            let mut instance = instance(state, &["skey-11111111"], set());
            let (image, login) = (crate::IMAGES[1].id(), instance.login.clone());
            instance.capture(image, asked, by()).unwrap();
            assert_eq!(instance.operation.unwrap().goal, Goal::CaptureImage { image, shut_down });
            assert_eq!((instance.state, instance.login), (shown, login));
        }
    }

    #[test]
    fn a_reset_remembers_all_that_it_replaces() {
        let mut instance = instance(InstanceState::Running, &["skey-11111111"], set());
        let before = instance.installed();
        let login = LoginWanted { keys: vec![key("skey-22222222")], password: Password::Never, password_login: false };
        let wanted = Installed {
            image: crate::IMAGES[1].id(),
            base_image: None,
            host_name: "anew".into(),
            user_data: Some("eA==".into()),
            size_gib: 80,
            login,
        };
        instance.reset(wanted.clone(), by()).unwrap();
        assert_eq!((instance.installed(), instance.state), (wanted, InstanceState::Stopping));
        let Some(crate::Operation { goal: Goal::Reset { was_running, before: old }, .. }) = instance.operation.take()
        else {
            panic!("no reset")
        };
        assert!(was_running);
        instance.install(*old);
        assert_eq!(instance.installed(), before);
    }
}
