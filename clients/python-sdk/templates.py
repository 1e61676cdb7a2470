"""Launch templates: parameters of RunInstances kept under a name, in versions."""

from cloud import cloud
from story import ZONE, check, equal


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
        LoginSettings={"Password": "Kept7but+never-told"},
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
    newest = versions()[0]
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


@check
def versions_and_templates_are_deleted():
    cloud.call("DeleteLaunchTemplateVersions", LaunchTemplateId=It.id, LaunchTemplateVersions=[2])
    equal((template()["LaunchTemplateVersionCount"], template()["LatestVersionNumber"]), (1, 2))
    cloud.call("DeleteLaunchTemplate", LaunchTemplateId=It.id)
    equal(cloud.call("DescribeLaunchTemplates", LaunchTemplateIds=[It.id])["TotalCount"], 0)
