"""What can be had: regions, zones and products, by the products that list them for all others; and who asks."""

from cloud import Cloud, cloud
from story import REGION, ZONE, check, equal

api = Cloud(product="api", version="v20201106")
region = Cloud(product="region", version="v20220627")
sts = Cloud(product="sts", version="v20180813")


@check
def regions_and_zones_of_a_product_are_listed_as_cvm_lists_its_own():
    zones = {zone["Zone"]: zone["ZoneId"] for zone in cloud.call("DescribeZones")["ZoneSet"]}
    regions = {found["Region"] for found in cloud.call("DescribeRegions")["RegionSet"]}
    for product in (api, region):
        found = product.call("DescribeZones", Product="cvm")["ZoneSet"]
        equal({zone["Zone"]: zone["ZoneId"] for zone in found}, zones)
        assert ZONE in zones and all(zone["ZoneState"] == "AVAILABLE" for zone in found)
        equal({found["Region"] for found in product.call("DescribeRegions", Product="cvm")["RegionSet"]}, regions)
        product.refuses("InvalidParameter", "DescribeZones", Product="cos")
    assert REGION in regions


@check
def products_are_listed_without_a_region():
    for product, version in [("api", "v20201106"), ("region", "v20220627")]:
        names = [found["Name"] for found in Cloud(product=product, version=version, region="").call("DescribeProducts")["Products"]]
        assert {"cvm", "cbs", "tag", "vpc"} <= set(names), names


@check
def a_caller_learns_who_it_is():
    caller = sts.call("GetCallerIdentity")
    equal(caller["Arn"], f"qcs::cam::uin/{caller['AccountId']}:uin/{caller['UserId']}")
    equal(caller["PrincipalId"], caller["AccountId"])
