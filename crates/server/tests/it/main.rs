//! The program as its users meet it: a real `cvmd`, its port, its socket, its commands, and OpenSSH.

mod accounts;
mod bad_connections;
mod bad_input;
mod console;
mod crowds;
mod ending;
mod finding;
mod full_disk;
mod guests;
mod kept;
mod kill;
mod misuse;
mod operator;
mod printing;
mod raw_requests;
mod rescue;
mod restart;
mod secrets;
mod seeds;
mod settings;
mod shares;
mod ssh_words;
mod support;
mod truths;
mod ways_in;
mod ways_to;
