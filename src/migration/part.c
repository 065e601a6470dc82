#include "migration/plan.h"

#include "postgres/quote.h"

/* COPY of a plain table reads the table alone, not those that inherit from it,
 * and costs less than COPY of a query; a part needs the query, with ONLY (F27). */
char *
pgm_part_copy_to (const PgmPart *part)
{
  const PgmPlanEntry *entry = part->entry;
  const char *format = entry->binary ? "binary" : "text";
  g_autofree char *table = pgm_quote_qualified (entry->table->schema, entry->table->name);

  if (part->condition != NULL || entry->condition != NULL)
    return g_strdup_printf ("COPY (SELECT %s FROM ONLY %s WHERE %s%s%s) TO STDOUT (FORMAT %s)",
                            entry->columns, table, part->condition != NULL ? part->condition : "",
                            part->condition != NULL && entry->condition != NULL ? " AND " : "",
                            entry->condition != NULL ? entry->condition : "", format);
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
