#include "config.h"

#include "postgres/catalog-private.h"
#include "postgres/quote.h"

/* Sequences read by one statement. Each is a relation to open and to lock, and
 * the planner's work grows with the square of a UNION's length. */
#define SEQUENCES_PER_QUERY 200

static const char sequences_sql[] =
    "SELECT c.oid, n.nspname, c.relname, xc.extname"
    " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace" PGM_SQL_JOIN_EXTENSION_CONFIG
    " WHERE c.relkind = 'S' AND" PGM_SQL_USER_RELATION
    " ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

void
pgm_sequence_free (PgmSequence *self)
{
  g_free (self->schema);
  g_free (self->name);
  g_free (self->extension);
  g_free (self);
}

gboolean
pgm_catalog_list_sequences (PgmCatalog *self,
                            PgmConnection *connection,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sequences_sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      PgmSequence *sequence = g_new0 (PgmSequence, 1);

      sequence->oid = pgm_result_get_oid (result, row, 0);
      sequence->schema = g_strdup (pgm_result_get (result, row, 1));
      sequence->name = g_strdup (pgm_result_get (result, row, 2));
      sequence->extension = g_strdup (pgm_result_get (result, row, 3));
      g_ptr_array_add (self->sequences, sequence);
    }
  return TRUE;
}

/* pg_sequences says nothing of is_called and pg_sequence_last_value() confuses
 * "not called" with "not allowed", so the sequence itself is asked. */
static char *
batch_sql (PgmCatalog *self, guint first, guint end)
{
  GString *sql = g_string_new (NULL);

  for (guint i = first; i < end; i++)
    {
      PgmSequence *sequence = g_ptr_array_index (self->sequences, i);

      g_string_append_printf (sql, "%sSELECT %u, last_value, is_called FROM ",
                              i > first ? " UNION ALL " : "", i);
      pgm_quote_append_qualified (sql, sequence->schema, sequence->name);
    }
  return g_string_free (sql, FALSE);
}

static gboolean
read_batch (PgmCatalog *self,
            PgmConnection *connection,
            guint first,
            guint end,
            GCancellable *cancellable,
            GError **error)
{
  g_autofree char *sql = batch_sql (self, first, end);
  g_autoptr (PgmResult) result =
      pgm_connection_query (connection, sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      gint64 place = pgm_result_get_int64 (result, row, 0);
      PgmSequence *sequence;

      if (place < first || place >= end)
        {
          pgm_error_set (error, PGM_ERROR_PROTOCOL,
                         "the %s server answered for a sequence not asked for",
                         pgm_connection_get_label (connection));
          return FALSE;
        }
      sequence = g_ptr_array_index (self->sequences, (guint) place);
      sequence->last_value = pgm_result_get_int64 (result, row, 1);
      sequence->is_called = pgm_result_get_bool (result, row, 2);
    }
  return TRUE;
}

/* Inside a long transaction thousands of sequences would stay locked until its
 * end, and the lock table is small. What a subtransaction locked is given back
 * when it is rolled back; outside of a transaction there is nothing to give. */
static gboolean
begin_batches (PgmConnection *connection,
               gboolean *in_transaction,
               GCancellable *cancellable,
               GError **error)
{
  g_autoptr (GError) local_error = NULL;

  *in_transaction =
      pgm_connection_exec (connection, "SAVEPOINT pgm_sequences", cancellable, &local_error);
  if (*in_transaction || g_strcmp0 (pgm_error_get_sqlstate (local_error), "25P01") == 0)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

gboolean
pgm_catalog_read_sequences (PgmCatalog *self,
                            PgmConnection *connection,
                            GCancellable *cancellable,
                            GError **error)
{
  guint n_sequences = self->sequences->len;
  gboolean in_transaction = FALSE;

  if (n_sequences == 0)
    return TRUE;
  if (!begin_batches (connection, &in_transaction, cancellable, error))
    return FALSE;
  for (guint first = 0; first < n_sequences; first += SEQUENCES_PER_QUERY)
    {
      guint end = MIN (first + SEQUENCES_PER_QUERY, n_sequences);

      if (!read_batch (self, connection, first, end, cancellable, error))
        return FALSE;
      if (in_transaction && !pgm_connection_exec (connection, "ROLLBACK TO SAVEPOINT pgm_sequences",
                                                  cancellable, error))
        return FALSE;
    }
  return !in_transaction ||
         pgm_connection_exec (connection, "RELEASE SAVEPOINT pgm_sequences", cancellable, error);
}
