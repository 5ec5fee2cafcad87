//! A form's body on its way to the parser, which takes all that is ready before it looks at any of it, and keeps the
//! head of a part until that ends. So it gets one chunk at a time, and not much before the file begins: memory is flat
//! whatever is sent.

use bytes::Bytes;
use futures::Stream;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

/// Most bytes before the file begins: the other parts of the form, and what their heads say.
const BEFORE: usize = 1024 * 1024;

/// Told once the file has begun: from then on there is no bound but the upload's own.
#[derive(Clone, Default)]
pub struct Begun(Arc<AtomicBool>);

impl Begun {
    /// It has begun.
    pub fn tell(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// The body, paced.
pub struct Paced<S> {
    body: S,
    begun: Begun,
    before: usize,
    pause: bool,
}

impl<S> Paced<S> {
    /// Paces `body`.
    pub fn new(body: S, begun: Begun) -> Self {
        Self {
            body,
            begun,
            before: 0,
            pause: false,
        }
    }
}

impl<S: Stream<Item = Result<Bytes, axum::Error>> + Unpin> Stream for Paced<S> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.pause) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let chunk = match Pin::new(&mut self.body).poll_next(cx) {
            Poll::Ready(Some(Ok(chunk))) => chunk,
            other => return other.map(|end| end.map(|chunk| chunk.map_err(io::Error::other))),
        };
        self.pause = true;
        if !self.begun.0.load(Ordering::Relaxed) {
            self.before += chunk.len();
            if self.before > BEFORE {
                let words = format!("no file begins within its first {BEFORE} bytes");
                return Poll::Ready(Some(Err(io::Error::other(words))));
            }
        }
        Poll::Ready(Some(Ok(chunk)))
    }
}
