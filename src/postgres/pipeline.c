#include "config.h"

#include "postgres/pipeline.h"

#include "postgres/connection-private.h"

/* What may wait in libpq's buffer before the socket is waited for. Less would
 * leave the server idle while the next parameters are being built. */
#define UNSENT_MAX (256 * 1024)

struct _PgmPrepared
{
  char *sql;
  guint n_params;
  Oid *types;
  guint generation; /* of the session's prepared statements; 0: not prepared */
  char name[24];
};

typedef enum
{
  ITEM_PREPARE,
  ITEM_EXECUTE,
  ITEM_SYNC,
} ItemKind;

/* A message whose answer is awaited. */
typedef struct
{
  ItemKind kind;
  PgmPrepared *prepared;
  gint64 expected;
  gconstpointer tag;
} Item;

struct _PgmPipeline
{
  PgmConnection *connection;
  PgmWait wait;
  GArray *items; /* Item; those before @first are done */
  guint first;
  gboolean inside; /* of a segment */
  gsize unsent;    /* handed to libpq since the socket had taken all; an upper bound */
  GError *error;   /* the first of the segment */
  PgmPipelineFailure failure;
  guint generation;
  guint n_prepared;
  guint next_name;
  /* libpq's three arrays, for the statement with most parameters so far. */
  guint capacity;
  const char **values;
  int *lengths;
  int *formats;
};

PgmPrepared *
pgm_prepared_new (const char *sql, guint n_params, const guint32 *types)
{
  PgmPrepared *self = g_new0 (PgmPrepared, 1);

  self->sql = g_strdup (sql);
  self->n_params = n_params;
  self->types = g_new0 (Oid, n_params);
  for (guint i = 0; types != NULL && i < n_params; i++)
    self->types[i] = types[i];
  return self;
}

void
pgm_prepared_free (PgmPrepared *self)
{
  if (self == NULL)
    return;
  g_free (self->sql);
  g_free (self->types);
  g_free (self);
}

const char *
pgm_prepared_get_sql (const PgmPrepared *self)
{
  return self->sql;
}

guint
pgm_prepared_get_n_params (const PgmPrepared *self)
{
  return self->n_params;
}

guint32
pgm_prepared_get_type (const PgmPrepared *self, guint param)
{
  g_return_val_if_fail (param < self->n_params, 0);
  return self->types[param];
}

PgmPipeline *
pgm_pipeline_new (PgmConnection *connection, GCancellable *cancellable)
{
  PgmPipeline *self = g_new0 (PgmPipeline, 1);

  self->connection = connection;
  self->items = g_array_new (FALSE, FALSE, sizeof (Item));
  self->generation = 1;
  pgm_wait_init (&self->wait, cancellable);
  return self;
}

void
pgm_pipeline_free (PgmPipeline *self)
{
  if (self == NULL)
    return;
  pgm_wait_clear (&self->wait);
  g_array_unref (self->items);
  g_clear_error (&self->error);
  g_free (self->values);
  g_free (self->lengths);
  g_free (self->formats);
  g_free (self);
}

/* A session that was left in the middle of a segment is of no more use; the
 * server is asked to stop what it is doing. */
static void
give_up (PgmPipeline *self)
{
  pgm_connection_interrupt (self->connection);
  self->connection->lost = TRUE;
  g_array_set_size (self->items, 0);
  self->first = 0;
}

static void
fail (PgmPipeline *self, const Item *item, gint64 affected, GError *error)
{
  if (self->error != NULL)
    {
      g_clear_error (&error);
      return;
    }
  self->error = error;
  self->failure = (PgmPipelineFailure){
    .tag = item->tag,
    .expected = item->expected,
    .affected = affected,
  };
}

static void
judge_rows (PgmPipeline *self, const Item *item, PGresult *result)
{
  gint64 affected = 0;
  GError *error = NULL;

  if (item->expected < 0)
    return;
  affected = g_ascii_strtoll (PQcmdTuples (result), NULL, 10);
  if (affected == item->expected)
    return;
  pgm_error_set_full (&error, PGM_ERROR_FAILED, PGM_PIPELINE_MISCOUNT, item->prepared->sql, NULL,
                      "%s: a statement touched %" G_GINT64_FORMAT
                      " rows where it should have touched %" G_GINT64_FORMAT,
                      self->connection->label, affected, item->expected);
  fail (self, item, affected, error);
}

