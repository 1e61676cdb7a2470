//! An instance: the wanted state of one machine, and the rules for changing it.

use crate::{
    AccountNumber, ChargeType, DataDisk, Goal, Image, ImageId, InstanceExtras, InstanceId, InstanceState,
    InstanceTypeId, InternetAccessible, KeyPairId, Latest, LatestState, Login, LoginWanted, Operation, Password,
    Platform, Proof, Refusal, RequestId, SecurityGroupId, StopType, SubnetId, SystemDisk, Tag, Trail, VpcId, ZoneId,
    instance_extras::NOTHING,
};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// The wanted state of one machine, and the operation that brings it about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub id: InstanceId,
    /// Order of creation; lists show the newest first.
    pub sequence: u64,
    pub account: AccountNumber,
    pub zone: ZoneId,
    pub name: Box<str>,
    pub host_name: Box<str>,
    pub project_id: u32,
    pub image: ImageId,
    pub instance_type: InstanceTypeId,
    pub charge_type: ChargeType,
    pub system_disk: SystemDisk,
    #[serde(default, skip_serializing_if = "<[DataDisk]>::is_empty")]
    pub data_disks: Box<[DataDisk]>,
    pub private_address: Ipv4Addr,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_address: Option<Ipv4Addr>,
    /// The port of its sshd if it has one of its own; without it, the port that all machines share.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_port: Option<u16>,
    pub internet: InternetAccessible,
    pub vpc: VpcId,
    pub subnet: SubnetId,
    pub security_groups: Box<[SecurityGroupId]>,
    pub created_seconds: u64,
    pub uuid: uuid::Uuid,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
    /// Base64, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_data: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub disable_api_termination: bool,
    /// Stopped with StoppedMode STOP_CHARGING: its login cannot be changed until it is started.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped_without_charging: bool,
    #[serde(default, rename = "rare", skip_serializing_if = "Option::is_none")]
    pub extras: Option<Box<InstanceExtras>>,
    pub login: LoginWanted,
    /// What its sshd has answered; without it, it was never asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Box<Proof>>,
    pub state: InstanceState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Latest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Operation>,
}

/// The states in which an action that changes power or login may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerLaw {
    /// STOPPED only.
    Start,
    /// RUNNING only.
    Stop,
    /// RUNNING, or RESCUE_MODE, which stays RESCUE_MODE: the vendor lists no code that would refuse it.
    Reboot,
    /// RUNNING or RESCUE_MODE: there is a system to talk to.
    Console,
    /// RUNNING or STOPPED, and not Windows: a rescue system could not repair its login.
    EnterRescue,
    /// RESCUE_MODE only.
    ExitRescue,
    /// STOPPED, or RUNNING if the request allows to stop it.
    ChangeLogin { how: Option<StopType> },
    /// STOPPED or RUNNING.
    Disk,
}

/// What AssociateInstancesKeyPairs does with the keys that were bound before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Associate {
    /// They are replaced, as documented.
    #[default]
    Replace,
    /// They stay, and the new ones join them.
    Add,
}

impl Instance {
    #[must_use]
    pub fn extras(&self) -> &InstanceExtras {
        self.extras.as_deref().unwrap_or(&NOTHING)
    }

    /// Changes the fields that few instances have.
    pub fn change_extras(&mut self, change: impl FnOnce(&mut InstanceExtras)) {
        let mut extras = self.extras.take().map(|extras| *extras).unwrap_or_default();
        change(&mut extras);
        self.extras = extras.boxed();
    }
}

