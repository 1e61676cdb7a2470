"""Makes the facts files anew from the vendor's own description, as tccli holds it: `cargo xtask facts`.

One file a product: names, types and flags of every parameter and reply. Codes of single actions are not in that
description: those that a file holds already (cvm's, read off the vendor's SDK for Go) stay, and every other action
may answer the codes of its product.
"""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
PACKAGES = pathlib.Path(sys.argv[1])
# Products, and of the two largest only the actions that are built.
PRODUCTS = {
    "api": ("2020-11-06", None),
    "cbs": ("2017-03-12", r"DescribeDisks|DescribeDiskConfigQuota|(Delete|Describe)Snapshots"),
    "cvm": ("2017-03-12", None),
    "region": ("2022-06-27", None),
    "sts": ("2018-08-13", None),
    "tag": ("2018-08-13", None),
    "vpc": (
        "2017-03-12",
        r"(Create|Delete|Modify)(Vpc|Subnet|SecurityGroup)(Attribute)?"
        r"|Describe(Vpcs|Subnets|SecurityGroups|RouteTables|UsedIpAddress|AccountAttributes|VpcInstances)"
        r"|(Create|Delete|Describe|Modify|Replace)SecurityGroupPolic(y|ies)"
        r"|CreateDefaultSecurityGroup|CreateDefaultVpc|CreateSubnets|DescribeSecurityGroup(AssociationStatistics|References)",
    ),
}


def member(raw, output):
    fact = {"name": raw["name"], "type": raw["type"], "member": raw["member"]}
    if raw.get("required"):
        fact["required"] = True
    if output and raw.get("output_required"):
        fact["output_required"] = True
    if output and raw.get("value_allowed_null"):
        fact["nullable"] = True
    return fact


def members(structure, output):
    return [member(raw, output) for raw in structure["members"] if raw["name"] != "RequestId"]


def reach(api, names):
    """The structures that the actions speak of, and those in them."""
    found, todo = {}, [api["actions"][name][side] for name in names for side in ("input", "output")]
    while todo:
        for raw in api["objects"][todo.pop()]["members"]:
            name = raw["member"]
            if raw["type"] in ("list", "object") and name in api["objects"] and name not in found:
                found[name] = {"members": members(api["objects"][name], True)}
                todo.append(name)
    return found


def codes(product, folder):
    text = (PACKAGES / "tencentcloud" / product / folder / "errorcodes.py").read_text()
    return set(re.findall(r"""= ['"]([A-Za-z0-9.]+)['"]""", text))


def write(product, version, wanted):
    folder = "v" + version.replace("-", "")
    api = json.loads((PACKAGES / "tccli/services" / product / folder / "api.json").read_text())
    path = HERE / f"{product}.json"
    old = json.loads(path.read_text()) if path.exists() else {"actions": {}}
    names = sorted(name for name in api["actions"] if wanted is None or re.fullmatch(wanted, name))
    actions = {}
    for name in names:
        action = api["actions"][name]
        actions[name] = {
            "input": members(api["objects"][action["input"]], False),
            "output": members(api["objects"][action["output"]], True),
        }
        errors = old["actions"].get(name, {}).get("errors")
        if errors:
            actions[name]["errors"] = sorted(errors)
    every = codes(product, folder) | {code for action in actions.values() for code in action.get("errors", [])}
    structs = reach(api, names)
    line = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    with path.open("w") as out:
        out.write("{\n")
        out.write(f'"product":"{product}","version":"{version}",\n')
        for title, table in ("actions", actions), ("structs", structs):
            rows = ",\n".join(f"{line(name)}:{line(table[name])}" for name in sorted(table))
            out.write(f'"{title}":{{\n{rows}\n}},\n')
        out.write(f'"codes":{line(sorted(every))},\n"known":{line(sorted(api["actions"]))}\n}}\n')


for product, (version, wanted) in PRODUCTS.items():
    write(product, version, wanted)
services = (PACKAGES / "tccli" / "services").iterdir()
names = sorted(folder.name for folder in services if folder.is_dir() and not folder.name.startswith("_"))
(HERE / "products.txt").write_text("".join(f"{name}\n" for name in names))
