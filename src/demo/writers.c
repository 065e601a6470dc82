#include "demo/writers.h"

#include "postgres/connection.h"

#define MAX_WRITERS 16

/* Between two orders of one customer, and before somebody shut out tries again. */
#define PAUSE_US (4 * G_TIME_SPAN_MILLISECOND)
#define RETRY_US (10 * G_TIME_SPAN_MILLISECOND)

/* An order, numbered by a sequence, in a partition; and a change by key. */
#define ORDER_SQL                                                                                  \
  "INSERT INTO shop.orders (customer_id, ordered_at, note) "                                       \
  "VALUES (1 + $1::bigint % 10, now(), 'writer ' || $2 || ' no. ' || $1)"
#define CREDIT_SQL "UPDATE shop.customers SET credit = credit + 0.01 WHERE id = 1 + $1::bigint % 10"

typedef struct
{
  PgmWriters *all;
  guint number;
  GThread *thread;
  PgmConnection *connection;
  guint side; /* 0 source, 1 destination */
  guint64 sequence;
  gint64 last_us; /* of the last acknowledged order */
} Writer;

struct _PgmWriters
{
  GCancellable *cancellable;
  PgmConninfo *sides[2];
  PgmConninfo *directory; /* the destination, as superuser */
  Writer *writers;
  guint n_writers;
  gint ended; /* atomic */

  GMutex lock; /* everything below */
  guint64 orders[2];
  gint64 longest_gap_us;
  guint64 refused;
};

static void
note_order (Writer *self)
{
  PgmWriters *all = self->all;
  gint64 now = g_get_monotonic_time ();

  g_mutex_lock (&all->lock);
  all->orders[self->side]++;
  if (self->last_us != 0)
    all->longest_gap_us = MAX (all->longest_gap_us, now - self->last_us);
  g_mutex_unlock (&all->lock);
  self->last_us = now;
}

/* One transaction. An error before COMMIT is answered undoes it or not; then the
 * same number is looked for before it is written again. */
static gboolean
place_order (Writer *self, GError **error)
{
  g_autofree char *sequence = g_strdup_printf ("%" G_GUINT64_FORMAT, self->sequence);
  g_autofree char *number = g_strdup_printf ("%u", self->number);
  const char *params[] = { sequence, number };
  GCancellable *cancellable = self->all->cancellable;
  PgmResult *result;

  if (!pgm_connection_exec (self->connection, "BEGIN", cancellable, error))
    return FALSE;
  result = pgm_connection_query (self->connection, ORDER_SQL, 2, params, cancellable, error);
  if (result == NULL)
    return FALSE;
  pgm_result_free (result);
  result = pgm_connection_query (self->connection, CREDIT_SQL, 1, params, cancellable, error);
  if (result == NULL)
    return FALSE;
  pgm_result_free (result);
  return pgm_connection_exec (self->connection, "COMMIT", cancellable, error);
}

/* Where did the last unanswered order end? */
static gboolean
find_sequence (Writer *self, GError **error)
{
  g_autofree char *prefix = g_strdup_printf ("writer %u no. ", self->number);
  g_autofree char *highest = NULL;
  const char *params[] = { prefix };

  highest = pgm_connection_query_value (
      self->connection,
      "SELECT coalesce(max(substr(note, length($1) + 1)::bigint), 0) FROM shop.orders "
      "WHERE ordered_at > now() - interval '1 hour' AND starts_with(note, $1)",
      1, params, self->all->cancellable, error);
  if (highest == NULL)
    return FALSE;
  self->sequence = g_ascii_strtoull (highest, NULL, 10) + 1;
  return TRUE;
}

static gboolean
connect_writer (Writer *self, GError **error)
{
  const PgmSessionOptions options = { .label = "shop", .application_name = "shop" };

  self->connection =
      pgm_connection_open (self->all->sides[self->side], &options, self->all->cancellable, error);
  /* Our own sessions pin this; an application's obey the server. */
  return self->connection != NULL &&
         pgm_connection_exec (self->connection, "RESET default_transaction_read_only",
                              self->all->cancellable, error) &&
         find_sequence (self, error);
}

/* Which side takes orders: the destination from the moment at which a cutover is
 * decided. Stays as it was when nobody can tell. */
