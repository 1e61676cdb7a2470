// One call with the vendor's Node SDK as it is. Arguments: action, parameters, and the profile as a program would write it.
"use strict"

const { cvm } = require("tencentcloud-sdk-nodejs-cvm")

const [action, parameters, profile, options] = process.argv.slice(2).map((text, index) => (index ? JSON.parse(text) : text))

const client = new cvm.v20170312.Client({
  credential: { secretId: process.env.TENCENTCLOUD_SECRET_ID, secretKey: process.env.TENCENTCLOUD_SECRET_KEY },
  region: process.env.TENCENTCLOUD_REGION,
  profile: { language: "en-US", ...profile },
})

const print = (output) => process.stdout.write(JSON.stringify(output))
const refused = ({ code, message, requestId }) => print({ refused: { code, message, requestId } })

// Without further options: the typed method, as programs call it.
const answer = options ? client.request(action, parameters, options) : client[action](parameters)
answer.then(print, refused)
