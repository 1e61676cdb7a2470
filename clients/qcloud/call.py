"""One call with the old `qcloudapi-sdk-python` as it is: Action and parameters in, the answer's bytes out.

Nothing here points it at cvmd: host and scheme are its constants, and the rest comes from the environment.
"""

import json
import os
import sys

from QcloudApi.qcloudapi import QcloudApi

action, parameters, method = sys.argv[1], json.loads(sys.argv[2]), sys.argv[3]
config = {
    "secretId": os.environ["TENCENTCLOUD_SECRET_ID"],
    "secretKey": os.environ["TENCENTCLOUD_SECRET_KEY"],
    "Region": os.environ["TENCENTCLOUD_REGION"],
    "Version": "2017-03-12",
    "method": method,
}
answer = QcloudApi("cvm", config).call(action, parameters)
sys.stdout.write(answer.decode("utf-8"))
