//! Probing sshds: OpenSSH's own, and peers in this process that do what no sshd should.

mod hostile;
mod openssh;
mod peer;
mod sshd;
mod verdicts;
