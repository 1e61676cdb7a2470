"""What is on offer: regions, zones and products, by the products that list them for all others; instance types, disks and
their prices; and the caller's identity."""

import base64

import pytest

from support.surroundings import REGION, ZONE

PASSWORD = "Correct9horse+"


def test_regions_and_zones_of_a_product_are_listed_as_cvm_lists_its_own(cloud):
    zones = {zone["Zone"]: (zone["ZoneId"], zone["ZoneState"]) for zone in cloud.call("DescribeZones")["ZoneSet"]}
    regions = {found["Region"] for found in cloud.call("DescribeRegions")["RegionSet"]}
    for product in (cloud.of("api"), cloud.of("region")):
        found = product.call("DescribeZones", Product="cvm")["ZoneSet"]
        assert {zone["Zone"]: (zone["ZoneId"], zone["ZoneState"]) for zone in found} == zones
        assert {found["Region"] for found in product.call("DescribeRegions", Product="cvm")["RegionSet"]} == regions
        product.refuses("InvalidParameter", "DescribeZones", Product="cos")
    assert REGION in regions
    assert {state for _, state in zones.values()} == {"AVAILABLE", "UNAVAILABLE"}
    assert zones[ZONE][1] == "AVAILABLE"


@pytest.mark.parametrize("product", ["api", "region"])
def test_products_are_listed_without_a_region(cloud, product):
    names = [found["Name"] for found in cloud.of(product, region="").call("DescribeProducts")["Products"]]
    assert {"cvm", "cbs", "tag", "vpc"} <= set(names), names


def test_a_caller_learns_who_it_is(cloud):
    caller = cloud.of("sts").call("GetCallerIdentity")
    assert caller["Arn"] == f"qcs::cam::uin/{caller['AccountId']}:uin/{caller['UserId']}"
    assert caller["PrincipalId"] == caller["AccountId"]


def filters(**named):
    return [{"Name": name.replace("_", "-"), "Values": values} for name, values in named.items()]


def test_types_that_can_be_bought_are_listed_with_their_price(cloud):
    wanted = filters(zone=[ZONE], instance_type=["S5.MEDIUM4"], instance_charge_type=["POSTPAID_BY_HOUR"])
    items = cloud.call("DescribeZoneInstanceConfigInfos", Filters=wanted)["InstanceTypeQuotaSet"]
    assert [(item["InstanceType"], item["Cpu"], item["Memory"], item["Status"]) for item in items] == [("S5.MEDIUM4", 2, 4, "SELL")]
    assert items[0]["Price"]["UnitPrice"] > 0, items
    falling = filters(zone=[ZONE], instance_charge_type=["PREPAID"], sort_keys=["cpu:desc"])
    sizes = [item["Cpu"] for item in cloud.call("DescribeZoneInstanceConfigInfos", Filters=falling)["InstanceTypeQuotaSet"]]
    assert sizes == sorted(sizes, reverse=True)
    nowhere = filters(zone=["ap-atlantis-1"])
    cloud.refuses("InvalidParameterValue.ZoneNotSupported", "DescribeZoneInstanceConfigInfos", Filters=nowhere)
    types = cloud.call("DescribeInstanceTypeConfigs", Filters=filters(instance_family=["S5"]))["InstanceTypeConfigSet"]
    assert {config["InstanceFamily"] for config in types} == {"S5"}
    families = cloud.call("DescribeInstanceFamilyConfigs")["InstanceFamilyConfigSet"]
    assert "S5" in {family["InstanceFamily"] for family in families}
    cloud.run("counted")
    quota = cloud.call("DescribeAccountQuota", Filters=filters(zone=[ZONE]))["AccountQuotaOverview"]["AccountQuota"]
    assert quota["PostPaidQuotaSet"][0]["UsedQuota"] > 0 and quota["ImageQuotaSet"][0]["TotalQuota"] > 0, quota
    assert cloud.call("DescribeInternetChargeTypeConfigs")["InternetChargeTypeConfigSet"]


def test_disks_that_can_be_bought_are_listed_with_their_price(cloud):
    cbs = cloud.of("cbs")
    quota = {"DiskUsage": "DATA_DISK", "DiskChargeType": "POSTPAID_BY_HOUR", "Zones": [ZONE], "InstanceFamilies": ["S5"]}
    configs = cbs.call("DescribeDiskConfigQuota", InquiryType="INQUIRY_CVM_CONFIG", **quota)["DiskConfigSet"]
    assert "CLOUD_PREMIUM" in {config["DiskType"] for config in configs}
    assert all(config["Available"] and config["Price"]["UnitPrice"] > 0 for config in configs)


