<?php
// Enters a machine by phpseclib, which is SSH in pure PHP, and prints its user name there and whether sftp returned a file unchanged.
// One argument, as JSON: host, port, username, and key (a file) or password.

require "phpseclib3/autoload.php";

use phpseclib3\Crypt\PublicKeyLoader;
use phpseclib3\Net\SFTP;

$wanted = json_decode($argv[1], true);
$ssh = new SFTP($wanted["host"], $wanted["port"], 60);
$known = explode(" ", $ssh->getServerPublicHostKey())[0];
$proof = isset($wanted["key"]) ? PublicKeyLoader::load(file_get_contents($wanted["key"])) : $wanted["password"];
if (!$ssh->login($wanted["username"], $proof)) {
    echo json_encode(["refused" => true, "connected" => $ssh->isConnected(), "known" => $known]);
    exit(0);
}
$body = random_bytes(65536);
$ssh->put("/tmp/there", $body);
$same = $ssh->get("/tmp/there") === $body;
echo json_encode(["whoami" => trim($ssh->exec("whoami")), "same" => $same, "known" => $known]);
