"""What the vendor documents: each product's examples and description (out of tccli), and the codes of each action."""

import json
import re
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import pytest

tccli = pytest.importorskip("tccli", reason="tccli is not installed; `cargo xtask setup` brings it")

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs/api.md"
FACTS = CHECKOUT / "crates/actions/facts"
COMMON_PARAMETERS = "<公共请求参数>"

# Codes that no example may get, listed or not: each would be a defect of the server.
NEVER = {"InternalError", "InternalServerError", "InvalidAction", "NoSuchProduct", "NoSuchVersion", "UnknownParameter"}

# Codes of the vendor's list that is common to all actions.
COMMON_CODES = {
    "FailedOperation",
    "InvalidParameterValue",
    "LimitExceeded",
    "ResourceInUse",
    "ResourceInsufficient",
    "ResourceNotFound",
    "ResourceUnavailable",
    "UnsupportedOperation",
    "UnsupportedRegion",
}


@dataclass
class Example:
    """One request of the vendor's, as its page shows it."""

    title: str
    given: dict
    method: str = "POST"
    language: str = "en-US"


@dataclass
class Product:
    """One of the vendor's products in one version."""

    name: str
    version: str
    built: list = field(default_factory=list)

    @cached_property
    def folder(self):
        return Path(tccli.__file__).parent / "services" / self.name / f"v{self.version.replace('-', '')}"

    @cached_property
    def description(self):
        return json.loads((self.folder / "api.json").read_text())

    @cached_property
    def facts(self):
        return json.loads((FACTS / f"{self.name}.json").read_text())

    @cached_property
    def recorded(self):
        """The members of the vendor's recorded answers, with their kinds, by structure: they hold more than the description."""
        all_products = json.loads((FACTS / "recorded.json").read_text())
        begin = f"{self.name}."
        return {name.removeprefix(begin): kinds for name, kinds in all_products.items() if name.startswith(begin)}

    @cached_property
    def all_examples(self):
        return json.loads((self.folder / "examples.json").read_text())["actions"]

    def examples(self, action):
        """The examples that can be sent, and why the others cannot."""
        found, remarks = [], []
        for written in self.all_examples.get(action, []):
            try:
                example = read(written)
            except ValueError as why:
                remarks.append(f"not sent, as it cannot be read: {written['title']} ({why})")
                continue
            trouble = self.contradiction(action, example)
            if trouble:
                remarks.append(f"not sent, as it contradicts the vendor's own description: {example.title} ({trouble})")
            else:
                found.append(example)
        return found, remarks

    def contradiction(self, action, example):
        names = {member["name"]: member for member in self.members(self.description["actions"][action]["input"])}
        given = {name.split(".")[0] for name in example.given}
        unknown = sorted(given - set(names))
        missing = sorted(name for name, member in names.items() if member.get("required") and name not in given)
        if unknown:
            return f"there is no parameter {', '.join(unknown)}"
        if missing:
            return f"it lacks the required {', '.join(missing)}"
        if example.method == "POST":
            misfits = (self.misfit(names[name], value, name) for name, value in example.given.items())
            return next(filter(None, misfits), None)
        return None

    def misfit(self, member, value, place, of_reply=False, recorded=None):
        """Where a value differs from the description of its member; None if nowhere. A member that the vendor was recorded
        to send is never null, unless it was recorded so."""
        kind = member["type"]
        if value is None:
            may_be_null = member.get("value_allowed_null") or recorded is None or "null" in recorded.split()
            return None if may_be_null or not of_reply else f"{place} is null"
        if kind == "list":
            if not isinstance(value, list):
                return f"{place} is no list"
            inner = {"type": self.kind(member["member"]), "member": member["member"]}
            misfits = (self.misfit(inner, item, f"{place}[{at}]", of_reply) for at, item in enumerate(value))
            return next(filter(None, misfits), None)
        if kind == "object":
            return self.misfit_of_object(member["member"], value, place, of_reply)
        fits = {
            "string": isinstance(value, str),
            "int": isinstance(value, int) and not isinstance(value, bool),
            "float": isinstance(value, (int, float)) and not isinstance(value, bool),
            "bool": isinstance(value, bool),
        }
        return None if fits.get(kind, True) else f"{place} is no {kind}: {value!r}"

    def misfit_of_object(self, structure, value, place, of_reply):
        if not isinstance(value, dict):
            return f"{place} is no object"
        members = {member["name"]: member for member in self.members(structure)}
        # What a template holds was never made: its disks have no ids.
        is_made = "LaunchTemplateVersionData" not in place
        kinds = self.recorded.get(structure.removesuffix("Response"), {}) if is_made else {}
        for name in value:
            if name not in members and name not in kinds:
                return f"{place} has no member {name}"
        for name, member in members.items():
            if name in value:
                misfit = self.misfit(member, value[name], f"{place}.{name}", of_reply, kinds.get(name))
                if misfit:
                    return misfit
            elif of_reply and member.get("output_required") and name not in PREPAID:
                return f"{place}.{name} is absent"
        return None

    def kind(self, name):
        if name in self.description["objects"]:
            return "object"
        for kind in ("int", "float", "bool"):
            if kind in name:
                return kind
        return "string"

    def members(self, structure):
        return self.description["objects"].get(structure, {"members": []})["members"]

    def filters(self, action):
        """The names of the filters that the action's description lists, with the parameters it cannot do without."""
        members = self.members(self.description["actions"][action]["input"])
        text = next((member["document"] for member in members if member["name"] == "Filters"), "")
        return FILTER.findall(text)

    def codes(self, action):
        """What the action's page lists; where the description has no list of the action's own, the product's."""
        own = self.facts["actions"].get(action, {}).get("errors")
        return (set(own or self.facts["codes"]) | COMMON_CODES) - NEVER


