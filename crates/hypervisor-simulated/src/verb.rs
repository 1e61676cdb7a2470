//! A verb that runs to its end: its caller polls it, and a task of the runtime goes on with it if the caller stops waiting.

use cvmd_hypervisor::Error;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    task::{Context, Poll},
};
use tokio::runtime::Handle;

type Outcome<T> = Result<T, Error>;

/// Between a row's commit and the change of the memory a verb must not be dropped. A task for each verb would cost two
/// changes between threads more.
pub(crate) struct Verb<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = Outcome<T>> + Send>>>);

impl<T: Send + 'static> Verb<T> {
    /// Must be polled at once: also one that was never polled runs to its end.
    pub(crate) fn new(verb: impl Future<Output = Outcome<T>> + Send + 'static) -> Verb<T> {
        Verb(Some(Box::pin(verb)))
    }
}

impl<T: Send + 'static> Future for Verb<T> {
    type Output = Outcome<T>;

    /// A verb that panics has failed, and with it no other one of its caller.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(verb) = &mut self.0 else { return Poll::Pending };
        let polled = catch_unwind(AssertUnwindSafe(|| verb.as_mut().poll(context)))
            .unwrap_or_else(|_| Poll::Ready(Err(Error::Other("the verb panicked".into()))));
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Verb<T> {
    fn drop(&mut self) {
        if let Some(rest) = self.0.take()
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(rest);
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use tokio::sync::{mpsc, oneshot};

    #[tokio::test]
    async fn a_verb_whose_caller_has_gone_runs_to_its_end() {
        let (go, going) = oneshot::channel::<()>();
        let (done, mut is_done) = mpsc::channel(1);
        let mut verb = Box::pin(Verb::new(async move {
            going.await.unwrap();
            done.send(()).await.unwrap();
            Ok(())
        }));
        let began = std::future::poll_fn(|context| Poll::Ready(verb.as_mut().poll(context)));
        assert!(began.await.is_pending());
        drop(verb);
        go.send(()).unwrap();
        assert_eq!(is_done.recv().await, Some(()));
    }

    #[tokio::test]
    async fn a_verb_that_panics_has_failed() {
        let verb = Verb::<()>::new(async { panic!("as told") });
        assert_eq!(verb.await.unwrap_err().to_string(), "the verb panicked");
    }
}
