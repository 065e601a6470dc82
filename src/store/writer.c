#include "store/writer.h"

#define MAX_QUEUED 4096
#define RETRY_US   (5 * G_USEC_PER_SEC)
#define MAX_VALUES 10

typedef struct
{
  PgmWriteClass class;
  const char *sql;
  const char *types;
  char *texts[MAX_VALUES];
  gint64 numbers[MAX_VALUES];
} Write;

struct _PgmWriter
{
  PgmDatabase *database; /* the thread's own; NULL when it could not be replaced */
  GThread *thread;

  GMutex lock; /* everything below */
  GCond changed;
  GQueue queue; /* Write */
  gboolean writing;
  gboolean closing;
  char *problem;
};

static void
write_free (gpointer data)
{
  Write *self = data;

  for (gsize i = 0; i < MAX_VALUES; i++)
    g_free (self->texts[i]);
  g_free (self);
}

static gboolean
bind_values (sqlite3_stmt *statement, const Write *write)
{
  for (int i = 0; write->types[i] != '\0'; i++)
    {
      int code = write->types[i] == 'i'
                     ? sqlite3_bind_int64 (statement, i + 1, write->numbers[i])
                     : sqlite3_bind_text (statement, i + 1, write->texts[i], -1, SQLITE_STATIC);

      if (code != SQLITE_OK)
        return FALSE;
    }
  return TRUE;
}

/* What breaks a rule of the schema (an event of a job that was pruned) is left
 * out; it must not hold up the others. */
static gboolean
run_write (PgmWriter *self, const Write *write, GError **error)
{
  sqlite3_stmt *statement = pgm_database_prepare (self->database, write->sql, error);
  g_autoptr (GError) reason = NULL;

  if (statement == NULL)
    return FALSE;
  if (!bind_values (statement, write))
    {
      pgm_database_set_error (self->database, error);
      return FALSE;
    }
  if (pgm_database_run (self->database, statement, &reason) ||
      (pgm_database_get_code (self->database) & 0xFF) == SQLITE_CONSTRAINT)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

static gboolean
try_batch (PgmWriter *self, GQueue *batch, gboolean *damaged, GError **error)
{
  gboolean done = pgm_database_exec (self->database, "BEGIN IMMEDIATE", error);
  gboolean rolled_back;

  for (GList *link = batch->head; done && link != NULL; link = link->next)
    done = run_write (self, link->data, error);
  if (done && pgm_database_exec (self->database, "COMMIT", error))
    return TRUE;
  *damaged = pgm_database_is_damaged (self->database);
  /* SQLite may have rolled back by itself; then this fails, as it should. */
  rolled_back = pgm_database_exec (self->database, "ROLLBACK", NULL);
  (void) rolled_back;
  return FALSE;
}

/* A damage that the check at opening did not see shows up in the end; then the
 * file is replaced like any damaged one. */
static gboolean
write_batch (PgmWriter *self, GQueue *batch, GError **error)
{
  g_autoptr (GError) reason = NULL;
  gboolean damaged = FALSE;

  if (self->database == NULL)
    {
      pgm_error_set (error, PGM_ERROR_FAILED, "the state file could not be replaced");
      return FALSE;
    }
  if (try_batch (self, batch, &damaged, &reason))
    return TRUE;
  if (!damaged)
    {
      g_propagate_error (error, g_steal_pointer (&reason));
      return FALSE;
    }
  self->database = pgm_database_replace (self->database, error);
  return self->database != NULL && try_batch (self, batch, &damaged, error);
}

/* What is worth another try goes back to the head, in its order. */
static void
put_back_locked (PgmWriter *self, GQueue *batch)
{
  Write *write;

  while ((write = g_queue_pop_tail (batch)) != NULL)
    {
      if (write->class == PGM_WRITE_TABLE || self->closing)
        write_free (write);
      else
        g_queue_push_head (&self->queue, write);
    }
}

static void
write_queued_locked (PgmWriter *self)
{
  GQueue batch = self->queue;
  g_autoptr (GError) error = NULL;

  g_queue_init (&self->queue);
  self->writing = TRUE;
  g_mutex_unlock (&self->lock);
  (void) write_batch (self, &batch, &error);
  g_mutex_lock (&self->lock);
  self->writing = FALSE;
  g_clear_pointer (&self->problem, g_free);
  if (error != NULL)
    {
      self->problem = pgm_error_to_text (error);
      put_back_locked (self, &batch);
    }
  g_queue_clear_full (&batch, write_free);
  g_cond_broadcast (&self->changed);
}

static gpointer
writer_thread (gpointer data)
{
  PgmWriter *self = data;

  g_mutex_lock (&self->lock);
  while (!self->closing || !g_queue_is_empty (&self->queue))
    {
      if (!g_queue_is_empty (&self->queue))
        write_queued_locked (self);
      else
        g_cond_wait (&self->changed, &self->lock);
      if (self->problem != NULL)
        {
          gint64 until = g_get_monotonic_time () + RETRY_US;

          while (!self->closing && g_cond_wait_until (&self->changed, &self->lock, until))
            ;
        }
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

PgmWriter *
pgm_writer_new (PgmDatabase *database)
{
  PgmWriter *self = g_new0 (PgmWriter, 1);

  self->database = database;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->queue);
  self->thread = g_thread_new ("pgm-store", writer_thread, self);
  return self;
}

void
pgm_writer_free (PgmWriter *self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  self->closing = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  g_thread_join (self->thread);
  pgm_database_close (self->database);
  g_free (self->problem);
  g_cond_clear (&self->changed);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Makes room for one of @class by dropping the oldest of the least important
 * class that is not above it; FALSE: there is none, so the new one is dropped. */
static gboolean
make_room_locked (PgmWriter *self, PgmWriteClass class)
{
  if (self->queue.length < MAX_QUEUED || class == PGM_WRITE_JOB)
    return TRUE;
  for (int victim = PGM_WRITE_TABLE; victim <= (int) class; victim++)
    for (GList *link = self->queue.head; link != NULL; link = link->next)
      if ((int) ((Write *) link->data)->class == victim)
        {
          write_free (link->data);
          g_queue_delete_link (&self->queue, link);
          return TRUE;
        }
  return FALSE;
}

void
pgm_writer_push (PgmWriter *self, PgmWriteClass class, const char *sql, const char *types, ...)
{
  Write *write = g_new0 (Write, 1);
  va_list arguments;

  g_return_if_fail (strlen (types) <= MAX_VALUES);

  write->class = class;
  write->sql = sql;
  write->types = types;
  va_start (arguments, types);
  for (gsize i = 0; types[i] != '\0'; i++)
    {
      if (types[i] == 'i')
        write->numbers[i] = va_arg (arguments, gint64);
      else
        write->texts[i] = g_strdup (va_arg (arguments, const char *));
    }
  va_end (arguments);

  g_mutex_lock (&self->lock);
  if (make_room_locked (self, class))
    g_queue_push_tail (&self->queue, g_steal_pointer (&write));
  /* A retry is waited for, not brought about by more to write. */
  if (self->problem == NULL)
    g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
  if (write != NULL)
    write_free (write);
}

void
pgm_writer_flush (PgmWriter *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  while (self->problem == NULL && (self->writing || !g_queue_is_empty (&self->queue)))
    g_cond_wait (&self->changed, &self->lock);
}

char *
pgm_writer_dup_problem (PgmWriter *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return g_strdup (self->problem);
}
