//! SQLite's way to the disk: C functions, each of which turns its pointers into plain values and asks [`Disk`](super::Disk).
//!
//! A file's pointer is ours from `xOpen` to `xClose`; SQLite uses it from one thread at a time. What a function is handed is valid
//! for its call, as <https://www.sqlite.org/c3ref/vfs.html> and <https://www.sqlite.org/c3ref/io_methods.html> say.
#![allow(
    unsafe_code,
    reason = "SQLite calls its file system through C function pointers; nothing else in the project does"
)]

use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr;
use std::sync::Once;

use libsqlite3_sys as sqlite;
use sqlite::{sqlite3_file, sqlite3_io_methods, sqlite3_vfs};

use super::with;

/// 2026-01-01T00:00:00Z in milliseconds of the Julian day; nothing asks for it.
const NOW_JULIAN_MS: i64 = 210_866_760_000_000 + 1_767_225_600_000;
/// As SQLite's file system for Unix answers.
const SECTOR_BYTES: c_int = 4_096;
const LONGEST_NAME: c_int = 512;

/// What SQLite keeps of a file.
#[repr(C)]
struct Handle {
    base: sqlite3_file,
    id: u64,
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(size),
    xLock: Some(raise_lock),
    xUnlock: Some(lower_lock),
    xCheckReservedLock: Some(is_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: Some(map),
    xShmLock: Some(lock_memory),
    xShmBarrier: Some(barrier),
    xShmUnmap: Some(unmap),
    xFetch: None,
    xUnfetch: None,
};

/// Makes this the file system of every connection that this process opens from now on.
pub(crate) fn install() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let vfs = Box::leak(Box::new(sqlite3_vfs {
            iVersion: 2,
            szOsFile: c_int::try_from(size_of::<Handle>()).expect("a few bytes"),
            mxPathname: LONGEST_NAME,
            pNext: ptr::null_mut(),
            zName: c"model".as_ptr(),
            pAppData: ptr::null_mut(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_name),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: None,
            xGetLastError: None,
            xCurrentTimeInt64: Some(now),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        }));
        // SAFETY: it lives for ever, and nobody else writes to it.
        let registered = unsafe { sqlite::sqlite3_vfs_register(vfs, 1) };
        assert_eq!(registered, sqlite::SQLITE_OK, "SQLite takes a file system");
    });
}

/// The next random bytes that SQLite wants come from the disk that is there now.
pub(crate) fn forget_randomness() {
    // SAFETY: no bytes and no pointer: what the documentation has for this.
    unsafe { sqlite::sqlite3_randomness(0, ptr::null_mut()) };
}

/// The file behind SQLite's pointer.
///
/// # Safety
/// It was given to `xOpen` before.
unsafe fn id(file: *mut sqlite3_file) -> u64 {
    // SAFETY: `open` wrote a `Handle` there, for which SQLite made room.
    unsafe { (*file.cast::<Handle>()).id }
}

/// A name that SQLite hands in; `None` for a file that needs none.
///
/// # Safety
/// Null, or a C string.
unsafe fn name(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: a C string, as the caller says.
    Some(unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned())
}

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    path: sqlite::sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite's name for it.
    let path = unsafe { name(path) };
    let opened = with(|disk| disk.open(path, flags));
    let methods = if opened.is_some() { &raw const METHODS } else { ptr::null() };
    let handle = Handle { base: sqlite3_file { pMethods: methods }, id: opened.unwrap_or_default() };
    // SAFETY: there is room for `szOsFile` bytes.
    unsafe { file.cast::<Handle>().write(handle) };
    if !out_flags.is_null() {
        // SAFETY: not null, and then it is SQLite's.
        unsafe { out_flags.write(flags) };
    }
    if opened.is_some() { sqlite::SQLITE_OK } else { sqlite::SQLITE_CANTOPEN }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: an open file.
    let id = unsafe { id(file) };
    with(|disk| disk.close(id));
    sqlite::SQLITE_OK
}

unsafe extern "C" fn read(file: *mut sqlite3_file, into: *mut c_void, len: c_int, at: i64) -> c_int {
    // SAFETY: an open file.
    let id = unsafe { id(file) };
    let (Ok(len), Ok(at)) = (usize::try_from(len), usize::try_from(at)) else { return sqlite::SQLITE_IOERR_READ };
    // SAFETY: SQLite's buffer, as long as it says; zeroed first, as it may be uninitialised.
    unsafe { into.cast::<u8>().write_bytes(0, len) };
    // SAFETY: the same buffer, and nobody else's during this call.
    let into = unsafe { std::slice::from_raw_parts_mut(into.cast::<u8>(), len) };
    with(|disk| disk.read_at(id, into, at))
}

unsafe extern "C" fn write(file: *mut sqlite3_file, from: *const c_void, len: c_int, at: i64) -> c_int {
    // SAFETY: an open file.
    let id = unsafe { id(file) };
    let (Ok(len), Ok(at)) = (usize::try_from(len), usize::try_from(at)) else { return sqlite::SQLITE_IOERR_WRITE };
    // SAFETY: SQLite's bytes, as many as it says.
    let from = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), len) };
    with(|disk| disk.write_at(id, from, at))
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, len: i64) -> c_int {
    // SAFETY: an open file.
    let id = unsafe { id(file) };
    let Ok(len) = usize::try_from(len) else { return sqlite::SQLITE_IOERR_TRUNCATE };
    with(|disk| disk.truncate(id, len))
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    let id = unsafe { id(file) };
    with(|disk| disk.sync(id))
}

