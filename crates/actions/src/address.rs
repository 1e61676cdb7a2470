//! Finds the action that a request is for.

use crate::{
    Product, Reason, catalog, facts,
    product::{is_vendor_host, is_vendors},
};

/// The parts of a request that identify its action.
#[derive(Debug, Clone, Copy)]
pub struct Address<'a> {
    /// The service in the signature's scope; some clients write the first label of any host that they were given.
    pub scope: Option<&'a str>,
    /// The host it was sent to, without a port.
    pub host: &'a str,
    pub version: Option<&'a str>,
    pub action: &'a str,
}

/// The action that a request is for, by its place in [`ACTIONS`](crate::ACTIONS): the product is the scope's, else the host's,
/// else it follows from version and action.
///
/// # Errors
/// [`Reason::UnknownProduct`], [`Reason::Missing`], [`Reason::UnknownVersion`], [`Reason::UnknownAction`], and
/// [`Reason::NotBuilt`] for an action that the vendor has and cvmd has not.
pub fn find(address: &Address<'_>) -> Result<usize, Reason> {
    let version = address.version.ok_or(Reason::Missing { name: "Version".into() })?;
    let label = address.host.split('.').next().unwrap_or_default();
    let named = address.scope.and_then(Product::find).or_else(|| Product::find(label));
    if let Some(product) = named {
        return find_in(product, version, address.action);
    }
    if is_vendor_host(address.host) && !is_dissolved(label, address.host) {
        return Err(not_here(label));
    }
    let speaking = || Product::ALL.into_iter().filter(|product| product.version() == version);
    // Invariant: no two products of one version have actions of one name that are built; a test walks the catalog.
    let built = speaking().find_map(|product| catalog::place(product, address.action));
    if let Some(place) = built {
        return Ok(place);
    }
    let knowing = speaking().find(|product| facts::is_known(*product, address.action));
    match (knowing, address.scope) {
        (Some(product), _) => find_in(product, version, address.action),
        (None, Some(scope)) if is_product_like(scope) => Err(not_here(scope)),
        (None, _) => find_in(Product::Cvm, version, address.action),
    }
}

/// Distinguishes a mistyped name from an action that only the vendor has.
fn not_here(name: &str) -> Reason {
    Reason::UnknownProduct { product: name.into(), is_vendors: is_vendors(name) }
}

fn find_in(product: Product, version: &str, name: &str) -> Result<usize, Reason> {
    if version != product.version() {
        return Err(Reason::UnknownVersion { product, version: version.into() });
    }
    match catalog::place(product, name) {
        Some(place) => Ok(place),
        None if facts::is_known(product, name) => Err(Reason::NotBuilt { product, action: name.into() }),
        None => Err(Reason::UnknownAction { product, action: name.into() }),
    }
}

/// Products that only the documentation of the legacy API has. Their actions belong to other products now.
const DISSOLVED: [&str; 4] = ["dfw", "eip", "image", "snapshot"];

fn is_dissolved(label: &str, host: &str) -> bool {
    DISSOLVED.contains(&label) && host[label.len()..] == *".api.qcloud.com"
}

