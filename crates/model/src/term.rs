//! The rules for terms paid in advance, and for the recycle bin.
//!
//! ```text
//!             TerminateInstances            TerminateInstances
//! (any idle) --------------------> SHUTDOWN --------------------> gone
//!                                     |  RenewInstances
//!                                     +----------------> STOPPED
//! ```
//!
//! Nothing expires by itself: the date is shown, and nothing acts on it.

use crate::{By, ChargeType, Goal, Instance, InstanceState, Operation, Prepaid, Refusal, RenewFlag};

impl Instance {
    /// The term paid in advance; `None` for an instance paid by the hour or a spot instance.
    #[must_use]
    pub fn prepaid(&self) -> Option<Prepaid> {
        self.extras().prepaid
    }

    /// Terminates the instance and any operation on it; an instance paid in advance goes into the recycle bin first.
    /// <https://cloud.tencent.com/document/api/213/15723>
    ///
    /// An instance whose launch has not succeeded has nothing worth keeping, and is destroyed at once.
    ///
    /// # Errors
    /// The [`Refusal`] that names this instance.
    pub fn terminate(&mut self, by: By) -> Result<(), Refusal> {
        use InstanceState as S;
        self.allows_termination()?;
        let destroyed = matches!(self.state, S::Shutdown | S::Pending | S::LaunchFailed);
        if self.charge_type == ChargeType::Prepaid && !destroyed {
            return self.isolate(by);
        }
        self.state = S::Terminating;
        self.begin(Goal::Terminate, by);
        Ok(())
    }

    fn allows_termination(&self) -> Result<(), Refusal> {
        match self.operation {
            Some(Operation { goal: Goal::Terminate, .. }) => Err(self.in_state()),
            Some(Operation { goal: Goal::Isolate, .. }) => Err(Refusal::Isolating(self.id)),
            _ if self.disable_api_termination => Err(Refusal::Protected(self.id)),
            _ => Ok(()),
        }
    }

    /// Supersedes operations that only change power. One that changes the disk must end first, because the instance may
    /// come back, and its row must then be true of its disk.
    fn isolate(&mut self, by: By) -> Result<(), Refusal> {
        use InstanceState as S;
        match self.operation.as_ref().map(|operation| &operation.goal) {
            None | Some(Goal::Start | Goal::Stop { .. } | Goal::Reboot { .. }) => {}
            Some(_) => return Err(Refusal::OperationInProgress(self.id)),
        }
        self.state = if self.state == S::Stopped { S::Shutdown } else { S::Stopping };
        self.stopped_without_charging = false;
        self.begin(Goal::Isolate, by);
        Ok(())
    }

    /// Extends the term as `later` computes it, and takes the instance out of the recycle bin: then it is STOPPED.
    /// <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=RenewInstances>
    ///
    /// # Errors
    /// The [`Refusal`] of an instance that was not paid in advance, or on which an operation is under way.
    pub fn renew(&mut self, later: impl FnOnce(Prepaid) -> Prepaid, by: By) -> Result<(), Refusal> {
        let prepaid = self.allows_term_change()?;
        if self.state == InstanceState::Shutdown {
            self.state = InstanceState::Stopped;
        }
        self.change_extras(|extras| extras.prepaid = Some(later(prepaid)));
        self.finish_at_once(by);
        Ok(())
    }

    /// Sets what happens at the end of the term.
    /// <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=ModifyInstancesRenewFlag>
    ///
    /// # Errors
    /// The [`Refusal`] of [`Instance::renew`], and of an instance in the recycle bin.
    pub fn set_renew_flag(&mut self, renew: RenewFlag, by: By) -> Result<(), Refusal> {
        let prepaid = self.allows_term_change()?;
        self.outside_recycle_bin()?;
        self.change_extras(|extras| extras.prepaid = Some(Prepaid { renew, ..prepaid }));
        self.finish_at_once(by);
        Ok(())
    }

    /// Changes the charge type: paid in advance for that term, or by the hour.
    /// <https://cloud.tencent.com/document/api/213/17964>
    ///
    /// # Errors
    /// The [`Refusal`] of an instance that is already paid for in this way or is a spot instance, that is in the
    /// recycle bin, that was stopped without charging, or on which an operation is under way.
    pub fn change_charge_type(&mut self, prepaid: Option<Prepaid>, by: By) -> Result<(), Refusal> {
        let wanted = if prepaid.is_some() { ChargeType::Prepaid } else { ChargeType::PostpaidByHour };
        if self.charge_type == wanted || self.charge_type == ChargeType::Spotpaid {
            return Err(self.charged());
        }
        self.is_idle()?;
        self.outside_recycle_bin()?;
        if self.is_asleep() {
            return Err(Refusal::StoppedWithoutCharging(self.id));
        }
        self.charge_type = wanted;
        self.change_extras(|extras| extras.prepaid = prepaid);
        self.finish_at_once(by);
        Ok(())
    }

