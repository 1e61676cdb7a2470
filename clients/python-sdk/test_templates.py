"""Launch templates: parameters of RunInstances stored under a name, in versions."""

import pytest

from support.login import new_key, public_half, with_key, with_password
from support.surroundings import ZONE

PASSWORD = "Stored7but+never-shown"


class Template:
    """A launch template whose instances have a password that no reply shows."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.id = cloud.call(
            "CreateLaunchTemplate",
            LaunchTemplateName="web",
            Placement={"Zone": ZONE},
            ImageId=cloud.image(),
            InstanceType="S5.MEDIUM2",
            InstanceName="from-a-template",
            LoginSettings={"Password": PASSWORD},
        )["LaunchTemplateId"]

    def described(self):
        return self.cloud.call("DescribeLaunchTemplates", LaunchTemplateIds=[self.id])["LaunchTemplateSet"][0]

    def versions(self, **more):
        return self.cloud.call("DescribeLaunchTemplateVersions", LaunchTemplateId=self.id, **more)["LaunchTemplateVersionSet"]

    def with_larger_instances(self):
        """A second version."""
        made = self.cloud.call(
            "CreateLaunchTemplateVersion", LaunchTemplateId=self.id, Placement={"Zone": ZONE},
            InstanceType="S5.LARGE8", LaunchTemplateVersionDescription="larger",
        )
        return made["LaunchTemplateVersionNumber"]

    def run(self, version=None, **parameters):
        given = {"LaunchTemplateId": self.id, **({"LaunchTemplateVersion": version} if version else {})}
        ids = self.cloud.call("RunInstances", LaunchTemplate=given, **parameters)["InstanceIdSet"]
        return self.cloud.settled(ids[0])


@pytest.fixture
def template(cloud):
    return Template(cloud)


def test_parameters_are_stored_under_a_name(cloud, template):
    described = template.described()
    assert (described["LaunchTemplateName"], described["DefaultVersionNumber"]) == ("web", 1)
    data = template.versions()[0]["LaunchTemplateVersionData"]
    assert (data["InstanceType"], data["Placement"]["Zone"]) == ("S5.MEDIUM2", ZONE)
    is_shown = data["LoginSettings"]["Password"] is not None
    assert not is_shown
    cloud.refuses("InvalidParameterValue.LaunchTemplateIdNotExisted", "DescribeLaunchTemplateVersions",
                  LaunchTemplateId="lt-00000000")


def test_a_version_has_what_is_given_and_the_rest_of_the_one_before(template):
    assert template.with_larger_instances() == 2
    newest = template.versions()[-1]
    assert (newest["LaunchTemplateVersion"], newest["LaunchTemplateVersionDescription"]) == (2, "larger")
    data = newest["LaunchTemplateVersionData"]
    assert (data["InstanceType"], data["InstanceName"]) == ("S5.LARGE8", "from-a-template")


def test_the_default_version_changes_and_cannot_be_deleted(cloud, template):
    template.with_larger_instances()
    cloud.call("ModifyLaunchTemplateDefaultVersion", LaunchTemplateId=template.id, DefaultVersion=2)
    assert [version["LaunchTemplateVersion"] for version in template.versions(DefaultVersion=True)] == [2]
    cloud.refuses("InvalidParameterValue.LaunchTemplateDefaultVersion", "DeleteLaunchTemplateVersions",
                  LaunchTemplateId=template.id, LaunchTemplateVersions=[1, 2])
    assert template.described()["LaunchTemplateVersionCount"] == 2


def test_an_instance_made_of_a_template_is_entered_by_the_password_that_no_reply_shows(cloud, template):
    instance = template.run()
    assert (instance["InstanceType"], instance["InstanceName"]) == ("S5.MEDIUM2", "from-a-template")
    machine = cloud.machine(instance["InstanceId"])
    assert with_password(machine, PASSWORD, "nproc").entered().strip() == "2"
    with_password(machine, PASSWORD + "x").was_refused()


def test_what_is_given_beats_the_template(cloud, template):
    version = template.with_larger_instances()
    key = new_key("template")
    key_id = cloud.imported("template", public_half(key))
    instance = template.run(version, InstanceName="given", LoginSettings={"KeyIds": [key_id]})
    assert (instance["InstanceType"], instance["InstanceName"]) == ("S5.LARGE8", "given")
    machine = cloud.machine(instance["InstanceId"])
    with_key(machine, key).entered()
    with_password(machine, PASSWORD).was_refused()
    cloud.refuses("InvalidParameterValue.LaunchTemplateVersion", "RunInstances",
                  LaunchTemplate={"LaunchTemplateId": template.id, "LaunchTemplateVersion": 9})


def test_versions_and_templates_are_deleted(cloud, template):
    template.with_larger_instances()
    cloud.call("DeleteLaunchTemplateVersions", LaunchTemplateId=template.id, LaunchTemplateVersions=[2])
    described = template.described()
    assert (described["LaunchTemplateVersionCount"], described["LatestVersionNumber"]) == (1, 2)
    cloud.call("DeleteLaunchTemplate", LaunchTemplateId=template.id)
    assert cloud.call("DescribeLaunchTemplates", LaunchTemplateIds=[template.id])["TotalCount"] == 0
