//! The way of log lines to their reader: a bounded queue, and a thread that writes. A reader that
//! stops reading costs lines, never an answer; as soon as it reads again it is told how many.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

/// Lines that wait for the reader; some megabytes.
const WAITING: usize = 8192;
/// Bytes after which lines are written, however many more wait.
const BATCH: usize = 64 * 1024;
/// How long the end of the program waits for its last lines.
const PATIENCE: Duration = Duration::from_secs(1);

enum Item {
    Line(String),
    /// All lines before it are written when this is dropped.
    Mark(SyncSender<()>),
}

/// Where lines are handed in.
#[derive(Debug)]
pub(crate) struct LogQueue {
    items: SyncSender<Item>,
    lost: Arc<AtomicU64>,
}

impl LogQueue {
    /// A queue in front of `writer`; `told` says in a line how many were lost.
    ///
    /// # Errors
    /// The system's, when it gives no thread.
    pub(crate) fn start(
        writer: impl Write + Send + 'static,
        told: impl Fn(u64) -> String + Send + 'static,
    ) -> io::Result<Self> {
        let (items, received) = sync_channel(WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&lost);
        thread::Builder::new()
            .name("log-writer".into())
            .spawn(move || write(writer, &received, &counted, told))?;
        Ok(Self { items, lost })
    }

    /// Hands a line in, and waits for nothing.
    pub(crate) fn push(&self, line: String) {
        if self.items.try_send(Item::Line(line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until all lines so far are written, or nobody reads them for a second.
    pub(crate) fn flush(&self) {
        let (mark, marked) = sync_channel(0);
        if self.items.try_send(Item::Mark(mark)).is_ok() {
            let _ = marked.recv_timeout(PATIENCE);
        }
    }
}

fn write(
    mut writer: impl Write,
    items: &Receiver<Item>,
    lost: &AtomicU64,
    told: impl Fn(u64) -> String,
) {
    while let Ok(first) = items.recv() {
        let (mut batch, mut marks) = (String::new(), Vec::new());
        let mut next = Some(first);
        while let Some(item) = next.take() {
            match item {
                Item::Line(line) => batch.push_str(&line),
                Item::Mark(mark) => marks.push(mark),
            }
            if batch.len() < BATCH {
                next = items.try_recv().ok();
            }
        }
        // There is no other place to report to when standard error is closed.
        let _ = writer.write_all(batch.as_bytes());
        // These lines were newer than those of the batch.
        let count = lost.swap(0, Ordering::Relaxed);
        if count > 0 {
            let _ = writer.write_all(told(count).as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};

    use super::*;

    #[test]
    fn a_reader_that_stops_reading_costs_lines_and_no_time() {
        let (reader, writer) = io::pipe().unwrap();
        let queue = LogQueue::start(writer, |count| format!("lost {count}\n")).unwrap();
        let all = 10 * WAITING;
        // Were anything waited for, this would never end.
        for _ in 0..all {
            queue.push("a line that nobody reads\n".into());
        }
        queue.flush();
        drop(queue);
        let (mut read, mut lost) = (0, 0);
        for line in BufReader::new(reader).lines() {
            match line.unwrap().strip_prefix("lost ") {
                Some(count) => lost += count.parse::<usize>().unwrap(),
                None => read += 1,
            }
        }
        assert_eq!(read + lost, all);
        assert!(lost > 0);
    }

    #[test]
    fn a_flush_waits_for_the_lines_before_it() {
        let (reader, writer) = io::pipe().unwrap();
        let queue = LogQueue::start(writer, |_| String::new()).unwrap();
        queue.push("last words\n".into());
        queue.flush();
        let mut line = String::new();
        BufReader::new(reader).read_line(&mut line).unwrap();
        assert_eq!(line, "last words\n");
    }
}
