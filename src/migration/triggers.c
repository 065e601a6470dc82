#include "migration/triggers.h"

#include "postgres/quote.h"

/* Runs every statement that @sql selects. */
static gboolean
run_selected (PgmConnection *destination,
              const char *sql,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (PgmResult) rows = pgm_connection_query (destination, sql, 0, NULL, cancellable, error);
  g_autoptr (GString) script = g_string_new (NULL);

  if (rows == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    g_string_append_printf (script, "%s;", pgm_result_get_or (rows, row, 0, ""));
  return script->len == 0 || pgm_connection_exec (destination, script->str, cancellable, error);
}

static void
append_table (GString *sql, const PgmTable *table)
{
  g_string_append (sql, g_str_has_suffix (sql->str, ")") ? ", (" : "(");
  pgm_quote_append_literal (sql, table->schema);
  g_string_append (sql, ", ");
  pgm_quote_append_literal (sql, table->name);
  g_string_append_c (sql, ')');
}

static void
append_tables (GString *sql, GPtrArray *entries)
{
  for (guint i = 0; i < entries->len; i++)
    {
      const PgmPlanEntry *entry = g_ptr_array_index (entries, i);

      append_table (sql, entry->table);
      for (guint k = 0; entry->leaves != NULL && k < entry->leaves->len; k++)
        append_table (sql, g_ptr_array_index (entry->leaves, k));
    }
}

gboolean
pgm_triggers_suspend (PgmConnection *destination,
                      GPtrArray *entries,
                      GCancellable *cancellable,
                      GError **error)
{
  g_autoptr (GString) sql = NULL;

  if (entries->len == 0)
    return TRUE;
  sql = g_string_new (
      "INSERT INTO pgmanager.clone_trigger (table_schema, table_name, trigger_name, enabled)"
      " SELECT n.nspname, c.relname, t.tgname, t.tgenabled FROM pg_trigger t"
      "   JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
      "  WHERE NOT t.tgisinternal AND t.tgenabled <> 'D'"
      "    AND (n.nspname::text, c.relname::text) IN (VALUES ");
  append_tables (sql, entries);
  g_string_append (sql, ") ON CONFLICT DO NOTHING");
  return pgm_connection_exec (destination, sql->str, cancellable, error) &&
         run_selected (
             destination,
             "SELECT format('ALTER TABLE ONLY %I.%I DISABLE TRIGGER %I', table_schema, table_name,"
             " trigger_name) FROM pgmanager.clone_trigger",
             cancellable, error);
}

gboolean
pgm_triggers_restore (PgmConnection *destination, GCancellable *cancellable, GError **error)
{
  return run_selected (
             destination,
             "SELECT format('ALTER TABLE ONLY %I.%I ENABLE %s TRIGGER %I', s.table_schema, s.table_name,"
             "   CASE s.enabled WHEN 'A' THEN 'ALWAYS' WHEN 'R' THEN 'REPLICA' ELSE '' END,"
             "   s.trigger_name)"
             "  FROM pgmanager.clone_trigger s JOIN pg_namespace n ON n.nspname = s.table_schema"
             "  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = s.table_name"
             "  JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname = s.trigger_name",
             cancellable, error) &&
         pgm_connection_exec (destination, "DELETE FROM pgmanager.clone_trigger", cancellable,
                              error);
}

gboolean
pgm_triggers_have_foreign_keys (PgmConnection *destination,
                                gboolean *have,
                                GCancellable *cancellable,
                                GError **error)
{
  g_autofree char *answer = pgm_connection_query_value (
      destination, "SELECT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f')", 0, NULL,
      cancellable, error);

  *have = g_strcmp0 (answer, "t") == 0;
  return answer != NULL;
}
