//! A TCP proxy that can be cut: what a service leans on goes away and comes back, at the same address.

use std::{
    io,
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// A proxy to one server. Nobody listens at its address while it is cut.
pub struct Proxy {
    pub address: SocketAddr,
    to: SocketAddr,
    open: Option<Open>,
}

struct Open {
    listener: TcpListener,
    streams: Arc<Mutex<Vec<TcpStream>>>,
}

impl Proxy {
    /// A proxy that is still cut.
    pub fn to(to: SocketAddr) -> Self {
        let address = free_address();
        Self {
            address,
            to,
            open: None,
        }
    }

    /// Lets connections through.
    pub fn open(&mut self) {
        let listener = TcpListener::bind(self.address).unwrap();
        let streams: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let (accepting, kept, to) = (listener.try_clone().unwrap(), streams.clone(), self.to);
        thread::spawn(move || {
            for here in accepting.incoming() {
                let Ok(here) = here else { return };
                let Ok(there) = TcpStream::connect(to) else {
                    continue;
                };
                for (mut from, mut into) in [
                    (here.try_clone().unwrap(), there.try_clone().unwrap()),
                    (there.try_clone().unwrap(), here.try_clone().unwrap()),
                ] {
                    thread::spawn(move || {
                        // However it ends, the other direction must end too.
                        io::copy(&mut from, &mut into).ok();
                        into.shutdown(Shutdown::Both).ok();
                        from.shutdown(Shutdown::Both).ok();
                    });
                }
                kept.lock().unwrap().extend([here, there]);
            }
        });
        self.open = Some(Open { listener, streams });
    }

    /// Cuts every connection and takes no more. Returns how many were cut.
    pub fn cut(&mut self) -> usize {
        let Some(open) = self.open.take() else {
            return 0;
        };
        // Wakes the thread that accepts, so that the port is free again.
        rustix::net::shutdown(&open.listener, rustix::net::Shutdown::Both).ok();
        let streams = std::mem::take(&mut *open.streams.lock().unwrap());
        for stream in &streams {
            stream.shutdown(Shutdown::Both).ok();
        }
        streams.len() / 2
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.cut();
    }
}

/// An address that nobody listens at.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}
