// One visit with ssh2, as npm has it. Its one argument: where, as whom, and with what.
"use strict"

const fs = require("fs")
const { Client } = require("ssh2")

const { host, port, username, directory, privateKey, password, interactive, known } = JSON.parse(process.argv[2])
const client = new Client()

const print = (output) => {
  process.stdout.write(JSON.stringify(output))
  client.end()
}
const refused = ({ level, message }) => print({ refused: level ?? message })

const copied = (whoami) =>
  client.sftp((error, sftp) => {
    if (error) return refused(error)
    const [sent, back] = [`${directory}/sent`, `${directory}/again`]
    sftp.fastPut(sent, "/tmp/sent", (error) => {
      if (error) return refused(error)
      sftp.stat("/tmp/sent", (error, { size }) => {
        if (error) return refused(error)
        sftp.fastGet("/tmp/sent", back, (error) => {
          if (error) return refused(error)
          print({ whoami, bytes: size, same: fs.readFileSync(sent).equals(fs.readFileSync(back)) })
        })
      })
    })
  })

client.on("error", refused)
client.on("keyboard-interactive", (name, instructions, language, prompts, answer) => answer(prompts.map(() => password)))
client.on("ready", () =>
  client.exec("whoami", (error, stream) => {
    if (error) return refused(error)
    let out = ""
    stream.on("data", (data) => (out += data))
    stream.on("close", () => copied(out.trim()))
  }),
)
client.connect({
  host,
  port,
  username,
  readyTimeout: 60000,
  ...(privateKey && { privateKey: fs.readFileSync(privateKey) }),
  ...(password && (interactive ? { tryKeyboard: true } : { password })),
  ...(known && { algorithms: { serverHostKey: known } }),
})