impl Instance {
    /// The public image that it is made of, directly or through a custom image.
    #[must_use]
    pub fn system(&self) -> Option<&'static Image> {
        Image::find(self.extras().base_image.unwrap_or(self.image))
    }

    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.system().is_some_and(|image| image.platform == Platform::Windows)
    }

    /// The private address, and the public one if there is one.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        [Some(self.private_address), self.public_address].into_iter().flatten()
    }

    /// The guest's user by image: `root`, `ubuntu` or `Administrator`.
    #[must_use]
    pub fn user(&self) -> &'static str {
        self.system().map_or("root", |image| image.user)
    }

    /// Refuses while an operation is under way.
    ///
    /// # Errors
    /// [`Refusal::OperationInProgress`].
    pub fn is_idle(&self) -> Result<(), Refusal> {
        if self.operation.is_some() { Err(Refusal::OperationInProgress(self.id)) } else { Ok(()) }
    }

    /// Refuses an action that the instance's state forbids. An operation under way is refused before the state is
    /// looked at.
    ///
    /// # Errors
    /// The [`Refusal`] that names this instance.
    pub fn allows(&self, law: PowerLaw) -> Result<(), Refusal> {
        use InstanceState as S;
        self.is_idle()?;
        match (law, self.state) {
            (PowerLaw::Start | PowerLaw::EnterRescue | PowerLaw::ChangeLogin { .. } | PowerLaw::Disk, S::Stopped) => {
                if self.is_asleep() && law != PowerLaw::Start {
                    Err(Refusal::StoppedWithoutCharging(self.id))
                } else {
                    Ok(())
                }
            }
            (
                PowerLaw::Stop
                | PowerLaw::Reboot
                | PowerLaw::Console
                | PowerLaw::EnterRescue
                | PowerLaw::ChangeLogin { how: Some(_) }
                | PowerLaw::Disk,
                S::Running,
            )
            | (PowerLaw::Reboot | PowerLaw::Console | PowerLaw::ExitRescue, S::RescueMode) => Ok(()),
            (PowerLaw::ChangeLogin { how: None }, S::Running) => Err(Refusal::RunningWithoutForce(self.id)),
            _ => Err(self.in_state()),
        }
    }

    /// Refuses a change of key pairs: first for Windows, then for an operation under way, then for the state. `how`
    /// says how a RUNNING instance is stopped for it; with `None` it must be STOPPED.
    ///
    /// # Errors
    /// The [`Refusal`] that names this instance.
    pub fn allows_key_change(&self, how: Option<StopType>) -> Result<(), Refusal> {
        if self.is_windows() {
            return Err(Refusal::Windows(self.id));
        }
        self.allows(PowerLaw::ChangeLogin { how })
    }

    /// Unbinds the named key pairs. Keys that are not bound are no error; when none is bound the operation succeeds at
    /// once, without a power cycle.
    /// <https://cloud.tencent.com/document/api/213/15697>
    ///
    /// The association is gone when this returns, because clients delete the key pair right afterwards; the guest is
    /// changed later.
    ///
    /// # Errors
    /// The [`Refusal`] of [`Instance::allows_key_change`].
    pub fn disassociate(&mut self, keys: &[KeyPairId], how: Option<StopType>, by: By) -> Result<(), Refusal> {
        self.allows_key_change(how)?;
        let (gone, left): (Vec<_>, Vec<_>) = self.login.keys.iter().partition(|key| keys.contains(key));
        if gone.is_empty() {
            self.finish_at_once(by);
            return Ok(());
        }
        let password_login =
            if left.is_empty() { self.login.password != Password::Never } else { self.login.password_login };
        let wanted = LoginWanted { keys: left, password: self.login.password.clone(), password_login };
        self.change_login(wanted, gone, how, by);
        Ok(())
    }

    /// Binds the named key pairs, replacing those bound before or adding to them, and turns password login off.
    /// <https://cloud.tencent.com/document/api/213/15698>
    ///
    /// # Errors
    /// The [`Refusal`] of [`Instance::allows_key_change`].
    pub fn associate(
        &mut self,
        keys: &[KeyPairId],
        mode: Associate,
        how: Option<StopType>,
        by: By,
    ) -> Result<(), Refusal> {
        self.allows_key_change(how)?;
        let before = match mode {
            Associate::Replace => Vec::new(),
            Associate::Add => self.login.keys.clone(),
        };
        let mut wanted = LoginWanted { keys: before, password: self.login.password.clone(), password_login: false };
        for key in keys {
            if !wanted.keys.contains(key) {
                wanted.keys.push(*key);
            }
        }
        let same = wanted.password_login == self.login.password_login
            && wanted.keys.len() == self.login.keys.len()
            && wanted.keys.iter().all(|key| self.login.keys.contains(key));
        if same {
            self.finish_at_once(by);
            return Ok(());
        }
        let gone = self.login.keys.iter().copied().filter(|key| !wanted.keys.contains(key)).collect();
        self.change_login(wanted, gone, how, by);
        Ok(())
    }

    /// Sets the password and turns password login on; bound keys stay.
    /// <https://cloud.tencent.com/document/api/213/15736>
    ///
    /// # Errors
    /// The [`Refusal`] of [`Instance::allows`].
    pub fn reset_password(&mut self, hash: &str, how: Option<StopType>, by: By) -> Result<(), Refusal> {
        self.allows(PowerLaw::ChangeLogin { how })?;
        let keys = self.login.keys.clone();
        let wanted = LoginWanted { keys, password: Password::Set(hash.into()), password_login: true };
        self.change_login(wanted, Vec::new(), how, by);
        Ok(())
    }

    /// Starts it; `free` is the public address that it gets if it wants one and has none.
    /// <https://cloud.tencent.com/document/api/213/15735>
    ///
    /// # Errors
    /// The [`Refusal`] of [`Instance::allows`].
    pub fn start(&mut self, free: Option<Ipv4Addr>, by: By) -> Result<(), Refusal> {
        self.allows(PowerLaw::Start)?;
        self.stopped_without_charging = false;
        self.public_address = self.public_address.or(free);
        self.state = InstanceState::Starting;
        self.begin(Goal::Start, by);
        Ok(())
    }

    /// Stops it. Without charging, its public address is released; that means nothing for an instance that is not paid
    /// by the hour.
    /// <https://cloud.tencent.com/document/api/213/15743>
    ///
    /// # Errors
    /// The [`Refusal`] of [`Instance::allows`].
    pub fn stop(&mut self, how: StopType, without_charging: bool, by: By) -> Result<(), Refusal> {
        self.allows(PowerLaw::Stop)?;
        self.stopped_without_charging = without_charging && self.charge_type == ChargeType::PostpaidByHour;
        let released = if self.stopped_without_charging { self.public_address.take() } else { None };
        self.state = InstanceState::Stopping;
        self.begin(Goal::Stop { how, released }, by);
        Ok(())
    }

    /// Whether it was stopped without charging, or is being stopped so: then only its power can be changed. A row of an
    /// earlier version may hold the flag for an instance that is paid in advance, where it means nothing.
    #[must_use]
    pub fn is_asleep(&self) -> bool {
        self.stopped_without_charging && self.charge_type == ChargeType::PostpaidByHour
    }

    /// Reboots the system that it runs, its own or the rescue system.
    /// <https://cloud.tencent.com/document/api/213/15742>
    ///
    /// # Errors
    /// The [`Refusal`] of [`Instance::allows`].
    pub fn reboot(&mut self, how: StopType, by: By) -> Result<(), Refusal> {
        self.allows(PowerLaw::Reboot)?;
        self.state = InstanceState::Rebooting;
        self.begin(Goal::Reboot { how }, by);
        Ok(())
    }

    /// Boots the rescue system, which admits only `login`; the disk and its own login stay as they are.
    /// <https://cloud.tencent.com/document/api/213/109044>
    ///
    /// # Errors
    /// [`Refusal::Windows`], or the [`Refusal`] of [`Instance::allows`].
    pub fn enter_rescue(&mut self, how: StopType, login: Login, by: By) -> Result<(), Refusal> {
        if self.is_windows() {
            return Err(Refusal::Windows(self.id));
        }
        self.allows(PowerLaw::EnterRescue)?;
        self.state = InstanceState::EnterRescueMode;
        self.begin(Goal::EnterRescue { how, login }, by);
        Ok(())
    }

    /// Stops the rescue system; the instance is STOPPED then, and starts from its own disk the next time.
    /// <https://cloud.tencent.com/document/api/213/109043>
    ///
    /// # Errors
    /// The [`Refusal`] of [`Instance::allows`].
    pub fn exit_rescue(&mut self, by: By) -> Result<(), Refusal> {
        self.allows(PowerLaw::ExitRescue)?;
        self.state = InstanceState::ExitRescueMode;
        self.begin(Goal::ExitRescue, by);
        Ok(())
    }

    /// Begins an operation. OPERATING is committed with the request, so it is visible before the reply is sent.
    pub fn begin(&mut self, goal: Goal, by: By) {
        self.operation = Some(Operation { goal, trail: Trail::default(), request: by.request });
        self.latest =
            Some(Latest { action: by.action.into(), state: LatestState::Operating, request: by.request, error: None });
    }

    /// Begins an operation that no request asked for, as a seed does. Its success is not reported anywhere, neither as the
    /// latest operation nor in the journal.
    pub fn begin_unasked(&mut self, goal: Goal, id: RequestId) {
        self.operation = Some(Operation { goal, trail: Trail::default(), request: id });
        self.latest = None;
    }

    fn change_login(&mut self, wanted: LoginWanted, gone: Vec<KeyPairId>, how: Option<StopType>, by: By) {
        let was_running = self.state == InstanceState::Running;
        // A STOPPED machine is stopped only if somebody else has started it: then as with force.
        let how = how.unwrap_or(StopType::SoftFirst);
        let before = std::mem::replace(&mut self.login, wanted);
        if was_running {
            self.state = InstanceState::Stopping;
        }
        self.begin(Goal::ChangeLogin { was_running, gone, before, how }, by);
    }

    /// Binds a security group, after those bound before. The machine does not change.
    /// <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=AssociateSecurityGroups>
    ///
    /// # Errors
    /// [`Refusal::OperationInProgress`], [`Refusal::SecurityGroupsQuota`].
    pub fn bind_security_group(&mut self, group: SecurityGroupId, limit: usize, by: By) -> Result<(), Refusal> {
        let mut groups = self.security_groups.to_vec();
        if !groups.contains(&group) {
            groups.push(group);
        }
        self.is_idle()?;
        if groups.len() > limit {
            return Err(Refusal::SecurityGroupsQuota { limit });
        }
        self.security_groups = groups.into();
        self.finish_at_once(by);
        Ok(())
    }

    /// Unbinds a security group; one that is not bound is ignored.
    /// <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DisassociateSecurityGroups>
    ///
    /// # Errors
    /// [`Refusal::OperationInProgress`].
    pub fn unbind_security_group(&mut self, group: SecurityGroupId, by: By) -> Result<(), Refusal> {
        self.is_idle()?;
        self.security_groups = self.security_groups.iter().copied().filter(|bound| *bound != group).collect();
        self.finish_at_once(by);
        Ok(())
    }

    pub(crate) fn finish_at_once(&mut self, by: By) {
        self.latest =
            Some(Latest { action: by.action.into(), state: LatestState::Success, request: by.request, error: None });
    }

    pub(crate) fn in_state(&self) -> Refusal {
        Refusal::State { instance: self.id, state: self.state }
    }
}