static guint
ask_directory (Writer *self)
{
  const PgmSessionOptions options = { .label = "directory", .application_name = "shop" };
  g_autoptr (PgmConnection) connection =
      pgm_connection_open (self->all->directory, &options, self->all->cancellable, NULL);
  g_autofree char *moved = NULL;

  if (connection == NULL)
    return self->side;
  moved = pgm_connection_query_value (connection, "SELECT cutover >= 2 FROM pgmanager.follow_job",
                                      0, NULL, self->all->cancellable, NULL);
  return moved != NULL ? (moved[0] == 't' ? 1 : 0) : self->side;
}

static void
turn_away (Writer *self)
{
  g_clear_pointer (&self->connection, pgm_connection_free);
  g_mutex_lock (&self->all->lock);
  self->all->refused++;
  g_mutex_unlock (&self->all->lock);
  g_usleep (RETRY_US);
  self->side = ask_directory (self);
}

static gpointer
writer_main (gpointer data)
{
  Writer *self = data;

  while (!g_atomic_int_get (&self->all->ended))
    {
      g_autoptr (GError) error = NULL;

      if (self->connection == NULL && !connect_writer (self, &error))
        {
          turn_away (self);
          continue;
        }
      if (!place_order (self, &error))
        {
          turn_away (self);
          continue;
        }
      note_order (self);
      self->sequence++;
      g_usleep (PAUSE_US);
    }
  g_clear_pointer (&self->connection, pgm_connection_free);
  return NULL;
}

static PgmConninfo *
application_conninfo (const char *uri, GError **error)
{
  g_autoptr (PgmConninfo) conninfo = pgm_conninfo_new (uri, error);

  return conninfo != NULL ? pgm_conninfo_with (conninfo, "user", PGM_DEMO_APPLICATION_ROLE) : NULL;
}

PgmWriters *
pgm_writers_start (const PgmSample *sample, guint count, GError **error)
{
  PgmWriters *self = g_new0 (PgmWriters, 1);

  g_mutex_init (&self->lock);
  self->cancellable = g_cancellable_new ();
  self->directory = pgm_conninfo_new (sample->destination_uri, error);
  if (self->directory != NULL)
    self->sides[0] = application_conninfo (sample->source_uri, error);
  if (self->sides[0] != NULL)
    self->sides[1] = application_conninfo (sample->destination_uri, error);
  if (self->sides[1] == NULL)
    {
      pgm_writers_free (self);
      return NULL;
    }
  self->n_writers = MIN (count, MAX_WRITERS);
  self->writers = g_new0 (Writer, self->n_writers);
  for (guint i = 0; i < self->n_writers; i++)
    {
      self->writers[i].all = self;
      self->writers[i].number = i + 1;
      self->writers[i].thread = g_thread_new ("demo-writer", writer_main, &self->writers[i]);
    }
  return self;
}

PgmSampleActivity *
pgm_writers_look (PgmWriters *self)
{
  PgmSampleActivity *activity = pgm_record_new (&pgm_sample_activity_type);
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  activity->writers = self->n_writers;
  activity->source_orders = self->orders[0];
  activity->destination_orders = self->orders[1];
  activity->longest_gap_ms = (double) self->longest_gap_us / G_TIME_SPAN_MILLISECOND;
  activity->refused = self->refused;
  return activity;
}

static void
join_writers (PgmWriters *self)
{
  g_atomic_int_set (&self->ended, TRUE);
  for (guint i = 0; i < self->n_writers; i++)
    g_clear_pointer (&self->writers[i].thread, g_thread_join);
}

PgmSampleActivity *
pgm_writers_stop (PgmWriters *self)
{
  join_writers (self);
  return pgm_writers_look (self);
}

void
pgm_writers_free (PgmWriters *self)
{
  if (self == NULL)
    return;
  join_writers (self);
  g_clear_pointer (&self->directory, pgm_conninfo_unref);
  g_clear_pointer (&self->sides[0], pgm_conninfo_unref);
  g_clear_pointer (&self->sides[1], pgm_conninfo_unref);
  g_clear_object (&self->cancellable);
  g_mutex_clear (&self->lock);
  g_free (self->writers);
  g_free (self);
}
