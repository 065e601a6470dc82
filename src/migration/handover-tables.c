#include "migration/handover-private.h"

#include "postgres/copy.h"
#include "postgres/quote.h"

/* What is expected of a copy, in bytes a second, to tell beforehand whether it fits
 * into the stop. */
#define COPY_SPEED 20e6

static void
refuse_table (PgmConnection *connection, const PgmTable *table, const char *why, GError **error)
{
  pgm_error_set_full (
      error, PGM_ERROR_REFUSED, NULL, "Its rows would be left behind.",
      "Drop it, leave it out by --exclude, or make the clone anew so that it takes part.",
      "%s: table %s.%s %s", pgm_connection_get_label (connection), table->schema, table->name, why);
}

/* Tables that somebody has made since the job began, and the stream knows nothing
 * of. */
static gboolean
check_followed (PgmHandover *self, PgmConnection *from, GError **error)
{
  PgmCatalog *followed = (PgmCatalog *) (guintptr) self->options.followed;
  GPtrArray *tables = self->options.catalog->tables;

  for (guint i = 0; i < tables->len; i++)
    {
      const PgmTable *table = g_ptr_array_index (tables, i);

      if (table->kind != 'r' || table->persistence != 'p' || table->extension != NULL ||
          pgm_catalog_find_table (followed, table->schema, table->name) != NULL)
        continue;
      refuse_table (from, table, "was made after the job began and is not followed", error);
      return FALSE;
    }
  return TRUE;
}

/* Unlogged tables, all of which must be on the other side. */
static gboolean
list_unlogged (PgmHandover *self, PgmConnection *to, GCancellable *cancellable, GError **error)
{
  GPtrArray *tables = self->options.catalog->tables;

  g_ptr_array_set_size (self->unlogged, 0);
  for (guint i = 0; i < tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (tables, i);
      g_autofree char *name = pgm_quote_qualified (table->schema, table->name);
      const char *params[] = { name };
      g_autofree char *there = NULL;

      if (table->kind != 'r' || table->persistence != 'u' || table->extension != NULL)
        continue;
      there = pgm_connection_query_value (to, "SELECT pg_catalog.to_regclass($1) IS NOT NULL", 1,
                                          params, cancellable, error);
      if (there == NULL)
        return FALSE;
      if (!g_str_equal (there, "t"))
        {
          refuse_table (to, table, "does not exist", error);
          return FALSE;
        }
      g_ptr_array_add (self->unlogged, table);
    }
  return TRUE;
}

static gboolean
check_size (PgmHandover *self, PgmConnection *from, GCancellable *cancellable, GError **error)
{
  gint64 bytes = 0;

  for (guint i = 0; i < self->unlogged->len; i++)
    {
      const PgmTable *table = g_ptr_array_index (self->unlogged, i);
      g_autofree char *name = pgm_quote_qualified (table->schema, table->name);
      const char *params[] = { name };
      g_autofree char *size = pgm_connection_query_value (
          from, "SELECT pg_catalog.pg_table_size($1::pg_catalog.regclass)", 1, params, cancellable,
          error);

      if (size == NULL)
        return FALSE;
      bytes += g_ascii_strtoll (size, NULL, 10);
    }
  if ((double) bytes / COPY_SPEED <= self->options.budget)
    return TRUE;
  pgm_error_set_full (
      error, PGM_ERROR_REFUSED, NULL,
      "Unlogged tables are not replicated; they are copied again while writes stand still.",
      "Empty them, make them logged before the clone, or allow a longer timeout.",
      "the unlogged tables are too large for the stop: %" G_GINT64_FORMAT " MiB", bytes >> 20);
  return FALSE;
}

gboolean
pgm_handover_tables_prepare (PgmHandover *self,
                             PgmConnection *from,
                             PgmConnection *to,
                             GCancellable *cancellable,
                             GError **error)
{
  g_autoptr (GError) ignored = NULL;

  if (!check_followed (self, from, error) || !list_unlogged (self, to, cancellable, error))
    return FALSE;
  if (self->unlogged->len == 0)
    return TRUE;
  /* Rows that come over a second time must not fire triggers. */
  self->replica =
      pgm_connection_exec (to, "SET session_replication_role = 'replica'", cancellable, &ignored);
  if (!self->replica && pgm_error_is_cancelled (ignored))
    {
      g_propagate_error (error, g_steal_pointer (&ignored));
      return FALSE;
    }
  return check_size (self, from, cancellable, error) &&
         (!self->replica ||
          pgm_connection_exec (to, "RESET session_replication_role", cancellable, error));
}

static char *
list_columns (const PgmTable *table)
{
  GString *columns = g_string_new (NULL);

  for (guint i = 0; i < table->columns->len; i++)
    {
      const PgmColumn *column = g_ptr_array_index (table->columns, i);

      if (column->generated)
        continue;
      g_string_append (columns, columns->len > 0 ? ", " : "(");
      pgm_quote_append_identifier (columns, column->name);
    }
  if (columns->len > 0)
    g_string_append_c (columns, ')');
  return g_string_free (columns, FALSE);
}

static gboolean
copy_table (const PgmTable *table,
            PgmConnection *from,
            PgmConnection *to,
            GCancellable *cancellable,
            GError **error)
{
  PgmCopyCounters counters = { 0 };
  g_autofree char *name = pgm_quote_qualified (table->schema, table->name);
  g_autofree char *columns = list_columns (table);
  g_autofree char *copy_to = g_strdup_printf ("COPY %s %s TO STDOUT", name, columns);
  g_autofree char *copy_from = g_strdup_printf ("COPY %s %s FROM STDIN", name, columns);

  return pgm_copy_pump (from, copy_to, to, copy_from, &counters, NULL, cancellable, error);
}

/* One transaction: readers there see the old rows or the new ones. */
gboolean
pgm_handover_tables_run (PgmHandover *self,
                         PgmConnection *from,
                         PgmConnection *to,
                         GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (GString) sql = g_string_new ("BEGIN; ");

  if (self->unlogged->len == 0)
    return TRUE;
  if (self->replica)
    g_string_append (sql, "SET LOCAL session_replication_role = 'replica'; ");
  for (guint i = 0; i < self->unlogged->len; i++)
    {
      const PgmTable *table = g_ptr_array_index (self->unlogged, i);

      g_string_append (sql, i > 0 ? ", ONLY " : "TRUNCATE ONLY ");
      pgm_quote_append_qualified (sql, table->schema, table->name);
    }
  if (!pgm_connection_exec (to, sql->str, cancellable, error))
    return FALSE;
  for (guint i = 0; i < self->unlogged->len; i++)
    if (!copy_table (g_ptr_array_index (self->unlogged, i), from, to, cancellable, error))
      return FALSE;
  return pgm_connection_exec (to, "COMMIT", cancellable, error);
}
