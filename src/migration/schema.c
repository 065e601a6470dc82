#include "migration/schema.h"

#include <string.h>

#include "core/failpoint.h"
#include "migration/narrow.h"
#include "migration/schema-parts.h"
#include "migration/schema-private.h"

/* What the preamble of a script sets, back to what the session pinned at its
 * start. client_encoding is left: the script sets it to what it was. */
#define RESET_SETTINGS                                                                             \
  "RESET search_path; RESET default_tablespace; RESET default_table_access_method;"                \
  " RESET check_function_bodies; RESET standard_conforming_strings; RESET client_min_messages;"    \
  " RESET xmloption; RESET row_security; RESET lock_timeout; RESET statement_timeout"

gboolean
pgm_schema_reset_settings (PgmConnection *destination, GCancellable *cancellable, GError **error)
{
  return pgm_connection_exec (destination, RESET_SETTINGS, cancellable, error);
}

/* What is not taken and can't be read must not be locked. */
static gboolean
narrow_dump (PgmCloneContext *ctx, GPtrArray *arguments, GCancellable *cancellable, GError **error)
{
  g_autoptr (PgmConnection) source = NULL;
  g_autoptr (PgmNarrow) narrow = NULL;
  GPtrArray *patterns;

  if (!pgm_filter_is_active (ctx->filter) || ctx->ends->source->superuser)
    return TRUE;
  source = pgm_ends_connect (ctx->ends, PGM_END_SOURCE, "schema", cancellable, error);
  if (source == NULL)
    return FALSE;
  narrow = pgm_narrow_read (source, ctx->filter, cancellable, error);
  if (narrow == NULL)
    return FALSE;
  patterns = pgm_narrow_get_patterns (narrow);
  for (guint i = 0; i < patterns->len; i++)
    g_ptr_array_add (arguments, g_strdup_printf ("--exclude-table=%s",
                                                 (char *) g_ptr_array_index (patterns, i)));
  return TRUE;
}

gboolean
pgm_schema_dump (PgmCloneContext *ctx, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new_with_free_func (g_free);

  /* The schema is ours, when the source was once a destination. Behind somebody
   * who waits for the keeper pg_dump would wait for ever. */
  g_ptr_array_add (arguments, g_strdup ("--exclude-schema=pgmanager"));
  g_ptr_array_add (arguments, g_strdup ("--lock-wait-timeout=30s"));
  pgm_progress_set_activity (ctx->progress, "dumping the schema");
  if (!narrow_dump (ctx, arguments, cancellable, error) ||
      !PGM_FAILPOINT ("schema.before_dump", error))
    return FALSE;
  g_ptr_array_add (arguments, NULL);
  return pgm_tool_dump_schema (ctx->pg_dump, ctx->ends->source_info, ctx->snapshot, ctx->archive,
                               ctx->directory, (const char *const *) arguments->pdata, cancellable,
                               error);
}

/* pg_restore's arguments that hold for every script. */
static GPtrArray *
common_arguments (PgmCloneContext *ctx)
{
  GPtrArray *arguments = g_ptr_array_new_with_free_func (g_free);

  if (ctx->options->no_owner)
    g_ptr_array_add (arguments, g_strdup ("--no-owner"));
  if (ctx->options->no_acl)
    g_ptr_array_add (arguments, g_strdup ("--no-acl"));
  return arguments;
}

static char *
translate (PgmCloneContext *ctx, GPtrArray *arguments, GCancellable *cancellable, GError **error)
{
  g_ptr_array_add (arguments, NULL);
  return pgm_tool_restore_script (ctx->pg_restore, ctx->archive, ctx->ends->destination->major,
                                  (const char *const *) arguments->pdata, cancellable, error);
}

char *
pgm_schema_script (PgmCloneContext *ctx,
                   const PgmSelection *selection,
                   GPtrArray *entries,
                   guint first,
                   guint n,
                   const char *list,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (GPtrArray) arguments = common_arguments (ctx);
  g_autofree char *path = g_build_filename (ctx->directory, list, NULL);

  if (!pgm_toc_write (entries, first, n, path, error))
    return NULL;
  if (selection->no_tablespaces)
    g_ptr_array_add (arguments, g_strdup ("--no-tablespaces"));
  g_ptr_array_add (arguments, g_strdup ("-L"));
  g_ptr_array_add (arguments, g_strdup (path));
  return translate (ctx, arguments, cancellable, error);
}

