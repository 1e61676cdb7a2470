//! What `cvmd env` prints: the exact settings for each client, to paste or, for a shell, to eval.
//!
//! Each line is here because a client was seen to follow it, or because its source code reads it.

use crate::{cli::arguments::Client, data::ca_certificate};
use serde_json::{Value, json};
use std::path::Path;

struct Facts {
    /// The server's address with its scheme.
    endpoint: String,
    /// The same without scheme, `ADDR:PORT`. It always answers plain HTTP.
    address: String,
    /// Where it stands for the vendor's hosts: `http://ADDR:PORT`.
    proxy: String,
    secret_id: String,
    secret_key: String,
    region: String,
    /// The authority's certificate.
    ca: String,
    data: String,
    /// The SSH port of all machines; none where each has a port of its own.
    ssh_port: Option<u64>,
}

/// The lines for a client, or for a shell where none is named. `answer` comes from the running server.
pub(crate) fn lines(answer: &Value, client: Option<Client>, data: &Path) -> String {
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_string();
    let endpoint = text("Endpoint");
    let address = endpoint.split_once("://").map_or("", |(_, address)| address).to_string();
    let facts = Facts {
        proxy: format!("http://{address}"),
        address,
        endpoint,
        secret_id: text("SecretId"),
        secret_key: text("SecretKey"),
        region: text("Region"),
        ca: ca_certificate(data).display().to_string(),
        data: data.display().to_string(),
        ssh_port: answer["SshPort"].as_u64(),
    };
    match client {
        None => shell(&facts, &[], ""),
        Some(Client::Terraform) => terraform(&facts),
        Some(Client::Packer) => packer(&facts),
        Some(Client::Tccli) => tccli(&facts),
        Some(Client::Python) => python(&facts),
        Some(Client::Node) => node(&facts),
        Some(Client::Go) => go(&facts),
        Some(Client::Java) => java(&facts),
        Some(Client::Qcloud) => qcloud(&facts),
        Some(Client::Custodian) => custodian(&facts),
    }
}

/// The text to eval when there is no server: it fails, and removes the endpoint of an earlier one. The data directory
/// stays: its user may be about to start a server on it.
pub(crate) fn nothing(client: Option<Client>) -> &'static str {
    if matches!(client, Some(Client::Python)) { "" } else { "unset CVMD_ENDPOINT; false\n" }
}

/// Exports for all clients, the additional ones in `more`, then a remark as comment lines. An interactive zsh that gets
/// them pasted runs comments as commands, so they contain no apostrophes and no backticks.
///
/// Proxy variables in `more` have lower-case names, and are set in upper case too: clients differ in which they read
/// first. Variables that exempt hosts from the proxy would lead past cvmd to the vendor's real cloud.
fn shell(facts: &Facts, more: &[(&str, &str)], remark: &str) -> String {
    let common = [
        ("TENCENTCLOUD_SECRET_ID", facts.secret_id.as_str()),
        ("TENCENTCLOUD_SECRET_KEY", &facts.secret_key),
        ("TENCENTCLOUD_REGION", &facts.region),
        ("CVMD_ENDPOINT", &facts.endpoint),
        ("CVMD_DATA", &facts.data),
    ];
    let is_proxy = |name: &str| name.ends_with("_proxy");
    let exports = common.iter().chain(more).map(|(name, value)| {
        let names = [Some((*name).to_owned()), is_proxy(name).then(|| name.to_uppercase())];
        names.into_iter().flatten().map(|name| format!("export {name}={}\n", quoted(value))).collect::<String>()
    });
    let around = more.iter().any(|(name, _)| is_proxy(name)).then(|| "unset no_proxy NO_PROXY\n".to_owned());
    let comments = remark.lines().map(|line| format!("# {line}").trim_end().to_string() + "\n");
    exports.chain(around).chain(comments).collect()
}

