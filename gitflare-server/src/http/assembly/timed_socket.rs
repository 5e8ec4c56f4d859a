//! The socket under hyper: the timers that hyper lacks (for a head that does not end, for an answer
//! that the client does not read), and the removal of hyper's own bare refusals, which
//! [`super::connection`] writes in the canonical shape instead. It parses nothing.

use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

/// Progress of a connection between two requests; set by the service, read by the socket.
#[derive(Debug, Default)]
pub(super) struct ConnectionState {
    /// A head was read whole: its deadline is met. The socket resets this.
    pub(super) is_head_read: AtomicBool,
    /// A request was handed over and is not answered yet: incoming bytes are its body.
    pub(super) is_serving: AtomicBool,
    /// An answer was handed over and is not flushed yet: outgoing bytes are ours, not hyper's.
    pub(super) is_answering: AtomicBool,
}

/// A socket whose reads of a head and whose writes time out.
#[derive(Debug)]
pub(super) struct TimedSocket<S> {
    socket: S,
    state: Arc<ConnectionState>,
    head_timeout: Duration,
    write_timeout: Duration,
    /// Deadline of the head that is being received; `None` between requests.
    head_deadline: Option<Instant>,
    head_timer: Option<Pin<Box<Sleep>>>,
    write_timer: Option<Pin<Box<Sleep>>>,
}

impl<S> TimedSocket<S> {
    /// A socket that was just accepted: its first head is due.
    pub(super) fn new(
        socket: S,
        state: Arc<ConnectionState>,
        head_timeout: Duration,
        write_timeout: Duration,
    ) -> Self {
        Self {
            socket,
            state,
            head_timeout,
            write_timeout,
            head_deadline: Some(Instant::now() + head_timeout),
            head_timer: None,
            write_timer: None,
        }
    }

    /// The socket, when hyper is done with it.
    pub(super) fn into_inner(self) -> S {
        self.socket
    }

    /// Whether outgoing bytes are hyper's own refusal of what it could not parse. Interim answers
    /// (100) are hyper's too, and pass.
    fn is_bare_refusal(&self, bytes: &[u8]) -> bool {
        let is_refusal = bytes.starts_with(b"HTTP/1.") && bytes.get(8..10) == Some(b" 4");
        is_refusal && !self.state.is_answering.load(Ordering::Relaxed)
    }

    fn poll_head_timer(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let Some(deadline) = self.head_deadline else {
            return Poll::Pending;
        };
        let timer = self
            .head_timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer
            .as_mut()
            .poll(cx)
            .map(|()| io::ErrorKind::TimedOut.into())
    }

    /// Gives a stalled write its time; progress starts it anew.
    fn timed<T>(
        &mut self,
        cx: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.write_timer = None;
            return outcome;
        }
        let timeout = self.write_timeout;
        let timer = self
            .write_timer
            .get_or_insert_with(|| Box::pin(sleep_until(Instant::now() + timeout)));
        timer
            .as_mut()
            .poll(cx)
            .map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimedSocket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.state.is_head_read.swap(false, Ordering::Relaxed) {
            this.head_deadline = None;
        }
        let is_body = this.state.is_serving.load(Ordering::Relaxed);
        let before = buffer.filled().len();
        match Pin::new(&mut this.socket).poll_read(cx, buffer) {
            Poll::Ready(outcome) => {
                let begun = buffer.filled().len() > before;
                if begun && !is_body && this.head_deadline.is_none() {
                    this.head_deadline = Some(Instant::now() + this.head_timeout);
                }
                Poll::Ready(outcome)
            }
            Poll::Pending => this.poll_head_timer(cx).map(Err),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimedSocket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.is_bare_refusal(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let outcome = Pin::new(&mut this.socket).poll_write(cx, bytes);
        this.timed(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if slices
            .first()
            .is_some_and(|first| this.is_bare_refusal(first))
        {
            return Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()));
        }
        let outcome = Pin::new(&mut this.socket).poll_write_vectored(cx, slices);
        this.timed(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let outcome = Pin::new(&mut this.socket).poll_flush(cx);
        if outcome.is_ready() {
            this.state.is_answering.store(false, Ordering::Relaxed);
        }
        this.timed(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
