//! As much of an async runtime as the tests need.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

/// Runs a future to its end on this thread.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Pauses once, so that other tasks get on.
pub fn turn_over() -> impl Future<Output = ()> + Send {
    let mut is_over = false;
    std::future::poll_fn(move |context| {
        if std::mem::replace(&mut is_over, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
}

/// Runs tasks in turns on this thread, each only when it was woken. Panics if some are left that nobody wakes.
pub fn run_all<'a>(tasks: Vec<Pin<Box<dyn Future<Output = ()> + 'a>>>) {
    struct Flag(usize, Arc<Mutex<VecDeque<usize>>>, AtomicBool);
    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            if !self.2.swap(true, Ordering::SeqCst) {
                self.1.lock().unwrap().push_back(self.0);
            }
        }
    }
    let woken = Arc::new(Mutex::new(VecDeque::new()));
    let mut tasks: Vec<_> = tasks.into_iter().map(Some).collect();
    let flags: Vec<_> =
        (0..tasks.len()).map(|index| Arc::new(Flag(index, Arc::clone(&woken), AtomicBool::new(false)))).collect();
    flags.iter().for_each(|flag| Arc::clone(flag).wake());
    loop {
        let Some(index) = woken.lock().unwrap().pop_front() else { break };
        flags[index].2.store(false, Ordering::SeqCst);
        let Some(task) = &mut tasks[index] else { continue };
        let waker = Waker::from(Arc::clone(&flags[index]));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            tasks[index] = None;
        }
    }
    assert!(tasks.iter().all(Option::is_none), "a task was forgotten");
}