/// A word for a shell: unchanged if nothing in it is special to a shell, else in single quotes.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_string()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// The variables of a client that speaks HTTPS alone.
fn over_https(facts: &Facts, remark: &str) -> String {
    shell(facts, &[("https_proxy", &facts.proxy), ("SSL_CERT_FILE", &facts.ca)], remark)
}

/// A remark about a proxy for HTTPS.
const THIS_SHELL: &str =
    "For this shell alone: other hosts are refused, and SSL_CERT_FILE takes the place of the roots of the system.";

/// The provider uses cvmd as its proxy. It asks for the caller's identity over HTTPS, whatever the protocol is, if its
/// block has `allowed_account_ids` or `forbidden_account_ids`.
fn terraform(facts: &Facts) -> String {
    let more = [
        ("TENCENTCLOUD_PROTOCOL", "HTTP"),
        ("http_proxy", &facts.proxy),
        ("https_proxy", &facts.proxy),
        ("SSL_CERT_FILE", &facts.ca),
    ];
    let remark = format!(
        "\
{THIS_SHELL}
So run terraform init in another one, or before.
Two settings of the configuration file of cvmd are for Terraform. Without them cvmd does as the vendor does:
CVMD_RUNNING_KEY_CHANGE=shutdown: a change of key_ids or password on a running instance without force_stop = true is carried
  out by a gentle shutdown. Without it such an apply ends with UnsupportedOperation.InstanceStateRunning.
CVMD_ASSOCIATE=add: a key that is added to key_ids is bound beside the others. Without it the others come off, as the
  vendor has it, and the next plan shows them missing."
    );
    shell(facts, &more, &remark)
}

/// The plugin's endpoints use HTTPS.
fn packer(facts: &Facts) -> String {
    let remark = format!(
        "{THIS_SHELL}
So run packer init in another one. A region that the plugin does not know needs both of these in the source, in quotes:
  cvm_endpoint = cvm.tencentcloudapi.com
  vpc_endpoint = vpc.tencentcloudapi.com{}",
        match facts.ssh_port {
            Some(22) => String::new(),
            Some(port) => format!("\nThe machines are entered at another port than 22. In the source:\n  ssh_port = {port}"),
            None => "\nEach machine has an SSH port of its own here, which Packer is told nowhere: start cvmd with --ssh-mode=address."
                .to_owned(),
        }
    );
    over_https(facts, &remark)
}

/// tccli trusts only the certificates of Python's certifi, so it is configured to use HTTP.
fn tccli(facts: &Facts) -> String {
    let remark = format!(
        "Then, for example:
  tccli cvm DescribeInstances --endpoint http://{0}
A call without --endpoint goes to the cloud of the vendor. Or once for all products that cvmd answers, which changes the
configuration of tccli. Others go to the cloud of the vendor still:
  for product in {1}; do tccli configure set $product.endpoint http://{0}; done",
        facts.address,
        cvmd_actions::Product::ALL.map(cvmd_actions::Product::name).join(" ")
    );
    shell(facts, &[], &remark)
}

