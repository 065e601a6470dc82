#include "migration/plan.h"

#include "postgres/quote.h"

char *
pgm_plan_entry_from (const PgmPlanEntry *entry)
{
  g_autofree char *name = pgm_quote_qualified (entry->table->schema, entry->table->name);

  return entry->leaves != NULL ? g_steal_pointer (&name) : g_strconcat ("ONLY ", name, NULL);
}

PgmTable *
pgm_plan_entry_get_table (const PgmPlanEntry *entry, guint i)
{
  if (entry->leaves != NULL)
    return i < entry->leaves->len ? g_ptr_array_index (entry->leaves, i) : NULL;
  return i == 0 ? entry->table : NULL;
}

/* COPY of a query, with what is asked of the rows. */
static char *
copy_query (const PgmPart *part, const char *table)
{
  const PgmPlanEntry *entry = part->entry;
  g_autoptr (GString) sql = g_string_new ("COPY (SELECT ");

  g_string_append_printf (sql, "%s FROM ONLY %s",
                          entry->selected != NULL ? entry->selected : entry->columns, table);
  if (part->condition != NULL || entry->condition != NULL)
    g_string_append_printf (sql, " WHERE %s%s%s", part->condition != NULL ? part->condition : "",
                            part->condition != NULL && entry->condition != NULL ? " AND " : "",
                            entry->condition != NULL ? entry->condition : "");
  g_string_append_printf (sql, ") TO STDOUT (FORMAT %s)", entry->binary ? "binary" : "text");
  return g_string_free (g_steal_pointer (&sql), FALSE);
}

/* COPY of a plain table reads the table alone, not those that inherit from it,
 * and costs less than COPY of a query; a part needs the query, with ONLY (F27). */
char *
pgm_part_copy_to (const PgmPart *part)
{
  const PgmPlanEntry *entry = part->entry;
  const char *format = entry->binary ? "binary" : "text";
  g_autofree char *table = pgm_quote_qualified (part->table->schema, part->table->name);

  if (part->condition != NULL || entry->condition != NULL || entry->selected != NULL)
    return copy_query (part, table);
  if (*entry->columns == '\0') /* F15: no column, but rows */
    return g_strdup_printf ("COPY %s TO STDOUT (FORMAT %s)", table, format);
  return g_strdup_printf ("COPY %s (%s) TO STDOUT (FORMAT %s)", table, entry->columns, format);
}

char *
pgm_part_copy_from (const PgmPart *part, gboolean freeze)
{
  const PgmPlanEntry *entry = part->entry;
  g_autoptr (GString) sql = g_string_new ("COPY ");

  pgm_quote_append_qualified (sql, entry->table->schema, entry->table->name);
  if (*entry->columns != '\0')
    g_string_append_printf (sql, " (%s)", entry->columns);
  g_string_append_printf (sql, " FROM STDIN (FORMAT %s%s)", entry->binary ? "binary" : "text",
                          freeze ? ", FREEZE true" : "");
  return g_string_free (g_steal_pointer (&sql), FALSE);
}