/// Who began an operation: the action's name and the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct By {
    pub action: &'static str,
    pub request: RequestId,
}

#[cfg(test)]
pub(crate) mod test {
    use super::*;

    pub(crate) fn instance(state: InstanceState, keys: &[&str], password: Password) -> Instance {
        let password_login = keys.is_empty() && password != Password::Never;
        let keys: Vec<KeyPairId> = keys.iter().map(|key| key.parse().unwrap()).collect();
        Instance {
            id: "ins-1e4r6y8i".parse().unwrap(),
            sequence: 1,
            account: AccountNumber(1),
            zone: ZoneId::find("ap-guangzhou-3").unwrap(),
            name: "".into(),
            host_name: "".into(),
            project_id: 0,
            image: crate::IMAGES[0].id(),
            instance_type: InstanceTypeId::SMALLEST,
            charge_type: ChargeType::PostpaidByHour,
            system_disk: SystemDisk::plain(crate::DiskId::MIN, "CLOUD_PREMIUM", 50),
            data_disks: [].into(),
            private_address: Ipv4Addr::LOCALHOST,
            public_address: None,
            login_port: None,
            internet: InternetAccessible {
                charge_type: "".into(),
                max_bandwidth_out: 0,
                public_ip_assigned: false,
                public_ip_declined: false,
            },
            vpc: VpcId::MIN,
            subnet: SubnetId::MIN,
            security_groups: [].into(),
            created_seconds: 0,
            uuid: uuid::Uuid::nil(),
            tags: [].into(),
            user_data: None,
            disable_api_termination: false,
            stopped_without_charging: false,
            extras: None,
            login: LoginWanted { keys, password, password_login },
            state,
            latest: None,
            proof: None,
            operation: None,
        }
    }

