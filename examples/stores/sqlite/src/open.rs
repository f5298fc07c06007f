//! Opening the file: made whole or not at all, ours, undamaged, and its owner's alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::check::check;
use crate::schema::{APPLICATION_ID, SCHEMA_VERSION, application_id, migrate, version};
use crate::{BUSY_TIMEOUT, FOLDED_AT, LOG_LIMIT, WRITER_CACHE};

/// A file that cannot be used as a store, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct OpenError {
    path: PathBuf,
    reason: OpenReason,
}

impl OpenError {
    pub(crate) fn new(path: &Path, reason: impl Into<OpenReason>) -> Self {
        Self { path: path.to_owned(), reason: reason.into() }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why it cannot be used.
    #[must_use]
    pub fn reason(&self) -> &OpenReason {
        &self.reason
    }
}

/// Why a file cannot be used as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenReason {
    /// The operating system says so.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The path names something else than a file.
    #[error("it is no file but a folder or a device")]
    NotAFile,
    /// The folder that it would be in is not there.
    #[error("its folder does not exist")]
    NoFolder,
    /// The file is there and has nothing in it, which no release of this program leaves behind.
    #[error("it is empty: bring back a copy of it, or remove it to begin with nothing")]
    Empty,
    /// The log of a file is there, and the file is not.
    #[error("it is missing, and its log {} is there: bring the file back, or remove the log to begin with nothing", .0.display())]
    OnlyLog(PathBuf),
    /// The file has a format of its own.
    #[error("it is no SQLite file, or its first page is damaged")]
    NotADatabase,
    /// The file has tables of its own.
    #[error("it is a SQLite file of another program")]
    Foreign,
    /// A later release of this program wrote it.
    #[error("its schema has version {0}, and this program knows versions up to {known} only", known = SCHEMA_VERSION)]
    Newer(i64),
    /// What SQLite found when it looked through the file.
    #[error("it is damaged, so bring back a copy of it: {0}")]
    Damaged(String),
    /// The file may be read and not written.
    #[error("it cannot be written")]
    ReadOnly,
    /// The file system cannot share memory between processes, which a write-ahead log needs.
    #[error("its file system does not support a write-ahead log")]
    NoLog,
    /// SQLite says so.
    #[error("{}", said(.0))]
    Sqlite(rusqlite::Error),
}

/// What SQLite says, without the path, which is told already.
fn said(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(error, _) => error.to_string(),
        error => error.to_string(),
    }
}

impl From<rusqlite::Error> for OpenReason {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged(said(&error)),
            _ => Self::Sqlite(error),
        }
    }
}

/// A file that is open: the connection that writes, and those that read.
pub(crate) struct Opened {
    pub(crate) file: PathBuf,
    pub(crate) writer: Connection,
    pub(crate) readers: Vec<Connection>,
}

pub(crate) fn open(path: &Path, readers: usize) -> Result<Opened, OpenError> {
    let fail = |reason| OpenError::new(path, reason);
    // SQLite takes `:memory:` and `file:` for something else than the names of files.
    let file = std::path::absolute(path).map_err(|error| fail(error.into()))?;
    prepare(&file).map_err(fail)?;
    let (writer, readers) = connect_all(&file, readers).map_err(|reason| fail(explain(&file, reason)))?;
    // The log and its index were made, or were there.
    keep_from_others(&file).map_err(fail)?;
    Ok(Opened { file, writer, readers })
}

/// Makes a new file of one, which has no free pages and can give them back from then on.
pub(crate) fn compact(path: &Path) -> Result<(), OpenError> {
    let fail = |reason| OpenError::new(path, reason);
    let file = std::path::absolute(path).map_err(|error| fail(error.into()))?;
    fs::metadata(&file).map_err(|error| fail(error.into()))?;
    prepare(&file).map_err(fail)?;
    let compact = || -> Result<(), OpenReason> {
        let mut connection = connect(&file)?;
        identify(&connection)?;
        check(&mut connection)?;
        migrate(&mut connection)?;
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        Ok(connection.execute_batch("VACUUM")?)
    };
    compact().map_err(|reason| fail(explain(&file, reason)))
}

/// Sees to it that there is a file, and that it is worth opening.
///
/// The file itself is not opened here. When a program closes a file by its own means, it loses the locks that SQLite
/// has on it through another connection.
fn prepare(file: &Path) -> Result<(), OpenReason> {
    match fs::metadata(file) {
        Ok(found) if !found.is_file() => return Err(OpenReason::NotAFile),
        Ok(found) if found.len() == 0 => return Err(OpenReason::Empty),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => create(file)?,
        Err(error) => return Err(error.into()),
    }
    keep_from_others(file)
}