static void
judge (PgmPipeline *self, const Item *item, PGresult *result)
{
  ExecStatusType status = PQresultStatus (result);
  GError *error = NULL;

  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
    {
      if (item->kind == ITEM_EXECUTE)
        judge_rows (self, item, result);
      return;
    }
  if (item->kind == ITEM_PREPARE)
    {
      item->prepared->generation = 0;
      self->n_prepared--;
    }
  if (status == PGRES_PIPELINE_ABORTED)
    return;
  if (status == PGRES_FATAL_ERROR)
    pgm_connection_set_result_error (self->connection, result,
                                     item->prepared != NULL ? item->prepared->sql : NULL, &error);
  else
    pgm_error_set (&error, PGM_ERROR_PROTOCOL, "%s: an unexpected answer in a pipeline: %s",
                   self->connection->label, PQresStatus (status));
  fail (self, item, -1, error);
}

/* Looks at every answer that is there whole. */
static void
take_results (PgmPipeline *self)
{
  while (self->first < self->items->len && !PQisBusy (self->connection->pg))
    {
      Item item = g_array_index (self->items, Item, self->first);
      PGresult *result = PQgetResult (self->connection->pg);

      if (result == NULL)
        {
          /* A statement's answer ends so; that of a sync doesn't. */
          self->first++;
          continue;
        }
      if (PQresultStatus (result) == PGRES_PIPELINE_SYNC)
        self->first++;
      else
        judge (self, &item, result);
      PQclear (result);
      if (self->connection->lost)
        return;
    }
}

