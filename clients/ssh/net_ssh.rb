# Enters a machine by Net::SSH, on which Capistrano and Test Kitchen are built, and prints its user name there.
# One argument, as JSON: host, port, username, and key (a file) or password.

require "json"
require "net/ssh"

wanted = JSON.parse(ARGV[0])
proof = wanted["key"] ? { keys: [wanted["key"]], auth_methods: ["publickey"] } : { password: wanted["password"], auth_methods: ["password"] }
more = { port: wanted["port"], keys_only: true, use_agent: false, non_interactive: true, config: false, timeout: 60, verify_host_key: :never }
begin
  Net::SSH.start(wanted["host"], wanted["username"], **more, **proof, number_of_password_prompts: 0) do |ssh|
    puts JSON.generate({ whoami: ssh.exec!("whoami").strip })
  end
rescue Net::SSH::AuthenticationFailed
  puts JSON.generate({ refused: "AuthenticationFailed" })
end
