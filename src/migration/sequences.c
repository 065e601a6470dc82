#include "migration/sequences.h"

#include "core/failpoint.h"
#include "postgres/quote.h"

/* Values set by one statement. */
#define SEQUENCES_TOGETHER 500

static void
report_sequence (PgmCloneContext *ctx,
                 const PgmSequence *sequence,
                 const char *sql,
                 const GError *error)
{
  g_autofree char *object = g_strdup_printf ("sequence %s.%s", sequence->schema, sequence->name);

  pgm_clone_context_problem (ctx, object, sql, error);
}

/* One by one, so that the one that can't be read is named. What could not be
 * read keeps a last_value of 0 with @readable FALSE. */
static gboolean
read_singly (PgmCloneContext *ctx, gboolean *readable, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmConnection) source =
      pgm_ends_connect (ctx->ends, PGM_END_SOURCE, "sequences", cancellable, error);

  if (source == NULL)
    return FALSE;
  for (guint i = 0; i < ctx->catalog->sequences->len; i++)
    {
      PgmSequence *sequence = g_ptr_array_index (ctx->catalog->sequences, i);
      g_autofree char *name = pgm_quote_qualified (sequence->schema, sequence->name);
      g_autofree char *sql = g_strdup_printf ("SELECT last_value, is_called FROM %s", name);
      g_autoptr (GError) local = NULL;
      g_autoptr (PgmResult) result =
          pgm_connection_query (source, sql, 0, NULL, cancellable, &local);

      readable[i] = result != NULL && pgm_result_get_rows (result) == 1;
      if (readable[i])
        {
          sequence->last_value = pgm_result_get_int64 (result, 0, 0);
          sequence->is_called = pgm_result_get_bool (result, 0, 1);
        }
      else if (local != NULL && pgm_clone_error_is_fatal (local))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      else if (local != NULL)
        report_sequence (ctx, sequence, sql, local);
    }
  return TRUE;
}

static void
append_setval (GString *sql, const PgmSequence *sequence)
{
  g_autofree char *name = pgm_quote_qualified (sequence->schema, sequence->name);
  g_autofree char *literal = pgm_quote_literal (name);

  g_string_append_printf (sql, "SELECT pg_catalog.setval(%s, %" G_GINT64_FORMAT ", %s);\n", literal,
                          sequence->last_value, sequence->is_called ? "true" : "false");
}

static gboolean
set_singly (PgmCloneContext *ctx,
            PgmConnection *destination,
            GPtrArray *sequences,
            guint first,
            guint end,
            guint *done,
            GCancellable *cancellable,
            GError **error)
{
  for (guint i = first; i < end; i++)
    {
      PgmSequence *sequence = g_ptr_array_index (sequences, i);
      g_autoptr (GString) sql = g_string_new (NULL);
      g_autoptr (GError) local = NULL;

      append_setval (sql, sequence);
      if (pgm_connection_exec (destination, sql->str, cancellable, &local))
        {
          (*done)++;
          continue;
        }
      if (pgm_clone_error_is_fatal (local) || pgm_connection_is_lost (destination))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      report_sequence (ctx, sequence, sql->str, local);
    }
  return TRUE;
}

static gboolean
set_all (PgmCloneContext *ctx,
         PgmConnection *destination,
         GPtrArray *sequences,
         guint *done,
         GCancellable *cancellable,
         GError **error)
{
  for (guint first = 0; first < sequences->len; first += SEQUENCES_TOGETHER)
    {
      guint end = MIN (first + SEQUENCES_TOGETHER, sequences->len);
      g_autoptr (GString) sql = g_string_new (NULL);
      g_autoptr (GError) local = NULL;

      for (guint i = first; i < end; i++)
        append_setval (sql, g_ptr_array_index (sequences, i));
      if (pgm_connection_exec (destination, sql->str, cancellable, &local))
        {
          *done += end - first;
          continue;
        }
      if (pgm_clone_error_is_fatal (local) || pgm_connection_is_lost (destination))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      if (!set_singly (ctx, destination, sequences, first, end, done, cancellable, error))
        return FALSE;
    }
  return TRUE;
}

/* With a filter, those that have not come over with anything need no value, and may
 * not even be readable. */
static gboolean
forget_absent (PgmCloneContext *ctx,
               PgmConnection *destination,
               GCancellable *cancellable,
               GError **error)
{
  GPtrArray *sequences = ctx->catalog->sequences;
  g_autoptr (GHashTable) there = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (PgmResult) rows = NULL;

  if (!pgm_filter_is_active (ctx->filter))
    return TRUE;
  rows = pgm_connection_query (destination,
                               "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
                               " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                               " WHERE c.relkind = 'S'",
                               0, NULL, cancellable, error);
  if (rows == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    g_hash_table_add (there, pgm_quote_qualified (pgm_result_get_or (rows, row, 0, ""),
                                                  pgm_result_get_or (rows, row, 1, "")));
  for (guint i = sequences->len; i > 0; i--)
    {
      const PgmSequence *sequence = g_ptr_array_index (sequences, i - 1);
      g_autofree char *name = pgm_quote_qualified (sequence->schema, sequence->name);

      if (!g_hash_table_contains (there, name))
        g_ptr_array_remove_index (sequences, i - 1);
    }
  return TRUE;
}

gboolean
pgm_sequences_copy (PgmCloneContext *ctx,
                    PgmConnection *source,
                    PgmConnection *destination,
                    GCancellable *cancellable,
                    GError **error)
{
  GPtrArray *all = ctx->catalog->sequences;
  g_autofree gboolean *readable = NULL;
  g_autoptr (GPtrArray) sequences = g_ptr_array_new ();
  g_autoptr (GError) local = NULL;
  guint done = 0;

  if (!PGM_FAILPOINT ("sequences.before", error))
    return FALSE;
  pgm_progress_set_activity (ctx->progress, "sequences");
  if (!forget_absent (ctx, destination, cancellable, error))
    return FALSE;
  readable = g_new (gboolean, all->len + 1);
  for (guint i = 0; i < all->len; i++)
    readable[i] = TRUE;
  if (!pgm_catalog_read_sequences (ctx->catalog, source, cancellable, &local))
    {
      if (pgm_clone_error_is_fatal (local))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      if (!read_singly (ctx, readable, cancellable, error))
        return FALSE;
    }
  for (guint i = 0; i < all->len; i++)
    if (readable[i])
      g_ptr_array_add (sequences, g_ptr_array_index (all, i));
  if (!set_all (ctx, destination, sequences, &done, cancellable, error))
    return FALSE;
  pgm_clone_context_count (ctx, &ctx->report->sequences, done);
  return TRUE;
}
