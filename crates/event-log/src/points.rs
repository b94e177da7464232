//! Where `tests/model` may take hold: see [`crate::model`]. Without the feature, nothing at all.

/// Between two awaits: others may go first here, or everything may end.
macro_rules! point {
    ($name:literal) => {
        #[cfg(feature = "model")]
        crate::model::point($name).await;
    };
}

/// Waits for what another task of the log does.
macro_rules! waiting {
    ($future:expr) => {{
        #[cfg(feature = "model")]
        let future = crate::model::waiting($future);
        #[cfg(not(feature = "model"))]
        let future = $future;
        future.await
    }};
}

/// Starts a task that lives beside its caller.
macro_rules! spawn {
    ($task:expr) => {{
        #[cfg(feature = "model")]
        let handle = crate::model::spawn($task);
        #[cfg(not(feature = "model"))]
        let handle = tokio::spawn($task);
        handle
    }};
}

/// Whether this bug was put in on purpose. Never, without the feature.
macro_rules! planted {
    ($plant:ident) => {{
        #[cfg(feature = "model")]
        let is_planted = crate::model::is_planted(crate::model::Plant::$plant);
        #[cfg(not(feature = "model"))]
        let is_planted = false;
        is_planted
    }};
}

/// Does what takes the processor for long on a thread that nobody else waits for; `None` if it panicked.
macro_rules! aside {
    ($work:expr) => {{
        #[cfg(feature = "model")]
        let done = Some(($work)());
        #[cfg(not(feature = "model"))]
        let done = tokio::task::spawn_blocking($work).await.ok();
        done
    }};
}