# A filter's name begins an item of a list, in one of the four ways in which the vendor writes them.
FILTER = re.compile(
    r"(?:<li>|\*|^|\n|>)\s*(?:<strong>|`)?([a-z][a-zA-Z0-9.]*(?:-[a-z0-9]+)*(?::[a-z-]+)?)(?:</strong>|`)?"
    r"\s*(?:</li>|-\s*(?:String|Integer|Bool|Array|是否|类型)|<p|<ul|\n|：|$)"
)

# Members that a post-paid instance does not have, whatever the description says.
PREPAID = {"RenewFlag", "ExpiredTime"}


@cache
def products():
    """All of the vendor's that cvmd knows, each with the list of what is built. Of cvmd's own there is no example."""
    page = PAGE.read_text()
    found = {name: Product(name, version) for name, version in re.findall(r"\b([a-z]+) `(\d{4}-\d\d-\d\d)`", page) if name != "cvmd"}
    for title in re.findall(r"^## (?:([a-z]+) )?([A-Z]\w+)$", page, re.MULTILINE):
        product = found.get(title[0] or "cvm")
        if product and title[1] in product.description["actions"]:
            product.built.append(title[1])
    return list(found.values())


def read(written):
    """An example is a URL, or a POST with its headers and a JSON body."""
    text = written["input"].replace(COMMON_PARAMETERS, "").strip()
    title = " ".join(written["title"].split())
    if text.startswith("http"):
        pairs = re.sub(r"\s", "", text.partition("?")[2]).split("&")
        given = dict(pair.split("=", 1) for pair in pairs if pair and not pair.startswith("Action="))
        return Example(title, given, method="GET")
    head, _, body = text.partition("\n\n")
    given = json.loads(body or "{}")
    if not isinstance(given, dict):
        raise ValueError("the body is no JSON object")
    language = re.search(r"^X-TC-Language: (\S+)", head, re.MULTILINE)
    return Example(title, given, language=language[1] if language else "en-US")
