#include "config.h"

#include "migration/compare-pair.h"

/* Digesting a row costs far more than handing its hash from one process to
 * another: the planner's idea of that price would keep a grouped digest serial. */
#define SETTINGS "SET client_encoding = 'UTF8'; SET parallel_tuple_cost = 0"

static PgmConnection *
open_side (PgmEnds *ends, PgmEnd end, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmConnection) connection =
      pgm_ends_connect (ends, end, "compare", cancellable, error);

  if (connection == NULL || !pgm_connection_exec (connection, SETTINGS, cancellable, error))
    return NULL;
  return g_steal_pointer (&connection);
}

PgmComparePair *
pgm_compare_pair_new (PgmEnds *ends, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmComparePair) self = g_new0 (PgmComparePair, 1);

  self->ends = ends;
  self->source = open_side (ends, PGM_END_SOURCE, cancellable, error);
  if (self->source == NULL)
    return NULL;
  self->destination = open_side (ends, PGM_END_DESTINATION, cancellable, error);
  if (self->destination == NULL)
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
pgm_compare_pair_hold (PgmComparePair *self,
                       PgmEnd end,
                       const char *snapshot,
                       GCancellable *cancellable,
                       GError **error)
{
  PgmConnection *connection = pgm_compare_pair_get (self, end);
  char *held = NULL;

  if (snapshot == NULL)
    held = pgm_snapshot_export (connection, NULL, cancellable, error);
  else if (pgm_snapshot_import (connection, snapshot, cancellable, error))
    held = pgm_connection_query_value (connection, "SELECT pg_catalog.pg_export_snapshot()", 0,
                                       NULL, cancellable, error);
  if (held == NULL)
    return FALSE;
  if (end == PGM_END_SOURCE)
    self->source_snapshot = held;
  else
    self->destination_snapshot = held;
  return TRUE;
}

PgmComparePair *
pgm_compare_pair_export (PgmEnds *ends, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmComparePair) self = pgm_compare_pair_new (ends, cancellable, error);

  if (self == NULL || !pgm_compare_pair_hold (self, PGM_END_SOURCE, NULL, cancellable, error) ||
      !pgm_compare_pair_hold (self, PGM_END_DESTINATION, NULL, cancellable, error))
    return NULL;
  return g_steal_pointer (&self);
}

PgmComparePair *
pgm_compare_pair_import (PgmComparePair *keeper, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmComparePair) self = pgm_compare_pair_new (keeper->ends, cancellable, error);

  if (self == NULL)
    return NULL;
  self->source_snapshot = g_strdup (keeper->source_snapshot);
  self->destination_snapshot = g_strdup (keeper->destination_snapshot);
  if (!pgm_snapshot_import (self->source, self->source_snapshot, cancellable, error) ||
      !pgm_snapshot_import (self->destination, self->destination_snapshot, cancellable, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
pgm_compare_pair_free (PgmComparePair *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->source, pgm_connection_free);
  g_clear_pointer (&self->destination, pgm_connection_free);
  g_free (self->source_snapshot);
  g_free (self->destination_snapshot);
  g_free (self);
}

PgmConnection *
pgm_compare_pair_get (PgmComparePair *self, PgmEnd end)
{
  return end == PGM_END_SOURCE ? self->source : self->destination;
}

typedef struct
{
  PgmConnection *connection;
  const char *sql;
  GCancellable *cancellable;
  PgmResult *result;
  GError *error;
} Side;

static gpointer
run_side (gpointer data)
{
  Side *side = data;

  if (side->sql != NULL)
    side->result = pgm_connection_query (side->connection, side->sql, 0, NULL, side->cancellable,
                                         &side->error);
  return NULL;
}

gboolean
pgm_compare_error_is_fatal (const GError *error)
{
  return pgm_error_is_cancelled (error) || !g_error_matches (error, PGM_ERROR, PGM_ERROR_SQL);
}

static gboolean
recover_side (PgmConnection *connection,
              const char *snapshot,
              GCancellable *cancellable,
              GError **error)
{
  return pgm_connection_exec (connection, "ROLLBACK", cancellable, error) &&
         pgm_snapshot_import (connection, snapshot, cancellable, error);
}

gboolean
pgm_compare_pair_recover (PgmComparePair *self, GCancellable *cancellable, GError **error)
{
  return recover_side (self->source, self->source_snapshot, cancellable, error) &&
         recover_side (self->destination, self->destination_snapshot, cancellable, error);
}

gboolean
pgm_compare_pair_query (PgmComparePair *self,
                        const char *source_sql,
                        const char *destination_sql,
                        PgmResult **source_result,
                        PgmResult **destination_result,
                        GCancellable *cancellable,
                        GError **error)
{
  Side source = { self->source, source_sql, cancellable, NULL, NULL };
  Side destination = { self->destination, destination_sql, cancellable, NULL, NULL };
  g_autoptr (GThread) thread =
      source_sql != NULL ? g_thread_new ("compare-source", run_side, &source) : NULL;

  run_side (&destination);
  if (thread != NULL)
    g_thread_join (g_steal_pointer (&thread));

  if (source.error == NULL && destination.error == NULL)
    {
      *source_result = source.result;
      *destination_result = destination.result;
      return TRUE;
    }

  g_clear_pointer (&source.result, pgm_result_free);
  g_clear_pointer (&destination.result, pgm_result_free);
  if (source.error == NULL)
    source.error = g_steal_pointer (&destination.error);
  g_clear_error (&destination.error);
  if (!pgm_compare_error_is_fatal (source.error) &&
      !pgm_compare_pair_recover (self, cancellable, error))
    {
      g_error_free (source.error);
      return FALSE;
    }
  g_propagate_error (error, source.error);
  return FALSE;
}
