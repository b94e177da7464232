//! The service as a stranger meets it: the real binary on a directory of its own, spoken to over a socket.

mod attachments;
mod commands;
mod full_disk;
mod full_queue;
mod pages;
mod reads;
mod service;
mod support;
