//! A process that only reads, beside the one that writes.

use event_log::{Access, AppendError, LogError};

use crate::{Place, append, centre, stream};

#[tokio::test]
async fn a_companion_follows_what_another_process_writes() {
    let place = Place::new();
    let (log, here) = (place.write().await, centre("410404"));
    log.append(append(&here, &[(1, 0)])).await.unwrap();
    let companion = place.open(Access::Read).await.unwrap();
    let (mut tail, mut all) = (companion.tail(&here), companion.tail_all());
    assert_eq!(tail.now(), 1, "what was there before is known at once");
    let before = all.now();
    log.append(append(&here, &[(1, 1)])).await.unwrap();
    assert_eq!(tail.past(1).await.unwrap(), 2);
    assert!(all.past(before).await.unwrap() > before);
    assert_eq!(companion.read_stream(&here, stream(1), 0).await.unwrap().len(), 2);
    // A centre that did not exist when it was opened.
    let there = centre("410403");
    log.append(append(&there, &[(1, 0), (2, 0)])).await.unwrap();
    assert_eq!(companion.tail(&there).past(0).await.unwrap(), 2);
    assert!(companion.verify(&mut |_| {}).await.unwrap().is_clean());
    companion.close().await;
    assert!(matches!(tail.past(2).await, Err(LogError::Closed)));
    log.append(append(&here, &[(1, 2)])).await.unwrap();
    log.close().await;
}

#[tokio::test]
async fn a_companion_reads_attachments_and_writes_nothing() {
    let place = Place::new();
    let (log, here) = (place.write().await, centre("410404"));
    let companion = place.open(Access::Read).await.unwrap();
    let hash = log.put_attachment(b"scan".to_vec()).await.unwrap();
    assert_eq!(companion.get_attachment(hash).await.unwrap(), Some(b"scan".to_vec()));
    assert!(matches!(companion.put_attachment(Vec::new()).await, Err(LogError::ReadOnly { .. })));
    assert!(matches!(companion.append(append(&here, &[(1, 0)])).await, Err(AppendError::ReadOnly { .. })));
    log.close().await;
    companion.close().await;
}

#[tokio::test]
async fn a_log_that_nobody_writes_can_be_read() {
    let place = Place::new();
    let (log, here) = (place.write().await, centre("410404"));
    log.append(append(&here, &[(1, 0)])).await.unwrap();
    log.close().await;
    let companion = place.open(Access::Read).await.unwrap();
    assert_eq!(companion.head(&here).await.unwrap().position, 1);
    companion.close().await;
}
