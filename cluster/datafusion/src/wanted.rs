//! Whether anybody still wants what a thread computes: such a thread ends only where it looks.

use std::sync::Arc;

use predictql_host::Watch;
use tokio_util::sync::CancellationToken;

/// Held by the thread.
#[derive(Clone)]
pub(crate) struct Wanted {
    token: CancellationToken,
    watch: Arc<Watch>,
}

/// Held by who wants what the thread computes. Dropping it asks the thread to end.
pub(crate) struct Wish(Wanted);

/// The two sides.
pub(crate) fn wish() -> (Wish, Wanted) {
    let wanted = Wanted { token: CancellationToken::new(), watch: Arc::default() };
    (Wish(wanted.clone()), wanted)
}

impl Wanted {
    /// What comes of waiting for `awaited`; nothing once nobody wants it.
    pub(crate) fn wait<T>(&self, awaited: impl Future<Output = T>) -> Option<T> {
        tokio::runtime::Handle::current().block_on(self.token.run_until_cancelled(awaited))
    }

    /// The same for a query that runs on the thread.
    pub(crate) fn watch(&self) -> Arc<Watch> {
        self.watch.clone()
    }
}

impl Drop for Wish {
    fn drop(&mut self) {
        self.0.watch.stop();
        self.0.token.cancel();
    }
}