    pub(crate) fn by() -> By {
        By { action: "DisassociateInstancesKeyPairs", request: RequestId(uuid::Uuid::nil()) }
    }

    const FORCED: Option<StopType> = Some(StopType::SoftFirst);

    pub(crate) fn key(text: &str) -> KeyPairId {
        text.parse().unwrap()
    }

    pub(crate) fn set() -> Password {
        Password::Set("$6$hash".into())
    }

    #[test]
    fn unbinding_the_last_key_turns_password_login_on_if_a_password_is_known() {
        let mut known = instance(InstanceState::Stopped, &["skey-11111111"], set());
        known.disassociate(&[key("skey-11111111")], None, by()).unwrap();
        assert!(known.login.keys.is_empty() && known.login.password_login);
        let mut from_image = instance(InstanceState::Stopped, &["skey-11111111"], Password::FromImage);
        from_image.disassociate(&[key("skey-11111111")], None, by()).unwrap();
        assert_eq!((from_image.login.password_login, from_image.login.password), (true, Password::FromImage));
        let mut never = instance(InstanceState::Stopped, &["skey-11111111"], Password::Never);
        never.disassociate(&[key("skey-11111111")], None, by()).unwrap();
        assert!(never.login.keys.is_empty() && !never.login.password_login);
    }

