//! Probing sshds: OpenSSH's own, and peers in this process that do what no sshd should.

mod hostile;
mod liars;
mod openssh;
mod peer;
mod raw;
mod sshd;
mod verdicts;
