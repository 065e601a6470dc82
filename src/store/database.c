#include "store/database.h"

#include "store/lock.h"

#include <glib/gstdio.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_TIMEOUT_MS 2000
/* Up to this size the indexes are checked against their tables too. */
#define THOROUGH_BELOW (8 * 1024 * 1024)
#define REPAIR_TRIES   20
#define REPAIR_WAIT_US (G_USEC_PER_SEC / 10)

struct _PgmDatabase
{
  sqlite3 *handle;
  char *path;
  GHashTable *statements; /* static SQL → sqlite3_stmt */
};

/* Element n brings user_version from n to n + 1. Never change one that has been
 * released: add another. */
static const char *const migrations[] = {
  "CREATE TABLE job ("
  " id TEXT PRIMARY KEY, kind TEXT NOT NULL, spec TEXT NOT NULL, status TEXT NOT NULL,"
  " phase TEXT NOT NULL, source TEXT, destination TEXT, pid INTEGER NOT NULL,"
  " started_at INTEGER NOT NULL, finished_at INTEGER NOT NULL DEFAULT 0, report TEXT);"
  "CREATE INDEX job_started ON job (started_at);"
  "CREATE TABLE event ("
  " id INTEGER PRIMARY KEY, job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,"
  " time INTEGER NOT NULL, type TEXT NOT NULL, message TEXT NOT NULL);"
  "CREATE INDEX event_job ON event (job_id);"
  "CREATE TABLE table_progress ("
  " job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE, schema TEXT NOT NULL,"
  " name TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (job_id, schema, name)) WITHOUT ROWID;",

  "ALTER TABLE job ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;"
  "ALTER TABLE job ADD COLUMN restarts INTEGER NOT NULL DEFAULT 0;"
  "CREATE TABLE migration ("
  " id TEXT PRIMARY KEY, plan TEXT NOT NULL, created_at INTEGER NOT NULL,"
  " updated_at INTEGER NOT NULL);"
  "CREATE TABLE metric ("
  " job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE, time INTEGER NOT NULL,"
  " lag_bytes INTEGER NOT NULL, rows_per_sec INTEGER NOT NULL, bytes_per_sec INTEGER NOT NULL,"
  " total_rows INTEGER NOT NULL, total_bytes INTEGER NOT NULL, PRIMARY KEY (job_id, time))"
  " WITHOUT ROWID;",
};

/* Everything that the newest version has; reads nothing. */
static const char probe[] =
    "SELECT id, kind, spec, status, phase, source, destination, pid, started_at, finished_at,"
    " report, kept, restarts FROM job LIMIT 0;"
    "SELECT id, job_id, time, type, message FROM event LIMIT 0;"
    "SELECT job_id, schema, name, record FROM table_progress LIMIT 0;"
    "SELECT id, plan, created_at, updated_at FROM migration LIMIT 0;"
    "SELECT job_id, time, lag_bytes, rows_per_sec, bytes_per_sec, total_rows, total_bytes"
    " FROM metric LIMIT 0;";

static void
finalize_statement (gpointer statement)
{
  sqlite3_finalize (statement);
}

static PgmDatabase *
database_new (const char *path)
{
  PgmDatabase *self = g_new0 (PgmDatabase, 1);

  self->path = g_strdup (path);
  self->statements =
      g_hash_table_new_full (g_direct_hash, g_direct_equal, NULL, finalize_statement);
  return self;
}

void
pgm_database_close (PgmDatabase *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->statements);
  sqlite3_close (self->handle);
  g_free (self->path);
  g_free (self);
}

static gboolean
is_damage (int code)
{
  return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB;
}

gboolean
pgm_database_is_damaged (PgmDatabase *self)
{
  return is_damage (sqlite3_errcode (self->handle));
}

int
pgm_database_get_code (PgmDatabase *self)
{
  return sqlite3_errcode (self->handle);
}

void
pgm_database_set_error (PgmDatabase *self, GError **error)
{
  pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, sqlite3_errmsg (self->handle), NULL,
                      "state file \"%s\" can't be used", self->path);
}