fn python(facts: &Facts) -> String {
    let literal = |text: &str| json!(text);
    format!(
        "# A whole program, with the SecretKey in it: whoever can read the one has the other. After `cvmd env` in a shell
# credential.EnvironmentVariableCredential().get_credential() takes both from there.
# One that keeps the vendor's host works too. Unmodified, over HTTPS, in a shell and a virtual environment
# of its own: the SDK believes the certificates of Python's package certifi alone, whatever the environment says.
#   unset no_proxy NO_PROXY
#   export https_proxy=http://{address} HTTPS_PROXY=http://{address}
#   cat {file} >> \"$(python3 -m certifi)\"
# With certifi as it is: HttpProfile(certification={ca}) and the first two lines. In clear: HttpProfile(protocol=\"http\") and
#   export http_proxy=http://{address} HTTP_PROXY=http://{address}
from tencentcloud.common import credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.cvm.v20170312 import cvm_client, models

profile = ClientProfile(httpProfile=HttpProfile(protocol=\"http\", endpoint=\"{address}\"))
client = cvm_client.CvmClient(credential.Credential({id}, {key}), \"{region}\", profile)
print(client.DescribeInstances(models.DescribeInstancesRequest()).to_json_string())
",
        address = facts.address,
        ca = literal(&facts.ca),
        file = quoted(&facts.ca),
        id = literal(&facts.secret_id),
        key = literal(&facts.secret_key),
        region = facts.region,
    )
}

/// The SDK reads `http_proxy`, in lower case and for HTTPS too, and sends a CONNECT in both cases.
fn node(facts: &Facts) -> String {
    let more = [("http_proxy", &*facts.proxy), ("NODE_EXTRA_CA_CERTS", &facts.ca)];
    let remark = format!(
        "With these a program that keeps the host of the vendor works unmodified. Without them, in the profile of the client:
  httpProfile: {{ protocol: \"http://\", endpoint: \"{}\" }}",
        facts.address
    );
    shell(facts, &more, &remark)
}

/// Go reads SSL_CERT_FILE on Linux, but not on macOS.
fn go(facts: &Facts) -> String {
    let more = [("http_proxy", &*facts.proxy), ("https_proxy", &facts.proxy), ("SSL_CERT_FILE", &facts.ca)];
    let remark = format!(
        "{THIS_SHELL}
With these a program that keeps the host of the vendor works unmodified on Linux. Without them, in the profile of the client:
  prof.HttpProfile.Scheme = \"HTTP\"
  prof.HttpProfile.Endpoint = \"{}\"",
        facts.address
    );
    shell(facts, &more, &remark)
}

fn java(facts: &Facts) -> String {
    let (host, port) = facts.address.rsplit_once(':').unwrap_or((&facts.address, "443"));
    let store = format!("{}.p12", facts.ca.trim_end_matches(".pem"));
    let options = format!(
        "-Dhttps.proxyHost={host} -Dhttps.proxyPort={port} -Djavax.net.ssl.trustStore={store} \
         -Djavax.net.ssl.trustStorePassword=changeit"
    );
    let remark = format!(
        "Once, to make the trust store that these options name:
  keytool -importcert -noprompt -alias cvmd -file {} -keystore {} -storetype PKCS12 -storepass changeit
For this shell alone: other hosts are refused, and the trust store takes the place of the one of Java.
Without all that, in the profile of the client:
  httpProfile.setProtocol(\"http://\"); httpProfile.setEndpoint(\"{}\");",
        quoted(&facts.ca),
        quoted(&store),
        facts.address
    );
    shell(facts, &[("JAVA_TOOL_OPTIONS", &options)], &remark)
}

/// The old SDK: its host, cvm.api.qcloud.com, and its scheme are constants.
fn qcloud(facts: &Facts) -> String {
    let remark = format!(
        "{THIS_SHELL}
With these QcloudApi works unmodified, when its config holds \"Version\": \"2017-03-12\"."
    );
    over_https(facts, &remark)
}

/// It uses the vendor's hosts and trusts only certifi's certificates, as the SDK does on which it is built.
fn custodian(facts: &Facts) -> String {
    let remark = format!(
        "{THIS_SHELL}
Once, in the virtual environment of Cloud Custodian, which believes the certificates of certifi alone:
  cat \"$SSL_CERT_FILE\" >> \"$(python -m certifi)\""
    );
    over_https(facts, &remark)
}

#[cfg(test)]
mod test {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn what_means_something_to_a_shell_is_quoted() {
        assert_eq!(quoted("AKID123"), "AKID123");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's $(x)"), "'it'\\''s $(x)'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn the_pages_name_clients_that_there_are_and_all_of_them() {
        let names: Vec<_> = Client::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
        let is_known = |name: &str| names.iter().any(|known| known.get_name() == name);
        let clients = include_str!("../../../../docs/clients.md");
        let mut named = 0;
        for page in [
            clients,
            include_str!("../../../../docs/operating.md"),
            include_str!("../../../../README.md"),
            include_str!("../../../../README.zh-CN.md"),
        ] {
            for rest in page.split("cvmd env --for ").skip(1) {
                let name: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
                assert!(is_known(&name), "`cvmd env --for {name}` is not known");
                named += 1;
            }
        }
        assert!(named > names.len());
        let table = clients.lines().skip_while(|line| !line.starts_with("| client | `--for` |")).skip(2);
        let table = table.take_while(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(2));
        let mut in_table: Vec<_> =
            table.map(|cell| cell.trim().trim_matches('`')).filter(|name| *name != "-").collect();
        let mut all: Vec<_> = names.iter().map(|name| name.get_name()).collect();
        in_table.sort_unstable();
        all.sort_unstable();
        assert_eq!(in_table, all, "the table of docs/clients.md has each client once");
    }

    #[test]
    fn packer_gets_the_port_of_the_machines_if_it_is_not_22() {
        let packer = |port: Value| {
            let answer = json!({"Endpoint": "http://127.0.0.1:8312", "SshPort": port});
            lines(&answer, Some(Client::Packer), Path::new("/data"))
        };
        assert!(!packer(json!(22)).contains("ssh_port"));
        assert!(packer(json!(2222)).contains("#   ssh_port = 2222\n"));
        assert!(packer(Value::Null).contains("--ssh-mode=address"));
    }

    #[test]
    fn a_program_that_holds_the_key_says_so_before_it() {
        let answer = json!({"Endpoint": "http://127.0.0.1:8312", "SecretId": "id", "SecretKey": "the key"});
        let program = lines(&answer, Some(Client::Python), Path::new("/data"));
        let (before, _) = program.split_once("the key").unwrap();
        assert!(before.lines().any(|line| line.starts_with('#') && line.contains("SecretKey")), "{program}");
    }

    #[test]
    fn what_is_for_a_shell_holds_exports_and_comments_only() {
        let answer = json!({"Endpoint": "https://127.0.0.1:8312", "SecretId": "i d", "SecretKey": "$k", "Region": "r"});
        let for_shells = Client::value_variants().iter().filter(|client| !matches!(client, Client::Python));
        for client in for_shells.copied().map(Some).chain([None]) {
            let lines = lines(&answer, client, Path::new("/d i r"));
            let around = "unset no_proxy NO_PROXY";
            let is_fit = |line: &str| line.starts_with("export ") || line.starts_with('#') || line == around;
            assert!(lines.lines().all(is_fit), "{lines}");
            // Whichever spelling a client reads first, it reaches cvmd, and no exemption leads past it.
            let set = |name: &str| lines.contains(&format!("export {name}=http://127.0.0.1:8312\n"));
            for (small, capital) in [("http_proxy", "HTTP_PROXY"), ("https_proxy", "HTTPS_PROXY")] {
                assert_eq!(set(small), set(capital), "{lines}");
                assert!(!set(small) || lines.lines().any(|line| line == around), "{lines}");
            }
            // An interactive zsh has no comments: pasted lines must leave no quote open, and run nothing.
            let mut comments = lines.lines().filter(|line| line.starts_with('#') && !line.contains("keytool"));
            assert!(comments.all(|line| !line.contains(['\'', '`'])), "{lines}");
            assert!(lines.contains("TENCENTCLOUD_SECRET_ID='i d'\n") && lines.contains("='$k'\n"), "{lines}");
            assert!(!lines.contains("https://127.0.0.1:8312") || lines.contains("CVMD_ENDPOINT=https://"), "{lines}");
        }
        let lines = lines(&answer, Some(Client::Qcloud), Path::new("/d i r"));
        assert!(
            lines.contains("export https_proxy=http://127.0.0.1:8312\n"),
            "plain HTTP is spoken to a proxy: {lines}"
        );
        assert!(lines.contains("export SSL_CERT_FILE='/d i r/ca.pem'\n"), "{lines}");
    }
}