char *
pgm_schema_fingerprint (PgmCloneContext *ctx, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) arguments = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *script = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  g_ptr_array_add (arguments, g_strdup ("--section=pre-data"));
  script = translate (ctx, arguments, cancellable, error);
  if (script == NULL)
    return NULL;
  lines = g_strsplit (script, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (**line != '\0' && !g_str_has_prefix (*line, "--") && !g_str_has_prefix (*line, "SET "))
      {
        g_checksum_update (checksum, (const guchar *) *line, (gssize) strlen (*line));
        g_checksum_update (checksum, (const guchar *) "\n", 1);
      }
  return g_strdup (g_checksum_get_string (checksum));
}

static void
report_selection (PgmCloneContext *ctx, const PgmSelection *selection)
{
  if (selection->no_tablespaces)
    pgm_progress_event (
        ctx->progress, "warning",
        "a tablespace of the source is missing on the destination: everything goes to the default one");
  if (selection->has_subscriptions)
    pgm_progress_event (
        ctx->progress, "warning",
        "subscriptions are copied disabled and without their slot; enable them by hand if they are to run here");
}

/* Restores the first of @parts here, the others meanwhile in their own sessions. */
static gboolean
restore_parts (PgmCloneContext *ctx,
               PgmSelection *selection,
               GPtrArray *parts,
               PgmConnection *destination,
               PgmSchemaParts *others,
               GCancellable *cancellable,
               GError **error)
{
  GPtrArray *mine = g_ptr_array_index (parts, 0);
  g_autofree char *script =
      pgm_schema_script (ctx, selection, mine, 0, mine->len, "restore.list", cancellable, error);

  return script != NULL && pgm_connection_exec (destination, script, cancellable, error) &&
         pgm_schema_reset_settings (destination, cancellable, error) &&
         (others == NULL || pgm_schema_parts_await (others, error)) &&
         PGM_FAILPOINT ("schema.after_pre_data", error);
}

gboolean
pgm_schema_restore_pre_data (PgmCloneContext *ctx,
                             PgmConnection *destination,
                             PgmSchemaParts **others,
                             GCancellable *cancellable,
                             GError **error)
{
  g_autoptr (PgmSelection) selection = pgm_selection_read (ctx, destination, cancellable, error);
  g_autoptr (GPtrArray) parts = NULL;

  if (selection == NULL)
    return FALSE;
  report_selection (ctx, selection);
  pgm_progress_set_activity (ctx->progress, "restoring the schema");
  parts = pgm_schema_parts_cut (ctx, selection, others != NULL ? ctx->copy_workers : 1);
  if (parts->len == 1)
    return restore_parts (ctx, selection, parts, destination, NULL, cancellable, error);
  PgmSelection *lent = g_steal_pointer (&selection);
  *others = pgm_schema_parts_start (ctx, lent, parts, cancellable);
  return restore_parts (ctx, lent, parts, destination, *others, cancellable, error);
}

/* The statements of a script without the preamble that pg_restore puts before
 * every one, for people. */
static char *
strip_preamble (const char *script)
{
  g_auto (GStrv) lines = g_strsplit (script, "\n", -1);
  GString *text = g_string_new (NULL);

  for (char **line = lines; *line != NULL; line++)
    {
      if (text->len == 0 && (g_str_has_prefix (*line, "SET ") ||
                             g_str_has_prefix (*line, "SELECT pg_catalog.set_config(")))
        continue;
      if (**line == '\0' || g_str_has_prefix (*line, "--"))
        continue;
      g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", *line);
    }
  return g_string_free (text, FALSE);
}

/* On --resume an object that is there has been made by the run before. */
static gboolean
is_duplicate (PgmCloneContext *ctx, const GError *error)
{
  static const char *const sqlstates[] = { "42710", "42P07", "42P06", "42723",
                                           "42701", "42P16", NULL };
  const char *sqlstate = pgm_error_get_sqlstate (error);

  return ctx->options->resume && sqlstate != NULL && g_strv_contains (sqlstates, sqlstate);
}