gboolean
pgm_database_exec (PgmDatabase *self, const char *sql, GError **error)
{
  if (sqlite3_exec (self->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
    return TRUE;
  pgm_database_set_error (self, error);
  return FALSE;
}

sqlite3_stmt *
pgm_database_prepare (PgmDatabase *self, const char *sql, GError **error)
{
  sqlite3_stmt *statement = g_hash_table_lookup (self->statements, sql);

  if (statement != NULL)
    {
      sqlite3_reset (statement);
      sqlite3_clear_bindings (statement);
      return statement;
    }
  if (sqlite3_prepare_v3 (self->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) !=
      SQLITE_OK)
    {
      pgm_database_set_error (self, error);
      return NULL;
    }
  g_hash_table_insert (self->statements, (gpointer) (guintptr) sql, statement);
  return statement;
}

gboolean
pgm_database_run (PgmDatabase *self, sqlite3_stmt *statement, GError **error)
{
  int code;

  do
    code = sqlite3_step (statement);
  while (code == SQLITE_ROW);
  if (code != SQLITE_DONE)
    pgm_database_set_error (self, error);
  sqlite3_reset (statement);
  return code == SQLITE_DONE;
}

/* One value of one row; NULL with an error, or without one when there is no row. */
static char *
read_text (PgmDatabase *self, const char *sql, GError **error)
{
  sqlite3_stmt *statement = pgm_database_prepare (self, sql, error);
  char *text = NULL;
  int code;

  if (statement == NULL)
    return NULL;
  code = sqlite3_step (statement);
  if (code == SQLITE_ROW)
    text = g_strdup ((const char *) sqlite3_column_text (statement, 0));
  else if (code != SQLITE_DONE)
    pgm_database_set_error (self, error);
  sqlite3_reset (statement);
  return text;
}

/* A database of ours that is whole. @damaged: FALSE was returned because it is
 * not, so that a new one may take its place. */
static gboolean
check_database (PgmDatabase *self, gboolean *damaged, GError **error)
{
  struct stat status;
  gboolean small = g_stat (self->path, &status) == 0 && status.st_size < THOROUGH_BELOW;
  g_autofree char *verdict =
      read_text (self, small ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)", error);

  *damaged =
      verdict == NULL ? is_damage (pgm_database_get_code (self)) : !g_str_equal (verdict, "ok");
  if (verdict != NULL && *damaged)
    pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, verdict, NULL,
                        "state file \"%s\" is damaged", self->path);
  return verdict != NULL && !*damaged;
}

static gboolean
migrate_once (PgmDatabase *self, gsize version, GError **error)
{
  g_autofree char *sql = g_strdup_printf ("%s PRAGMA user_version = %" G_GSIZE_FORMAT,
                                          migrations[version], version + 1);

  return pgm_database_exec (self, sql, error);
}

/* All or nothing, and one process at a time: a second one finds it done. */
static gboolean
migrate (PgmDatabase *self, GError **error)
{
  g_autofree char *text = NULL;
  gint64 version;

  if (!pgm_database_exec (self, "BEGIN IMMEDIATE", error))
    return FALSE;
  text = read_text (self, "PRAGMA user_version", error);
  version = text != NULL ? g_ascii_strtoll (text, NULL, 10) : -1;
  if (version > (gint64) G_N_ELEMENTS (migrations))
    {
      pgm_error_set (error, PGM_ERROR_FAILED, "state file \"%s\" is of a newer pgmanager",
                     self->path);
      version = -1;
    }
  if (version < 0)
    {
      (void) sqlite3_exec (self->handle, "ROLLBACK", NULL, NULL, NULL);
      return FALSE;
    }
  for (gsize i = (gsize) version; i < G_N_ELEMENTS (migrations); i++)
    if (!migrate_once (self, i, error))
      {
        (void) sqlite3_exec (self->handle, "ROLLBACK", NULL, NULL, NULL);
        return FALSE;
      }
  return pgm_database_exec (self, "COMMIT", error);
}

static void
configure (PgmDatabase *self)
{
  sqlite3_busy_timeout (self->handle, BUSY_TIMEOUT_MS);
  sqlite3_extended_result_codes (self->handle, 1);
  /* What comes from a damaged file must not run as part of our statements. */
  sqlite3_db_config (self->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config (self->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
}

static gboolean
prepare_database (PgmDatabase *self, gboolean *damaged, GError **error)
{
  configure (self);
  if (!check_database (self, damaged, error))
    return FALSE;
  if (pgm_database_exec (self,
                         "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
                         "PRAGMA foreign_keys = ON; PRAGMA journal_size_limit = 4194304",
                         error) &&
      migrate (self, error))
    {
      /* The schema is text in the file, which a damage may have made another. */
      *damaged = !pgm_database_exec (self, probe, error);
      return !*damaged;
    }
  *damaged = is_damage (pgm_database_get_code (self));
  return FALSE;
}

/* SQLite makes files with the umask's mode; its -wal and -shm take over ours. */
static void
make_private_file (const char *path)
{
  int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

  if (fd < 0)
    return;
  (void) fchmod (fd, 0600);
  close (fd);
}

static gboolean
has_log (const char *path)
{
  g_autofree char *log = g_strconcat (path, "-wal", NULL);
  struct stat status;

  return g_stat (log, &status) == 0 && status.st_size > 0;
}

/* SQLite fills up a last page that was cut off, and takes a file of a byte or two
 * for an empty one. While there is a log, the file itself may be behind.
 * Source: SQLite, "Database File Format", 1.3 The Database Header. */
static gboolean
is_cut (const char *path)
{
  guint8 header[100];
  struct stat status;
  int fd = has_log (path) ? -1 : open (path, O_RDONLY | O_CLOEXEC);
  gssize got;
  guint64 page, pages;

  if (fd < 0)
    return FALSE;
  got = fstat (fd, &status) == 0 ? pread (fd, header, sizeof header, 0) : -1;
  close (fd);
  if (got < (gssize) sizeof header)
    return got > 0;
  page = (guint64) header[16] << 8 | header[17];
  page = page == 1 ? 65536 : page;
  pages = (guint64) header[28] << 24 | (guint64) header[29] << 16 | (guint64) header[30] << 8 |
          header[31];
  return (guint64) status.st_size < page * pages;
}

static PgmDatabase *
open_once (const char *path, gboolean *damaged, GError **error)
{
  PgmDatabase *self = database_new (path);

  *damaged = FALSE;
  make_private_file (path);
  if (is_cut (path))
    {
      *damaged = TRUE;
      pgm_error_set_full (error, PGM_ERROR_FAILED, NULL, "It is shorter than it says.", NULL,
                          "state file \"%s\" is damaged", path);
    }
  else if (sqlite3_open_v2 (path, &self->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                            NULL) != SQLITE_OK)
    pgm_database_set_error (self, error);
  else if (prepare_database (self, damaged, error))
    return self;
  pgm_database_close (self);
  return NULL;
}

/* The write-ahead log belongs to the damaged file, so it goes along. */
static gboolean
put_aside (const char *path, char **aside, GError **error)
{
  static const char *const companions[] = { "-wal", "-shm" };
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y%m%dT%H%M%S");

  *aside = g_strdup_printf ("%s.corrupt-%s", path, time);
  for (guint i = 1; g_file_test (*aside, G_FILE_TEST_EXISTS); i++)
    {
      g_free (*aside);
      *aside = g_strdup_printf ("%s.corrupt-%s.%u", path, time, i);
    }
  if (g_rename (path, *aside) != 0)
    {
      pgm_error_set (error, PGM_ERROR_FAILED, "damaged state file \"%s\" can't be put aside", path);
      return FALSE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (companions); i++)
    {
      g_autofree char *from = g_strconcat (path, companions[i], NULL);
      g_autofree char *to = g_strconcat (*aside, companions[i], NULL);

      (void) g_rename (from, to);
    }
  return TRUE;
}

/* Another process may have noticed the same and be at it; then its new file is
 * waited for, and must not be taken for the damaged one. */
static PgmLock *
lock_repair (const char *path, GError **error)
{
  g_autofree char *name = g_strconcat (path, ".repair", NULL);

  for (guint tries = 0; tries < REPAIR_TRIES; tries++)
    {
      PgmLock *lock = pgm_lock_acquire (name, "the repair of the state file", NULL);

      if (lock != NULL)
        return lock;
      g_usleep (REPAIR_WAIT_US);
    }
  return pgm_lock_acquire (name, "the repair of the state file", error);
}

static PgmDatabase *
repair (const char *path, char **warning, GError **error)
{
  g_autoptr (PgmLock) lock = lock_repair (path, error);
  g_autoptr (GError) reason = NULL;
  g_autofree char *aside = NULL;
  gboolean damaged;
  PgmDatabase *self;

  if (lock == NULL)
    return NULL;
  self = open_once (path, &damaged, &reason);
  if (self != NULL)
    return self;
  if (!damaged)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return NULL;
    }
  if (!put_aside (path, &aside, error))
    return NULL;
  self = open_once (path, &damaged, error);
  if (self != NULL)
    *warning = g_strdup_printf ("the state file was damaged (%s); it is kept as \"%s\" and a new "
                                "one was made",
                                pgm_error_get_detail (reason), aside);
  return self;
}

PgmDatabase *
pgm_database_open (const char *path, char **warning, GError **error)
{
  g_autoptr (GError) reason = NULL;
  gboolean damaged;
  PgmDatabase *self = open_once (path, &damaged, &reason);

  *warning = NULL;
  if (self != NULL)
    return self;
  if (damaged)
    return repair (path, warning, error);
  g_propagate_error (error, g_steal_pointer (&reason));
  return NULL;
}

PgmDatabase *
pgm_database_replace (PgmDatabase *self, GError **error)
{
  g_autofree char *path = g_strdup (self->path);
  g_autofree char *aside = NULL;
  g_autoptr (PgmLock) lock = NULL;
  gboolean damaged;

  pgm_database_close (self);
  lock = lock_repair (path, error);
  if (lock == NULL || !put_aside (path, &aside, error))
    return NULL;
  return open_once (path, &damaged, error);
}

PgmDatabase *
pgm_database_open_to_read (const char *path, GError **error)
{
  PgmDatabase *self = database_new (path);

  if (sqlite3_open_v2 (path, &self->handle, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) ==
      SQLITE_OK)
    {
      configure (self);
      return self;
    }
  pgm_database_set_error (self, error);
  pgm_database_close (self);
  return NULL;
}
