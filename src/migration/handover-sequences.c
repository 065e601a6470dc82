#include "migration/handover-private.h"

#include "postgres/quote.h"

/* The planner's work grows with the square of a UNION's length. */
#define READ_TOGETHER 200
#define SET_TOGETHER  500

static const char list_sql[] =
    "SELECT n.nspname, c.relname, s.seqincrement, s.seqmin, s.seqmax,"
    " pg_catalog.has_sequence_privilege(c.oid, 'SELECT'), pg_catalog.quote_ident(current_user)"
    " FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " WHERE c.relpersistence <> 't' AND n.nspname <> 'pgmanager'"
    " AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d"
    "   WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid"
    "   AND d.deptype = 'e' AND NOT EXISTS (SELECT FROM pg_catalog.pg_extension e"
    "     WHERE e.oid = d.refobjid AND c.oid = ANY (e.extconfig)))"
    " ORDER BY n.nspname COLLATE \"C\", c.relname COLLATE \"C\"";

void
pgm_handover_sequence_free (PgmHandoverSequence *self)
{
  g_free (self->name);
  g_free (self->stranger);
  g_free (self);
}

static gboolean
list_sequences (PgmHandover *self, PgmConnection *from, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmResult) result = pgm_connection_query (from, list_sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  g_ptr_array_set_size (self->sequences, 0);
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      PgmHandoverSequence *sequence = g_new0 (PgmHandoverSequence, 1);

      sequence->name =
          pgm_quote_qualified (pgm_result_get (result, row, 0), pgm_result_get (result, row, 1));
      sequence->increment = pgm_result_get_int64 (result, row, 2);
      sequence->min = pgm_result_get_int64 (result, row, 3);
      sequence->max = pgm_result_get_int64 (result, row, 4);
      if (!pgm_result_get_bool (result, row, 5))
        sequence->stranger = g_strdup (pgm_result_get (result, row, 6));
      g_ptr_array_add (self->sequences, sequence);
    }
  return TRUE;
}

/* Does the other side have this one, and may we set it? NULL in @hint: it isn't there. */
static void
refuse_sequence (PgmConnection *to,
                 const PgmHandoverSequence *sequence,
                 const char *hint,
                 GError **error)
{
  if (hint == NULL)
    pgm_error_set_full (
        error, PGM_ERROR_REFUSED, NULL, NULL, "Make it there as it is here, then try again.",
        "%s: sequence %s does not exist", pgm_connection_get_label (to), sequence->name);
  else
    pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL, hint, "%s: sequence %s can't be set",
                        pgm_connection_get_label (to), sequence->name);
}

