"""Launch templates: parameters of RunInstances kept under a name, in versions."""

from cloud import cloud
from login import new_key, public_half, with_key, with_password
from story import ZONE, check, equal

PASSWORD = "Kept7but+never-told"


class It:
    id = None


def versions(**more):
    return cloud.call("DescribeLaunchTemplateVersions", LaunchTemplateId=It.id, **more)["LaunchTemplateVersionSet"]


def template():
    return cloud.call("DescribeLaunchTemplates", LaunchTemplateIds=[It.id])["LaunchTemplateSet"][0]


@check
def parameters_are_kept_under_a_name():
    It.id = cloud.call(
        "CreateLaunchTemplate",
        LaunchTemplateName="web",
        Placement={"Zone": ZONE},
        ImageId=cloud.image(),
        InstanceType="S5.MEDIUM2",
        InstanceName="from-a-template",
        LoginSettings={"Password": PASSWORD},
    )["LaunchTemplateId"]
    equal((template()["LaunchTemplateName"], template()["DefaultVersionNumber"]), ("web", 1))
    data = versions()[0]["LaunchTemplateVersionData"]
    equal((data["InstanceType"], data["Placement"]["Zone"]), ("S5.MEDIUM2", ZONE))
    equal(data["LoginSettings"]["Password"], None)
    cloud.refuses("InvalidParameterValue.LaunchTemplateIdNotExisted", "DescribeLaunchTemplateVersions",
                  LaunchTemplateId="lt-00000000")


@check
def a_version_has_what_is_given_and_the_rest_of_the_one_before():
    made = cloud.call("CreateLaunchTemplateVersion", LaunchTemplateId=It.id, Placement={"Zone": ZONE},
                      InstanceType="S5.LARGE8", LaunchTemplateVersionDescription="larger")
    equal(made["LaunchTemplateVersionNumber"], 2)
    newest = versions()[-1]
    equal((newest["LaunchTemplateVersion"], newest["LaunchTemplateVersionDescription"]), (2, "larger"))
    data = newest["LaunchTemplateVersionData"]
    equal((data["InstanceType"], data["InstanceName"]), ("S5.LARGE8", "from-a-template"))


@check
def the_default_version_changes_and_cannot_be_deleted():
    cloud.call("ModifyLaunchTemplateDefaultVersion", LaunchTemplateId=It.id, DefaultVersion=2)
    equal([version["LaunchTemplateVersion"] for version in versions(DefaultVersion=True)], [2])
    cloud.refuses("InvalidParameterValue.LaunchTemplateDefaultVersion", "DeleteLaunchTemplateVersions",
                  LaunchTemplateId=It.id, LaunchTemplateVersions=[1, 2])
    cloud.call("ModifyLaunchTemplateDefaultVersion", LaunchTemplateId=It.id, DefaultVersion=1)


def run(**parameters):
    ids = cloud.call("RunInstances", LaunchTemplate={"LaunchTemplateId": It.id, **parameters.pop("version", {})},
                     **parameters)["InstanceIdSet"]
    return cloud.settled(ids[0])


@check
def an_instance_made_of_a_template_is_entered_by_the_password_that_nobody_is_told():
    instance = run()
    equal((instance["InstanceType"], instance["InstanceName"]), ("S5.MEDIUM2", "from-a-template"))
    machine = cloud.machine(instance["InstanceId"])
    equal(with_password(machine, PASSWORD, "nproc").entered().strip(), "2")
    with_password(machine, PASSWORD + "x").was_refused()
    cloud.terminate(instance["InstanceId"])


@check
def what_is_given_beats_the_template():
    key = new_key("template")
    key_id = cloud.imported("template", public_half(key))
    instance = run(version={"LaunchTemplateVersion": 2}, InstanceName="given", LoginSettings={"KeyIds": [key_id]})
    equal((instance["InstanceType"], instance["InstanceName"]), ("S5.LARGE8", "given"))
    machine = cloud.machine(instance["InstanceId"])
    with_key(machine, key).entered()
    with_password(machine, PASSWORD).was_refused()
    cloud.refuses("InvalidParameterValue.LaunchTemplateVersion", "RunInstances",
                  LaunchTemplate={"LaunchTemplateId": It.id, "LaunchTemplateVersion": 9})
    cloud.terminate(instance["InstanceId"])
    cloud.call("DeleteKeyPairs", KeyIds=[key_id])


@check
def versions_and_templates_are_deleted():
    cloud.call("DeleteLaunchTemplateVersions", LaunchTemplateId=It.id, LaunchTemplateVersions=[2])
    equal((template()["LaunchTemplateVersionCount"], template()["LatestVersionNumber"]), (1, 2))
    cloud.call("DeleteLaunchTemplate", LaunchTemplateId=It.id)
    equal(cloud.call("DescribeLaunchTemplates", LaunchTemplateIds=[It.id])["TotalCount"], 0)
