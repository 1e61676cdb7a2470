//! The catalog: one line per action. A new action is one new file in its product's folder and its line here.

use crate::{Action, Product};

/// Passes the list to another macro: for each product the modules that its actions share, in brackets, and its actions.
macro_rules! catalog {
    ($to:ident) => {
        $to! {
            api [] {
                describe_products,
                describe_regions,
                describe_zones,
            }
            cbs [] {
                delete_snapshots,
                describe_disk_config_quota,
                describe_disks,
                describe_snapshots,
            }
            cvm [charge, client_token, console, declared, describe, disk_size, groups, images, inquiry, key_change, launch, launch_parameters, login_settings, new_key_pair, extras_spec, security_groups, stop_type, template, term] {
                associate_instances_key_pairs,
                associate_security_groups,
                create_disaster_recover_group,
                create_image,
                create_key_pair,
                create_launch_template,
                create_launch_template_version,
                delete_disaster_recover_groups,
                delete_images,
                delete_instances_disaster_recover_groups,
                delete_key_pairs,
                delete_launch_template,
                delete_launch_template_versions,
                describe_account_quota,
                describe_disaster_recover_group_quota,
                describe_disaster_recover_groups,
                describe_hosts,
                describe_image_from_family,
                describe_image_quota,
                describe_images,
                describe_instance_family_configs,
                describe_instance_internet_bandwidth_configs,
                describe_instance_type_configs,
                describe_instance_vnc_url,
                describe_instances,
                describe_instances_attributes,
                describe_instances_modification,
                describe_instances_operation_limit,
                describe_instances_status,
                describe_internet_charge_type_configs,
                describe_key_pairs,
                describe_launch_template_versions,
                describe_launch_templates,
                describe_regions,
                describe_zone_instance_config_infos,
                describe_zones,
                disassociate_instances_key_pairs,
                disassociate_security_groups,
                enter_rescue_mode,
                exit_rescue_mode,
                import_key_pair,
                inquiry_price_modify_instances_charge_type,
                inquiry_price_renew_instances,
                inquiry_price_reset_instance,
                inquiry_price_reset_instances_internet_max_bandwidth,
                inquiry_price_reset_instances_type,
                inquiry_price_resize_instance_disks,
                inquiry_price_run_instances,
                inquiry_price_terminate_instances,
                modify_disaster_recover_group_attribute,
                modify_image_attribute,
                modify_instances_attribute,
                modify_instances_charge_type,
                modify_instances_disaster_recover_group,
                modify_instances_project,
                modify_instances_renew_flag,
                modify_key_pair_attribute,
                modify_launch_template_default_version,
                reboot_instances,
                renew_instances,
                reset_instance,
                reset_instances_internet_max_bandwidth,
                reset_instances_password,
                reset_instances_type,
                resize_instance_disks,
                run_instances,
                start_instances,
                stop_instances,
                terminate_instances,
            }
            cvmd [] {
                describe_login_proofs,
            }
            region [] {
                describe_products,
                describe_regions,
                describe_zones,
            }
            sts [] {
                get_caller_identity,
            }
            tag [declared] {
                add_resource_tag,
                attach_resources_tag,
                create_tag,
                delete_resource_tag,
                delete_tag,
                describe_resource_tags,
                describe_resource_tags_by_resource_ids,
                describe_resources_by_tags,
                describe_tag_keys,
                describe_tag_values,
                describe_tags,
                detach_resources_tag,
                get_resources,
                get_tag_keys,
                get_tag_values,
                modify_resource_tags,
                tag_resources,
                un_tag_resources,
                update_resource_tag_value,
            }
            vpc [declared, network_reply, security_groups, security_rules, vpc_settings] {
                create_default_vpc,
                create_security_group,
                create_security_group_policies,
                create_subnet,
                create_vpc,
                delete_security_group,
                delete_security_group_policies,
                delete_subnet,
                delete_vpc,
                describe_route_tables,
                describe_security_group_association_statistics,
                describe_security_group_policies,
                describe_security_group_references,
                describe_security_groups,
                describe_subnets,
                describe_used_ip_address,
                describe_vpc_instances,
                describe_vpcs,
                modify_security_group_attribute,
                modify_security_group_policies,
                modify_subnet_attribute,
                modify_vpc_attribute,
                replace_security_group_policies,
                replace_security_group_policy,
            }
        }
    };
}

/// Declares every file.
macro_rules! modules {
    ($($product:ident [$($shared:ident),*] { $($action:ident),* $(,)? })*) => {
        $(pub(crate) mod $product {
            $(pub(crate) mod $shared;)*
            $(pub(crate) mod $action;)*
        })*
    };
}

macro_rules! tables {
    ($($product:ident [$($shared:ident),*] { $($action:ident),* $(,)? })*) => {
        /// All actions, sorted by product and name.
        pub static ACTIONS: &[&Action] = &[$($(&crate::$product::$action::ACTION),*),*];

        /// File, transcript and source of each, in the same order.
        #[cfg(test)]
        pub(crate) static TRANSCRIPTS: &[(&str, &str, &str)] = &[$($((
            concat!(stringify!($product), "/", stringify!($action)),
            crate::$product::$action::TRANSCRIPT,
            include_str!(concat!(stringify!($product), "/", stringify!($action), ".rs")),
        )),*),*];
    };
}

catalog!(tables);

/// The place in [`ACTIONS`] of the product's action of that name.
#[must_use]
pub(crate) fn place(product: Product, name: &str) -> Option<usize> {
    ACTIONS.binary_search_by(|action| (action.product, action.name).cmp(&(product, name))).ok()
}

/// The product's action of that name.
#[cfg(test)]
#[must_use]
pub(crate) fn find(product: Product, name: &str) -> Option<&'static Action> {
    place(product, name).map(|place| ACTIONS[place])
}