unsafe extern "C" fn size(file: *mut sqlite3_file, out: *mut i64) -> c_int {
    // SAFETY: an open file.
    let id = unsafe { id(file) };
    let size = with(|disk| disk.file(id).map_or(0, |file| file.bytes().len()));
    // SAFETY: SQLite's variable.
    unsafe { out.write(i64::try_from(size).unwrap_or(i64::MAX)) };
    sqlite::SQLITE_OK
}

unsafe extern "C" fn raise_lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file.
    let id = unsafe { id(file) };
    with(|disk| match disk.is_dead {
        true => sqlite::SQLITE_IOERR_LOCK,
        false => disk.raise_lock(id, level).map_or(sqlite::SQLITE_BUSY, |()| sqlite::SQLITE_OK),
    })
}

unsafe extern "C" fn lower_lock(file: *mut sqlite3_file, level: c_int) -> c_int {
    // SAFETY: an open file.
    let id = unsafe { id(file) };
    with(|disk| disk.lower_lock(id, level));
    sqlite::SQLITE_OK
}

unsafe extern "C" fn is_reserved(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: an open file.
    let id = unsafe { id(file) };
    let is_reserved = with(|disk| disk.is_reserved(id));
    // SAFETY: SQLite's variable.
    unsafe { out.write(c_int::from(is_reserved)) };
    sqlite::SQLITE_OK
}

unsafe extern "C" fn control(_: *mut sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    sqlite::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector(_: *mut sqlite3_file) -> c_int {
    SECTOR_BYTES
}

unsafe extern "C" fn characteristics(_: *mut sqlite3_file) -> c_int {
    // As on Unix, so that SQLite writes as much and as often as it does there.
    sqlite::SQLITE_IOCAP_POWERSAFE_OVERWRITE | sqlite::SQLITE_IOCAP_SUBPAGE_READ
}

unsafe extern "C" fn map(
    file: *mut sqlite3_file,
    piece: c_int,
    bytes: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: an open file.
    let id = unsafe { id(file) };
    let (Ok(piece), Ok(bytes)) = (usize::try_from(piece), usize::try_from(bytes)) else {
        return sqlite::SQLITE_IOERR_SHMMAP;
    };
    let mapped = with(|disk| if disk.is_dead { Err(()) } else { Ok(disk.map(id, piece, bytes, extend != 0)) });
    let Ok(mapped) = mapped else { return sqlite::SQLITE_IOERR_SHMMAP };
    // SAFETY: SQLite's variable. The memory stays where it is until the last file that mapped it is closed.
    unsafe { out.write(mapped.map_or(ptr::null_mut(), <*mut u64>::cast)) };
    sqlite::SQLITE_OK
}

unsafe extern "C" fn lock_memory(file: *mut sqlite3_file, first: c_int, count: c_int, flags: c_int) -> c_int {
    // SAFETY: an open file.
    let id = unsafe { id(file) };
    let mask = ((1_u32 << count) - 1) << first;
    with(|disk| match disk.is_dead {
        true => sqlite::SQLITE_IOERR_SHMLOCK,
        false => disk.lock_memory(id, mask, flags).map_or(sqlite::SQLITE_BUSY, |()| sqlite::SQLITE_OK),
    })
}

unsafe extern "C" fn barrier(_: *mut sqlite3_file) {
    std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
}

unsafe extern "C" fn unmap(file: *mut sqlite3_file, _: c_int) -> c_int {
    // SAFETY: an open file.
    let id = unsafe { id(file) };
    with(|disk| disk.unmap(id));
    sqlite::SQLITE_OK
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, path: *const c_char, sync_directory: c_int) -> c_int {
    // SAFETY: SQLite's name for it.
    let path = unsafe { name(path) };
    with(|disk| disk.delete(&path.unwrap_or_default(), sync_directory & 1 != 0))
}

unsafe extern "C" fn access(_: *mut sqlite3_vfs, path: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    // SAFETY: SQLite's name for it.
    let path = unsafe { name(path) };
    let file = with(|disk| disk.names.get(&path.unwrap_or_default()).map(|file| disk.files[*file].bytes().len()));
    // An empty file counts as none, on Unix too.
    let is_there = file.is_some_and(|len| len > 0 || flags != sqlite::SQLITE_ACCESS_EXISTS);
    // SAFETY: SQLite's variable.
    unsafe { out.write(c_int::from(is_there)) };
    sqlite::SQLITE_OK
}

unsafe extern "C" fn full_name(_: *mut sqlite3_vfs, path: *const c_char, room: c_int, out: *mut c_char) -> c_int {
    // SAFETY: SQLite's name for it.
    let bytes = unsafe { CStr::from_ptr(path) }.to_bytes_with_nul();
    if usize::try_from(room).is_ok_and(|room| room < bytes.len()) {
        return sqlite::SQLITE_CANTOPEN;
    }
    // SAFETY: there is room, and the two are not the same memory.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
    sqlite::SQLITE_OK
}

unsafe extern "C" fn randomness(_: *mut sqlite3_vfs, len: c_int, out: *mut c_char) -> c_int {
    let bytes = with(|disk| (0..len).map(|_| disk.randomness.next().to_le_bytes()[0]).collect::<Vec<u8>>());
    // SAFETY: as many as SQLite has room for.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
    len
}

unsafe extern "C" fn sleep(_: *mut sqlite3_vfs, micros: c_int) -> c_int {
    // No time passes here: what is waited for either is there or does not come while SQLite waits.
    micros
}

unsafe extern "C" fn now(_: *mut sqlite3_vfs, out: *mut i64) -> c_int {
    // SAFETY: SQLite's variable.
    unsafe { out.write(NOW_JULIAN_MS) };
    sqlite::SQLITE_OK
}