def test_an_instances_devices_and_possible_types_are_listed(cloud):
    user_data = base64.b64encode(b"#!/bin/sh").decode()
    instance = cloud.run("asked", password=PASSWORD, UserData=user_data)
    found = cloud.call("DescribeInstancesAttributes", InstanceIds=[instance], Attributes=["UserData"])["InstanceSet"]
    assert [(each["InstanceId"], each["Attributes"]["UserData"]) for each in found] == [(instance, user_data)]
    others = cloud.call("DescribeInstancesModification", InstanceIds=[instance])["InstanceTypeConfigStatusSet"]
    names = {status["InstanceTypeConfig"]["InstanceType"] for status in others}
    assert "S5.MEDIUM4" in names and cloud.instance(instance)["InstanceType"] not in names
    limits = cloud.call("DescribeInstancesOperationLimit", InstanceIds=[instance], Operation="INSTANCE_DEGRADE")
    assert limits["InstanceOperationLimitSet"][0]["LimitCount"] == -1
    assert cloud.call("DescribeInstanceInternetBandwidthConfigs", InstanceId=instance)["InternetBandwidthConfigSet"] == []
    cloud.refuses("InvalidInstanceId.NotFound", "DescribeInstanceInternetBandwidthConfigs", InstanceId="ins-00000000")


def price(cloud, action, **parameters):
    return cloud.call(action, **parameters)["Price"]["InstancePrice"]


def test_prices_are_answered_before_anything_is_bought(cloud):
    wanted = {"Placement": {"Zone": ZONE}, "ImageId": cloud.image(), "InstanceType": "S5.MEDIUM4"}
    hourly = price(cloud, "InquiryPriceRunInstances", **wanted)
    assert hourly["ChargeUnit"] == "HOUR"
    three = price(cloud, "InquiryPriceRunInstances", InstanceCount=3, **wanted)
    assert abs(three["UnitPrice"] - 3 * hourly["UnitPrice"]) < 1e-9, (hourly, three)
    year = {"InstanceChargeType": "PREPAID", "InstanceChargePrepaid": {"Period": 12}}
    assert price(cloud, "InquiryPriceRunInstances", **wanted, **year)["OriginalPrice"] > 100
    cloud.refuses("InvalidParameterValue.InstanceTypeNotFound", "InquiryPriceRunInstances", **{**wanted, "InstanceType": "X"})
    cloud.refuses("InvalidPeriod", "InquiryPriceRunInstances", **wanted, **{**year, "InstanceChargePrepaid": {"Period": 13}})


def test_prices_of_changes_are_answered_and_nothing_changes(cloud):
    term = {"Period": 1}
    instance = cloud.run("priced", password=PASSWORD)
    prepaid = cloud.run("priced2", password=PASSWORD, InstanceChargeType="PREPAID", InstanceChargePrepaid=term)
    before = [cloud.instance(each) for each in (instance, prepaid)]
    now = price(cloud, "InquiryPriceResetInstance", InstanceId=instance)["UnitPrice"]
    more = price(cloud, "InquiryPriceResetInstancesType", InstanceIds=[instance], InstanceType="S5.LARGE8")["UnitPrice"]
    larger = price(cloud, "InquiryPriceResizeInstanceDisks", InstanceId=instance, SystemDisk={"DiskSize": 500})["UnitPrice"]
    assert now < more and now < larger, (now, more, larger)
    month = price(cloud, "InquiryPriceRenewInstances", InstanceIds=[prepaid], InstanceChargePrepaid=term)["OriginalPrice"]
    change = {"InstanceChargeType": "PREPAID", "InstanceChargePrepaid": term}
    assert price(cloud, "InquiryPriceModifyInstancesChargeType", InstanceIds=[instance], **change)["OriginalPrice"] == month
    internet = {"InternetMaxBandwidthOut": 10}
    action = "InquiryPriceResetInstancesInternetMaxBandwidth"
    assert cloud.call(action, InstanceIds=[instance], InternetAccessible=internet)["Price"]["BandwidthPrice"]["ChargeUnit"] == "GB"
    refunds = cloud.call("InquiryPriceTerminateInstances", InstanceIds=[instance, prepaid])["InstanceRefundsSet"]
    back = {refund["InstanceId"]: refund["Refunds"] for refund in refunds}
    assert back[instance] == 0 and 0 < back[prepaid] <= month * 1.1, (back, month)
    assert [cloud.instance(each) for each in (instance, prepaid)] == before
