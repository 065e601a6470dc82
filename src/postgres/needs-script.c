#include "config.h"

#include "postgres/needs-private.h"

/* A name may have line ends; a comment of the script must not end there. */
static void
append_comment (GString *script, const char *text)
{
  for (const char *p = text; *p != '\0'; p++)
    {
      g_string_append_c (script, *p);
      if (*p == '\n' || *p == '\r')
        g_string_append (script, "-- ");
    }
}

static void
append_header (GString *script, PgmNeedsReading *self, PgmPurpose purposes)
{
  gboolean first = TRUE;

  g_string_append (script, "-- Role ");
  append_comment (script, self->grantee);
  g_string_append (script, " for");
  for (guint bit = 0; bit < 5; bit++)
    if ((purposes & 1u << bit) != 0)
      {
        g_string_append_printf (script, "%s %s", first ? "" : ",", pgm_purpose_to_name (1u << bit));
        first = FALSE;
      }
  g_string_append_printf (script, "; PostgreSQL %d, database ", self->server->major);
  append_comment (script, self->database);
  g_string_append (script, ".\n-- Run it there as a superuser, with psql: it grants this and no"
                           " more.\n\n");
}

/* With its attributes, each once. */
static void
append_role (GString *script, PgmNeedsReading *self)
{
  g_autoptr (GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);

  g_string_append_printf (script, "%s ROLE %s", self->needs->script_exists ? "ALTER" : "CREATE",
                          self->grantee);
  for (guint i = 0; i < self->needs->needs->len; i++)
    {
      const PgmNeed *need = g_ptr_array_index (self->needs->needs, i);

      if (need->in_script && need->attribute != NULL &&
          g_hash_table_add (told, (gpointer) (guintptr) need->attribute))
        g_string_append_printf (script, " %s", need->attribute);
    }
  g_string_append (script, ";\n-- Its password: \\password ");
  append_comment (script, self->grantee);
  g_string_append (script, "\n\n");
}

static void
append_grants (GString *script, PgmNeedsReading *self, GHashTable *told)
{
  for (guint i = 0; i < self->needs->needs->len; i++)
    {
      const PgmNeed *need = g_ptr_array_index (self->needs->needs, i);

      if (need->in_script && need->attribute == NULL && need->grant_sql != NULL &&
          g_hash_table_add (told, need->grant_sql))
        g_string_append_printf (script, "%s\n", need->grant_sql);
    }
}

static void
append_optional (GString *script, PgmNeedsReading *self, GHashTable *told)
{
  gboolean first = TRUE;

  for (guint i = 0; i < self->needs->needs->len; i++)
    {
      const PgmNeed *need = g_ptr_array_index (self->needs->needs, i);

      if (need->in_script || need->grant_sql == NULL || !g_hash_table_add (told, need->grant_sql))
        continue;
      if (first)
        g_string_append (script, "\n-- Only where it is wanted:\n");
      first = FALSE;
      g_string_append (script, "-- ");
      append_comment (script, need->grant_sql);
      g_string_append (script, "\n--   for ");
      append_comment (script, need->disables);
      if (need->note != NULL)
        g_string_append_printf (script, ". %s", need->note);
      g_string_append_c (script, '\n');
    }
}

char *
pgm_needs_write_script (PgmNeedsReading *self, PgmPurpose purposes)
{
  GString *script = g_string_new (NULL);
  g_autoptr (GHashTable) told = g_hash_table_new (g_str_hash, g_str_equal);

  append_header (script, self, purposes);
  append_role (script, self);
  append_grants (script, self, told);
  append_optional (script, self, told);
  if ((purposes & PGM_PURPOSE_MIGRATE_TO) != 0)
    g_string_append (script,
                     "\n-- Objects keep their owners only where this role may act for them: for"
                     " each owner\n-- GRANT that_owner TO ");
  if ((purposes & PGM_PURPOSE_MIGRATE_TO) != 0)
    {
      append_comment (script, self->grantee);
      g_string_append (script, ";\n-- or clone with --no-owner.\n");
    }
  return g_string_free (script, FALSE);
}