/// Whether a scope's service may be meant as a product, and is not a part of a host name or an address.
fn is_product_like(scope: &str) -> bool {
    scope.len() <= 20 && scope != "localhost" && scope.bytes().all(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::ACTIONS;

    fn found(scope: Option<&str>, host: &str, version: &str, action: &str) -> Result<String, Reason> {
        let address = Address { scope, host, version: Some(version), action };
        find(&address).map(|place| ACTIONS[place]).map(|action| format!("{}.{}", action.product.name(), action.name))
    }

    #[test]
    fn the_scope_comes_before_the_host_and_the_host_before_version_and_action() {
        let zones = |scope, host| found(scope, host, "2017-03-12", "DescribeZones");
        assert_eq!(zones(Some("cvm"), "127.0.0.1").as_deref(), Ok("cvm.DescribeZones"));
        assert_eq!(zones(Some("127"), "cvm.ap-guangzhou.tencentcloudapi.com").as_deref(), Ok("cvm.DescribeZones"));
        assert_eq!(zones(None, "cvm.api.qcloud.com").as_deref(), Ok("cvm.DescribeZones"));
        assert_eq!(zones(Some("localhost:8312"), "localhost").as_deref(), Ok("cvm.DescribeZones"));
        assert!(matches!(zones(Some("vpc"), "cvm.local"), Err(Reason::UnknownAction { product: Product::Vpc, .. })));
    }

    #[test]
    fn refusals_distinguish_what_only_the_vendor_has() {
        let product = |scope, host| found(scope, host, "2019-07-22", "Moderate");
        for (scope, host) in [(Some("tms"), "127.0.0.1"), (None, "tms.tencentcloudapi.com")] {
            assert_eq!(product(scope, host), Err(Reason::UnknownProduct { product: "tms".into(), is_vendors: true }));
        }
        for (scope, host) in [(Some("cmv"), "127.0.0.1"), (None, "cmv.tencentcloudapi.com")] {
            assert_eq!(product(scope, host), Err(Reason::UnknownProduct { product: "cmv".into(), is_vendors: false }));
        }
        let refusal = product(Some("cam"), "127.0.0.1").unwrap_err();
        assert!(
            refusal.to_string().contains("one of the vendor's, of which cvmd answers `api`, `cbs`, `cvm`"),
            "{refusal}"
        );
        assert_eq!(
            refusal.to_api_error(cvmd_wire::Dialect::Api3, cvmd_wire::Language::English, crate::Declared::NONE).code,
            "NoSuchProduct"
        );
        let missing = Address { scope: None, host: "", version: None, action: "RunInstances" };
        assert_eq!(find(&missing), Err(Reason::Missing { name: "Version".into() }));
        for scope in [None, Some("cvm"), Some("127")] {
            let version = found(scope, "127.0.0.1", "2018-01-01", "RunInstances");
            assert!(matches!(version, Err(Reason::UnknownVersion { .. })), "{version:?}");
            let built = found(scope, "127.0.0.1", "2017-03-12", "PurchaseResourcePoolPacks");
            assert!(matches!(built, Err(Reason::NotBuilt { product: Product::Cvm, .. })), "{built:?}");
            let action = found(scope, "127.0.0.1", "2017-03-12", "MakeCoffee");
            assert!(matches!(action, Err(Reason::UnknownAction { .. })), "{action:?}");
        }
    }

    #[test]
    fn a_product_of_the_old_documentation_leads_to_the_one_that_has_the_action_now() {
        let legacy = |host, action| found(None, host, "2017-03-12", action);
        for (host, action, now) in [
            ("image.api.qcloud.com", "DescribeImages", "cvm.DescribeImages"),
            ("snapshot.api.qcloud.com", "DescribeSnapshots", "cbs.DescribeSnapshots"),
            ("dfw.api.qcloud.com", "DescribeSecurityGroups", "vpc.DescribeSecurityGroups"),
            ("dfw.api.qcloud.com", "AssociateSecurityGroups", "cvm.AssociateSecurityGroups"),
        ] {
            assert_eq!(legacy(host, action).as_deref(), Ok(now), "{host}");
        }
        let not_built = legacy("eip.api.qcloud.com", "AllocateAddresses");
        assert!(matches!(not_built, Err(Reason::NotBuilt { product: Product::Vpc, .. })), "{not_built:?}");
        // Other products have actions of the same names, and API 3.0 has no such hosts.
        for host in ["cdb.api.qcloud.com", "image.ap-guangzhou.api.qcloud.com", "image.tencentcloudapi.com"] {
            let product = host.split('.').next().unwrap();
            assert_eq!(legacy(host, "DescribeImages"), Err(not_here(product)), "{host}");
        }
    }
}