static void
report_entry (PgmCloneContext *ctx,
              const PgmTocEntry *entry,
              const char *script,
              const GError *error)
{
  g_autofree char *sql = strip_preamble (script);

  if (!is_duplicate (ctx, error))
    pgm_clone_context_problem (ctx, entry->text, sql, error);
}

/* Restores @n entries: in one transaction, else by halves in their order. */
static gboolean
restore_entries (PgmCloneContext *ctx,
                 const PgmSelection *selection,
                 PgmConnection *destination,
                 GPtrArray *entries,
                 guint first,
                 guint n,
                 GCancellable *cancellable,
                 GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autofree char *script = NULL;

  if (n == 0)
    return TRUE;
  script =
      pgm_schema_script (ctx, selection, entries, first, n, "restore.list", cancellable, error);
  if (script == NULL)
    return FALSE;
  if (pgm_connection_exec (destination, script, cancellable, &local))
    return TRUE;
  if (pgm_clone_error_is_fatal (local) || pgm_connection_is_lost (destination))
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return FALSE;
    }
  if (n == 1)
    {
      report_entry (ctx, g_ptr_array_index (entries, first), script, local);
      return TRUE;
    }
  g_clear_pointer (&script, g_free);
  return restore_entries (ctx, selection, destination, entries, first, n / 2, cancellable, error) &&
         restore_entries (ctx, selection, destination, entries, first + n / 2, n - n / 2,
                          cancellable, error);
}

/* A subscription that names its slot would drop the publisher's slot, which
 * belongs to the source, when it is dropped itself. */
static gboolean
disarm_subscriptions (PgmCloneContext *ctx,
                      PgmConnection *destination,
                      GCancellable *cancellable,
                      GError **error)
{
  static const char sql[] =
      "SELECT pg_catalog.format('ALTER SUBSCRIPTION %I SET (slot_name = NONE)', subname)"
      " FROM pg_catalog.pg_subscription WHERE NOT subenabled AND subslotname IS NOT NULL"
      " AND subdbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";
  g_autoptr (PgmResult) result =
      pgm_connection_query (destination, sql, 0, NULL, cancellable, error);

  if (result == NULL)
    return FALSE;
  for (guint row = 0; row < pgm_result_get_rows (result); row++)
    {
      const char *statement = pgm_result_get (result, row, 0);
      g_autoptr (GError) local = NULL;

      if (pgm_connection_exec (destination, statement, cancellable, &local))
        continue;
      if (pgm_clone_error_is_fatal (local))
        {
          g_propagate_error (error, g_steal_pointer (&local));
          return FALSE;
        }
      pgm_clone_context_problem (ctx, "subscription", statement, local);
    }
  return TRUE;
}

gboolean
pgm_schema_restore_post_data (PgmCloneContext *ctx,
                              PgmConnection *destination,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (PgmSelection) selection = pgm_selection_read (ctx, destination, cancellable, error);

  if (selection == NULL)
    return FALSE;
  pgm_progress_set_activity (ctx->progress, "restoring triggers, rules, privileges");
  return restore_entries (ctx, selection, destination, selection->post_data, 0,
                          selection->post_data->len, cancellable, error) &&
         pgm_schema_reset_settings (destination, cancellable, error) &&
         (!selection->has_subscriptions ||
          disarm_subscriptions (ctx, destination, cancellable, error));
}

gboolean
pgm_schema_restore_event_triggers (PgmCloneContext *ctx,
                                   PgmConnection *destination,
                                   GCancellable *cancellable,
                                   GError **error)
{
  g_autoptr (PgmSelection) selection = pgm_selection_read (ctx, destination, cancellable, error);

  if (selection == NULL)
    return FALSE;
  return restore_entries (ctx, selection, destination, selection->event_triggers, 0,
                          selection->event_triggers->len, cancellable, error) &&
         pgm_schema_reset_settings (destination, cancellable, error);
}