    #[test]
    fn unbinding_some_keys_leaves_password_login_as_it_is() {
        for password_login in [false, true] {
            let mut instance = instance(InstanceState::Stopped, &["skey-11111111", "skey-22222222"], set());
            instance.login.password_login = password_login;
            instance.disassociate(&[key("skey-11111111")], None, by()).unwrap();
            assert_eq!(instance.login.keys, [key("skey-22222222")]);
            assert_eq!(instance.login.password_login, password_login);
        }
    }

    #[test]
    fn a_running_instance_must_be_forced_even_for_nothing() {
        let mut instance = instance(InstanceState::Running, &[], set());
        let refused = instance.disassociate(&[key("skey-11111111")], None, by());
        assert_eq!(refused, Err(Refusal::RunningWithoutForce(instance.id)));
        assert_eq!(instance.latest, None, "a refusal changes nothing");
        instance.disassociate(&[key("skey-11111111")], FORCED, by()).unwrap();
        assert_eq!(instance.operation, None, "nothing to do: no power cycle");
        assert_eq!(instance.latest.unwrap().state, LatestState::Success);
    }

    #[test]
    fn a_forced_unbind_remembers_that_the_instance_was_running_and_what_to_bring_back() {
        let mut instance = instance(InstanceState::Running, &["skey-11111111"], Password::Never);
        let before = instance.login.clone();
        instance.disassociate(&[key("skey-11111111"), key("skey-99999999")], FORCED, by()).unwrap();
        assert_eq!(instance.state, InstanceState::Stopping);
        let Some(Operation { goal, .. }) = instance.operation else { panic!("no operation") };
        assert_eq!(
            goal,
            Goal::ChangeLogin { was_running: true, gone: vec![key("skey-11111111")], before, how: StopType::SoftFirst }
        );
    }

    #[test]
    fn associating_replaces_and_turns_password_login_off_and_a_reset_turns_it_on_beside_keys() {
        let mut instance = instance(InstanceState::Stopped, &["skey-11111111"], set());
        instance.login.password_login = true;
        instance.associate(&[key("skey-22222222")], Associate::Replace, None, by()).unwrap();
        assert_eq!(instance.login.keys, [key("skey-22222222")]);
        assert!(!instance.login.password_login);
        instance.operation = None;
        instance.reset_password("$6$other", None, by()).unwrap();
        assert_eq!(instance.login.keys, [key("skey-22222222")]);
        assert!(instance.login.password_login);
    }