static gboolean
check_batch (PgmHandover *self,
             PgmConnection *to,
             guint first,
             guint end,
             GHashTable *missing,
             GCancellable *cancellable,
             GError **error)
{
  g_autoptr (GString) sql = g_string_new ("SELECT v.i, pg_catalog.to_regclass(v.name) IS NULL,"
                                          " pg_catalog.quote_ident(current_user) FROM (VALUES ");
  g_autoptr (PgmResult) result = NULL;

  for (guint i = first; i < end; i++)
    {
      const PgmHandoverSequence *sequence = g_ptr_array_index (self->sequences, i);

      g_string_append_printf (sql, "%s(%u, ", i > first ? ", " : "", i);
      pgm_quote_append_literal (sql, sequence->name);
      g_string_append_c (sql, ')');
    }
  g_string_append (sql, ") v(i, name) WHERE NOT coalesce(pg_catalog.has_sequence_privilege("
                        "pg_catalog.to_regclass(v.name)::pg_catalog.oid, 'UPDATE'), false)");
  result = pgm_connection_query (to, sql->str, 0, NULL, cancellable, error);
  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      gint64 i = CLAMP (pgm_result_get_int64 (result, row, 0), first, end - 1);
      PgmHandoverSequence *sequence = g_ptr_array_index (self->sequences, (guint) i);
      gboolean gone = pgm_result_get_bool (result, row, 1);
      g_autofree char *hint = g_strdup_printf ("GRANT UPDATE ON SEQUENCE %s TO %s", sequence->name,
                                               pgm_result_get (result, row, 2));

      /* With a filter it stayed behind with its table. */
      if (gone && pgm_filter_is_active (self->options.filter))
        {
          g_hash_table_add (missing, sequence);
          continue;
        }
      refuse_sequence (to, sequence, gone ? NULL : hint, error);
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_readable (PgmHandover *self, PgmConnection *from, GError **error)
{
  for (guint i = 0; i < self->sequences->len; i++)
    {
      const PgmHandoverSequence *sequence = g_ptr_array_index (self->sequences, i);
      g_autofree char *hint = NULL;

      if (sequence->stranger == NULL)
        continue;
      hint = g_strdup_printf ("GRANT SELECT ON SEQUENCE %s TO %s; -- on the %s", sequence->name,
                              sequence->stranger, pgm_connection_get_label (from));
      pgm_error_set_full (error, PGM_ERROR_REFUSED, NULL, NULL, hint,
                          "%s: sequence %s can't be read", pgm_connection_get_label (from),
                          sequence->name);
      return FALSE;
    }
  return TRUE;
}

gboolean
pgm_handover_sequences_prepare (PgmHandover *self,
                                PgmConnection *from,
                                PgmConnection *to,
                                GCancellable *cancellable,
                                GError **error)
{
  g_autoptr (GHashTable) missing = g_hash_table_new (NULL, NULL);

  if (!list_sequences (self, from, cancellable, error))
    return FALSE;
  for (guint first = 0; first < self->sequences->len; first += SET_TOGETHER)
    if (!check_batch (self, to, first, MIN (first + SET_TOGETHER, self->sequences->len), missing,
                      cancellable, error))
      return FALSE;
  for (guint i = self->sequences->len; i > 0; i--)
    if (g_hash_table_contains (missing, g_ptr_array_index (self->sequences, i - 1)))
      g_ptr_array_remove_index (self->sequences, i - 1);
  return check_readable (self, from, error);
}

static gboolean
read_batch (PgmHandover *self,
            PgmConnection *from,
            guint first,
            guint end,
            GCancellable *cancellable,
            GError **error)
{
  g_autoptr (GString) sql = g_string_new (NULL);
  g_autoptr (PgmResult) result = NULL;

  for (guint i = first; i < end; i++)
    {
      const PgmHandoverSequence *sequence = g_ptr_array_index (self->sequences, i);

      g_string_append_printf (sql, "%sSELECT %u, last_value, is_called FROM %s",
                              i > first ? " UNION ALL " : "", i, sequence->name);
    }
  result = pgm_connection_query (from, sql->str, 0, NULL, cancellable, error);
  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      gint64 i = pgm_result_get_int64 (result, row, 0);
      PgmHandoverSequence *sequence = NULL;

      if (i < first || i >= end)
        continue;
      sequence = g_ptr_array_index (self->sequences, (guint) i);
      sequence->last_value = pgm_result_get_int64 (result, row, 1);
      sequence->is_called = pgm_result_get_bool (result, row, 2);
    }
  return TRUE;
}

/* In the direction of the sequence, never beyond its bounds. */
gint64
pgm_handover_sequence_value (const PgmHandoverSequence *self, gint64 margin)
{
  gint64 way = 0;
  gint64 value = 0;

  if (margin <= 0)
    return self->last_value;
  if (__builtin_mul_overflow (margin, self->increment, &way) ||
      __builtin_add_overflow (self->last_value, way, &value))
    return self->increment > 0 ? self->max : self->min;
  return CLAMP (value, self->min, self->max);
}

static gboolean
set_batch (PgmHandover *self,
           PgmConnection *to,
           guint first,
           guint end,
           GCancellable *cancellable,
           GError **error)
{
  g_autoptr (GString) sql = g_string_new (NULL);

  for (guint i = first; i < end; i++)
    {
      const PgmHandoverSequence *sequence = g_ptr_array_index (self->sequences, i);
      g_autofree char *literal = pgm_quote_literal (sequence->name);

      g_string_append_printf (sql, "%spg_catalog.setval(%s, %" G_GINT64_FORMAT ", %s)",
                              i > first ? ", " : "SELECT ", literal,
                              pgm_handover_sequence_value (sequence, self->options.sequence_margin),
                              sequence->is_called ? "true" : "false");
    }
  return pgm_connection_exec (to, sql->str, cancellable, error);
}

gboolean
pgm_handover_sequences_run (PgmHandover *self,
                            PgmConnection *from,
                            PgmConnection *to,
                            GCancellable *cancellable,
                            GError **error)
{
  guint n = self->sequences->len;

  for (guint first = 0; first < n; first += READ_TOGETHER)
    if (!read_batch (self, from, first, MIN (first + READ_TOGETHER, n), cancellable, error))
      return FALSE;
  for (guint first = 0; first < n; first += SET_TOGETHER)
    if (!set_batch (self, to, first, MIN (first + SET_TOGETHER, n), cancellable, error))
      return FALSE;
  return TRUE;
}
