//! How many uploads are read at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use axum::body::Body;
use tempfile::TempDir;
use tower_service::Service as _;
use witness::store::{self, Witness};

/// Uploads that are not read to their end keep the others waiting, unread, and no longer than they are there.
#[tokio::test]
async fn only_some_uploads_are_read_at_once() {
    let dir = TempDir::new().unwrap();
    store::init(dir.path(), "jiwei").unwrap();
    let (witness, _) = Witness::open(dir.path()).unwrap().keeping_copies(0);
    let router = witness::http::router(Arc::new(witness), || 0);
    let upload = |body| Box::pin(router.clone().call(axum::extract::Request::post("/add-leaves").body(body).unwrap()));
    let asked = Arc::new(AtomicUsize::new(0));
    let never = || {
        let asked = Arc::clone(&asked);
        Body::from_stream(futures_util::stream::poll_fn(move |_| {
            asked.fetch_add(1, Ordering::SeqCst);
            Poll::<Option<Result<Vec<u8>, std::io::Error>>>::Pending
        }))
    };
    let mut context = Context::from_waker(Waker::noop());
    let mut stuck: Vec<_> = (0..7).map(|_| upload(never())).collect();
    assert!(stuck.iter_mut().all(|one| one.as_mut().poll(&mut context).is_pending()));
    assert_eq!(asked.load(Ordering::SeqCst), 4, "the others wait for their turn");
    let mut other = upload(Body::from("no upload"));
    assert!(other.as_mut().poll(&mut context).is_pending());
    drop(stuck);
    assert_eq!(other.await.unwrap().status(), 400);
}