    #[test]
    fn adding_keeps_the_keys_bound_before_and_turns_password_login_off_all_the_same() {
        let mut instance = instance(InstanceState::Stopped, &["skey-11111111"], set());
        instance.login.password_login = true;
        let both = [key("skey-22222222"), key("skey-11111111")];
        instance.associate(&both, Associate::Add, None, by()).unwrap();
        assert_eq!(instance.login.keys, [key("skey-11111111"), key("skey-22222222")]);
        assert!(!instance.login.password_login);
        let Some(Operation { goal: Goal::ChangeLogin { gone, .. }, .. }) = instance.operation.take() else { panic!() };
        assert_eq!(gone, [], "nothing leaves");
        instance.associate(&both[..1], Associate::Add, None, by()).unwrap();
        assert_eq!(instance.operation, None, "all are bound already");
    }

    #[test]
    fn a_running_instance_that_may_only_be_asked_is_changed_softly() {
        let mut instance = instance(InstanceState::Running, &["skey-11111111"], set());
        instance.disassociate(&[key("skey-11111111")], Some(StopType::Soft), by()).unwrap();
        assert_eq!(instance.state, InstanceState::Stopping);
        let Some(Operation { goal: Goal::ChangeLogin { how, .. }, .. }) = instance.operation else { panic!() };
        assert_eq!(how, StopType::Soft);
    }

    #[test]
    fn rescue_is_entered_from_running_or_stopped_and_left_by_exit_or_terminate_alone() {
        let login = Login { user: "root".into(), keys: vec![], password_hash: None, password_login: true };
        for state in [InstanceState::Running, InstanceState::Stopped] {
            let mut instance = instance(state, &["skey-11111111"], set());
            let before = instance.login.clone();
            assert!(instance.exit_rescue(by()).is_err());
            instance.enter_rescue(StopType::Soft, login.clone(), by()).unwrap();
            assert_eq!((instance.state, &instance.login), (InstanceState::EnterRescueMode, &before));
        }
        let mut within = instance(InstanceState::RescueMode, &["skey-11111111"], set());
        let refused = Err(Refusal::State { instance: within.id, state: InstanceState::RescueMode });
        assert_eq!(within.start(None, by()), refused);
        assert_eq!(within.stop(StopType::Hard, false, by()), refused);
        assert_eq!(within.enter_rescue(StopType::Hard, login.clone(), by()), refused);
        assert_eq!(within.disassociate(&[key("skey-11111111")], FORCED, by()), refused);
        assert_eq!(within.associate(&[key("skey-22222222")], Associate::Replace, FORCED, by()), refused);
        assert_eq!(within.reset_password("$6$hash", FORCED, by()), refused);
        assert_eq!(within.operation, None);
        assert_eq!(within.allows(PowerLaw::Reboot), Ok(()));
        within.exit_rescue(by()).unwrap();
        assert_eq!(within.state, InstanceState::ExitRescueMode);
        within.terminate(by()).unwrap();
        let mut asleep = instance(InstanceState::Stopped, &[], set());
        asleep.stopped_without_charging = true;
        let refused = asleep.enter_rescue(StopType::Soft, login, by());
        assert_eq!(refused, Err(Refusal::StoppedWithoutCharging(asleep.id)));
    }

    #[test]
    fn every_state_is_found_by_its_name() {
        for state in [InstanceState::EnterRescueMode, InstanceState::RescueMode, InstanceState::ExitRescueMode] {
            assert_eq!(InstanceState::find(state.name()), Some(state));
        }
    }

    #[test]
    fn a_change_of_login_from_an_earlier_version_is_forced() {
        let row = r#"{"ChangeLogin":{"was_running":true,"gone":[],
            "before":{"keys":[],"password":"Never","password_login":false}}}"#;
        let Goal::ChangeLogin { how, .. } = serde_json::from_str(row).unwrap() else { panic!() };
        assert_eq!(how, StopType::SoftFirst);
    }

    #[test]
    fn an_operation_under_way_is_looked_at_before_the_state_but_not_by_terminate() {
        let mut instance = instance(InstanceState::Running, &[], set());
        instance.reboot(StopType::Soft, by()).unwrap();
        assert_eq!(instance.allows(PowerLaw::Start), Err(Refusal::OperationInProgress(instance.id)));
        instance.terminate(by()).unwrap();
        assert!(instance.terminate(by()).is_err(), "once is enough");
    }
}