    fn allows_term_change(&self) -> Result<Prepaid, Refusal> {
        let prepaid = self.prepaid().ok_or_else(|| self.charged())?;
        self.is_idle().map(|()| prepaid)
    }

    /// # Errors
    /// The [`Refusal`] of an instance in the recycle bin.
    pub fn outside_recycle_bin(&self) -> Result<(), Refusal> {
        if self.state == InstanceState::Shutdown { Err(self.in_state()) } else { Ok(()) }
    }

    fn charged(&self) -> Refusal {
        Refusal::ChargeType { instance: self.id, charge_type: self.charge_type }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{Password, RequestId, StopType, instance::test::instance as any};

    fn instance(state: InstanceState) -> Instance {
        any(state, &[], Password::Never)
    }

    fn by() -> By {
        By { action: "TerminateInstances", request: RequestId(uuid::Uuid::nil()) }
    }

    fn prepaid(state: InstanceState) -> Instance {
        let mut instance = instance(state);
        instance.charge_type = ChargeType::Prepaid;
        let term = Prepaid { renew: RenewFlag::default(), expires_seconds: 10 };
        instance.change_extras(|extras| extras.prepaid = Some(term));
        instance
    }

    fn goal(instance: &Instance) -> Option<&Goal> {
        instance.operation.as_ref().map(|operation| &operation.goal)
    }

    #[test]
    fn the_first_end_of_what_was_paid_in_advance_is_the_recycle_bin_and_the_second_the_end() {
        let mut instance = prepaid(InstanceState::Running);
        instance.terminate(by()).unwrap();
        assert_eq!((instance.state, goal(&instance)), (InstanceState::Stopping, Some(&Goal::Isolate)));
        assert_eq!(instance.terminate(by()), Err(Refusal::Isolating(instance.id)));
        instance.operation = None;
        instance.state = InstanceState::Shutdown;
        instance.terminate(by()).unwrap();
        assert_eq!((instance.state, goal(&instance)), (InstanceState::Terminating, Some(&Goal::Terminate)));
    }

    #[test]
    fn what_was_never_running_has_no_way_back_and_needs_none() {
        for state in [InstanceState::Pending, InstanceState::LaunchFailed] {
            let mut instance = prepaid(state);
            instance.terminate(by()).unwrap();
            assert_eq!(goal(&instance), Some(&Goal::Terminate));
        }
    }

    #[test]
    fn the_way_into_the_recycle_bin_supersedes_power_but_not_a_change_of_the_disk() {
        let mut rebooting = prepaid(InstanceState::Running);
        rebooting.reboot(StopType::Soft, by()).unwrap();
        rebooting.terminate(by()).unwrap();
        assert_eq!(goal(&rebooting), Some(&Goal::Isolate));
        let mut changing = prepaid(InstanceState::Stopped);
        changing.reset_password("$6$hash", None, by()).unwrap();
        assert_eq!(changing.terminate(by()), Err(Refusal::OperationInProgress(changing.id)));
    }

    #[test]
    fn a_renewal_takes_out_of_the_recycle_bin_and_only_what_was_paid_in_advance_has_one() {
        let later = |prepaid: Prepaid| Prepaid { expires_seconds: prepaid.expires_seconds + 1, ..prepaid };
        let mut recycled = prepaid(InstanceState::Shutdown);
        recycled.renew(later, by()).unwrap();
        assert_eq!(recycled.state, InstanceState::Stopped);
        assert_eq!(recycled.prepaid().map(|prepaid| prepaid.expires_seconds), Some(11));
        let mut hourly = instance(InstanceState::Running);
        assert!(matches!(hourly.renew(later, by()), Err(Refusal::ChargeType { .. })));
    }

    #[test]
    fn an_instance_without_a_term_has_no_box() {
        let mut instance = prepaid(InstanceState::Running);
        assert!(instance.extras.is_some());
        instance.change_charge_type(None, by()).unwrap();
        assert_eq!((instance.extras, instance.charge_type), (None, ChargeType::PostpaidByHour));
    }
}
