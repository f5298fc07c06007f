//! The opening of a file: made whole or not at all, ours, undamaged, and accessible to its owner only.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::check::check;
use crate::fold::LOG_LIMIT;
use crate::schema::{APPLICATION_ID, SCHEMA_VERSION, application_id, migrate, version};
use crate::{BUSY_TIMEOUT, WRITER_CACHE};

/// The error for a file that cannot be used as a store.
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

    /// The reason why it cannot be used.
    #[must_use]
    pub fn reason(&self) -> &OpenReason {
        &self.reason
    }
}

/// The reason why a file cannot be used as a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenReason {
    /// The operating system reports an error.
    #[error(transparent)]
    File(#[from] io::Error),
    /// The path does not name a file.
    #[error("it is no file but a folder or a device")]
    NotAFile,
    /// The folder of the file does not exist.
    #[error("its folder does not exist")]
    NoFolder,
    /// The file is empty, which no release of this program leaves behind.
    #[error("it is empty: bring back a copy of it, or remove it to begin with nothing")]
    Empty,
    /// The log of a file exists, but not the file.
    #[error("it is missing, and its log {} is there: bring the file back, or remove the log to begin with nothing", .0.display())]
    OnlyLog(PathBuf),
    /// The file has another format.
    #[error("it is no SQLite file, or its first page is damaged")]
    NotADatabase,
    /// The file has the tables of another program.
    #[error("it is a SQLite file of another program")]
    Foreign,
    /// A later release of this program wrote it.
    #[error("its schema has version {0}, and this program knows versions up to {known} only", known = SCHEMA_VERSION)]
    Newer(i64),
    /// The damage that SQLite found in the file.
    #[error("it is damaged, so bring back a copy of it: {0}")]
    Damaged(String),
    /// The file can be read but not written.
    #[error("it cannot be written")]
    ReadOnly,
    /// The file system cannot share memory between processes, which a write-ahead log needs.
    #[error("its file system does not support a write-ahead log")]
    NoLog,
    /// SQLite reports an error.
    #[error("{}", said(.0))]
    Sqlite(rusqlite::Error),
}

/// Returns SQLite's message, without the path, which is shown already.
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

/// An open file, with its connections.
pub(crate) struct Opened {
    pub(crate) file: PathBuf,
    pub(crate) connections: Connections,
}

/// The connections to one file: one that writes, one that folds the log into the file, and those that read.
pub(crate) struct Connections {
    pub(crate) writer: Connection,
    pub(crate) folder: Connection,
    pub(crate) readers: Vec<Connection>,
}

pub(crate) fn open(path: &Path, readers: usize) -> Result<Opened, OpenError> {
    let fail = |reason| OpenError::new(path, reason);
    // SQLite gives `:memory:` and `file:` a special meaning.
    let file = std::path::absolute(path).map_err(|error| fail(error.into()))?;
    prepare(&file).map_err(fail)?;
    let connections = connect_all(&file, readers).map_err(|reason| fail(explain(&file, reason)))?;
    // The log and its index exist by now.
    keep_from_others(&file).map_err(fail)?;
    Ok(Opened { file, connections })
}

/// Rewrites a file as a new one, which has no free pages and can give them back from then on.
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

/// Makes sure that there is a file, and that it is worth opening.
///
/// The file itself is not opened here: when a program closes a file by its own means, it loses the locks that SQLite
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

/// Makes a file with its tables under another name, and renames it when it is on the disk. A crash leaves no empty
/// file, and of two processes that start at once the second one uses the first one's file.
fn create(file: &Path) -> Result<(), OpenReason> {
    let folder = file.parent().filter(|folder| folder.is_dir()).ok_or(OpenReason::NoFolder)?;
    let log = beside(file, "-wal");
    if fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        // SQLite would take it for the new file's log.
        return Err(OpenReason::OnlyLog(log));
    }
    // The mode is 0600, and SQLite gives the log the same.
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
    // The name must be on the disk before any answer depends on the file.
    #[cfg(unix)]
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

/// Restricts a file and its companions to the owner, since they tell who logged in where, and a restored copy may have
/// another mode. A backup program that is to read the file must run as its owner.
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

fn connect_all(file: &Path, readers: usize) -> Result<Connections, OpenReason> {
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
    // FULL syncs the log at every commit, so that an answered commit is on the disk.
    writer.pragma_update(None, "synchronous", "FULL")?;
    writer.pragma_update(None, "cache_size", WRITER_CACHE)?;
    writer.pragma_update(None, "journal_size_limit", LOG_LIMIT)?;
    // The data that a savepoint would undo is kept in memory, not in a separate file.
    writer.pragma_update(None, "temp_store", "MEMORY")?;
    let reader = |_| {
        let reader = connect(file)?;
        reader.pragma_update(None, "query_only", true)?;
        Ok(reader)
    };
    let readers = (0..readers).map(reader).collect::<Result<_, rusqlite::Error>>()?;
    Ok(Connections { writer, folder: connect(file)?, readers })
}

fn connect(file: &Path) -> Result<Connection, rusqlite::Error> {
    // There is no CREATE, since only `create` makes a file, and no URI, since a name is a name.
    let connection =
        Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

/// Checks the application id, which a file of version 1 or 2 may not have yet.
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

/// Explains in the operating system's words why SQLite could not open a file or write to it.
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
    // SQLite must be able to make files beside it as well.
    match file.parent().filter(|_| is_about_access).map(tempfile::tempfile_in) {
        Some(Err(error)) => plain(error).into(),
        Some(Ok(_)) => OpenReason::ReadOnly,
        None => reason,
    }
}

/// Returns the operating system's message, without the name of an internal file.
fn plain(error: io::Error) -> io::Error {
    if error.get_ref().is_some() { error.kind().into() } else { error }
}

/// Returns the name of a file that SQLite puts beside another.
pub(crate) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