/* Waits for the socket once. */
static gboolean
turn (PgmPipeline *self, short events, GError **error)
{
  struct pollfd fd = { .fd = PQsocket (self->connection->pg), .events = events };

  if (!pgm_wait_poll (&self->wait, &fd, 1, 0, error))
    return FALSE;
  if ((fd.revents & ~POLLOUT) == 0)
    return TRUE;
  if (!pgm_connection_consume (self->connection, error))
    return FALSE;
  take_results (self);
  if (!self->connection->lost)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

/* Until the socket has taken everything. */
static gboolean
push_out (PgmPipeline *self, GError **error)
{
  int left;

  while ((left = PQflush (self->connection->pg)) > 0)
    if (!turn (self, POLLIN | POLLOUT, error))
      return FALSE;
  self->unsent = 0;
  if (left == 0)
    return TRUE;
  /* The reason may be there to be read. */
  if (pgm_connection_consume (self->connection, error))
    pgm_connection_set_lost (self->connection, error);
  return FALSE;
}

static gboolean
enter (PgmPipeline *self, GError **error)
{
  if (self->inside)
    return TRUE;
  if (pgm_connection_is_lost (self->connection))
    {
      pgm_error_set (error, PGM_ERROR_LOST, "%s: the connection is lost", self->connection->label);
      return FALSE;
    }
  if (PQenterPipelineMode (self->connection->pg) != 1)
    {
      pgm_connection_set_lost (self->connection, error);
      return FALSE;
    }
  self->inside = TRUE;
  self->failure = (PgmPipelineFailure){ NULL };
  return TRUE;
}

static void
expect (PgmPipeline *self, Item item)
{
  /* What is done makes room for what comes. */
  if (self->first > 1000 && self->first * 2 > self->items->len)
    {
      g_array_remove_range (self->items, 0, self->first);
      self->first = 0;
    }
  g_array_append_val (self->items, item);
}

static gboolean
prepare (PgmPipeline *self, PgmPrepared *prepared)
{
  if (prepared->generation == self->generation)
    return TRUE;
  g_snprintf (prepared->name, sizeof prepared->name, "p%u", self->next_name++);
  if (!PQsendPrepare (self->connection->pg, prepared->name, prepared->sql, (int) prepared->n_params,
                      prepared->types))
    return FALSE;
  prepared->generation = self->generation;
  self->n_prepared++;
  expect (self, (Item){ .kind = ITEM_PREPARE, .prepared = prepared, .expected = -1 });
  return TRUE;
}

/* FALSE: more than a message can hold. */
static gboolean
lay_out (PgmPipeline *self, guint n_params, const PgmParam *params, gsize *bytes)
{
  *bytes = 0;
  if (n_params > self->capacity)
    {
      self->capacity = MAX (n_params, 64);
      self->values = g_renew (const char *, self->values, self->capacity);
      self->lengths = g_renew (int, self->lengths, self->capacity);
      self->formats = g_renew (int, self->formats, self->capacity);
    }
  for (guint i = 0; i < n_params; i++)
    {
      if (params[i].size > PGM_PARAM_MAX - *bytes)
        return FALSE;
      self->values[i] = params[i].data;
      self->lengths[i] = (int) params[i].size;
      self->formats[i] = params[i].binary ? 1 : 0;
      *bytes += params[i].size;
    }
  return TRUE;
}

static gboolean
send_one (PgmPipeline *self,
          PgmPrepared *prepared,
          const PgmParam *params,
          gint64 expected,
          gconstpointer tag,
          GError **error)
{
  gsize bytes = 0;

  if (!enter (self, error))
    return FALSE;
  if (self->error != NULL)
    return TRUE;
  if (!lay_out (self, prepared->n_params, params, &bytes))
    {
      Item item = { .kind = ITEM_EXECUTE, .prepared = prepared, .tag = tag };
      GError *large = NULL;

      pgm_error_set_full (&large, PGM_ERROR_FAILED, "54000", prepared->sql, NULL,
                          "%s: a row is too large for one statement", self->connection->label);
      fail (self, &item, -1, large);
      return TRUE;
    }
  if (!prepare (self, prepared) ||
      !PQsendQueryPrepared (self->connection->pg, prepared->name, (int) prepared->n_params,
                            self->values, self->lengths, self->formats, 0))
    {
      pgm_connection_set_lost (self->connection, error);
      return FALSE;
    }
  expect (self,
          (Item){ .kind = ITEM_EXECUTE, .prepared = prepared, .expected = expected, .tag = tag });
  self->unsent += bytes + 64;
  return self->unsent < UNSENT_MAX || push_out (self, error);
}

gboolean
pgm_pipeline_execute (PgmPipeline *self,
                      PgmPrepared *prepared,
                      const PgmParam *params,
                      gint64 expected,
                      gconstpointer tag,
                      GError **error)
{
  if (send_one (self, prepared, params, expected, tag, error))
    return TRUE;
  give_up (self);
  return FALSE;
}

static gboolean
await_all (PgmPipeline *self, GError **error)
{
  if (PQpipelineSync (self->connection->pg) != 1)
    {
      pgm_connection_set_lost (self->connection, error);
      return FALSE;
    }
  expect (self, (Item){ .kind = ITEM_SYNC, .expected = -1 });
  if (!push_out (self, error))
    return FALSE;
  take_results (self);
  while (self->first < self->items->len && !self->connection->lost)
    if (!turn (self, POLLIN, error))
      return FALSE;
  if (!self->connection->lost && PQexitPipelineMode (self->connection->pg) != 1)
    pgm_connection_set_lost (self->connection, &self->error);
  return TRUE;
}

gboolean
pgm_pipeline_sync (PgmPipeline *self, GError **error)
{
  if (!self->inside)
    return TRUE;
  self->inside = FALSE;
  if (!await_all (self, error))
    {
      give_up (self);
      g_clear_error (&self->error);
      return FALSE;
    }
  g_array_set_size (self->items, 0);
  self->first = 0;
  if (self->error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&self->error));
  return FALSE;
}

const PgmPipelineFailure *
pgm_pipeline_get_failure (PgmPipeline *self)
{
  return &self->failure;
}

guint
pgm_pipeline_get_n_prepared (PgmPipeline *self)
{
  return self->n_prepared;
}

gboolean
pgm_pipeline_forget (PgmPipeline *self, GError **error)
{
  g_return_val_if_fail (!self->inside, FALSE);
  if (!pgm_connection_exec (self->connection, "DEALLOCATE ALL", self->wait.cancellable, error))
    return FALSE;
  self->generation++;
  self->n_prepared = 0;
  return TRUE;
}
