#include "config.h"

#include "migration/follow-setup.h"
#include "migration/preflight-private.h"
#include "postgres/quote.h"

/* What following asks of the destination. */

/* Executable by superusers only, unless granted. */
gboolean
pgm_preflight_check_follow_origins (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (PgmResult) rows =
      pgm_preflight_ask (self, self->destination, PGM_FOLLOW_MISSING_FUNCTIONS, error);
  g_autoptr (GString) fix = g_string_new (NULL);

  if (rows == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    {
      g_string_append_printf (fix, "%sGRANT EXECUTE ON FUNCTION pg_catalog.%s TO ",
                              row > 0 ? "\n" : "", pgm_result_get_or (rows, row, 0, ""));
      pgm_quote_append_identifier (fix, self->destination_info->user);
      g_string_append (fix, "; -- on the destination");
    }
  if (pgm_result_get_rows (rows) == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "Progress on the destination is kept by a replication origin.");
  else if (self->follow->origin != NULL)
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER,
                       self->destination_info->major >= 14 ? fix->str : NULL,
                       "An origin was named, and role %s may not use any on the destination.",
                       self->destination_info->user);
  else
    pgm_preflight_add (
        self, name, PGM_CHECK_WARNING, self->destination_info->major >= 14 ? fix->str : NULL,
        "Role %s may not use replication origins on the destination%s: a row in the"
        " schema pgmanager keeps the progress. There will be no way back after a switchover.",
        self->destination_info->user,
        self->destination_info->major < 14 ? ", which before 14 only a superuser may" : "");
  return TRUE;
}

/* What would act on rows that the source has acted on already. */
static const char actors_sql[] =
    "SELECT 'trigger ' || t.tgname || ' of ' || t.tgrelid::regclass, t.tgrelid FROM pg_trigger t"
    " WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
    " UNION ALL SELECT 'foreign key ' || c.conname || ' of ' || c.conrelid::regclass, c.conrelid"
    "   FROM pg_constraint c WHERE c.contype = 'f'"
    " UNION ALL SELECT 'rule ' || r.rulename || ' of ' || r.ev_class::regclass, r.ev_class"
    "   FROM pg_rewrite r JOIN pg_class k ON k.oid = r.ev_class"
    "  WHERE k.relkind IN ('r', 'p') AND r.ev_enabled IN ('O', 'A')";

static gboolean
may_set_replica (PgmPreflight *self, gboolean *may, GError **error)
{
  g_autoptr (PgmResult) row = NULL;

  *may = self->destination_info->superuser;
  if (*may || self->destination_info->major < 15)
    return TRUE;
  row = pgm_preflight_ask (self, self->destination,
                           "SELECT has_parameter_privilege('session_replication_role', 'SET')",
                           error);
  if (row == NULL)
    return FALSE;
  *may = pgm_result_get_bool (row, 0, 0);
  return TRUE;
}

gboolean
pgm_preflight_check_follow_triggers (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) actors = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (PgmResult) rows = NULL;
  g_autofree char *list = NULL;
  g_autofree char *role = pgm_quote_identifier (self->destination_info->user);
  g_autofree char *fix = g_strdup_printf (
      "GRANT SET ON PARAMETER session_replication_role TO %s; -- on the destination", role);
  gboolean may = FALSE;

  if (!may_set_replica (self, &may, error))
    return FALSE;
  rows = pgm_preflight_ask (self, self->source, actors_sql, error);
  if (rows == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (rows); row++)
    if (pgm_preflight_takes_table_oid (self, pgm_result_get_oid (rows, row, 1)))
      g_ptr_array_add (actors, g_strdup (pgm_result_get_or (rows, row, 0, "?")));
  list = pgm_preflight_list (actors);
  if (may || actors->len == 0)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "Triggers, rules and foreign keys sleep while changes are applied.");
  else
    pgm_preflight_add (
        self, name, PGM_CHECK_BLOCKER, self->destination_info->major >= 15 ? fix : NULL,
        "Role %s may not set session_replication_role on the destination%s, so that"
        " these would act once more on rows that the source has seen to: %s.",
        self->destination_info->user,
        self->destination_info->major < 15 ? ", which before 15 only a superuser may" : "", list);
  return TRUE;
}

static gboolean
has_row_security (const PgmTable *table)
{
  return table->row_security;
}

gboolean
pgm_preflight_check_follow_row_security (PgmPreflight *self, const char *name, GError **error)
{
  g_autoptr (GPtrArray) tables = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *list = NULL;
  g_autofree char *role = pgm_quote_identifier (self->destination_info->user);
  g_autofree char *fix = g_strdup_printf ("ALTER ROLE %s BYPASSRLS; -- on the destination", role);

  for (guint i = 0; i < self->catalog->tables->len; i++)
    {
      PgmTable *table = g_ptr_array_index (self->catalog->tables, i);

      if (has_row_security (table) && pgm_follow_takes (table) &&
          pgm_preflight_takes (self, table->schema, table->name))
        g_ptr_array_add (tables, pgm_preflight_name (table->schema, table->name));
    }
  list = pgm_preflight_list (tables);
  if (tables->len > 0 && !self->destination_info->superuser && !self->destination_info->bypass_rls)
    pgm_preflight_add (self, name, PGM_CHECK_BLOCKER, fix,
                       "Row security would keep role %s from changing rows of the destination: %s.",
                       self->destination_info->user, list);
  return TRUE;
}

/* F66: our own open transactions would be waited for by the slot's creation, so
 * there are none at that moment. */
gboolean
pgm_preflight_check_follow_same_cluster (PgmPreflight *self, const char *name, GError **error)
{
  const PgmServerIdentity *source = &self->source_info->identity;

  if (source->system_identifier != 0 &&
      source->system_identifier == self->destination_info->identity.system_identifier)
    pgm_preflight_add (self, name, PGM_CHECK_OK, NULL,
                       "Source and destination are databases of one cluster: what is applied is"
                       " WAL of the source, too, and counted as its lag.");
  return TRUE;
}