/// Makes a file with its tables under another name, and gives it its own when it is on the disk. A crash leaves no file
/// that is empty, and of two processes that start at once the second one uses the first one's file.
fn create(file: &Path) -> Result<(), OpenReason> {
    let folder = file.parent().filter(|folder| folder.is_dir()).ok_or(OpenReason::NoFolder)?;
    let log = beside(file, "-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        // SQLite would take it for the new file's.
        return Err(OpenReason::OnlyLog(log));
    }
    // Its mode is 0600. SQLite gives its log the same.
    let new = tempfile::Builder::new()
        .prefix(".grantor-")
        .suffix(".new")
        .tempfile_in(folder)
        .map_err(plain)?
        .into_temp_path();
    let mut connection = connect(&new)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    migrate(&mut connection)?;
    connection.close().map_err(|(_, error)| error)?;
    match new.persist_noclobber(file) {
        Ok(()) => {}
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error.error.into()),
    }
    // The name is to be on the disk before anything is answered from the file.
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// Takes away what others may do with a file and what is beside it. It says who logged in where, and a copy that was
/// brought back may have got another mode on its way. Who is to read it too, for a backup, is to be its owner.
#[cfg(unix)]
fn keep_from_others(file: &Path) -> Result<(), OpenReason> {
    use std::os::unix::fs::PermissionsExt as _;
    for file in [file.to_owned(), beside(file, "-wal"), beside(file, "-shm")] {
        let mode = match fs::metadata(&file) {
            Ok(found) => found.permissions().mode(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error.into()),
        };
        if mode & 0o077 != 0 {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode & 0o700)).map_err(|error| {
                io::Error::new(
                    error.kind(),
                    format!("others may use it (mode {:o}), which cannot be changed: {error}", mode & 0o777),
                )
            })?;
        }
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_from_others(_: &Path) -> Result<(), OpenReason> {
    Ok(())
}

fn connect_all(file: &Path, readers: usize) -> Result<(Connection, Vec<Connection>), OpenReason> {
    let mut writer = connect(file)?;
    identify(&writer)?;
    if writer.is_readonly("main")? {
        return Err(OpenReason::ReadOnly);
    }
    check(&mut writer)?;
    migrate(&mut writer)?;
    let mode: String = writer.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        return Err(OpenReason::NoLog);
    }
    // FULL syncs the log at every commit: what was answered to a client is on the disk.
    writer.pragma_update(None, "synchronous", "FULL")?;
    writer.pragma_update(None, "cache_size", WRITER_CACHE)?;
    writer.pragma_update(None, "wal_autocheckpoint", FOLDED_AT)?;
    writer.pragma_update(None, "journal_size_limit", LOG_LIMIT)?;
    // What a savepoint would undo is kept in memory, not in a file beside.
    writer.pragma_update(None, "temp_store", "MEMORY")?;
    let reader = |_| {
        let reader = connect(file)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(reader)
    };
    let readers = (0..readers).map(reader).collect::<Result<_, rusqlite::Error>>()?;
    Ok((writer, readers))
}

fn connect(file: &Path) -> Result<Connection, rusqlite::Error> {
    // No CREATE: only `create` makes a file. No URI: a name is a name.
    let connection =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// A file of version 1 or 2 may be from before there was an application id.
fn identify(connection: &Connection) -> Result<(), OpenReason> {
    let (tables, ours): (i64, i64) = connection.query_row(
        "SELECT count(*), count(*) FILTER (WHERE name IN ('grants', 'credentials', 'witnesses', 'clients'))
         FROM sqlite_schema WHERE type = 'table'",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let version = version(connection)?;
    match application_id(connection)? {
        APPLICATION_ID if version > SCHEMA_VERSION => Err(OpenReason::Newer(version)),
        APPLICATION_ID => Ok(()),
        0 if tables == 0 => Err(OpenReason::Empty),
        0 if ours == 4 && (1..=2).contains(&version) => Ok(()),
        _ => Err(OpenReason::Foreign),
    }
}

/// Says in the operating system's words why SQLite could not open a file or write to it.
fn explain(file: &Path, reason: OpenReason) -> OpenReason {
    let is_about_access = match &reason {
        OpenReason::ReadOnly => true,
        OpenReason::Sqlite(error) => {
            matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied)
            )
        }
        _ => false,
    };
    // SQLite has to make files beside it as well.
    match file.parent().filter(|_| is_about_access).map(tempfile::tempfile_in) {
        Some(Err(error)) => plain(error).into(),
        Some(Ok(_)) => OpenReason::ReadOnly,
        None => reason,
    }
}

/// What the operating system said, without the name of a file that nobody asked for.
fn plain(error: io::Error) -> io::Error {
    if error.get_ref().is_some() { error.kind().into() } else { error }
}

/// The name of a file that SQLite puts beside another.
pub(crate) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
